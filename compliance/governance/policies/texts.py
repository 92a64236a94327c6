"""The policies' texts: files of the repository, `<name>-<number>.md` (GOV-2).

To publish a version is to deploy its file. Older ones stay: whoever acknowledged one
is shown what has changed since.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from django.conf import settings

_FILE = re.compile(r"([a-z]+(?:-[a-z]+)*)-([1-9][0-9]{0,3})\.md")


@dataclass(frozen=True, slots=True)
class Text:
    """One version of one policy."""

    name: str  # "data-protection"
    number: int
    content: str
    sha256: str  # of the file's bytes

    @property
    def title(self) -> str:
        return self.name.replace("-", " ").capitalize()

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.number}.md"


def every() -> tuple[Text, ...]:
    """Every version there is, by name and number."""
    return _in(Path(settings.POLICY_TEXTS))


def current() -> tuple[Text, ...]:
    """The newest version of each policy, by name: those that are in force."""
    return tuple({text.name: text for text in every()}.values())


def hashes() -> frozenset[str]:
    """What has to be acknowledged, by hash."""
    return frozenset(text.sha256 for text in current())


def find(name: str, number: int) -> Text | None:
    wanted = (name, number)
    return next((one for one in every() if (one.name, one.number) == wanted), None)


@lru_cache(maxsize=8)
def _in(folder: Path) -> tuple[Text, ...]:
    """Read once: a text can't change while a process serves it."""
    found = []
    for file in folder.glob("*.md"):
        named = _FILE.fullmatch(file.name)
        if named is None:
            raise ValueError(f"{file.name} isn't called <name>-<number>.md.")
        content = file.read_bytes()
        digest = sha256(content).hexdigest()
        found.append(Text(named[1], int(named[2]), content.decode(), digest))
    return tuple(sorted(found, key=lambda text: (text.name, text.number)))

"""Who can sign in to the demonstration: a file, and a place where data lies (RET-2)."""

import json
import os
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from plugseller.jobs.stores import Things


@dataclass(frozen=True, slots=True)
class Login:
    """One line of demo-accounts.json."""

    email: str
    password: str
    totp_secret: str  # what an authenticator app is given, base32
    seller: str | None
    role: str


def logins_file() -> Path:
    """Where programs find the accounts to sign in with."""
    return Path(settings.PLUGSELLER_HOME) / "demo-accounts.json"


def read_logins() -> list[Login]:
    """The accounts of the last run; none if there was no run or the file is damaged."""
    try:
        told = json.loads(logins_file().read_text(encoding="utf-8"))
        return [Login(**login) for login in told]
    except (FileNotFoundError, ValueError, TypeError):
        return []


def write_logins(logins: Collection[Login]) -> None:
    """Replace the file, whole or not at all."""
    path = logins_file()
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump([asdict(login) for login in logins], file, indent=2)
    draft.replace(path)


class DemoLogins(Things):
    """The lines of that file; a line goes with the person it is of."""

    def all(self) -> Iterator[tuple[Any, list[object]]]:
        for login in read_logins():
            yield login, [login.email]

    def drop(self, names: list[Any]) -> int:
        known = read_logins()
        left = [login for login in known if login not in names]
        if left != known:
            write_logins(left)
        return len(known) - len(left)

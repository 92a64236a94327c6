"""Keys from variables of the environment, or from the files they name.

    MASTER_KEYS=1=<64 hexadecimal digits>,2=<64 hexadecimal digits>
    AUDIT_KEYS=1=<64 hexadecimal digits>
    DATABASE_KEY=<64 hexadecimal digits>        embedded database only
    NEXT_DATABASE_KEY=...                       only while it is being changed

The highest number is the current one. A file named by `NAME_FILE` is looked at again
whenever it changes, so a secret store that replaces it needs no restart.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from plugseller.keyprovider.base import (
    KeyTrouble,
    Kind,
    in_order,
    numbered,
    refuse_to_retire,
)

Source = Callable[[], str]  # what the variable holds now; empty if it isn't set

_HEX_KEY = re.compile(r"[0-9a-f]{64}")
_LEAST_DIFFERENT = 8  # bytes; thirty-two random ones have fewer once in 10^20 keys
MASTER, AUDIT = "MASTER_KEYS", "AUDIT_KEYS"
DATABASE, NEXT_DATABASE = "DATABASE_KEY", "NEXT_DATABASE_KEY"
VARIABLES = (MASTER, AUDIT, DATABASE, NEXT_DATABASE)


class EnvironmentKeyProvider:
    """A KeyProvider on variables; an operator makes the keys and takes them away."""

    makes_keys = False

    def __init__(self, sources: Mapping[str, Source], *, embedded: bool) -> None:
        self._sources = sources
        self._embedded = embedded  # whether there is a database to open with a key

    def master_key(self, key_id: str) -> bytes:
        return self._one(MASTER, Kind.MASTER, key_id)

    def current_master_id(self) -> str:
        return self._current(MASTER, Kind.MASTER)

    def master_ids(self) -> list[str]:
        return in_order(self._numbered(MASTER, Kind.MASTER))

    def add_master_key(self) -> str:
        raise _made_by_operator(MASTER)

    def retire_master_key(self, key_id: str) -> None:
        refuse_to_retire(key_id, self.current_master_id())
        if key_id in self.master_ids():
            raise KeyTrouble(
                f"The master key {key_id} isn't needed any more, but only an operator "
                f"can take it out of {MASTER}."
            )

    def signing_key(self, key_id: str) -> bytes:
        return self._one(AUDIT, Kind.AUDIT, key_id)

    def current_signing_id(self) -> str:
        return self._current(AUDIT, Kind.AUDIT)

    def signing_ids(self) -> list[str]:
        return in_order(self._numbered(AUDIT, Kind.AUDIT))

    def add_signing_key(self) -> str:
        raise _made_by_operator(AUDIT)

    def database_key(self) -> bytes:
        return self._key(DATABASE, self._given(DATABASE))

    def next_database_key(self) -> bytes | None:
        text = self._sources[NEXT_DATABASE]()
        return self._key(NEXT_DATABASE, text) if text else None

    def make_next_database_key(self) -> bytes:
        key = self.next_database_key()
        if key is None or key == self.database_key():
            raise KeyTrouble(
                f"There is no new database key: set {NEXT_DATABASE} (or "
                f"{NEXT_DATABASE}_FILE) to 64 random hexadecimal digits, start every "
                "process again, and repeat this."
            )
        return key

    def adopt_next_database_key(self) -> bool:
        return self.next_database_key() in (None, self.database_key())

    def web_key(self) -> str:
        return ""  # SECRET_KEY is a variable by itself

    def replace_web_key(self, *, instead_of: str) -> None:
        raise KeyTrouble(
            "SECRET_KEY is made by an operator: set it (or what SECRET_KEY_FILE names) "
            "to another 64 random hexadecimal digits, then start every process again."
        )

    def made_at(self, kind: Kind, key_id: str = "") -> datetime | None:
        return None

    def missing(self) -> list[str]:
        needed = [MASTER, AUDIT, *([DATABASE] if self._embedded else [])]
        return [name for name in needed if not self._sources[name]()]

    def make_missing(self) -> list[str]:
        for name in self.missing():
            self._given(name)
        self._refuse_doubles()
        return []

    def _refuse_doubles(self) -> None:
        """One key for two purposes: whoever learns it for one has the other."""
        keys = [
            *self._numbered(MASTER, Kind.MASTER).values(),
            *self._numbered(AUDIT, Kind.AUDIT).values(),
            *([self.database_key()] if self._embedded else []),
        ]
        if len(set(keys)) < len(keys):
            raise KeyTrouble(
                f"One key stands twice in {MASTER}, {AUDIT} and {DATABASE}: each needs "
                "one of its own."
            )

    def _one(self, name: str, kind: Kind, key_id: str) -> bytes:
        key = self._numbered(name, kind).get(key_id)
        if key is None:
            raise KeyTrouble(
                f"The {kind} key {key_id} isn't in {name}: put it back there, beside "
                "the newer ones."
            )
        return key

    def _current(self, name: str, kind: Kind) -> str:
        return in_order(self._numbered(name, kind))[-1]

    def _numbered(self, name: str, kind: Kind) -> dict[str, bytes]:
        found: dict[int, bytes] = {}
        for entry in re.split(r"[\s,]+", self._given(name)):
            if not entry:
                continue
            number, _, text = entry.partition("=")
            if not number.isascii() or not number.isdigit() or not int(number):
                raise KeyTrouble(
                    f"Each key in {name} must begin with its number, as in "
                    f"{name}=1=<64 hexadecimal digits>,2=<64 hexadecimal digits>."
                )
            if int(number) in found:
                raise KeyTrouble(f"{name} names key {int(number)} twice: number them.")
            found[int(number)] = self._key(f"{name}, number {int(number)},", text)
        if len(set(found.values())) < len(found):
            raise KeyTrouble(
                f"{name} holds the same key under two numbers: a new number needs a "
                "new key."
            )
        return {numbered(kind, number, key): key for number, key in found.items()}

    def _given(self, name: str) -> str:
        if text := self._sources[name]():
            return text
        raise KeyTrouble(
            f"{name} (or {name}_FILE) isn't set, and KEY_PROVIDER=environment takes "
            "its keys from there: put back what your secret store holds."
        )

    def _key(self, name: str, text: str) -> bytes:
        if not _HEX_KEY.fullmatch(text):
            raise KeyTrouble(
                f"{name} isn't a key of 64 hexadecimal digits (it has {len(text)} "
                "characters): put back what your secret store holds."
            )
        key = bytes.fromhex(text)
        if len(set(key)) < _LEAST_DIFFERENT:
            raise KeyTrouble(
                f"{name} isn't random: make one with `openssl rand -hex 32`."
            )
        return key


def _made_by_operator(name: str) -> KeyTrouble:
    option = "--finish" if name == MASTER else "--signing-key --finish"
    return KeyTrouble(
        f"Keys from the environment are made by an operator: add a new one with the "
        f"next number to {name}, start every process again (a file named by "
        f"{name}_FILE is read again by itself), then run `manage.py rotate_keys "
        f"{option}`."
    )

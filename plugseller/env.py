"""Reads the environment; only `settings.py` calls it.

A missing or unreadable value stops the start with one sentence that names the
variable and gives an example. A secret may stand in the variable itself or in a
file named by `NAME_FILE`, the way secret stores hand them to containers.
"""

import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

_env = environ.Env()
_taken: dict[str, str] = {}  # what stood in variables that aren't there any more


def text(name: str, default: str | None = None, *, example: str = "") -> str:
    """The variable as text; without a default it must be set."""
    value: str | None = _env.str(name, default=default)
    if value is None:
        hint = f" Example: {name}={example}" if example else ""
        raise ImproperlyConfigured(f"The setting {name} is missing.{hint}")
    return value


def flag(name: str, default: bool) -> bool:
    """The variable as yes or no (1, true, yes, on; anything else but empty is no)."""
    value: bool = _env.bool(name, default=default)
    return value


def number(name: str, default: int) -> int:
    """The variable as a whole number."""
    try:
        value: int = _env.int(name, default=default)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"The setting {name} must be a whole number. Example: {name}={default}"
        ) from error
    return value


def words(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """The variable as a list of words, parted by commas."""
    value: list[str] = _env.list(name, default=list(default))
    return [word.strip() for word in value if word.strip()]


def secret(name: str, default: str | None = None, *, example: str = "") -> str:
    """A secret: from NAME, or from the file that NAME_FILE names."""
    path = text(f"{name}_FILE", "")
    return _content(name, path) if path else text(name, default, example=example)


def _content(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The file named by {name}_FILE can't be read ({error.strerror}). "
            "Check the path and its permissions."
        ) from error
    except UnicodeDecodeError:
        # Not chained: the codec's own error carries what the file holds.
        raise ImproperlyConfigured(
            f"The file named by {name}_FILE isn't text. Check the path."
        ) from None


class Taken:
    """What a variable held, or the file that NAME_FILE names holds now.

    Calling it gives the value, empty if there is none; it prints as dots.
    """

    def __init__(self, name: str, path: str) -> None:
        self._name = name
        self._path = path
        self._read: tuple[tuple[int, int, int], str] | None = None

    def __call__(self) -> str:
        if not self._path:
            return _taken.get(self._name, "")
        try:
            told = Path(self._path).stat()
            stamp = (told.st_ino, told.st_mtime_ns, told.st_size)
        except OSError:
            stamp = (0, 0, 0)  # the reading below says what is wrong
        if self._read is None or self._read[0] != stamp:
            self._read = (stamp, _content(self._name, self._path))
        return self._read[1]

    def __repr__(self) -> str:
        return "••••••••"


def taken(name: str) -> Taken:
    """A key: it is taken out of the environment, where others could read it.

    Gone are the variable, what processes begun by this one would inherit, and what
    /proc shows of this process. What whoever started us holds (a shell, gunicorn's
    first process, the container's description) isn't ours to change; a file named by
    NAME_FILE leaves nothing there.
    """
    if value := os.environ.get(name):
        _taken[name] = value
        _overwrite(name, len(os.fsencode(value)))
        del os.environ[name]
    return Taken(name, text(f"{name}_FILE", ""))


def _overwrite(name: str, length: int) -> None:
    """/proc/PID/environ shows the memory a process began with, which deleting a
    variable doesn't change."""
    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_void_p
    libc.getenv.argtypes = [ctypes.c_char_p]
    if place := libc.getenv(os.fsencode(name)):
        ctypes.memset(place, ord("x"), length)


def database(
    name: str,
    *,
    embedded: Path,
    key: Callable[[], str],
    next_key: Callable[[], str | None],
    cache_mib: int,
) -> dict[str, Any]:
    """DATABASES: the encrypted file, or PostgreSQL if the variable holds its address.

    PostgreSQL is spoken to with TLS unless it is on this machine (ENC-1).
    """
    address = secret(name, "")
    if not address:
        options = {
            "key": key,
            "next_key": next_key,
            "cache_mib": cache_mib,
            "timeout": 20,
        }
        return {
            "default": {
                "ENGINE": "plugseller.crypto.sqlcipher",
                "NAME": str(embedded),
                "OPTIONS": options,
            }
        }
    config: dict[str, Any] = _env.db_url_config(address)
    if config.get("ENGINE") != "django.db.backends.postgresql":
        raise ImproperlyConfigured(
            f"{name} must be a PostgreSQL address, or empty for the embedded database. "
            f"Example: {name}=postgres://plugseller@db.example/plugseller"
        )
    if config["HOST"] not in ("", "localhost", "127.0.0.1", "::1"):
        config.setdefault("OPTIONS", {}).setdefault("sslmode", "verify-full")
    return {"default": config}

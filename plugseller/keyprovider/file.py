"""Keys in files that only their owner can read.

keys/                            mode 0700
  database.key                   mode 0600, 64 hexadecimal digits
  master-0001-3f9a0c51d2b7.key   the highest number is the current one
  audit-0001-8c21e07fd94a.key    the same for the audit log's key
  web.key                        Django's SECRET_KEY; `settings.py` reads it
  next-database.key              only while `rekey_database` is under way
  retired/                       not read any more; may be deleted
"""

import re
import secrets
from pathlib import Path

from plugseller.keyprovider.base import KEY_BYTES, KeyTrouble, Kind
from plugseller.keyprovider.folder import FolderKeyProvider

_HEX_KEY = re.compile(rb"[0-9a-f]{64}\n?")


class FileKeyProvider(FolderKeyProvider):
    """A KeyProvider on a folder of key files."""

    ending = ".key"

    def fresh(self, kind: Kind) -> tuple[bytes, bytes]:
        key = secrets.token_bytes(KEY_BYTES)
        return key, key.hex().encode() + b"\n"

    def opened(self, path: Path, content: bytes, kind: Kind) -> bytes:
        if not _HEX_KEY.fullmatch(content):
            raise KeyTrouble(
                f"The key file {path} doesn't hold a key of 64 hexadecimal digits "
                f"(it has {len(content.strip())} characters): put back your copy of it."
            )
        return bytes.fromhex(content.decode())


def make_keys(folder: Path) -> list[str]:
    """Make the folder and the keys that aren't there yet; never replace one.

    Returns the names of the files made, an empty list when nothing was missing.
    Raises KeyTrouble when the folder or a key that is there can't be used.
    """
    return FileKeyProvider(folder).make_missing()

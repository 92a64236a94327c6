"""What is written to files stays there through a loss of power."""

import os
from pathlib import Path


def settle(path: Path) -> None:
    """Wait until a file, or what a folder lists, is on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Mails as files, where there is no mail server: each in a file of its own."""

import uuid
from datetime import UTC, datetime
from pathlib import Path

from django.core.mail.backends import filebased


class EmailBackend(filebased.EmailBackend):
    """Django's names its files by the second and an address in memory, which the next
    mail may have as well: somebody's mail would then go when another's is erased."""

    _fname: str | None

    def _get_filename(self) -> str:
        if self._fname is None:
            name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex}.log"
            self._fname = str(Path(self.file_path) / name)
        return self._fname

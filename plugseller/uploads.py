"""Files come in at one place alone, and never lie on disk in plain (ENC-2).

Django would write larger ones to a temporary folder. Here each is sealed as it comes,
under a key that is in memory alone; whoever takes it seals it under its owner's.
"""

import os
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from plugseller.crypto.streaming import CHUNK, SealedReader, SealedWriter

_BOUND = b"upload"


class SealedUpload(UploadedFile):  # type: ignore[type-arg]  # not at run time
    """A file that came in; read by its chunks alone."""

    def __init__(self, sealed: IO[bytes], key: bytes, **told: Any) -> None:
        super().__init__(sealed, **told)
        self._sealed, self._key = sealed, key

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        self._sealed.seek(0)
        opened = SealedReader(self._sealed, key=self._key, bound=_BOUND)
        while piece := opened.read(chunk_size or CHUNK):
            yield piece


class SealedUploads(FileUploadHandler):
    """Takes a file of our own staff's at a page that expects one, up to the largest
    that anything of ours keeps; any other file is refused before a byte of it is kept.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        request: Any = self.request
        page = getattr(request.resolver_match, "view_name", "")
        if page not in settings.TAKES_FILES or not getattr(
            request.user, "is_staff", False
        ):
            raise TooManyFilesSent("No file is expected here.")
        self._size, self._key = 0, os.urandom(32)
        self._sealed = TemporaryFile()  # noqa: SIM115  it lives as long as the request
        self._writer = SealedWriter(self._sealed, key=self._key, bound=_BOUND)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._size += len(raw_data)
        if self._size > settings.EVIDENCE_LARGEST:
            self._sealed.close()
            raise StopUpload(connection_reset=False)
        self._writer.write(raw_data)

    def file_complete(self, file_size: int) -> SealedUpload:
        self._writer.finish()
        return SealedUpload(
            self._sealed,
            self._key,
            name=self.file_name,
            content_type=self.content_type,
            size=self._size,
        )

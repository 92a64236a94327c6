"""Packages among what is sealed with a seller's data key (ACC-3)."""

from collections.abc import Iterator
from uuid import UUID

from marketplaces.exporting.files import files
from marketplaces.models import DataExport
from plugseller.crypto.resealing import Keys, add_place


class Packages:
    """They aren't sealed anew: each is gone a day after it was made."""

    name = "marketplaces.DataExport, files"

    def count(self, owner: UUID, keys: Keys) -> int:
        rows = DataExport.objects.of_seller(owner)
        names = rows.values_list("file_name", flat=True)
        return sum(files.key_of(name) in keys for name in names if name)

    def reseal(self, owner: UUID, keys: Keys) -> Iterator[int]:
        return iter(())


add_place(Packages())

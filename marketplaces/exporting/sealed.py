"""Packages among what is sealed with a seller's data key (ACC-3)."""

from collections.abc import Iterator
from uuid import UUID

from marketplaces.exporting import files
from marketplaces.models import DataExport
from plugseller.crypto.resealing import Keys, add_place
from plugseller.crypto.sealedfiles import key_id_in
from plugseller.crypto.sealing import SealBroken


class Packages:
    """They aren't sealed anew: each is gone a day after it was made."""

    name = "marketplaces.DataExport, files"

    def count(self, owner: UUID, keys: Keys) -> int:
        rows = DataExport.objects.of_seller(owner)
        names = rows.values_list("file_name", flat=True)
        return sum(_key(name) in keys for name in names if name)

    def reseal(self, owner: UUID, keys: Keys) -> Iterator[int]:
        return iter(())


def _key(name: str) -> UUID | None:
    try:
        with files.opened(name) as file:
            return key_id_in(file)
    except (FileNotFoundError, SealBroken):
        return None  # nothing is there that a key could open


add_place(Packages())

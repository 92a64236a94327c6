"""Evidence among what is sealed with an incident's data key (ACC-3)."""

from collections.abc import Iterator
from functools import partial
from uuid import UUID

from django.db import transaction

from compliance.incidents.evidence.files import files
from compliance.incidents.evidence.models import EvidenceFile
from compliance.incidents.evidence.services import context_of
from plugseller.crypto.resealing import Keys, add_place, note_resealed
from plugseller.crypto.sealing import Unopenable
from plugseller.crypto.services import opened_file_for, sealed_file_for
from plugseller.crypto.streaming import CHUNK


class Evidence:
    """Files of an incident; sealed anew one at a time, each under another name."""

    name = "compliance.EvidenceFile, files"

    def count(self, owner: UUID, keys: Keys) -> int:
        return len(self._sealed_with(owner, keys))

    def reseal(self, owner: UUID, keys: Keys) -> Iterator[int]:
        for one in self._sealed_with(owner, keys):
            yield self._reseal(owner, one)

    def _sealed_with(self, owner: UUID, keys: Keys) -> list[EvidenceFile]:
        ours = EvidenceFile.objects.filter(incident=owner)
        return [one for one in ours if files.key_of(one.file_name) in keys]

    def _reseal(self, owner: UUID, one: EvidenceFile) -> int:
        """What doesn't open stays as it is: its key stays for it."""
        new, old = files.new_name(), one.file_name
        try:
            with files.opened(old) as source, files.written(new) as out:
                plain = opened_file_for(owner, source, context_of(one))
                stream = sealed_file_for(owner, out, context_of(one))
                while piece := plain.read(CHUNK):
                    stream.write(piece)
                stream.finish()
        except (Unopenable, FileNotFoundError):
            return 0
        with transaction.atomic():
            ours = EvidenceFile.objects.filter(pk=one.pk, file_name=old)
            if not ours.update(file_name=new):
                transaction.on_commit(partial(files.shred, new))
                return 0
            note_resealed(owner, self.name, 1)
            transaction.on_commit(partial(files.shred, old))
        return 1


add_place(Evidence())

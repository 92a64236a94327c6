"""What was erased doesn't come back with a job that comes late (RET-2)."""

from uuid import uuid4

import pytest
from django.utils import timezone

from marketplaces.jobs import sync_one
from marketplaces.models import SyncRun
from plugseller.audit.models import Entry
from plugseller.custody.models import Tombstone
from plugseller.custody.services import bury


@pytest.mark.django_db
def test_a_sync_of_an_erased_connection_is_dropped_and_counted() -> None:
    gone, unknown = uuid4(), uuid4()
    bury(Tombstone.Kind.CONNECTION, gone, request="DEL-1", now=timezone.now())
    sync_one(str(gone))
    sync_one(str(unknown))
    [entry] = Entry.objects.filter(event="sync.dropped")
    assert entry.additional_data == {"connection": str(gone)}
    assert not SyncRun.unfenced.exists()

"""The timetable is in the queue of every installation, once."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django_q.models import Schedule

from marketplaces.apps import put_timetable_into_queue


@pytest.mark.django_db
def test_a_migrated_installation_syncs_by_itself(settings: Any) -> None:
    Schedule.objects.all().delete()
    settings.SYNC_EVERY = timedelta(minutes=45)
    call_command("migrate", verbosity=0)
    call_command("migrate", verbosity=0)
    job = Schedule.objects.get(name="marketplaces.sync_due")
    assert (job.func, job.minutes) == ("marketplaces.jobs.sync_due", 45)


@pytest.mark.django_db
def test_no_queue_table_is_no_reason_to_fail(monkeypatch: Any) -> None:
    from django.db import connection

    monkeypatch.setattr(connection.introspection, "table_names", list)
    Schedule.objects.all().delete()
    put_timetable_into_queue(
        using="default", sender=apps.get_app_config("marketplaces")
    )
    assert not Schedule.objects.exists()

"""Where log and ledger end is mailed, so that a shorter copy of either is noticed."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from plugseller.audit.checkpoints import sign_checkpoint
from plugseller.audit.services import record
from plugseller.custody import ledger
from plugseller.jobs.models import OutgoingMail
from plugseller.jobs.witness import mail_newest

pytestmark = pytest.mark.django_db


def test_the_mail_says_where_the_log_and_the_ledger_end(settings: Any) -> None:
    settings.AUDIT_WITNESS_MAIL = "witness@example.test"
    now = timezone.now()
    record("clock.set_back")
    seal = sign_checkpoint(now)
    assert seal
    gone = [uuid.uuid4(), uuid.uuid4()]
    ledger.write("seller", gone, request="DEL-1", now=now - timedelta(days=1))
    assert mail_newest(now)
    text = OutgoingMail.objects.get().content.reveal()["text"]
    assert f"\n{seal.line()}\n" in text
    assert f"line 2 of {now - timedelta(days=1):%Y-%m-%d %H:%M} UTC" in text
    assert "DEL-1" not in text
    for one in ledger.read():
        assert one.hash not in text


def test_an_old_checkpoint_is_not_mailed_again(settings: Any) -> None:
    settings.AUDIT_WITNESS_MAIL = "witness@example.test"
    now = timezone.now()
    record("clock.set_back")
    sign_checkpoint(now)
    assert not mail_newest(now + timedelta(hours=3))
    settings.AUDIT_WITNESS_MAIL = ""
    assert not mail_newest(now)
    assert not OutgoingMail.objects.exists()

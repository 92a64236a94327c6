"""What bites in django-q2: readable packages, pickles behind a signature (T9, T10)."""

import ast
import base64
import inspect
import pickle
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q import core_signing
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signing import BadSignature, PickleSerializer, SignedPackage

from plugseller import keyprovider
from plugseller.audit.chain import Seal
from plugseller.audit.checkpoints import sign_checkpoint
from plugseller.audit.models import Checkpoint
from plugseller.audit.services import record
from plugseller.jobs import outbox
from plugseller.jobs.models import OutgoingMail
from plugseller.jobs.signing import _key
from plugseller.jobs.witness import mail_newest
from plugseller.shelves import PERIODICALS
from tests.conftest import Cast

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.django_db


def packages() -> list[dict[str, Any]]:
    found = []
    for row in OrmQ.objects.all():
        body = row.payload.split(":")[0]
        packed = body.startswith(".")
        raw = base64.urlsafe_b64decode(body.lstrip(".") + "=" * (-len(body) % 4))
        found.append(pickle.loads(zlib.decompress(raw) if packed else raw))  # noqa: S301  ours
    return found


@pytest.mark.django_db(transaction=True)
def test_a_mail_in_the_queue_is_an_id_and_nothing_else(cast: Cast) -> None:
    OrmQ.objects.all().delete()
    mail = outbox.post(
        to="canary@example.test", subject="CANARY-SUBJECT", text="CANARY-TEXT"
    )
    (package,) = packages()
    assert package["func"] == "plugseller.jobs.outbox.send_now"
    assert (package["args"], package["kwargs"]) == ((str(mail.pk),), {})
    assert "anary" not in repr(package)
    assert "CANARY" not in repr(package)


def test_the_webs_key_signs_nothing_that_a_worker_would_open() -> None:
    evil = core_signing.dumps(
        {"func": "os.system", "args": ("true",)},
        key=settings.SECRET_KEY,
        salt=Conf.PREFIX,
        serializer=PickleSerializer,
    )
    with pytest.raises(BadSignature):
        SignedPackage.loads(evil)
    assert SignedPackage.loads(SignedPackage.dumps({"args": (1,)})) == {"args": (1,)}
    assert str(Conf.SECRET_KEY) not in (settings.SECRET_KEY, "")


def test_the_queues_key_outlives_a_rotation(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _key()
    keys = keyprovider.provider()
    ids = [*keys.signing_ids(), "9999-000000000000"]
    monkeypatch.setattr(type(keys), "signing_ids", lambda self: ids)
    assert _key() == before


def queued() -> set[str]:
    """The functions that are put into the queue by name, anywhere in the product."""
    found = set()
    for floor in ("plugseller", "marketplaces", "compliance"):
        for path in (ROOT / floor).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                said = [node.func, *node.args]
                names = [getattr(one, "id", "") for one in said]
                if "async_task" in names:
                    job = said[names.index("async_task") + 1]
                    assert isinstance(job, ast.Constant), path
                    found.add(str(job.value))
    return found


def test_each_job_takes_ids_only() -> None:
    """Of a row, or an entry's number, or an instant: nothing that says anything."""
    assert "plugseller.jobs.outbox.send_now" in queued()
    for job in queued():
        for name in inspect.signature(import_string(job)).parameters:
            assert name.endswith(("_id", "_at")) or name == "number", (job, name)


def test_the_timetable_seals_verifies_prunes_and_mails() -> None:
    hours = {n: p.every.total_seconds() / 3600 for n, p in PERIODICALS.items()}
    assert hours["audit.checkpoint"] <= 1
    assert hours["audit.mail"] <= 1
    assert hours["audit.verify"] <= 24
    assert hours["retention.purge"] <= 24
    assert hours["retention.purge_hourly"] <= 1


def test_a_checkpoint_goes_out_by_mail_where_wanted(
    cast: Cast, settings: Any, tmp_path: Any
) -> None:
    settings.AUDIT_WITNESS_FILE = str(tmp_path / "witness.jsonl")
    now = timezone.now()
    record("sync.run")
    assert mail_newest(now) is False
    settings.AUDIT_WITNESS_MAIL = "witness@elsewhere.test"
    assert mail_newest(now) is False  # nothing is sealed yet
    seal = sign_checkpoint(now)
    assert mail_newest(now) is True
    content = OutgoingMail.objects.get().content.reveal()
    assert content["to"] == "witness@elsewhere.test"
    lines = [line for line in content["text"].splitlines() if line.startswith("{")]
    assert [Seal.from_line(line) for line in lines] == [seal]
    assert Checkpoint.objects.count() == 1
    assert mail_newest(now + timedelta(hours=3)) is False  # an old one isn't news

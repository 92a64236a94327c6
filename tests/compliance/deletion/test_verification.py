"""What an erasure left is found, wherever and however it lies (RET-2)."""

import pickle
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.conf import settings as configured
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.db import connection, models
from django_q.models import OrmQ, Task
from django_q.signing import SignedPackage

from compliance.deletion import places, verification
from compliance.deletion.marks import Form, Marks, What
from compliance.deletion.models import DeletionRequest
from compliance.deletion.verification import ALLOWED, Finding, findings
from plugseller.accounts.models import Invitation, Seller
from plugseller.accounts.services import create_seller
from plugseller.crypto.fields import SealedField
from plugseller.crypto.models import DataKey
from plugseller.crypto.services import create_data_key, destroy_data_key
from plugseller.jobs import outbox
from plugseller.jobs.models import OutgoingMail
from plugseller.shelves import Scope
from tests.compliance.deletion.asked import by_owner
from tests.compliance.inhabited import apart
from tests.conftest import Cast

ID = UUID("7c4a9e10-5b3d-4f26-8a71-d0c2e6b59f38")
ADDRESS = "canary.bird@erased.example"
SCOPE = Scope(people=frozenset({ID}), addresses=frozenset({ADDRESS.upper()}))

FORMS: dict[str, Callable[[bytes], str]] = {
    "as it is": bytes.decode,
    "within a text": lambda raw: f"to <{raw.decode()}>, twice",
    "hexadecimal": bytes.hex,
    "base64": lambda raw: b64encode(raw).decode(),
    "base64 after one byte": lambda raw: b64encode(b"-" + raw + b"+").decode(),
    "base64 after two": lambda raw: b64encode(b"--" + raw + b"++").decode(),
    "base64 for addresses": lambda raw: urlsafe_b64encode(b"\xff" + raw).decode(),
}
SPELT = {
    "dashed": str(ID).encode(),
    "undashed": ID.hex.encode(),
    "address": ADDRESS.encode(),
}


@pytest.fixture(autouse=True)
def _apart(settings: Any, tmp_path: Path) -> None:
    settings.PLUGSELLER_HOME = tmp_path
    apart(settings, tmp_path)


@pytest.fixture
def request_(cast: Cast, now: datetime) -> DeletionRequest:
    return by_owner(cast.alice, cast.north, now=now)


Look = Callable[[], list[Finding]]


@pytest.fixture
def look(request_: DeletionRequest) -> Look:
    def found() -> list[Finding]:
        return findings(request_, SCOPE)

    assert found() == []
    return found


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("spelling", SPELT)
def test_each_spelling_is_found_in_each_disguise(spelling: str, form: str) -> None:
    marks = Marks((ID,), (ADDRESS,))
    text = FORMS[form](SPELT[spelling])
    assert len(marks.in_text(f"xx {text} yy")) == 1
    assert len(marks.in_bytes(b"\xfe\x00" + text.encode() + b"\x00")) == 1


def test_capitals_make_no_difference() -> None:
    marks = Marks((ID,), (ADDRESS,))
    for text in (str(ID).upper(), ID.hex.upper(), ADDRESS.title()):
        assert len(marks.in_text(text)) == 1


def test_the_bytes_of_an_id_are_found() -> None:
    marks = Marks((ID,), ())
    for text in (
        ID.bytes.hex(),
        b64encode(ID.bytes).decode(),
        b64encode(b"ab" + ID.bytes + b"c").decode(),
    ):
        assert [mark.what for mark in marks.in_text(text)] == [What.ID]
    assert marks.in_bytes(b"\x01\x02" + ID.bytes + b"\xff")[0].form is Form.BYTES


def test_what_only_resembles_it_isnt_found() -> None:
    marks = Marks((ID,), (ADDRESS,))
    for text in (
        f"x{ADDRESS}",
        f"the.{ADDRESS}",
        f"{ADDRESS}.org",
        f"{ADDRESS}s",
        str(uuid4()),
        ADDRESS.replace("bird", "dog"),
        b64encode(uuid4().bytes).decode(),
    ):
        assert marks.in_text(text) == []
    assert marks.in_text(f"{ADDRESS}.") != []  # the end of a sentence


def text_columns() -> Iterator[tuple[type[models.Model], str]]:
    """Each text column of each table of ours that a row can be made in simply."""
    for model in apps.get_models():
        if model._meta.proxy or model.__module__.startswith("tests."):
            continue
        for field in model._meta.concrete_fields:
            kinds = (models.CharField, models.TextField, models.JSONField)
            if isinstance(field, kinds) and not isinstance(field, SealedField):
                yield model, str(field.column)


@pytest.mark.django_db
def test_every_column_that_can_hold_a_text_is_read(look: Look) -> None:
    """Each of them, of every table there is: compared with what models say."""
    read = {
        (table.name, column) for table in places.tables() for column in table.columns
    }
    missed = {
        (model._meta.db_table, column)
        for model, column in text_columns()
        if (model._meta.db_table, column) not in read
    }
    assert missed == set()
    assert ("shared_cache", "cache_key") in read  # no model's table
    assert ("crypto_datakey", "wrapped") in read  # bytes


@pytest.mark.django_db
@pytest.mark.parametrize(
    "canary", [str(ID), ID.hex, ADDRESS, b64encode(ID.bytes).decode()]
)
def test_a_canary_in_any_table_is_found(look: Look, canary: str) -> None:
    create_seller(actor=None, name="x", slug="x", time_zone="UTC")
    Seller.objects.filter(slug="x").update(name=f"Nest of {canary}")
    [found] = look()
    assert (found.place, found.count) == ("accounts_seller.name", 1)
    assert canary not in repr(found)


@pytest.mark.django_db
def test_a_table_that_no_model_knows_is_searched(look: Look) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE left_behind (note text, raw %s)"
            % ("blob" if connection.vendor == "sqlite" else "bytea")
        )
        cursor.execute("INSERT INTO left_behind VALUES (%s, %s)", [ADDRESS, ID.bytes])
    whats = {(one.place, one.what) for one in look()}
    assert {what for _, what in whats} == {What.ID, What.ADDRESS}


@pytest.mark.django_db
def test_canaries_in_packed_and_sealed_values_are_found(
    look: Look, cast: Cast, now: datetime
) -> None:
    session = SessionStore()
    session["account_login"] = {"email": ADDRESS}
    session.create()
    package = {"func": "x", "args": (str(ID),), "kwargs": {}}
    OrmQ.objects.create(key="x", payload=SignedPackage.dumps(package), lock=now)
    Task.objects.create(
        id="1",
        name="x",
        func="x",
        started=now,
        stopped=now,
        success=False,
        result=f"IntegrityError: Key (email)=({ADDRESS})",
    )
    cache.set("nest", {"who": ID}, 60)
    outbox.post(
        to="a@b.example", subject="x", text=f"{ADDRESS} came", owner=cast.bob.pk
    )
    assert {one.place for one in look()} >= {
        "sessions",
        "jobs that wait",
        "results of jobs",
        "the shared cache",
        "jobs_outgoingmail.content",
    }


@pytest.mark.django_db
def test_a_sealed_value_whose_key_is_gone_is_no_finding(look: Look) -> None:
    owner = uuid4()
    create_data_key(owner)
    outbox.post(to=ADDRESS, subject="x", text="x", owner=owner)
    assert look() != []
    destroy_data_key(owner)
    assert look() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "raw",
    [
        ADDRESS.encode(),
        str(ID).encode(),
        ID.bytes,
        ID.bytes.hex().encode(),
        b64encode(b"z" + ID.bytes),
        pickle.dumps({"who": str(ID)}),
    ],
)
def test_a_canary_in_any_file_is_found(look: Look, tmp_path: Path, raw: bytes) -> None:
    nest = tmp_path / "logs" / "deep" / "one.log"
    nest.parent.mkdir(parents=True)
    nest.write_bytes(b" " * (places._PIECE - 7) + raw + b" " * 100)
    [found] = look()
    assert found.place == "file deep/one.log"


@pytest.mark.django_db
def test_mails_to_who_asked_arent_findings(
    request_: DeletionRequest, tmp_path: Path, cast: Cast
) -> None:
    """They are sealed with the request's own key, and go with it."""
    mine = Scope(
        people=frozenset({cast.alice.pk}), addresses=frozenset({cast.alice.email})
    )
    everywhere = {one.place for one in findings(request_, mine)}
    assert "jobs_outgoingmail.content" not in {
        place
        for place in everywhere
        if OutgoingMail.objects.exclude(owner=request_.pk).count() == 0
    }
    assert "compliance_deletionrequest.contact" not in everywhere
    (tmp_path / "mail").mkdir()
    file = tmp_path / "mail" / "1.log"
    file.write_text(f"Subject: {request_.reference}\nTo: {cast.alice.email}\n")
    assert "file mail/1.log" not in {one.place for one in findings(request_, mine)}


@pytest.mark.django_db
def test_ids_may_stay_where_the_list_says_and_nowhere_else(
    request_: DeletionRequest, cast: Cast
) -> None:
    """A destroyed key's row is a proof; one that still opens is a finding."""
    scope = Scope(seller_id=cast.north.pk)
    assert "crypto_datakey.owner" in {one.place for one in findings(request_, scope)}
    destroy_data_key(cast.north.pk)
    left = {one.place for one in findings(request_, scope)}
    assert "crypto_datakey.owner" not in left
    assert not {place for place in left if place.startswith("audit_")}
    assert not {place for place in left if place.startswith("compliance_")}
    assert left  # the seller is still there
    tables = {table.name: table for table in places.tables()}
    for one in ALLOWED:
        assert one.why
        assert one.table in tables
        assert set(one.columns) <= tables[one.table].columns.keys()


@pytest.mark.django_db
def test_an_address_may_stay_nowhere(look: Look, request_: DeletionRequest) -> None:
    request_.steps.create(at=request_.received_at, what="x", details={"x": ADDRESS})
    [found] = look()
    assert (found.place, found.what) == ("compliance_step.details", What.ADDRESS)


@pytest.mark.django_db
def test_what_stays_for_a_reason_isnt_searched(
    request_: DeletionRequest, look: Look, cast: Cast
) -> None:
    Invitation.objects.create(
        seller=cast.south, email=ADDRESS, role="viewer", expires_at=request_.due_at
    )
    assert [one.place for one in look()] == ["accounts_invitation.email"]
    assert findings(request_, SCOPE, except_in={"accounts.Invitation"}) == []


@pytest.mark.django_db
def test_the_look_asks_no_holding(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another code path: what a holding overlooks, it can't hide."""
    from plugseller import shelves

    monkeypatch.setattr(shelves, "_holdings", {})
    cache.set(f"api-person:{ID}", 1, 60)
    assert {one.place for one in look()} >= {"shared_cache.cache_key"}
    source = Path(verification.__file__).read_text() + Path(places.__file__).read_text()
    assert "HOLDINGS" not in source
    assert ".store" not in source


@pytest.mark.django_db
def test_many_rows_are_read_piece_by_piece(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "AT_ONCE", 7)
    owners: list[UUID] = [uuid4() for _ in range(40)]
    for owner in owners:
        create_data_key(owner)
    DataKey.objects.filter(owner=owners[31]).update(master_key_id=f"k {ADDRESS}")
    DataKey.objects.filter(owner=owners[7]).update(master_key_id=f"k {ADDRESS}")
    [found] = look()
    assert (found.place, found.count) == ("crypto_datakey.master_key_id", 2)


def test_the_database_keys_ledger_and_backups_are_left_out(
    tmp_path: Path, settings: Any
) -> None:
    for name in ("keys/one.json", "apart/deletions.jsonl", "backups/one.backup"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "seen.log").write_text("x")
    assert [path.name for path in places.files()] == ["seen.log"]
    assert tmp_path == configured.PLUGSELLER_HOME

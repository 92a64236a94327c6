"""The certificate: says what was done, names nobody, and can be checked by anybody."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from compliance.deletion import certificates, execution
from compliance.deletion.certificates import (
    NamesSomebody,
    as_file,
    check_file,
    told_of,
)
from compliance.deletion.execution import execute
from compliance.deletion.models import Certificate, DeletionRequest
from compliance.signing import Verdict, keys_from, public_keys, published_keys
from plugseller import keyprovider
from plugseller.accounts.models import User
from plugseller.audit.models import Entry
from plugseller.crypto import periods
from plugseller.custody import ledger
from tests.compliance.deletion.asked import GRACE, by_owner
from tests.compliance.inhabited import Lived, apart, lived_in
from tests.conftest import person, signed_in

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _apart(settings: Any, tmp_path: Path) -> None:
    apart(settings, tmp_path)


@pytest.fixture
def north(db: None) -> Lived:
    return lived_in("north", staff=person("carl", staff_role="officer"))


@pytest.fixture
def issued(north: Lived, now: datetime) -> Certificate:
    return carried_out(by_owner(north.owner, north.seller, now=now), now)


def carried_out(request: DeletionRequest, now: datetime) -> Certificate:
    execute(request, now + GRACE)
    found: Certificate = request.certificates.get()
    return found


def changed(raw: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    told = json.loads(raw)
    change(told)
    return json.dumps(told).encode()


def test_it_says_what_was_done(issued: Certificate, now: datetime) -> None:
    body = issued.body
    request = issued.request
    assert (body["reference"], body["version"]) == (request.reference, 1)
    assert body["scope"] == {
        "kind": "The whole account",
        "what": request.what,
        "people": 2,
        "connections": 2,
    }
    assert body["asked_by"] == ["An owner, in the console"]
    assert body["times"]["received"] == now.isoformat()
    assert body["times"]["began"] == (now + GRACE).isoformat()
    assert all(body["times"].values())
    orders = next(p for p in body["places"] if p["place"] == "marketplaces.Order")
    assert (orders["before"], orders["erased"], orders["after"]) == (6, 6, 0)
    assert len(body["places"]) == request.outcomes.count()
    assert len(body["keys"]) == 3
    assert all(key["destroyed_at"] for key in body["keys"])
    lines = [line.number for line in ledger.read()]
    assert body["suppression"]["ledger_lines"] == lines
    assert body["suppression"]["tombstones"] == 5
    entry = Entry.objects.get(pk=body["audit_log"]["entry"])
    assert entry.hash == body["audit_log"]["hash"]
    told = told_of(issued)
    assert told.rows_erased == sum(p["erased"] for p in body["places"])
    assert told.is_final


def test_it_names_nobody(issued: Certificate, north: Lived) -> None:
    text = as_file(issued).decode().casefold()
    request = issued.request
    for word in (
        str(north.seller.pk),
        north.seller.pk.hex,
        *request.people,
        *request.connections,
        "north",
        "owner@",
        "example.test",
        "192.0.2",
    ):
        assert word not in text, word


def test_one_that_would_name_somebody_isnt_issued(
    north: Lived, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = by_owner(north.owner, north.seller, now=now)
    monkeypatch.setattr(
        certificates, "body_of", lambda *_, **__: {"what": f"To {north.owner.email}"}
    )
    with pytest.raises(NamesSomebody):
        certificates.issue(request, now)


def test_it_doesnt_say_more_than_was_done(issued: Certificate) -> None:
    body = issued.body
    assert body["backups"]["last_expires_at"] is None
    assert "isn't known" in body["backups"]["told"]
    assert "no program can show" in body["limits"]
    audit = next(one for one in body["stays"] if one["label"] == "Audit log")
    assert "network addresses" in audit["note"]
    assert {one["label"] for one in body["stays"]} >= {
        "Audit log",
        "Deletion requests",
        "What was erased",
    }


def test_it_says_until_when_a_backup_may_hold_it(
    north: Lived, now: datetime, settings: Any
) -> None:
    periods.key_of_now(now)  # as a backup of that day has it
    issued = carried_out(by_owner(north.owner, north.seller, now=now), now)
    backups = issued.body["backups"]
    until = datetime.fromisoformat(backups["last_expires_at"])
    assert now + GRACE < until <= now + settings.BACKUP_KEEP + timedelta(days=2)
    assert f"{until:%Y-%m-%d}" in backups["told"]


def test_the_file_is_valid_and_always_the_same(issued: Certificate) -> None:
    raw = as_file(issued)
    assert raw == as_file(Certificate.objects.get())
    found = check_file(raw)
    assert (found.verdict, found.is_valid) == (Verdict.VALID, True)
    assert found.reference == issued.request.reference
    assert found.body == issued.body
    # Written anew with other spaces it is the same certificate.
    assert check_file(json.dumps(json.loads(raw), indent=4).encode()).is_valid


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["certificate"].update(reference="DEL-2222-2222"),
        lambda told: told["certificate"]["places"].pop(),
        lambda told: told["certificate"]["places"][0].update(after=1),
        lambda told: told["certificate"].update(more="x"),
        lambda told: told["certificate"].pop("limits"),
        lambda told: told.update(signature="AAAA" + told["signature"][4:]),
        lambda told: told.update(signature="AAAA"),
        lambda told: told["certificate"].update(key_id="another"),
    ],
)
def test_whatever_is_changed_is_noticed(
    issued: Certificate, change: Callable[[dict[str, Any]], object]
) -> None:
    found = check_file(changed(as_file(issued), change))
    assert (found.verdict, found.body) == (Verdict.CHANGED, None)


def test_every_changed_byte_is_noticed(issued: Certificate) -> None:
    """A change of one character is a change, or the file isn't one any more."""
    raw = as_file(issued)
    for place in range(0, len(raw) - 1, 29):
        other = b"1" if raw[place : place + 1] != b"1" else b"2"
        found = check_file(raw[:place] + other + raw[place + 1 :])
        assert not found.is_valid, raw[place - 10 : place + 10]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"certificate": {}, "signature": "", "key_id": "", "algorithm": "Ed25519"}',
        b"[" * 100_000,
        b" " * (3 * 1024 * 1024),
    ],
)
def test_what_isnt_one_is_called_so(raw: bytes) -> None:
    assert check_file(raw, {}).verdict is Verdict.NOT_ONE


def test_another_key_of_the_same_name_doesnt_make_it_valid(issued: Certificate) -> None:
    forged = {issued.key_id: "00" * 32}
    assert check_file(as_file(issued), forged).verdict is Verdict.CHANGED
    assert check_file(as_file(issued), {}).verdict is Verdict.UNKNOWN_KEY


def test_an_old_one_verifies_after_its_key_was_replaced_or_lost(
    issued: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the published public key alone (edge 26)."""
    raw, published = as_file(issued), json.dumps(published_keys()).encode()
    keys = keyprovider.provider()
    before, new = type(keys).signing_key, "9999-000000000000"
    monkeypatch.setattr(
        type(keys),
        "signing_key",
        lambda self, key_id: b"n" * 32 if key_id == new else before(self, key_id),
    )
    ids = [*keys.signing_ids(), new]
    monkeypatch.setattr(type(keys), "signing_ids", lambda self: ids)
    monkeypatch.setattr(type(keys), "current_signing_id", lambda self: new)
    assert check_file(raw).is_valid
    assert set(public_keys()) == set(ids)
    monkeypatch.setattr(type(keys), "signing_ids", lambda self: [new])
    assert check_file(raw).verdict is Verdict.UNKNOWN_KEY
    assert check_file(raw, keys_from(published)).is_valid


def test_it_isnt_signed_with_the_audit_logs_key(issued: Certificate) -> None:
    from plugseller.audit.append import keys

    assert public_keys()[issued.key_id] != keys().public()[issued.key_id]


def test_the_command_checks_it_without_installation_or_keys(
    issued: Certificate, tmp_path: Path
) -> None:
    """Somebody who has the file and the public keys, and nothing else of ours."""
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_bytes(as_file(issued))
    bad.write_bytes(as_file(issued).replace(b'"erased":6', b'"erased":7', 1))
    published = tmp_path / "keys.json"
    published.write_text(json.dumps(published_keys()))
    theirs = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    theirs |= {"PLUGSELLER_HOME": str(tmp_path / "none"), "PLUGSELLER_ENV": "demo"}
    for file, status, verdict in ((good, 0, "valid"), (bad, 1, "changed")):
        ran = subprocess.run(
            [
                *(sys.executable, "manage.py", "verify_certificate"),
                *(str(file), "--keys", str(published), "--json"),
            ],
            env=theirs,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert ran.returncode == status, ran.stderr
        assert json.loads(ran.stdout)["rows"][0]["verdict"] == verdict
    assert not (tmp_path / "none").exists()


def test_the_command_uses_our_own_keys_and_prints_them(
    issued: Certificate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "one.json"
    file.write_bytes(as_file(issued))
    call_command("verify_certificate", str(file))
    assert "It is as it was signed." in capsys.readouterr().out
    call_command("verify_certificate", "--public-keys")
    assert json.loads(capsys.readouterr().out) == published_keys()
    for wrong in (["--keys", str(file), str(file)], [str(tmp_path / "no")], []):
        with pytest.raises(CommandError):
            call_command("verify_certificate", *wrong)


def test_who_keeps_their_account_reads_it_and_has_the_file(
    north: Lived, now: datetime
) -> None:
    request = by_owner(north.owner, north.seller, now=now, keeps_requester=True)
    issued = carried_out(request, now)
    told, browser = [request.reference], signed_in(north.owner)
    page = browser.get(reverse("own_certificate", args=told)).content.decode()
    for text in (request.reference, issued.signature, "no program can show", "Orders"):
        assert text in page
    file = browser.get(reverse("own_certificate_file", args=told))
    assert file.content == as_file(issued)
    assert check_file(file.content).is_valid
    keys = Client().get(reverse("signing_keys")).content
    assert check_file(file.content, keys_from(keys)).is_valid


def test_an_officer_downloads_it_and_has_a_deletion_carried_out(
    north: Lived,
) -> None:
    carl = User.objects.get(email="carl@example.test")
    desk = signed_in(carl)
    past = timezone.now() - timedelta(days=3)
    request = by_owner(north.owner, north.seller, now=past)
    place = f"/admin/compliance/deletionrequest/{request.pk}"
    assert desk.get(f"{place}/certificate/").status_code == 404
    assert "Carry out now" in desk.get(f"{place}/change/").content.decode()
    assert desk.post(f"{place}/do/run/").status_code == 302
    execution.process_one(str(request.pk))
    answer = desk.get(f"{place}/certificate/")
    assert check_file(answer.content).is_valid
    assert "Carry out now" not in desk.get(f"{place}/change/").content.decode()
    assert "Download the newest" in desk.get(f"{place}/change/").content.decode()

"""ENC-2: “Data at rest is encrypted with AES-256 or an equivalent.”"""

import secrets
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from plugseller.crypto.models import DataKey
from plugseller.jobs import outbox
from tests.conftest import Cast
from tests.promise.controls import fails, found, passes

EMBEDDED = connection.vendor == "sqlite"
only_embedded = pytest.mark.skipif(not EMBEDDED, reason="a server's disk isn't ours")
only_server = pytest.mark.skipif(EMBEDDED, reason="the embedded file is looked at")


@only_embedded
@pytest.mark.django_db(transaction=True)
def test_the_file_tells_nothing_without_its_key(cast: Cast) -> None:
    evidence = found("enc-2.at_rest").evidence
    assert passes("enc-2.at_rest")
    assert evidence["known ids looked for"]
    assert evidence["plain words"] == 0


@only_embedded
@pytest.mark.django_db(transaction=True)
def test_a_plain_file_breaks_it(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = tmp_path / "plain.db"
    made = sqlite3.connect(plain)
    made.execute("CREATE TABLE accounts_seller (id text)")
    made.commit()
    made.close()
    monkeypatch.setitem(connection.settings_dict, "NAME", str(plain))
    assert fails("enc-2.at_rest")


@only_embedded
@pytest.mark.django_db(transaction=True)
def test_so_does_a_known_id_among_the_bytes(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = DataKey.objects.latest("created_at").owner.hex.encode()
    leaking = tmp_path / "leaking.db"
    leaking.write_bytes(secrets.token_bytes(65536) + owner + secrets.token_bytes(65536))
    monkeypatch.setitem(connection.settings_dict, "NAME", str(leaking))
    assert fails("enc-2.at_rest")


@only_server
@pytest.mark.django_db
def test_a_servers_disk_is_attested(settings: Any) -> None:
    settings.PRODUCTION = True
    assert fails("enc-2.at_rest")
    settings.DATABASE_VOLUME_ENCRYPTION = "EBS, AES-256, attested 2026-11-01"
    assert passes("enc-2.at_rest")


@pytest.mark.django_db
def test_sealed_columns_hold_envelopes(cast: Cast) -> None:
    outbox.post(to="x@example.test", subject="x", text="x")
    assert passes("enc-2.sealed_columns")
    assert found("enc-2.sealed_columns").evidence["values sampled"]


@pytest.mark.django_db
def test_an_open_value_in_one_breaks_it(cast: Cast) -> None:
    outbox.post(to="x@example.test", subject="x", text="x")
    with connection.cursor() as cursor:
        value = b'{"to": "x@example.test"}' * 3
        cursor.execute("UPDATE jobs_outgoingmail SET content = %s", [value])
    assert fails("enc-2.sealed_columns")

"""ENC-1: “Data in transit is encrypted with TLS 1.2 or newer.”"""

import ssl
from typing import Any

import pytest
from django.db import connection

from marketplaces import transport
from marketplaces.simulator.server import Simulator
from plugseller.jobs.smtp import EmailBackend
from tests.promise.controls import fails, found, passes


def anything_goes(ca_file: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.sslsocket_class = transport._TimedSocket
    context.load_verify_locations(ca_file)
    return context


def test_our_way_out_refuses_an_old_tls() -> None:
    assert passes("enc-1.outgoing")
    assert found("enc-1.outgoing").evidence["peer could speak TLS 1.1"]


def test_a_way_out_that_takes_anything_breaks_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "_context", anything_goes)
    assert fails("enc-1.outgoing")


@pytest.mark.parametrize("outdated", [False, True])
def test_our_public_address_is_tried_as_well(outdated: bool, settings: Any) -> None:
    with Simulator(orders=0, listings=0, outdated_tls=outdated) as served:
        settings.PUBLIC_ADDRESS = served.address
        assert fails("enc-1.incoming") is outdated
        assert passes("enc-1.incoming") is not outdated


def test_production_without_tls_breaks_it(settings: Any) -> None:
    assert passes("enc-1.incoming")
    settings.PRODUCTION = True
    assert fails("enc-1.incoming")


def test_mail_leaves_over_a_new_tls() -> None:
    assert passes("enc-1.mail")


def test_a_mail_line_that_takes_anything_breaks_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = ssl.create_default_context()
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    monkeypatch.setattr(EmailBackend, "ssl_context", old)
    assert fails("enc-1.mail")


def test_so_does_one_in_the_open(settings: Any) -> None:
    settings.PRODUCTION, settings.EMAIL_HOST = True, "smtp.example"
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    assert fails("enc-1.mail")


@pytest.mark.django_db
def test_the_line_to_the_database_is_looked_at() -> None:
    assert passes("enc-1.database")
    assert connection.vendor == "sqlite" or "tls" in found("enc-1.database").evidence


@pytest.mark.skipif(connection.vendor == "sqlite", reason="there is no line")
@pytest.mark.django_db
def test_an_open_line_to_a_database_elsewhere_breaks_it() -> None:
    """What the server says of itself is put before what PostgreSQL says."""
    assert passes("enc-1.database")
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA elsewhere")
        cursor.execute(
            "CREATE FUNCTION elsewhere.inet_server_addr() RETURNS inet "
            "LANGUAGE sql AS $$ SELECT '203.0.113.7'::inet $$"
        )
        cursor.execute(
            "CREATE VIEW elsewhere.pg_stat_ssl AS SELECT pid, false AS ssl, "
            "NULL::text AS version FROM pg_catalog.pg_stat_ssl"
        )
        cursor.execute("SET LOCAL search_path = elsewhere, pg_catalog, public")
    assert fails("enc-1.database")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE VIEW elsewhere.pg_stat_ssl AS SELECT pid, true AS ssl, "
            "'TLSv1.3'::text AS version FROM pg_catalog.pg_stat_ssl"
        )
    assert passes("enc-1.database")

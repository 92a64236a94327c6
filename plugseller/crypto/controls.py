"""Looks whether the database is encrypted where it lies (ENC-2), and the line to it."""

from collections.abc import Iterator
from datetime import datetime

from django.apps import apps
from django.conf import settings
from django.db import connection

from plugseller.crypto.fields import SealedField, raw
from plugseller.crypto.models import DataKey
from plugseller.crypto.sealing import SealBroken, key_id_of
from plugseller.crypto.verifying import files_on_disk, opens_without_key
from plugseller.shelves import Finding, Verdict, control

_SAMPLE = 50  # rows of each sealed column
_OWNERS = 20  # whose ids are looked for among the bytes
_LEAST_ENTROPY = 7.9  # bits in a byte; plain databases have 4 to 6
_TLS = {"TLSv1.2", "TLSv1.3"}


def at_rest(now: datetime) -> Finding:
    """The database's bytes; a server's disk by what its operator attests."""
    if connection.vendor == "sqlite":
        return _embedded()
    declared = settings.DATABASE_VOLUME_ENCRYPTION
    figures = {"database": connection.display_name, "attested": declared}
    if declared:
        return Finding(
            Verdict.PASS,
            "The database's disk is encrypted; its operator attests that.",
            figures,
        )
    return Finding(
        Verdict.FAIL if settings.PRODUCTION else Verdict.WARN,
        "Nobody has attested that the database's disk is encrypted.",
        figures,
    )


def _embedded() -> Finding:
    newest = DataKey.objects.order_by("-created_at").values_list("owner", flat=True)
    owners = [owner.hex for owner in newest[:_OWNERS]]
    files = [one for one in files_on_disk(owners) if one.size]
    plain = sum(one.plain_words for one in files)
    entropy = min(one.entropy for one in files)
    readable = opens_without_key()
    broken = bool(plain or readable or entropy < _LEAST_ENTROPY)
    return Finding(
        Verdict.FAIL if broken else Verdict.PASS,
        "The database can be read on the disk without its key."
        if broken
        else "The database's bytes on the disk tell nothing without its key.",
        {
            "files": len(files),
            "bytes": sum(one.size for one in files),
            "plain words": plain,
            "known ids looked for": len(owners),
            "least entropy, bits in a byte": round(entropy, 3),
            "opens without key": readable,
        },
    )


control(
    "enc-2.at_rest",
    promise="ENC-2",
    label="The database can't be read on the disk",
    look=at_rest,
)


def sealed_columns(now: datetime) -> Finding:
    """A sample of each sealed column: envelopes, under data keys that we hold."""
    held = set(DataKey.objects.filter(destroyed_at=None).values_list("pk", flat=True))
    sampled = plain = keyless = columns = 0
    for field in _sealed_fields():
        columns += 1
        rows = field.model._base_manager.filter(**{f"{field.name}__isnull": False})
        found = rows.annotate(as_it_lies=raw(field)).order_by("-pk")
        for value in found.values_list("as_it_lies", flat=True)[:_SAMPLE]:
            sampled += 1
            try:
                keyless += key_id_of(bytes(value)) not in held
            except (SealBroken, TypeError):
                plain += 1
    figures = {
        "columns": columns,
        "values sampled": sampled,
        "not sealed": plain,
        "key unknown or destroyed": keyless,
    }
    if plain:
        sentence = "Something that should be sealed lies open in the database."
        return Finding(Verdict.FAIL, sentence, figures)
    return Finding(
        Verdict.WARN if keyless else Verdict.PASS,
        "Everything that should be sealed is sealed.",
        figures,
    )


def _sealed_fields() -> Iterator[SealedField[object, object]]:
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, SealedField):
                yield field


control(
    "enc-2.sealed_columns",
    promise="ENC-2",
    label="Secrets are sealed inside the database",
    look=sealed_columns,
)


def line_to_database(now: datetime) -> Finding:
    """Embedded: there is no line. A server: which TLS this very connection speaks."""
    if connection.vendor == "sqlite":
        sentence = "The database is a file of ours; nothing of it travels."
        return Finding(Verdict.PASS, sentence, {"line": "none"})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.ssl, s.version, inet_server_addr() IS NULL "
            "OR host(inet_server_addr()) IN ('127.0.0.1', '::1') "
            "FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid()"
        )
        encrypted, version, is_here = cursor.fetchone()
    kept = version in _TLS if encrypted else is_here
    return Finding(
        Verdict.PASS if kept else Verdict.FAIL,
        "The line to the database is encrypted, or doesn't leave the machine."
        if kept
        else "The line to the database isn't encrypted as promised.",
        {"tls": version or "none", "same machine": bool(is_here)},
    )


control(
    "enc-1.database",
    promise="ENC-1",
    label="The line to the database",
    look=line_to_database,
)

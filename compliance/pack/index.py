"""The page of a pack that says what each file proves: to be read first."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from compliance.pack.manifest import NAME as MANIFEST
from compliance.pack.manifest import File, utc
from compliance.packing import Period

NAME = "README.md"
SAYS = "What each file of the pack proves."


def page(files: Sequence[File], period: Period, now: datetime) -> str:
    """In Markdown, which reads well as plain text too."""
    rows = "\n".join(
        f"| {one.name} | {'' if one.rows is None else one.rows} | {one.says} |"
        for one in files
    )
    return f"""# Evidence pack of Plug Seller

- Installation: {settings.PUBLIC_ADDRESS}
- Period: from {utc(period.begins)} up to, and without, {utc(period.ends)}
- Made at: {utc(now)}

What has a date belongs to the period; how it stands is told as of the instant at which
the pack was made. All times are in UTC. People of ours stand here under the same id as
in the audit log. Nobody's name or address, no data of a seller or a buyer, no sealed
text and no secret is in any file.

## How to check it

`{MANIFEST}` holds the SHA-256 of every other file and is signed with Ed25519. With a
copy of {settings.PUBLIC_ADDRESS}/policy/signing-keys.json, which you got from us before
or see there now:

    manage.py verify_evidence_pack FILE --keys signing-keys.json

It needs nothing of the installation. In tables an apostrophe stands before text that a
spreadsheet would take for a formula.

## The files

| File | Rows | What it proves |
|---|---|---|
{rows}
"""

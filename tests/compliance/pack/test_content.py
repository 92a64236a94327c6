"""What is in a pack: everything of the period, and nothing of anybody."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from compliance.deletion.certificates import check_file
from compliance.deletion.models import Certificate, DeletionRequest
from compliance.pack.writing import Writer
from compliance.packing import PARTS, Document, Period, Table, packed
from plugseller.accounts.models import Grant
from plugseller.audit.models import Checkpoint, Entry
from tests.compliance.inhabited import Lived
from tests.compliance.pack.conftest import DAY, MADE_AT, PERIOD, Packs, members, table
from tests.conftest import NOW, PASSWORD, SECRETS

TABLES = {
    *("access/grants.csv", "access/staff.csv", "audit/checkpoints.csv"),
    *("audit/events.csv", "backups/backups.csv", "backups/replays.csv"),
    *("credentials/inventory.csv", "deadlines.csv", "deletion/legal-holds.csv"),
    *("deletion/outcomes.csv", "deletion/requests.csv", "deletion/steps.csv"),
    *("jobs/days.csv", "jobs/failures.csv", "retention/data-inventory.csv"),
    *("retention/purges.csv", "retention/rules.csv"),
}
MAY_BE_EMPTY = {"backups/replays.csv", "deletion/legal-holds.csv"}


def test_every_room_has_its_part_in_it(lived: dict[str, Lived], packs: Packs) -> None:
    held = members(packs().path)
    certificate = Certificate.objects.get()
    name = f"deletion/certificates/{certificate.request.reference}-v1.json"
    assert {*TABLES, name, "audit/head.json", "README.md", "manifest.json"} <= set(held)
    assert check_file(held[name]).is_valid
    head = json.loads(held["audit/head.json"])
    assert head["newest"]["hash"] == Checkpoint.objects.get().hash
    assert head["newest"]["key_id"] in head["public_keys"]
    for one in TABLES - MAY_BE_EMPTY:
        assert held[one].count(b"\r\n") > 1, one
    page = held["README.md"].decode()
    assert all(f"| {one} |" in page for one in held if one not in _LAST)
    assert "from 2026-11-20T00:00:00Z up to, and without, 2026-12-20" in page


_LAST = ("README.md", "manifest.json")


def test_it_names_nobody_and_tells_no_secret(
    lived: dict[str, Lived], packs: Packs
) -> None:
    """Whatever stands anywhere about people, sellers, their orders and their keys."""
    Grant.objects.update(reason="Because Wanda asked", ticket="WANDA-1")
    whole = b"\n".join(members(packs().path).values()).decode().casefold()
    emails = set(re.findall(r"[\w.+-]+@[\w-]+\.\w+", whole))
    assert emails <= {"support@plugakademi.org", "security@amazon.com"}  # nobody's own
    gone = lived["north"]
    words = {
        *(PASSWORD, *SECRETS.values(), "wanda", "olga", "pbkdf2", "argon2"),
        *(str(one.pk) for one in gone.people),
        *(str(gone.seller.pk), *(str(one.pk) for one in gone.connections)),
    }
    for seller in lived.values():
        words |= {str(seller.seller.name), seller.seller.slug}
        words |= {one.name for one in seller.people if one.name}
    found = {
        word for word in words if re.search(rf"\b{re.escape(word.casefold())}\b", whole)
    }
    assert found == set()


def test_a_period_begins_and_ends_at_midnight_in_utc(packs: Packs, db: None) -> None:
    second = timedelta(seconds=1)
    for number, at in enumerate(
        [PERIOD.begins - second, PERIOD.begins, PERIOD.ends - second, PERIOD.ends]
    ):
        _request(f"DEL-{number}", at, ended_at=at)
        _checkpoint(number, at)
    path = packs().path
    assert [line[1:6] for line in table(path, "deletion/requests.csv")] == [
        "DEL-1",
        "DEL-2",
    ]
    numbers = [line.split('","')[1] for line in table(path, "audit/checkpoints.csv")]
    assert numbers == ["1", "2"]
    head = json.loads(members(path)["audit/head.json"])
    assert (head["last_of_the_period"]["number"], head["newest"]["number"]) == (2, 3)


def test_a_request_that_was_open_in_the_period_is_in_it(packs: Packs, db: None) -> None:
    _request("DEL-LONG", PERIOD.begins - DAY, ended_at=PERIOD.ends + DAY)
    _request("DEL-OPEN", PERIOD.begins - DAY, ended_at=None)
    told = table(packs().path, "deletion/requests.csv")
    assert [line.split(",")[0] for line in told] == ['"DEL-LONG"', '"DEL-OPEN"']


def test_a_period_in_which_nothing_happened_has_every_table(
    packs: Packs, db: None
) -> None:
    empty = Period(NOW - 900 * DAY, NOW - 800 * DAY)
    path = packs(empty).path
    assert set(members(path)) >= TABLES
    assert table(path, "deletion/requests.csv") == []
    assert json.loads(members(path)["audit/head.json"])["last_of_the_period"] is None


def test_the_same_rows_make_the_same_bytes(
    lived: dict[str, Lived], monkeypatch: pytest.MonkeyPatch
) -> None:
    def made() -> bytes:
        out = io.BytesIO()
        Writer(out, period=PERIOD, now=MADE_AT).write(PARTS)
        return out.getvalue()

    first = made()
    assert made() == first
    with zipfile.ZipFile(io.BytesIO(first)) as package:
        times = {info.date_time for info in package.infolist()}
    assert times == {(2026, 12, 21, 9, 30, 0)}


def test_cells_are_safe_to_open_and_instants_are_utc() -> None:
    row = ("=1+1", None, True, NOW, ["b", NOW], 1.5)
    part = Table("t.csv", "Says.", tuple("abcdef"), [row])
    held = _written(lambda period, now: [part])
    read = list(csv.reader(io.StringIO(held["t.csv"].decode("utf-8-sig"))))
    at = "2026-11-24T12:00:00Z"
    assert read[1] == ["'=1+1", "", "yes", at, f'["b", "{at}"]', "1.5"]


@pytest.mark.parametrize(
    "name",
    ["../a.csv", "/a.csv", "a//b", "a/../b", "", "a\\b", "manifest.json", "README.md"],
)
def test_no_file_leaves_the_folder_or_takes_anothers_place(name: str) -> None:
    with pytest.raises(ValueError, match="No file of a pack"):
        _written(lambda period, now: [Document(name, "Says.", b"")])


def test_no_two_files_have_one_name() -> None:
    twice = [Document("a.txt", "Says.", b"1"), Document("a.txt", "Says.", b"2")]
    with pytest.raises(ValueError, match=r"a\.txt"):
        _written(lambda period, now: twice)


def test_rows_are_taken_as_they_are_written() -> None:
    """Neither the rows of a table nor the pieces of a document are held at once."""
    out, told = io.BytesIO(), []

    def rows() -> Iterator[tuple[object, ...]]:
        for number in range(100_000):
            if number % 10_000 == 0:
                told.append(out.tell())
            yield number, f"{hash(number) * 2654435761 % 2**61:x}", NOW

    def pieces() -> Iterator[bytes]:
        yield b"x" * 10
        yield b"y" * 10

    def part(period: Period, now: datetime) -> Iterator[Table | Document]:
        yield Table("rows.csv", "Says.", ("number", "hash", "at"), rows())
        yield Document("long.json", "Says.", pieces())

    Writer(out, period=PERIOD, now=MADE_AT).write({"room": part})
    assert all(earlier < later for earlier, later in pairwise(told))
    with zipfile.ZipFile(out) as package:
        files = json.loads(package.read("manifest.json"))["manifest"]["files"]
        assert package.read("long.json") == b"x" * 10 + b"y" * 10
    assert [one["rows"] for one in files[:2]] == [100_000, None]


def test_a_room_has_one_part() -> None:
    with pytest.raises(ValueError, match="deletion"):
        packed("deletion", lambda period, now: [])


def test_what_is_made_is_in_the_audit_log(packs: Packs, db: None) -> None:
    made = packs()
    entry = Entry.objects.get(event="evidence.packed")
    assert entry.additional_data == {
        "from": "2026-11-20T00:00:00Z",
        "to": "2026-12-20T00:00:00Z",
        "sha256": made.sha256,
    }


def _written(part: Any) -> dict[str, bytes]:
    out = io.BytesIO()
    Writer(out, period=PERIOD, now=MADE_AT).write({"room": part})
    with zipfile.ZipFile(out) as package:
        return {name: package.read(name) for name in package.namelist()}


def _request(reference: str, at: datetime, *, ended_at: datetime | None) -> None:
    DeletionRequest.objects.create(
        reference=reference,
        source="letter",
        kind="outsider",
        status="completed" if ended_at else "received",
        what="",
        received_at=at,
        due_at=at + 30 * DAY,
        ended_at=ended_at,
    )


def _checkpoint(number: int, at: datetime) -> None:
    Checkpoint.objects.create(
        kind="head", number=number, hash="h", entries=1, made_at=at, key_id="k"
    )

"""Who gets a pack, and what can't be asked for."""

import io
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from compliance.pack import writing
from compliance.pack.manifest import check_pack
from compliance.pack.services import PackRefused, period_of
from compliance.packing import PARTS, Document, Period
from plugseller.audit.models import Entry
from plugseller.keyprovider import KeyTrouble
from tests.compliance.pack.conftest import MADE_AT, PERIOD, Packs
from tests.conftest import Cast, person, signed_in

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAYS = {"first": "2026-07-01", "end": "2026-10-01"}


def test_a_period_is_whole_days_in_utc() -> None:
    found = period_of(date(2026, 7, 1), date(2026, 10, 1), now=NOW)
    assert found.begins == datetime(2026, 7, 1, tzinfo=UTC)
    assert found.ends == datetime(2026, 10, 1, tzinfo=UTC)
    assert period_of(date(2026, 11, 23), date(2026, 11, 24), now=NOW)


@pytest.mark.parametrize(
    ("first", "end", "says"),
    [
        (date(2026, 10, 1), date(2026, 7, 1), "before it has begun"),
        (date(2026, 7, 1), date(2026, 7, 1), "before it has begun"),
        (date(2026, 7, 1), date(2026, 11, 25), "2026-11-24 at the latest"),
        (date(2027, 7, 1), date(2027, 8, 1), "2026-11-24 at the latest"),
        (date.min, date.max, "2026-11-24 at the latest"),
    ],
)
def test_a_period_that_cant_be_is_refused(first: date, end: date, says: str) -> None:
    with pytest.raises(PackRefused, match=says):
        period_of(first, end, now=NOW)


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "", "2026-07-01T00:00"])
def test_the_command_says_how_a_day_is_written(tmp_path: Path, day: str) -> None:
    with pytest.raises(CommandError, match="isn't a day"):
        call_command("evidence_pack", **{"from": day, "to": "2026-10-01"}, out=tmp_path)


def test_a_pack_that_is_there_is_left_as_it_is(packs: Packs) -> None:
    path = packs().path
    path.write_bytes(b"mine")
    with pytest.raises(PackRefused, match="is there already"):
        packs()
    assert path.read_bytes() == b"mine"
    assert list(path.parent.iterdir()) == [path]
    assert Entry.objects.filter(event="evidence.packed").count() == 1


@pytest.mark.parametrize("folder", ["missing", "a-file", "shut"])
def test_a_folder_that_cant_be_written_to_is_refused(
    tmp_path: Path, folder: str
) -> None:
    (tmp_path / "a-file").write_text("")
    (tmp_path / "shut").mkdir(mode=0o500)
    if folder == "shut" and os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    days = {"from": "2026-01-01", "to": "2026-02-01"}
    with pytest.raises(CommandError, match="can't be written"):
        call_command("evidence_pack", **days, out=str(tmp_path / folder))
    assert not Entry.objects.filter(event="evidence.packed").exists()


@pytest.mark.parametrize(
    ("trouble", "raised"),
    [
        (OSError(28, "No space left on device"), PackRefused),
        (KeyTrouble("The signing key is gone."), PackRefused),
        (RuntimeError("a room failed"), RuntimeError),
    ],
)
def test_nothing_half_written_stays(
    packs: Packs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Exception,
    raised: type[Exception],
) -> None:
    """The last room fails after all others have written."""

    def fails(period: Period, now: datetime) -> list[Document]:
        raise trouble

    monkeypatch.setattr("compliance.pack.services.PARTS", {**PARTS, "zzz": fails})
    with pytest.raises(raised):
        packs()
    assert list((tmp_path / "out").iterdir()) == []
    assert not Entry.objects.filter(event="evidence.packed").exists()


def test_an_officer_takes_one_along_from_the_desk(cast: Cast, tmp_path: Path) -> None:
    carl = signed_in(cast.carl)
    page = carl.get(reverse("evidence_pack"))
    assert page.status_code == 200
    assert 'name="first"' in page.content.decode()
    assert reverse("evidence_pack") in carl.get("/admin/").content.decode()
    answer = carl.post(reverse("evidence_pack"), DAYS)
    assert answer["Content-Type"] == "application/zip"
    assert (
        'filename="plugseller-evidence-2026-07-01-2026-10-01.zip"'
        in (answer["Content-Disposition"])
    )
    path = tmp_path / "got.zip"
    path.write_bytes(b"".join(answer.streaming_content))  # type: ignore[attr-defined]  # a file's
    assert check_pack(path).is_valid
    entry = Entry.objects.get(event="evidence.packed")
    assert (entry.actor_id, entry.additional_data["to"]) == (
        cast.carl.pk,
        "2026-10-01T00:00:00Z",
    )


@pytest.mark.parametrize(
    "given",
    [
        {"first": "2026-10-01", "end": "2026-07-01"},
        {"first": "2026-07-01", "end": "2999-01-01"},
        {"first": "", "end": "2026-07-01"},
        {"first": "<b>", "end": "01.02.2026"},
    ],
)
def test_the_desk_says_what_is_wrong_with_a_period(
    cast: Cast, given: dict[str, str]
) -> None:
    answer = signed_in(cast.carl).post(reverse("evidence_pack"), given)
    assert answer.status_code == 400
    assert "No pack was made." in answer.content.decode()
    assert not Entry.objects.filter(event="evidence.packed").exists()


def test_only_officers_get_one(cast: Cast) -> None:
    operator = person("oscar", staff_role="operator")
    for somebody in (cast.alice, cast.bob, cast.charlie, cast.olga, operator):
        client = signed_in(somebody)
        for answer in (
            client.get(reverse("evidence_pack")),
            client.post(reverse("evidence_pack"), DAYS),
        ):
            assert answer.status_code in (302, 403, 404), somebody.email
            assert "application/zip" not in answer["Content-Type"]
    assert not Entry.objects.filter(event="evidence.packed").exists()


def test_the_second_factor_is_asked_for_first(cast: Cast) -> None:
    answer = signed_in(cast.carl, confirmed=False).post(reverse("evidence_pack"), DAYS)
    assert answer.status_code == 302
    assert not Entry.objects.filter(event="evidence.packed").exists()


def test_what_failed_in_the_middle_of_a_file_is_what_is_raised() -> None:
    """A writer that fails raises what failed, not that its ZIP was still open."""

    def fails(period: Period, now: datetime) -> list[Document]:
        def pieces() -> Iterator[bytes]:
            yield b"some"
            raise RuntimeError("a room failed")

        return [Document("a.txt", "Says.", pieces())]

    with pytest.raises(RuntimeError, match="a room failed"):
        writing.Writer(io.BytesIO(), period=PERIOD, now=MADE_AT).write({"a": fails})

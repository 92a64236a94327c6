"""The page that gives a seller all its data: who sees it, what it does."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from marketplaces.exporting.building import build_export
from marketplaces.models import DataExport
from tests.conftest import signed_in
from tests.marketplaces.console.conftest import World, whole

PAGE = "/s/north/export"


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.EXPORT_FOLDER = tmp_path / "exports"


def ready(world: World) -> DataExport:
    signed_in(world.cast.alice).post(PAGE)
    made = DataExport.objects.of_seller(world.cast.north).get()
    build_export(made.pk, now=timezone.now())
    made.refresh_from_db()
    return made


def test_the_way_from_asking_to_the_file(world: World) -> None:
    owner = signed_in(world.cast.alice)
    assert "Nothing has been asked for" in owner.get(PAGE).content.decode()
    assert owner.post(PAGE)["Location"] == PAGE
    assert "Being put together" in owner.get(PAGE).content.decode()
    part = owner.get(f"{PAGE}/progress", headers={"HX-Request": "true"})
    assert part.content.decode().lstrip().startswith('<div id="export" hx-get=')
    made = ready(world)
    text = owner.get(PAGE).content.decode()
    assert "Download the ZIP" in text
    assert made.file_name not in text
    answer = owner.get(f"{PAGE}/{made.pk}.zip")
    assert answer["Content-Type"] == "application/zip"
    assert answer["Cache-Control"] == "no-store, private"
    content = whole(answer)
    assert len(content) == int(answer["Content-Length"])
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert b"111-NORTHERN" in package.read("csv/orders.csv")
    owner.post(f"{PAGE}/{made.pk}/end")
    assert "an owner removed it" in owner.get(PAGE).content.decode()
    gone = owner.get(f"{PAGE}/{made.pk}.zip", follow=True)
    assert "This file is gone" in gone.content.decode()


def test_asking_and_fetching_ask_for_the_second_factor_again(world: World) -> None:
    made = ready(world)
    unsure = signed_in(world.cast.alice, confirmed=False)
    for answer in (unsure.post(PAGE), unsure.get(f"{PAGE}/{made.pk}.zip")):
        assert answer["Location"].startswith("/account/confirm/code")


def test_nobody_else_sees_it_or_learns_of_it(world: World) -> None:
    made = ready(world)
    addresses = (PAGE, f"{PAGE}/progress", f"{PAGE}/{made.pk}.zip")
    for someone, status in (
        (world.cast.bob, 403),
        (world.ann, 403),  # exports what she may see, which isn't all
        (world.cast.charlie, 404),
        (world.cast.olga, 404),
    ):
        for address in addresses:
            assert signed_in(someone).get(address).status_code == status, address
    foreign = signed_in(world.cast.charlie)
    assert foreign.get(f"/s/south/export/{made.pk}.zip").status_code == 404
    assert foreign.post(f"/s/south/export/{made.pk}/end").status_code == 404
    made.refresh_from_db()
    assert made.state == "ready"


def test_a_name_full_of_html_stays_text(world: World) -> None:
    cast = world.cast
    cast.north.name = '"><script>alert(1)</script>'
    cast.north.save()
    cast.alice.name = "<img src=x onerror=alert(1)>"
    cast.alice.save()
    owner = signed_in(cast.alice)
    owner.post(PAGE)
    text = owner.get(PAGE).content.decode()
    assert "<script>alert" not in text
    assert "<img src=x" not in text

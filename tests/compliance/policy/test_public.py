"""What everybody may read: every sentence with its state, what we fetch, security."""

import html
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from compliance.policy.promises import PROMISES
from compliance.policy.services import run_due
from marketplaces import shelf as marketplaces
from marketplaces.datamap import kept_fields, unwanted_paths
from plugseller.shelves import Verdict
from tests.compliance.policy.test_running import Sample, shelf
from tests.conftest import Cast, signed_in

pytestmark = pytest.mark.django_db
shelf = shelf
PAGES = {
    "/policy/data-protection": "What we promise",
    "/policy/what-we-fetch": "What we fetch",
    "/policy/data-deletion": "How we delete data",
    "/policy/security": "Security",
}


def read(path: str) -> str:
    return html.unescape(Client().get(path).content.decode())


def test_no_sentence_can_be_hidden_and_each_says_how_it_is_kept() -> None:
    text = read("/policy/data-protection")
    for promise in PROMISES:
        assert promise.wording in text
        assert promise.how in text
    assert "19 of 19 not kept or not checked in time" in text


def test_it_is_red_when_a_control_fails_and_says_when_it_last_passed(
    cast: Cast, shelf: dict[str, Sample]
) -> None:
    now = timezone.now()
    run_due(now - timedelta(days=1))
    shelf["use-1.x"].verdict = Verdict.FAIL
    run_due(now)
    text = read("/policy/data-protection")
    use_1 = text.partition('id="use-1"')[2].partition('id="use-2"')[0]
    use_2 = text.partition('id="use-2"')[2].partition('id="use-3"')[0]
    assert '<span class="badge bad">broken</span>' in use_1
    assert f"last passed {now - timedelta(days=1):%Y-%m-%d %H:%M} UTC" in use_1
    assert '<span class="badge good">kept</span>' in use_2
    assert f"Passed {now:%Y-%m-%d %H:%M} UTC" in use_2


def test_no_figure_and_no_name_of_a_control_is_told(
    cast: Cast, shelf: dict[str, Sample]
) -> None:
    shelf["use-1.x"].evidence = {"canary": "CANARY-FIGURE"}
    run_due(timezone.now())
    text = read("/policy/data-protection")
    assert "CANARY-FIGURE" not in text
    assert "use-1.x" not in text


def test_what_we_fetch_is_the_whole_data_map() -> None:
    text = read("/policy/what-we-fetch")
    for operation in marketplaces.datamap():
        assert operation.purpose in text
        assert operation.path in text
        for field in kept_fields(operation.structure):
            assert f"<code>{field.path}</code>" in text
        for path in unwanted_paths(operation.structure):
            assert f"<code>{path}</code>" in text
    assert "Times it came" not in text  # how often is each seller's own


@pytest.mark.parametrize("path", PAGES)
def test_each_page_names_us_and_leads_to_the_others(path: str) -> None:
    text = read(path)
    assert "mailto:support@plugakademi.org" in text
    for other, label in PAGES.items():
        assert f'<a href="{other}">{label}</a>' in text


@pytest.mark.parametrize("path", [*PAGES][:2])
def test_they_are_the_same_for_everybody_cheap_and_kept_for_a_minute(
    path: str, cast: Cast, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(2):
        answer = Client().get(path)
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert "Set-Cookie" not in answer.headers
    assert signed_in(cast.alice).get(path).content == answer.content

"""CON-1: “Questions and complaints about data protection are answered at
support@plugakademi.org.”"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from compliance.public import views
from compliance.questions.services import ask_question
from tests.conftest import Cast
from tests.promise.controls import fails, found, passes

pytestmark = pytest.mark.django_db
CONTROL = "con-1.contact"


def test_every_page_of_the_policy_names_the_address() -> None:
    assert passes(CONTROL)
    assert found(CONTROL).evidence["pages"] == 4


def test_security_txt_names_it_too_and_where_our_policy_stands() -> None:
    told = Client().get("/.well-known/security.txt").content.decode()
    assert "Contact: mailto:support@plugakademi.org\n" in told
    assert "Policy: http://localhost:8000/policy/security\n" in told


def test_a_question_that_waits_too_long_breaks_it(cast: Cast) -> None:
    assert passes("con-1.answers")
    ask_question(actor=cast.bob, text="Why?", now=timezone.now() - timedelta(days=8))
    assert fails("con-1.answers")


def test_a_page_without_it_breaks_it(settings: Any, tmp_path: Path) -> None:
    page = tmp_path / "compliance" / "public" / "security.html"
    page.parent.mkdir(parents=True)
    page.write_text("Ask somebody else.")
    [engine] = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path, *engine["DIRS"]]}]
    assert fails(CONTROL)


def test_a_security_txt_that_soon_expires_breaks_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(views, "LASTS", timedelta(days=20))
    assert fails(CONTROL)

"""What lies on the desk of the demonstration: work of each queue, harmless, once."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from compliance.demodesk import furnish_desk
from compliance.desklines import Block, told
from compliance.models import DeletionRequest, Incident, Question, Review
from tests.conftest import NOW, Cast

pytestmark = pytest.mark.django_db


def test_a_newcomer_finds_work_in_each_queue_and_nothing_that_bites(cast: Cast) -> None:
    assert len(furnish_desk(NOW)) == 4
    page = told(cast.carl, NOW)
    assert any("Drill" in line.text for line in page[Block.BURNING])
    assert any("DEL-" in line.text for line in page[Block.ASKED])
    assert any("Logs" in line.text for line in page[Block.DUE])
    assert any("question" in line.text for line in page[Block.DUE])
    assert page[Block.LATE] == []
    assert Incident.objects.get().is_drill
    assert DeletionRequest.objects.get().status == DeletionRequest.Status.RECEIVED
    assert Review.objects.get().kind == Review.Kind.LOGS
    assert Question.objects.get().asked_by == cast.alice.pk


def test_what_is_there_stays_and_isnt_made_again(cast: Cast) -> None:
    furnish_desk(NOW)
    assert furnish_desk(NOW) == []


def test_outside_of_the_demonstration_nothing_is_made_up(
    cast: Cast, settings: Any
) -> None:
    with pytest.raises(CommandError, match="make demo"):
        call_command("demo_desk")
    assert not Incident.objects.exists()

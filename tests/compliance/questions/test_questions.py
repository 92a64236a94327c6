"""CON-1: who asks about their data is answered in time, and nobody else reads it."""

import html
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from compliance import clocks
from compliance.checking import check_clocks
from compliance.desklines import Block, told
from compliance.models import Deadline, Question
from compliance.packing import PARTS, Period, Table
from compliance.questions.services import (
    LONGEST,
    QuestionRefused,
    answer_question,
    ask_question,
)
from compliance.questions.telling import answered
from marketplaces.models import Connection, SyncRun
from plugseller.accounts.models import User
from plugseller.audit.models import Entry
from plugseller.crypto.models import DataKey
from plugseller.crypto.services import destroy_data_key
from plugseller.custody.rules import RULES
from plugseller.jobs.models import OutgoingMail
from plugseller.shelves import HOLDINGS, Scope, Verdict
from tests.conftest import NOW, Cast, person, signed_in

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PAGE = "/account/questions"
WORDS = "Do you store my buyers' names? CANARY-ASKED"
ANSWER = "No, never. CANARY-ANSWERED"


def asked(who: User, text: str = WORDS, now: datetime = NOW) -> Question:
    return ask_question(actor=who, text=text, now=now)


def answer(
    cast: Cast,
    question: Question,
    text: str = ANSWER,
    *,
    actor: User | None = None,
    now: datetime = NOW + DAY,
) -> None:
    by = actor or cast.carl
    answer_question(actor=by, question=question, text=text, now=now)


def mails() -> list[dict[str, str]]:
    return [mail.content.reveal() for mail in OutgoingMail.objects.order_by("pk")]


def read(someone: User, path: str) -> str:
    return html.unescape(signed_in(someone).get(path).content.decode())


def desk(question: Question) -> str:
    return reverse("admin:compliance_question_change", args=[question.pk])


@pytest.mark.parametrize(
    "became", [{"is_active": False}, {"staff_role": "support"}, None]
)
def test_who_left_while_the_page_was_open_asks_nothing(
    cast: Cast, became: dict[str, Any] | None
) -> None:
    """What the request knows of the person is older than what is so now."""
    stale = person("stale")
    now_so = User.objects.filter(pk=stale.pk)
    now_so.update(**became) if became else now_so.delete()
    destroy_data_key(stale.pk)  # as an erasure does: it must not come back
    with pytest.raises(PermissionDenied):
        asked(stale)
    assert not Question.objects.exists()
    assert not DataKey.objects.filter(owner=stale.pk, destroyed_at=None).exists()


def test_a_question_is_asked_answered_mailed_and_shown(cast: Cast) -> None:
    bob, carl = signed_in(cast.bob), signed_in(cast.carl)
    assert PAGE in bob.get("/account/factors").content.decode()
    assert PAGE in bob.get("/s/north/").content.decode()
    shown = bob.post(PAGE, {"text": WORDS}, follow=True).content.decode()
    question = Question.objects.get()
    assert f"{question.due_at:%Y-%m-%d %H:%M} UTC" in shown
    assert question.due_at - question.asked_at == 7 * DAY
    [told_of] = mails()
    assert told_of["to"] == cast.carl.email
    assert "CANARY" not in str(told_of)
    assert WORDS in read(cast.carl, desk(question))
    place = reverse("admin:compliance_question_answer", args=[question.pk])
    sent = carl.post(place, {"text": ANSWER}, follow=True).content.decode()
    assert ANSWER in sent
    assert "Answer…" not in sent
    mail = next(one for one in mails() if one["to"] == cast.bob.email)
    assert ANSWER in mail["text"]
    assert WORDS not in mail["text"]
    page = read(cast.bob, PAGE)
    assert WORDS in page
    assert ANSWER in page


def test_nobody_else_reads_it(cast: Cast) -> None:
    question = asked(cast.bob)
    answer(cast, question)
    for other in (cast.alice, cast.charlie):
        assert "CANARY" not in read(other, PAGE)
        assert signed_in(other).get(desk(question)).status_code in (302, 403)
    assert signed_in(cast.olga).get(desk(question)).status_code == 403
    assert signed_in(cast.olga).get(PAGE).status_code == 403
    assert "CANARY" in read(cast.bob, PAGE)


def test_no_word_of_it_lies_open_anywhere(cast: Cast) -> None:
    answer(cast, asked(cast.bob))
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608  names of ours
            assert b"CANARY" not in repr(cursor.fetchall()).encode(), table
    events = Entry.objects.filter(event__startswith="question.")
    assert list(events.order_by("pk").values_list("event", "actor_id")) == [
        ("question.asked", cast.bob.pk),
        ("question.answered", cast.carl.pk),
    ]


def test_one_that_waits_is_warned_about_and_then_red_everywhere(cast: Cast) -> None:
    question = asked(cast.bob)
    assert answered(NOW).verdict == Verdict.PASS
    assert any("question" in line.text for line in told(cast.carl, NOW)[Block.DUE])
    for now in (NOW + 4 * DAY, NOW + 6 * DAY):
        before = len(mails())
        clocks.run_due(now)
        assert len(mails()) == before + 1
    assert not any(one.is_wrong for one in check_clocks(NOW + 6 * DAY))
    late = NOW + 7 * DAY
    clocks.run_due(late)
    assert sum("OVERDUE" in one["subject"] for one in mails()) == 1
    [clock] = [one for one in check_clocks(late) if one.deadline.duty == "question"]
    assert clock.is_wrong
    assert any("question" in line.text for line in told(cast.carl, late)[Block.LATE])
    assert answered(late).verdict == Verdict.FAIL
    answer(cast, question, now=late + DAY)
    assert answered(late + DAY).verdict == Verdict.PASS
    assert answered(late + DAY).evidence["of these late"] == 1
    assert not Deadline.objects.get(duty="question").is_running


def test_it_is_answered_once(cast: Cast) -> None:
    question = asked(cast.bob)
    answer(cast, question)
    with pytest.raises(QuestionRefused, match="already"):
        answer(cast, question, text="Something else")
    assert Question.objects.get().answer_text() == ANSWER
    place = reverse("admin:compliance_question_answer", args=[question.pk])
    again = signed_in(cast.carl).post(place, {"text": "Something else"})
    assert again.status_code == 400
    assert sum(one["to"] == cast.bob.email for one in mails()) == 1


def test_what_cannot_be_is_refused_and_nothing_stays(cast: Cast, settings: Any) -> None:
    for wrong in ("", "  \n", "x" * (LONGEST + 1), "a\x00b"):
        with pytest.raises(QuestionRefused):
            asked(cast.bob, text=wrong)
        assert signed_in(cast.bob).post(PAGE, {"text": wrong}).status_code == 400
    with pytest.raises(PermissionDenied):
        asked(cast.olga)
    assert not Question.objects.exists()
    assert not Deadline.objects.filter(duty="question").exists()
    question = asked(cast.bob)
    for nobody in (cast.olga, cast.alice):
        with pytest.raises(PermissionDenied):
            answer(cast, question, actor=nobody)
    with pytest.raises(QuestionRefused):
        answer(cast, question, text=" ")
    with pytest.raises(IntegrityError), transaction.atomic():
        Question.objects.update(answered_at=NOW)
    for _ in range(settings.QUESTIONS_PER_DAY - 1):
        asked(cast.bob)
    with pytest.raises(QuestionRefused, match=r"support@plugakademi\.org"):
        asked(cast.bob)
    asked(cast.alice)
    asked(cast.bob, now=NOW + DAY)


def test_html_in_it_is_text(cast: Cast) -> None:
    question = asked(cast.bob, text="<script>alert(1)</script>")
    answer(cast, question, text="<b>No</b>")
    for someone, page in ((cast.bob, PAGE), (cast.carl, desk(question))):
        raw = signed_in(someone).get(page).content.decode()
        assert "&lt;script&gt;alert(1)" in raw
        assert "<b>No</b>" not in raw


def test_it_goes_with_the_person_and_its_clock_too(cast: Cast) -> None:
    asked(cast.bob)
    other = asked(cast.alice)
    store = HOLDINGS["compliance.Question"].store
    bob = Scope(people=frozenset({cast.bob.pk}))
    assert store.count(bob) == 1
    assert store.erase(bob, at_most=100) == 1
    assert list(Question.objects.all()) == [other]
    running = clocks.running().filter(duty="question")
    assert [one.subject_id for one in running] == [other.pk]


def test_it_ages_from_its_answer(cast: Cast) -> None:
    answer(cast, asked(cast.bob))
    waits = asked(cast.alice)
    keep = RULES["questions"].keep
    assert keep is not None
    store = HOLDINGS["compliance.Question"].store
    assert store.purge(NOW + DAY, at_most=100) == 0
    assert store.purge(NOW + 2 * DAY, at_most=100) == 1
    assert store.purge(NOW + 10 * keep, at_most=100) == 0
    assert Question.objects.get() == waits


def test_an_answer_begins_with_a_draft_and_its_figure(cast: Cast) -> None:
    account = Connection.objects.create(
        seller=cast.north, marketplace="amazon", region="na", account_id="A1"
    )
    foreign = Connection.objects.create(
        seller=cast.south, marketplace="amazon", region="na", account_id="A2"
    )
    for of, count in ((account, 1234), (foreign, 99)):
        SyncRun.unfenced.create(
            seller_id=of.seller_id,
            connection=of,
            feature="orders",
            started_at=timezone.now(),
            fields_dropped=count,
            dropped={"buyer.name": count},
        )
    place = reverse("admin:compliance_question_answer", args=[asked(cast.bob).pk])
    page = read(cast.carl, f"{place}?draft=buyers")
    assert "1,234 values of yours" in page
    assert "/policy/what-we-fetch" in page
    for key in ("kept", "deleted", "seen"):
        assert "/policy/" in read(cast.carl, f"{place}?draft={key}")
    assert signed_in(cast.carl).get(f"{place}?draft=unknown").status_code == 200


def test_an_auditor_gets_instants_alone(cast: Cast) -> None:
    question = asked(cast.bob)
    answer(cast, question)
    period = Period(NOW - DAY, NOW + DAY)
    [table] = PARTS["questions"](period, NOW)
    assert isinstance(table, Table)
    assert list(table.rows) == [(question.pk, NOW, NOW + 7 * DAY, NOW + DAY)]

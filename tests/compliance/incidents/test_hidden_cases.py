"""Who is barred from a case finds it nowhere: not in the log, not in its reviews, not
in what is taken along (INC-1)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from compliance import clocks
from compliance.governance.reviews import services as reviews
from compliance.governance.reviews.choices import Choice, Kind, Sort
from compliance.governance.reviews.models import Review
from compliance.governance.reviews.services import ReviewRefused
from compliance.incidents.detection.models import Detection
from compliance.incidents.evidence.services import fetch, link_entry, seal_log
from compliance.incidents.models import Incident
from compliance.incidents.services import IncidentRefused, bar, merge
from compliance.pack.services import PackRefused, make_pack, period_of
from compliance.tasks import Task, open_task
from plugseller.accounts.models import User
from plugseller.audit.hiding import readable_by
from plugseller.audit.models import Entry
from plugseller.audit.verify import verify
from tests.compliance.incidents.cases import opened
from tests.conftest import Cast, signed_in

pytestmark = pytest.mark.django_db
LOG = "/admin/audit/entry/"
DAY = timedelta(days=1)


@pytest.fixture
def case(cast: Cast, clara: User) -> Incident:
    """One that Clara is barred from, with a task and a clock that ran out."""
    now = timezone.now()
    made = opened(cast.carl, now, detected_at=now - 2 * DAY, severity="high")
    open_task(
        actor=cast.carl,
        source=Task.Source.INCIDENT,
        subject_id=made.pk,
        title="Look",
        due_at=now + DAY,
        owner=cast.carl,
        now=now,
    )
    bar(actor=cast.carl, incident=made, person=clara, why="Perhaps.", now=now)
    clocks.run_due(now)
    return made


def about(case: Incident) -> list[Entry]:
    """Every entry that names the case, or something of it."""
    tasks = Task.objects.filter(subject_id=case.pk).values_list("pk", flat=True)
    names = [case.reference, str(case.pk), *map(str, tasks)]
    names += [str(duty.pk) for duty in case.duties.all()]
    return [
        one
        for one in Entry.objects.all()
        if any(name in f"{one.object_pk} {one.additional_data}" for name in names)
    ]


def entry_page(entry: Entry) -> str:
    return reverse("admin:audit_entry_change", args=[entry.pk])


def listed(client: Client, query: str = "") -> str:
    return client.get(f"{LOG}{query}").text


def test_the_audit_desk_has_no_entry_about_the_case(
    cast: Cast, clara: User, case: Incident
) -> None:
    barred, other = signed_in(clara), signed_in(cast.carl)
    entries = about(case)
    events = {one.event for one in entries}
    assert {"incident.step", "task.opened", "deadline.missed", "row.created"} <= events
    queries = [f"?event={name}" for name in sorted(events)]
    queries += ["", f"?person={cast.carl.pk}", "?kind=change", "?all="]
    for query in queries:
        shown = listed(barred, query)
        assert str(case.pk) not in shown, query
        for one in entries:
            assert entry_page(one) not in shown, query
    assert entry_page(entries[-1]) in listed(other)
    for one in entries:
        assert barred.get(entry_page(one)).status_code == 302, one.event
        assert other.get(entry_page(one)).status_code == 200


def test_the_rest_of_the_log_is_there_and_the_chain_is_whole(
    cast: Cast, clara: User, case: Incident
) -> None:
    theirs = opened(cast.carl, timezone.now())
    barred = signed_in(clara)
    assert str(theirs.pk) in listed(barred, "?event=incident.step")
    assert not verify().findings


def test_who_is_let_in_again_reads_it_again(
    cast: Cast, clara: User, case: Incident
) -> None:
    Incident.objects.filter(pk=case.pk).update(barred=[])
    assert str(case.pk) in listed(signed_in(clara), "?event=incident.step")


def test_the_list_asks_as_often_however_many_cases_are_hidden(
    cast: Cast, clara: User, case: Incident, django_assert_max_num_queries: Any
) -> None:
    now = timezone.now()
    for _ in range(3):
        more = opened(cast.carl, now)
        bar(actor=cast.carl, incident=more, person=clara, why="Perhaps.", now=now)
    with django_assert_max_num_queries(7):
        assert list(readable_by(clara, Entry.objects.all()))


def test_what_a_hidden_case_took_in_is_hidden_with_it(
    cast: Cast, clara: User, case: Incident
) -> None:
    now = timezone.now()
    part = opened(cast.carl, now, title="Another alarm")
    merge(actor=cast.carl, incident=part, into=case, why="One cause.", now=now)
    barred = signed_in(clara)
    assert part.reference not in barred.get("/admin/compliance/incident/").text
    assert str(part.pk) not in listed(barred, "?event=incident.step")


class TestReviewsOfTheLogs:
    @pytest.fixture
    def review(
        self,
        cast: Cast,
        clara: User,
        case: Incident,
        monkeypatch: pytest.MonkeyPatch,
    ) -> Review:
        """Every entry is drawn, whatever the seed."""
        monkeypatch.setattr("compliance.governance.reviews.sampling.OF_EACH", 1_000)
        now = timezone.now()
        Detection.objects.create(
            rule="mass export",
            cause=str(clara.pk),
            day=now.date(),
            incident=case,
            first_at=now,
            last_at=now,
            hits=2,
        )
        later = now + DAY
        found = reviews.begin(Kind.LOGS, last=now - DAY, now=later)
        assert found is not None
        return found

    def page(self, who: User, review: Review) -> str:
        place = reverse("admin:compliance_review_change", args=[review.pk])
        return signed_in(who).get(place).text

    def test_a_line_about_the_case_says_nothing_to_them(
        self, cast: Cast, clara: User, case: Incident, review: Review
    ) -> None:
        line = review.items.get(sort=Sort.FINDING)
        assert line.label in self.page(cast.carl, review)
        shown = self.page(clara, review)
        assert case.reference not in shown
        assert line.label not in shown
        assert "Another officer decides." in shown
        numbers = [str(one.pk) for one in about(case)]
        drawn = review.items.filter(sort=Sort.ENTRY, subject__in=numbers)
        assert drawn.exists()
        for one in drawn:
            assert entry_page(Entry(pk=int(one.subject))) not in shown
            assert f"choice-{one.pk}" not in shown

    def test_another_decides_about_it_and_the_task_does_not_name_it(
        self, cast: Cast, clara: User, case: Incident, review: Review
    ) -> None:
        now = timezone.now() + 2 * DAY
        line = review.items.get(sort=Sort.FINDING)
        given: dict[str, Any] = {"item": line, "choice": Choice.FINDING, "now": now}
        with pytest.raises(ReviewRefused, match="Another officer"):
            reviews.decide(actor=clara, note="Mine.", **given)
        reviews.decide(actor=cast.carl, note="Odd.", **given)
        title = Task.objects.get(source=Task.Source.REVIEW).title
        assert title == f"Finding: line {line.number} of the logs"
        assert "Odd." not in self.page(clara, review)

    def test_what_is_left_for_another_isnt_signed_and_isnt_said_to_be_theirs(
        self, cast: Cast, clara: User, case: Incident, review: Review
    ) -> None:
        now = timezone.now() + 2 * DAY
        for one in review.items.all():
            try:
                reviews.decide(
                    actor=clara, item=one, choice=Choice.EXPECTED, note="", now=now
                )
            except ReviewRefused:
                continue
        with pytest.raises(ReviewRefused, match="another officer has to decide"):
            reviews.sign_off(actor=clara, review=review, now=now)
        shown = self.page(clara, review)
        assert "another officer to decide" in shown
        assert "about you" not in shown


class TestWhatIsTakenAlong:
    @pytest.fixture(autouse=True)
    def _own_folder(self, settings: Any, tmp_path: Path) -> None:
        settings.EVIDENCE_FOLDER = tmp_path / "evidence"

    def test_a_copy_of_the_log_is_anothers_to_make_and_to_open(
        self, cast: Cast, clara: User, case: Incident
    ) -> None:
        now = timezone.now()
        theirs = opened(clara, now)
        times = {"since": now - DAY, "until": now + DAY, "now": now}
        with pytest.raises(IncidentRefused, match="Another officer"):
            seal_log(actor=clara, incident=theirs, **times)
        made = seal_log(actor=cast.carl, incident=theirs, **times)
        with pytest.raises(IncidentRefused, match="Another officer"):
            fetch(actor=clara, evidence=made, now=now)
        assert b"".join(fetch(actor=cast.carl, evidence=made, now=now))
        with pytest.raises(IncidentRefused, match="There is no audit entry"):
            link_entry(actor=clara, incident=theirs, number=about(case)[0].pk, now=now)

    def test_the_auditors_pack_is_anothers_to_make(
        self, cast: Cast, clara: User, case: Incident, tmp_path: Path
    ) -> None:
        now = timezone.now()
        period = period_of((now - 9 * DAY).date(), now.date(), now=now)
        with pytest.raises(PackRefused, match="Another officer"):
            make_pack(actor=clara, period=period, folder=tmp_path, now=now)
        assert not list(tmp_path.iterdir())

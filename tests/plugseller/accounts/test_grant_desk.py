"""The desk: who sees which page, and staff access through its buttons."""

from datetime import datetime, timedelta

import pytest
from django.contrib import admin
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from plugseller.accounts.models import Grant, User
from plugseller.accounts.services import break_glass
from plugseller.displayonly import SEES, roles_seeing
from plugseller.jobs import outbox
from tests.conftest import Cast, person, signed_in
from tests.plugseller.accounts.granting import ask, give, mailed

HOME = "/admin/accounts/grant/"

# Every page the desk has, and whose it is. The same as SEES, from the other side.
PAGES = {
    "accounts.user": {"officer"},
    "accounts.seller": {"officer"},
    "accounts.membership": {"officer"},
    "accounts.lockout": {"officer"},
    "accounts.grant": {"officer", "operator", "support"},
    "audit.entry": {"officer"},
    "compliance.deletionrequest": {"officer"},
    "compliance.deadline": {"officer"},
    "django_q.schedule": {"operator"},
    "django_q.success": {"operator"},
    "django_q.failure": {"operator"},
    "jobs.outgoingmail": {"operator"},
    "jobs.run": {"operator"},
    "compliance.purge": {"officer"},
    "compliance.review": {"officer"},
    "compliance.controlresult": {"officer"},
    "compliance.incident": {"officer"},
    "compliance.policyversion": {"officer"},
    "compliance.question": {"officer"},
    "compliance.risk": {"officer"},
    "compliance.supplier": {"officer"},
    "compliance.task": {"officer"},
    "compliance.training": {"officer"},
    "custody.backup": {"officer", "operator"},
    "custody.replay": {"officer", "operator"},
    "marketplaces.connection": {"operator"},
    "marketplaces.syncrun": {"operator"},
}


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def staff(cast: Cast) -> dict[str, User]:
    return {
        "support": cast.olga,
        "officer": cast.carl,
        "operator": person("otto", staff_role="operator"),
    }


def test_each_role_sees_its_pages_and_no_other(staff: dict[str, User]) -> None:
    for role, who in staff.items():
        User.objects.filter(pk=who.pk).update(is_superuser=True)  # changes nothing
        client = signed_in(who)
        for model in admin.site._registry:
            label = model._meta.label_lower
            address = reverse(
                f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
            )
            expected = 200 if role in PAGES[label] else 403
            assert client.get(address).status_code == expected, (role, label)
            linked = f'href="{address}"' in client.get("/admin/").content.decode()
            assert linked == (expected == 200), (role, label)


def test_the_table_of_roles_names_no_page_twice_and_knows_its_own() -> None:
    for pages in SEES.values():
        assert len(set(pages)) == len(pages)
    assert roles_seeing("grants") == {"officer", "operator", "support"}
    with pytest.raises(LookupError):
        roles_seeing("orders")


def test_a_page_is_asked_only_by_the_filters_it_offers(staff: dict[str, User]) -> None:
    client = signed_in(staff["officer"])
    people = "/admin/accounts/user/"
    assert client.get(f"{people}?is_active__exact=1").status_code == 200
    assert client.get(f"{people}?staff_role__exact=officer").status_code == 200
    for probe in (
        "password__startswith=argon",
        "last_login__gt=2020-01-01",
        "grants__reason__contains=a",
        "memberships__seller__slug=north",
        "staff_role__regex=o",
    ):
        assert client.get(f"{people}?{probe}").status_code == 400, probe


def test_people_of_sellers_have_no_desk(cast: Cast) -> None:
    for page in ("", "ask/", "break-glass/"):
        assert signed_in(cast.alice).get(HOME + page).status_code in (302, 403)
        assert Client().get(HOME + page).status_code == 302


def test_support_asks_and_an_officer_approves(cast: Cast) -> None:
    olga, carl = signed_in(cast.olga), signed_in(cast.carl)
    given = {
        "seller": "north",
        "permissions": ["view_orders"],
        "reason": "Empty list.",
        "ticket": "T-1",
        "hours": "2",
    }
    assert olga.get(HOME + "ask/").status_code == 200
    answer = olga.post(HOME + "ask/", given)
    grant = Grant.objects.get()
    page = reverse("admin:accounts_grant_change", args=[grant.pk])
    assert answer["Location"] == page
    assert 'value="Approve"' not in olga.get(page).content.decode()
    assert 'value="Approve"' in carl.get(page).content.decode()
    assert (
        "Access to a seller is asked for: Support"
        in carl.get("/admin/").content.decode()
    )
    assert olga.post(f"{HOME}{grant.pk}/approve/").status_code == 403
    for wrong in ("3", "0", "-1", "many", "9" * 5000):
        carl.post(f"{HOME}{grant.pk}/approve/", {"hours": wrong})
        grant.refresh_from_db()
        assert grant.starts_at is None
    assert carl.post(f"{HOME}{grant.pk}/approve/")["Location"] == page
    grant.refresh_from_db()
    assert grant.is_live(timezone.now())
    start = olga.get("/", follow=True)
    assert start.redirect_chain == [("/admin/", 302)]
    assert 'href="/s/north/"' in start.content.decode()
    assert olga.post(f"{HOME}{grant.pk}/drop/")["Location"] == page
    assert 'href="/s/north/"' not in olga.get("/admin/").content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"seller": "nobody"},
        {"seller": "nor"},
        {"permissions": ["export_data"]},
        {"reason": " "},
        {"hours": "9"},
        {"hours": "two"},
    ],
)
def test_a_wrong_request_is_refused_with_a_note(
    cast: Cast, wrong: dict[str, object]
) -> None:
    given = {
        "seller": "north",
        "permissions": ["view_orders"],
        "reason": "x",
        "ticket": "T-1",
        "hours": "2",
    }
    answer = signed_in(cast.olga).post(HOME + "ask/", {**given, **wrong})
    assert answer.status_code == 400
    assert "errorlist" in answer.content.decode()
    assert not Grant.objects.exists()


def test_others_grants_are_unknown_to_support(cast: Cast, now: datetime) -> None:
    dan = person("dan", staff_role="support")
    theirs = ask(dan, cast.north, now=now, reason="Dan's reason.")
    client = signed_in(cast.olga)
    assert "T-5512" not in client.get(HOME).content.decode()
    page = client.get(f"{HOME}{theirs.pk}/change/", follow=True)
    assert "Dan&#x27;s reason." not in page.content.decode()
    assert client.get(f"{HOME}{theirs.pk}/history/", follow=True).redirect_chain
    for step in ("approve", "refuse", "review", "drop"):
        assert client.post(f"{HOME}{theirs.pk}/{step}/").status_code == 404
        assert client.get(f"{HOME}{theirs.pk}/{step}/").status_code == 405


def test_an_officers_own_request_has_no_button_and_no_way(
    cast: Cast, now: datetime
) -> None:
    own = ask(cast.carl, cast.north, now=now)
    carl = signed_in(cast.carl)
    assert 'value="Approve"' not in carl.get(f"{HOME}{own.pk}/change/").content.decode()
    answer = carl.post(f"{HOME}{own.pk}/approve/", follow=True)
    assert "It is your own" in answer.content.decode()
    own.refresh_from_db()
    assert own.starts_at is None


def test_an_emergency_goes_through_the_desk_and_is_reviewed_there(
    cast: Cast, now: datetime
) -> None:
    given = {"seller": "north", "permissions": ["view_orders"], "reason": "Fire."}
    assert signed_in(cast.olga).post(HOME + "break-glass/", given).status_code == 403
    signed_in(cast.carl).post(HOME + "break-glass/", given)
    grant = Grant.objects.get()
    assert grant.is_live(timezone.now())
    assert mailed("opened North in an emergency") == {cast.alice.email}
    dora = signed_in(person("dora", staff_role="officer"))
    page = f"{HOME}{grant.pk}/change/"
    assert "Keep the review" not in dora.get(page).content.decode()
    Grant.objects.filter(pk=grant.pk).update(ends_at=now)
    assert "Keep the review" in dora.get(page).content.decode()
    assert "Emergency access has to be reviewed" in dora.get("/admin/").content.decode()
    for bad in (" ", "x" * 5_001, "a\x00b"):
        dora.post(f"{HOME}{grant.pk}/review/", {"review": bad})
        assert Grant.objects.get().reviewed_at is None
    dora.post(f"{HOME}{grant.pk}/review/", {"review": "It was one."})
    assert Grant.objects.get().review == "It was one."


@pytest.mark.parametrize("step", ["approve", "refuse", "review"])
def test_each_decision_asks_for_the_second_factor_again(
    cast: Cast, now: datetime, step: str
) -> None:
    grant = ask(cast.olga, cast.north, now=now)
    client = signed_in(cast.carl, confirmed=False)
    answer = client.post(f"{HOME}{grant.pk}/{step}/", {"review": "x"})
    assert answer["Location"].startswith("/account/confirm/code")
    grant.refresh_from_db()
    assert grant.is_waiting(now)
    assert "/account/confirm/code" in client.get(HOME + "break-glass/")["Location"]


def test_the_list_shows_each_state_under_its_filter(cast: Cast, now: datetime) -> None:
    ask(cast.olga, cast.north, now=now, ticket="waits")
    ask(cast.olga, cast.north, now=now - timedelta(hours=13), ticket="lapsed")
    give(cast.olga, cast.north, by=cast.carl, now=now, ticket="live")
    give(
        cast.olga, cast.north, by=cast.carl, now=now - timedelta(hours=3), ticket="gone"
    )
    emergency = break_glass(
        actor=cast.carl,
        seller=cast.north,
        permissions=["view_orders"],
        reason="Fire.",
        now=now - timedelta(hours=2),
    )
    Grant.objects.filter(pk=emergency.pk).update(ticket="glass")
    client = signed_in(cast.carl)

    def found(state: str) -> set[str]:
        rows = client.get(f"{HOME}?state={state}").context["cl"].result_list
        return {grant.ticket for grant in rows}

    assert found("waiting") == {"waits"}
    assert found("live") == {"live"}
    assert found("review") == {"glass"}
    assert found("over") == {"lapsed", "gone", "glass"}


def test_the_list_takes_as_many_queries_with_many_grants_as_with_few(
    cast: Cast, now: datetime
) -> None:
    client = signed_in(cast.carl)

    def queries() -> int:
        with CaptureQueriesContext(database) as seen:
            client.get(HOME)
        return len(seen)

    ask(cast.olga, cast.north, now=now)
    queries()
    few = queries()
    for _ in range(12):
        give(cast.olga, cast.south, by=cast.carl, now=now)
    assert queries() == few


def test_mails_show_their_state_and_nothing_else(
    staff: dict[str, User], cast: Cast
) -> None:
    mail = outbox.post(to="mia@example.test", subject="Subject-7", text="Text-7")
    client = signed_in(staff["operator"])
    for page in ("", f"{mail.pk}/change/"):
        answer = client.get(f"/admin/jobs/outgoingmail/{page}")
        assert answer.status_code == 200
        text = answer.content.decode()
        assert str(mail.pk) in text
        for hidden in ("mia@example.test", "Subject-7", "Text-7"):
            assert hidden not in text

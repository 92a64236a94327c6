"""Our own people: by a link, once, within a day; and the desk has no other door."""

import io
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from plugseller.accounts.models import SetUpLink, User
from plugseller.accounts.roles import StaffRole
from plugseller.accounts.services import create_officer, invite_staff
from plugseller.accounts.services.passwords import reset_password
from plugseller.accounts.services.staff import LASTS, link_of
from tests.conftest import NOW, PASSWORD, Cast, person, signed_in
from tests.plugseller.accounts.helpers import ANOTHER, entries, mails

OLAF = "olaf@example.test"


def command(email: str = OLAF) -> str:
    out = io.StringIO()
    call_command("create_officer", email=email, name="Olaf", stdout=out)
    return out.getvalue().split()[-1]


def path_of(link: str) -> str:
    return "/" + link.split("/", 3)[3]


def choose(client: Client, password: str = ANOTHER) -> int:
    given = {"password1": password, "password2": password}
    status: int = client.post("/set-up", given).status_code
    return status


def test_the_first_officer_comes_by_the_link_and_sets_up_a_factor(db: None) -> None:
    link, client = command(), Client()
    opened = client.get(path_of(link))
    assert opened["Location"] == "/set-up"  # the key is out of the address
    page = client.get("/set-up").content.decode()
    assert OLAF in page
    assert link.rsplit("/", 1)[1] not in page
    assert choose(client) == 302
    answer = client.post("/sign-in", {"login": OLAF, "password": ANOTHER})
    assert answer["Location"] == "/"
    assert client.get("/admin/")["Location"] == "/account/factors/app"
    officer = User.objects.get(email=OLAF)
    assert officer.is_officer
    assert not officer.is_superuser
    assert [e.actor_kind for e in entries("set_up_link.made")] == ["command"]
    assert len(entries("set_up_link.used")) == 1


def test_who_it_is_need_not_stand_in_an_argument(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{OLAF}\nOlaf\n"))
    call_command("create_officer", stdout=io.StringIO())
    made = User.objects.get(email=OLAF)
    assert (made.name, made.staff_role) == ("Olaf", "officer")


def test_the_link_works_once(db: None) -> None:
    link, first, second = command(), Client(), Client()
    for client in (first, second):
        client.get(path_of(link))
    assert choose(first) == 302
    assert choose(second, "Another-Horse-11-Battery") == 404
    assert Client().get(path_of(link)).status_code == 404
    assert User.objects.get(email=OLAF).check_password(ANOTHER)


def test_opening_it_uses_nothing_up(db: None) -> None:
    link = command()
    for _ in range(3):
        Client().get(path_of(link))  # a mail scanner
    client = Client()
    client.get(path_of(link))
    assert choose(client) == 302


@pytest.mark.parametrize("late", [-1, 0, 1])
def test_the_link_is_good_for_a_day(db: None, late: int) -> None:
    key = create_officer(email=OLAF, name="Olaf", now=NOW).rsplit("/", 1)[1]
    then = NOW + LASTS + timedelta(seconds=late)
    assert (link_of(key, now=then) is not None) == (late < 0)


def test_only_the_hash_of_the_key_is_kept(db: None) -> None:
    key = command().rsplit("/", 1)[1]
    assert len(key) >= 43
    assert key not in str(SetUpLink.objects.values_list().get())
    assert key not in str([e.additional_data for e in entries("set_up_link.made")])


def test_a_newer_link_ends_the_older_one(db: None) -> None:
    older, newer = command(), command()
    assert Client().get(path_of(older)).status_code == 404
    assert Client().get(path_of(newer)).status_code == 302


def test_the_link_is_over_once_there_is_a_password(db: None) -> None:
    link, client = command(), Client()
    client.get(path_of(link))
    olaf = User.objects.get(email=OLAF)
    reset_password(person=olaf, password=PASSWORD, now=timezone.now())
    assert Client().get(path_of(link)).status_code == 404
    assert choose(client) == 404
    olaf.refresh_from_db()
    assert olaf.check_password(PASSWORD)


@pytest.mark.parametrize("bad", ["short", "alllowercaseletters"])
def test_the_first_password_keeps_to_the_rules(db: None, bad: str) -> None:
    client = Client()
    client.get(path_of(command()))
    assert choose(client, bad) == 200
    assert not User.objects.get(email=OLAF).has_usable_password()


def test_made_up_links_and_none_at_all_open_nothing(db: None) -> None:
    for path in ("/set-up/made-up", "/set-up"):
        assert Client().get(path).status_code == 404
    assert choose(Client()) == 404


def test_somebody_who_is_here_already_is_left_alone(cast: Cast) -> None:
    for email in (cast.alice.email, cast.carl.email.upper()):
        with pytest.raises(CommandError, match="Nothing was made"):
            command(email)
    assert not SetUpLink.objects.exists()


def test_an_officer_invites_on_the_desk_and_the_link_is_mailed(cast: Cast) -> None:
    page = "/admin/accounts/user/invite/"
    given = {"email": "sue@example.test", "name": "Sue", "role": "support"}
    assert signed_in(cast.olga).post(page, given).status_code == 403
    asked = signed_in(cast.carl, confirmed=False).post(page, given)
    assert asked["Location"].startswith("/account/confirm/code")
    assert not User.objects.filter(email="sue@example.test").exists()
    carl = signed_in(cast.carl)
    assert "invite" in carl.get("/admin/accounts/user/").content.decode()
    assert carl.post(page, given).status_code == 302
    [mail] = mails("sue@example.test")
    link = next(w for w in mail["text"].split() if "/set-up/" in w)
    assert Client().get(path_of(link))["Location"] == "/set-up"
    assert User.objects.get(email="sue@example.test").staff_role == "support"
    assert [e.actor_id for e in entries("set_up_link.made")] == [cast.carl.pk]


def test_the_other_officers_are_told_of_a_new_one(cast: Cast) -> None:
    dora = person("dora", staff_role="officer")
    for email, role in ((OLAF, StaffRole.OFFICER), ("sue@example.test", "support")):
        invite_staff(
            actor=cast.carl,
            email=email,
            name="",
            role=StaffRole(role),
            now=timezone.now(),
        )
    [told] = mails(dora.email)
    assert told["subject"] == "A new compliance officer is invited"
    assert cast.carl.email in told["text"]
    assert OLAF in told["text"]
    assert mails(cast.carl.email) == mails(cast.olga.email) == []


@pytest.mark.parametrize("who", ["alice", "olga"])
def test_nobody_else_invites(cast: Cast, who: str) -> None:
    with pytest.raises(PermissionDenied):
        invite_staff(
            actor=getattr(cast, who),
            email=OLAF,
            name="Olaf",
            role=StaffRole.OFFICER,
            now=timezone.now(),
        )


def test_a_sellers_person_isnt_made_one_of_ours(cast: Cast) -> None:
    with pytest.raises(ValidationError):
        invite_staff(
            actor=cast.carl,
            email=cast.bob.email,
            name="Bob",
            role=StaffRole.SUPPORT,
            now=timezone.now(),
        )


def test_the_desk_takes_and_changes_no_password(cast: Cast) -> None:
    given = {"username": cast.carl.email, "password": "x", "next": "/admin/"}
    assert Client().post("/admin/login/", given)["Location"].startswith("/sign-in")
    answer = signed_in(cast.carl).get("/admin/password_change/")
    assert answer["Location"] == "/account/password"

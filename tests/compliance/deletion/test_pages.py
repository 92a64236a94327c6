"""The pages about deletion: who sees them, what they say, what they refuse."""

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from compliance.deletion.certificates import as_file, issue
from compliance.deletion.models import DeletionRequest, LegalHold, Outcome
from compliance.deletion.telling import WORDS
from compliance.models import ShorterTime
from marketplaces.models import Order
from plugseller.accounts.models import Seller, User
from plugseller.accounts.roles import Role
from plugseller.accounts.services import join
from tests.compliance.deletion.asked import by_owner
from tests.conftest import person, signed_in
from tests.marketplaces.console import rows
from tests.marketplaces.console.conftest import World, world

__all__ = ["world"]  # a fixture of the console's tests

ROOT = Path(__file__).resolve().parents[3]
HOME = "/s/north/privacy/"
DELETE = f"{HOME}delete"
HOSTILE = '"><script>alert(1)</script>'


def page(who: User, path: str, status: int = 200) -> str:
    answer = signed_in(who).get(path)
    assert answer.status_code == status, path
    return str(answer.content.decode())


def ask(who: User, what: str = "account", **typed: str) -> Any:
    return signed_in(who).post(f"{DELETE}?what={what}", {"typed": "north"} | typed)


def the_request() -> DeletionRequest:
    return DeletionRequest.objects.get()


def test_the_home_says_what_is_held_and_how_long(world: World) -> None:
    text = page(world.cast.alice, HOME)
    for told in ("Where it lies", "Orders", "548 days", "no table has a column for it"):
        assert told in text
    assert "times: nobody did" in text
    looking = page(person_with(world, "mia", Role.MANAGER), HOME)
    assert "Delete…" not in looking
    assert "Take your data along" not in looking
    for someone, status in (
        (world.cast.bob, 403),
        (world.ann, 403),
        (world.cast.charlie, 404),
        (world.cast.olga, 404),
    ):
        page(someone, HOME, status)


def person_with(world: World, name: str, role: Role) -> User:
    someone = person(name)
    join(actor=None, seller=world.cast.north, user=someone, role=role)
    return someone


def test_an_owner_chooses_a_shorter_time_and_goes_back(world: World) -> None:
    owner = signed_in(world.cast.alice)
    owner.post(f"{HOME}times/orders", {"days": "100"})
    assert ShorterTime.objects.get().days == 100
    assert "your choice" in page(world.cast.alice, HOME)
    refused = owner.post(f"{HOME}times/orders", {"days": "9000"}, follow=True)
    assert "you can only choose less" in refused.content.decode()
    assert (
        "whole number"
        in owner.post(
            f"{HOME}times/orders", {"days": "x"}, follow=True
        ).content.decode()
    )
    owner.post(f"{HOME}times/orders", {"days": ""})
    assert not ShorterTime.objects.exists()
    manager = signed_in(person_with(world, "mia", Role.MANAGER))
    assert manager.post(f"{HOME}times/orders", {"days": "5"}).status_code == 403


def test_the_preview_of_one_account_lists_what_is_shared(world: World) -> None:
    walmart = rows.connect(world.cast.north, marketplace="walmart", account="W1")
    rows.order(walmart, "W-1")
    text = page(world.cast.alice, f"{DELETE}?what=connection-{world.north.pk}")
    goes, _, stays = text.partition("Stays, because it isn't of this account alone")
    assert "Lines of orders" in goes
    for shared in ("Members", "Rights of people", "Orders"):
        assert shared in stays
    whole = page(world.cast.alice, f"{DELETE}?what=account")
    assert "isn't of this account alone" not in whole
    assert "It proves what was done" in whole  # the audit log stays, and why


def test_nothing_of_a_foreign_account_can_be_chosen(world: World) -> None:
    for what in (f"connection-{world.south.pk}", "person-" + "0" * 32, "x"):
        page(world.cast.alice, f"{DELETE}?what={what}", 400)
        ask(world.cast.alice, what)
    assert not DeletionRequest.objects.exists()


def test_the_short_name_and_the_second_factor_are_wanted(world: World) -> None:
    refused = ask(world.cast.alice, typed="nord")
    assert refused.status_code == 400
    assert "Type north to show that you mean it." in refused.content.decode()
    unsure = signed_in(world.cast.alice, confirmed=False)
    led = unsure.post(f"{DELETE}?what=account", {"typed": "north"})
    assert led["Location"].startswith("/account/confirm/code")
    assert not DeletionRequest.objects.exists()


def test_asked_for_it_is_scheduled_with_the_grace_shown(world: World) -> None:
    answer = ask(world.cast.alice, keep_mine="on")
    made = the_request()
    assert answer["Location"] == f"{HOME}requests/{made.reference}"
    assert made.keeps_requester
    assert made.starts_at
    assert made.starts_at - made.received_at == timedelta(hours=48)
    text = page(world.cast.alice, f"{HOME}requests/{made.reference}")
    assert f"Will begin {made.starts_at:%Y-%m-%d %H:%M} UTC." in text
    assert "Cancel until then." in text
    assert "29 days left" in text
    assert "The request arrived" in text


def test_at_once_means_no_grace(world: World) -> None:
    ask(world.cast.alice, at_once="on")
    made = the_request()
    assert made.starts_at == made.received_at
    assert not made.keeps_requester


def test_while_frozen_only_these_pages_work(world: World) -> None:
    ask(world.cast.alice)
    reference = the_request().reference
    owner = world.cast.alice
    for path in ("orders", "listings", "inventory", "prices", "connections"):
        page(owner, f"/s/north/{path}", 403)
    dashboard = signed_in(owner).get("/s/north/")
    assert dashboard["Location"] == HOME
    for path in (HOME, f"{HOME}requests/{reference}", "/s/north/export"):
        assert "North is to be deleted." in page(owner, path)
    for someone in (world.cast.bob, world.ann, world.cast.charlie):
        page(someone, HOME, 404)


def test_a_reader_in_another_zone_sees_theirs_and_utc(world: World) -> None:
    User.objects.filter(pk=world.cast.alice.pk).update(time_zone="Asia/Tokyo")
    ask(world.cast.alice)
    made = the_request()
    text = page(world.cast.alice, f"{HOME}requests/{made.reference}")
    assert "(Asia/Tokyo; " in text
    assert f"{made.due_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC)" in text


def test_another_owner_takes_it_back(world: World) -> None:
    ask(world.cast.alice)
    other = person_with(world, "zed", Role.OWNER)
    address = f"{HOME}requests/{the_request().reference}"
    text = page(other, address)
    assert f"Member {str(world.cast.alice.pk)[:8]}" in text
    assert world.cast.alice.email not in text
    told = signed_in(other).post(f"{address}/withdraw", follow=True)
    assert "is taken back. Nothing was deleted." in told.content.decode()
    assert page(world.cast.alice, "/s/north/orders")


def test_after_the_first_key_is_gone_it_is_refused_with_the_instant(
    world: World,
) -> None:
    ask(world.cast.alice)
    at = datetime(2026, 11, 30, 8, 15, tzinfo=UTC)
    DeletionRequest.objects.update(
        status="executing", began_at=at, keys_destroyed_at=at
    )
    address = f"{HOME}requests/{the_request().reference}"
    assert "Take it back" not in page(world.cast.alice, address)
    told = signed_in(world.cast.alice).post(f"{address}/withdraw", follow=True)
    text = told.content.decode()
    assert "destroyed" in text
    assert "2026-11-30 08:15" in text


def test_begin_at_once_is_the_owners_and_wants_the_second_factor(world: World) -> None:
    ask(world.cast.alice)
    address = f"{HOME}requests/{the_request().reference}/begin"
    unsure = signed_in(world.cast.alice, confirmed=False).post(address)
    assert unsure["Location"].startswith("/account/confirm/code")
    assert signed_in(world.cast.charlie).post(address).status_code == 404
    signed_in(world.cast.alice).post(address)
    starts = the_request().starts_at
    assert starts
    assert starts <= timezone.now()


def test_a_hold_is_shown_with_ground_and_end_and_the_clock(world: World) -> None:
    ask(world.cast.alice)
    now = timezone.now()
    LegalHold.objects.create(
        request=the_request(),
        holdings=["marketplaces.Order"],
        reason=f"A tax audit. {HOSTILE}",
        legal_basis="§ 147 AO",
        ends_at=datetime(2027, 1, 31, tzinfo=UTC),
        asked_by=world.cast.carl.pk,
        asked_at=now,
        approved_by=world.cast.olga.pk,
        approved_at=now,
    )
    text = page(world.cast.alice, f"{HOME}requests/{the_request().reference}")
    assert "On hold by law until 2027-01-31 00:00 UTC." in text
    assert "Kept: Orders." in text
    assert "§ 147 AO" in text
    assert "29 days left" in text
    assert "<script>alert" not in text


def test_progress_is_shown_place_by_place(world: World) -> None:
    ask(world.cast.alice)
    now = timezone.now()
    for label, after in (("Orders", 0), ("Prices", None)):
        Outcome.objects.create(
            request=the_request(),
            holding=label,
            label=label,
            data_class="marketplace information",
            rank=1,
            before=12,
            erased=12 if after == 0 else 3,
            after=after,
            ended_at=now if after == 0 else None,
        )
    text = page(world.cast.alice, f"{HOME}requests/{the_request().reference}")
    assert "1 of 2 done" in text
    assert "waits or is at work" in text


def test_a_foreign_request_is_an_unknown_one(world: World) -> None:
    theirs = by_owner(world.cast.charlie, world.cast.south, now=timezone.now())
    for path in ("", "/certificate", "/certificate.json"):
        page(world.cast.alice, f"{HOME}requests/{theirs.reference}{path}", 404)
        page(world.cast.alice, f"/account/deletions/{theirs.reference}{path}", 404)
    for path in ("withdraw", "begin"):
        answer = signed_in(world.cast.alice).post(
            f"{HOME}requests/{theirs.reference}/{path}"
        )
        assert answer.status_code == 404
    theirs.refresh_from_db()
    assert theirs.is_open


def test_names_full_of_html_stay_text(world: World) -> None:
    Seller.objects.filter(pk=world.cast.north.pk).update(name=HOSTILE)
    User.objects.filter(pk=world.cast.bob.pk).update(name=HOSTILE)
    for path in (HOME, DELETE, f"{DELETE}?what=account", "/account/delete"):
        assert "<script>alert" not in page(world.cast.alice, path)
    ask(world.cast.alice)
    reference = the_request().reference
    for path in (HOME, f"{HOME}requests/{reference}", "/account/deletions"):
        assert "<script>alert" not in page(world.cast.alice, path)


def test_the_last_owner_cant_delete_themselves_and_reads_what_to_do(
    world: World,
) -> None:
    text = page(world.cast.alice, "/account/delete")
    assert "You are the last owner of North." in text
    assert "Make another member owner of North" in text
    assert 'type="submit">Delete my user account' not in text
    told = signed_in(world.cast.alice).post(
        "/account/delete", {"typed": world.cast.alice.email}
    )
    assert told.status_code == 400
    assert "You are the last owner of North." in told.content.decode()
    assert not DeletionRequest.objects.exists()


def test_a_member_deletes_their_own_account(world: World) -> None:
    bob = world.cast.bob
    assert "You are the last owner" not in page(bob, "/account/delete")
    wrong = signed_in(bob).post("/account/delete", {"typed": "bob"})
    assert wrong.status_code == 400
    answer = signed_in(bob).post("/account/delete", {"typed": bob.email.upper()})
    made = the_request()
    assert answer["Location"] == f"/account/deletions/{made.reference}"
    assert (made.kind, made.people) == ("people", [str(bob.pk)])
    assert made.reference in page(bob, "/account/deletions")
    assert made.reference not in page(world.ann, "/account/deletions")
    signed_in(bob).post(f"/account/deletions/{made.reference}/withdraw")
    made.refresh_from_db()
    assert made.status == "withdrawn"
    assert Order.objects.of_seller(world.cast.north).exists()


def test_our_staff_end_their_accounts_another_way(world: World) -> None:
    for path in ("/account/delete", "/account/deletions"):
        page(world.cast.olga, path, 403)


@pytest.mark.parametrize(("days", "shown"), [(29, True), (31, False)])
def test_who_belongs_nowhere_any_more_finds_the_certificate_for_30_days(
    world: World, days: int, shown: bool
) -> None:
    ask(world.cast.alice, keep_mine="on")
    made = the_request()
    ended = timezone.now() - timedelta(days=days)
    certificate = issue(made, ended)
    DeletionRequest.objects.update(status="completed", ended_at=ended)
    Seller.objects.filter(pk=world.cast.north.pk).delete()
    reader = signed_in(world.cast.alice)
    assert (made.reference in page(world.cast.alice, "/account/deletions")) is shown
    address = f"/account/deletions/{made.reference}/certificate"
    assert reader.get(address).status_code == (200 if shown else 404)
    file = reader.get(f"{address}.json")
    assert file.status_code == (200 if shown else 404)
    assert (file.content == as_file(certificate)) is shown


def test_each_step_that_is_written_down_has_words_for_people() -> None:
    written = set()
    for path in (ROOT / "compliance" / "deletion").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            place = {"note_step": 1, "_note": 0}.get(name)
            if place is not None and len(call.args) > place:
                said = call.args[place]
                if isinstance(said, ast.Constant):
                    written.add(said.value)
    assert len(written) > 15
    assert written - WORDS.keys() == set()
    assert WORDS.keys() - written == set()

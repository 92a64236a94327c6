"""ACC-3: API keys are made, renewed and ended; who may; what the owner is told."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from plugseller.accounts import services
from plugseller.accounts.models import ApiToken, User
from plugseller.accounts.roles import Permission, Role
from plugseller.audit.models import Entry
from plugseller.jobs.models import OutgoingMail
from tests.conftest import Cast, person, signed_in

ORDERS = Permission.VIEW_ORDERS.value
DAY = timedelta(days=1)


def make(cast: Cast, who: User | None = None, **more: Any) -> tuple[ApiToken, str]:
    values: dict[str, Any] = {
        "actor": who or cast.alice,
        "seller": cast.north,
        "kind": "personal",
        "label": "Warehouse",
        "permissions": [ORDERS],
        "days": 90,
        "now": timezone.now(),
    } | more
    return services.make_token(**values)


def mails_to(user: User) -> list[dict[str, str]]:
    sent = OutgoingMail.objects.filter(owner=user.pk).order_by("posted_at")
    told = [mail.content.reveal() for mail in sent]
    assert all(mail["to"] == user.email for mail in told)
    return told


def test_only_the_hash_of_a_key_is_kept(cast: Cast) -> None:
    token, shown = make(cast)
    assert shown.startswith("plug_")
    assert len(shown) == len("plug_") + 64
    assert token.token_key == shown[:15]
    assert len(token.digest) == 128  # SHA-512
    kept = str(ApiToken.objects.filter(pk=token.pk).values().get())
    assert shown not in kept
    assert shown[15:] not in kept


def test_making_renewing_and_ending_are_logged_and_mailed(cast: Cast) -> None:
    token, shown = make(cast)
    _, renewed = services.rotate_token(
        actor=cast.alice, token=token, now=timezone.now()
    )
    services.revoke_token(actor=cast.alice, token=token, now=timezone.now())
    events = Entry.objects.filter(event__startswith="token.").order_by("id")
    assert [e.event for e in events] == ["token.made", "token.rotated", "token.revoked"]
    assert {e.seller_id for e in events} == {cast.north.pk}
    told = mails_to(cast.alice)
    assert [m["subject"] for m in told] == [
        "An API key of North was made",
        "An API key of North was renewed",
        "An API key of North was ended",
    ]
    everything = str(told) + str(list(Entry.objects.values()))
    for secret in (shown, renewed, shown[15:], renewed[15:], token.digest):
        assert secret not in everything
    assert "Warehouse" not in str(list(Entry.objects.values()))


@pytest.mark.parametrize(
    "permissions",
    [
        [],
        ["manage_members"],
        ["request_deletion"],
        [ORDERS, "manage_connections"],
        ["view_everything"],
    ],
)
def test_no_key_manages_anything(cast: Cast, permissions: list[str]) -> None:
    with pytest.raises(ValidationError):
        make(cast, permissions=permissions)
    assert not ApiToken.objects.exists()


def test_a_key_opens_no_more_than_its_maker_may(cast: Cast) -> None:
    make(cast, cast.bob, permissions=[ORDERS])
    with pytest.raises(ValidationError):  # a viewer doesn't export
        make(cast, cast.bob, permissions=["export_data"])


@pytest.mark.parametrize(
    ("days", "fits"), [(0, False), (1, True), (365, True), (366, False), (-5, False)]
)
def test_a_key_lasts_a_year_at_most(cast: Cast, days: int, fits: bool) -> None:
    now = timezone.now()
    if not fits:
        with pytest.raises(ValidationError):
            make(cast, days=days, now=now)
        return
    token, _ = make(cast, days=days, now=now)
    assert token.expiry == now + timedelta(days=days)


@pytest.mark.parametrize("label", ["", "   ", "x" * 81, "two\nlines"])
def test_a_key_has_a_name(cast: Cast, label: str) -> None:
    with pytest.raises(ValidationError):
        make(cast, label=label)


@pytest.mark.parametrize("who", ["charlie", "olga", "carl"])
def test_strangers_and_our_staff_get_no_key(cast: Cast, who: str) -> None:
    with pytest.raises(PermissionDenied):
        make(cast, getattr(cast, who))
    assert not ApiToken.objects.exists()


def test_only_who_manages_members_makes_keys_for_machines(cast: Cast) -> None:
    make(cast, kind="machine")
    with pytest.raises(PermissionDenied):
        make(cast, cast.bob, kind="machine")


def test_a_renewed_key_overlaps_and_no_longer_than_its_own_end(cast: Cast) -> None:
    token, _ = make(cast)
    now = timezone.now()
    new, _ = services.rotate_token(actor=cast.alice, token=token, now=now)
    token.refresh_from_db()
    assert token.replaced_by == new
    assert token.expiry == now + DAY
    assert new.permissions == token.permissions
    assert new.expiry
    assert abs(new.expiry - now - 90 * DAY) < timedelta(minutes=1)
    short, _ = make(cast, days=1)
    end = short.expiry
    services.rotate_token(actor=cast.alice, token=short, now=now + DAY / 2)
    short.refresh_from_db()
    assert short.expiry == end


def test_a_key_is_renewed_once(cast: Cast) -> None:
    token, _ = make(cast)
    services.rotate_token(actor=cast.alice, token=token, now=timezone.now())
    stale = ApiToken.objects.get(pk=token.pk)
    with pytest.raises(ValidationError):
        services.rotate_token(actor=cast.alice, token=stale, now=timezone.now())
    assert ApiToken.objects.count() == 2


def test_an_ended_key_is_not_renewed(cast: Cast) -> None:
    token, _ = make(cast)
    services.revoke_token(actor=cast.alice, token=token, now=timezone.now())
    with pytest.raises(ValidationError):
        services.rotate_token(actor=cast.alice, token=token, now=timezone.now())
    late, _ = make(cast, days=1)
    with pytest.raises(ValidationError):
        services.rotate_token(
            actor=cast.alice, token=late, now=timezone.now() + 2 * DAY
        )
    assert ApiToken.objects.count() == 2


def test_a_renewed_key_loses_what_its_owner_lost(cast: Cast) -> None:
    token, _ = make(cast, permissions=[ORDERS, "view_prices"])
    dora = person("dora")
    services.join(actor=None, seller=cast.north, user=dora, role=Role.OWNER)
    services.join(actor=None, seller=cast.north, user=cast.alice, role=Role.SHIPPING)
    new, _ = services.rotate_token(actor=cast.alice, token=token, now=timezone.now())
    assert new.permissions == [ORDERS]


def test_a_machines_key_renewed_by_another_works_in_that_ones_name(cast: Cast) -> None:
    dora = person("dora")
    services.join(actor=None, seller=cast.north, user=dora, role=Role.OWNER)
    token, _ = make(cast, kind="machine")
    new, _ = services.rotate_token(actor=dora, token=token, now=timezone.now())
    assert new.user == dora


def test_nobody_renews_or_ends_anothers_personal_key(cast: Cast) -> None:
    token, _ = make(cast, cast.bob)
    for act in (services.rotate_token, services.revoke_token):
        with pytest.raises(PermissionDenied):
            act(actor=cast.alice, token=token, now=timezone.now())
    assert ApiToken.objects.get().revoked_at is None


def test_who_leaves_keeps_no_key(cast: Cast) -> None:
    make(cast, cast.bob)
    make(cast, cast.bob)
    kept, _ = make(cast)
    ended = services.revoke_tokens_of(
        actor=None, person=cast.bob, seller=cast.north, now=timezone.now()
    )
    assert ended == 2
    assert list(ApiToken.objects.filter(revoked_at=None)) == [kept]


# --- Pages ----------------------------------------------------------------------------

PAGE = "/s/north/api-keys"
SENT = {
    "label": "Warehouse",
    "kind": "personal",
    "permissions": [ORDERS],
    "days": "90",
}


def test_a_key_is_shown_once_and_cached_nowhere(cast: Cast) -> None:
    client = signed_in(cast.alice)
    answer = client.post(f"{PAGE}/new", SENT)
    token = ApiToken.objects.get()
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    start = text.index("plug_")
    shown = text[start : start + 69]
    assert len(shown) == 69
    later = client.get(PAGE).content.decode()
    assert token.token_key in later
    assert shown not in later
    assert token.digest not in later + text
    assert shown not in str(dict(client.session))


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/new"])
def test_the_pages_ask_for_the_second_factor_again(cast: Cast, path: str) -> None:
    answer = signed_in(cast.alice, confirmed=False).get(path)
    assert answer.status_code == 302
    assert "/account/confirm" in answer.headers["Location"]


@pytest.mark.parametrize("act", ["rotate", "revoke"])
def test_nothing_changes_before_the_second_factor_is_shown(
    cast: Cast, act: str
) -> None:
    token, _ = make(cast)
    signed_in(cast.alice, confirmed=False).post(f"{PAGE}/{token.pk}/{act}")
    token.refresh_from_db()
    assert token.revoked_at is None
    assert token.replaced_by is None


def test_every_member_makes_keys_of_their_own(cast: Cast) -> None:
    client = signed_in(cast.bob)
    assert client.post(f"{PAGE}/new", SENT).status_code == 200
    assert client.post(f"{PAGE}/new", SENT | {"kind": "machine"}).status_code == 403
    refused = client.post(f"{PAGE}/new", SENT | {"permissions": ["export_data"]})
    assert refused.status_code == 400
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize("act", ["rotate", "revoke"])
@pytest.mark.parametrize("who", ["charlie", "olga", "carl", "alice"])
def test_anothers_key_is_an_unknown_key(cast: Cast, who: str, act: str) -> None:
    token, _ = make(cast, cast.bob)
    client = signed_in(getattr(cast, who))
    foreign = client.post(f"{PAGE}/{token.pk}/{act}")
    unknown = client.post(f"{PAGE}/{'0' * 8}-0000-4000-8000-{'0' * 12}/{act}")
    assert foreign.status_code == unknown.status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None
    assert token.replaced_by is None


def test_renewing_and_ending_on_the_page(cast: Cast) -> None:
    token, _ = make(cast)
    client = signed_in(cast.alice)
    assert b"plug_" in client.post(f"{PAGE}/{token.pk}/rotate").content
    new = ApiToken.objects.get(replaces=token)
    assert client.post(f"{PAGE}/{new.pk}/revoke").status_code == 302
    new.refresh_from_db()
    assert new.revoked_at
    assert client.get(f"{PAGE}/{new.pk}/revoke").status_code == 405


def test_machines_keys_are_the_teams_and_personal_ones_are_not(cast: Cast) -> None:
    dora = person("dora")
    services.join(actor=None, seller=cast.north, user=dora, role=Role.OWNER)
    make(cast, kind="machine", label="Robot of Alice")
    make(cast, label="Laptop of Alice")
    theirs = signed_in(dora).get(PAGE).content.decode()
    assert "Robot of Alice" in theirs
    assert "Laptop of Alice" not in theirs
    viewers = signed_in(cast.bob).get(PAGE).content.decode()
    assert "of Alice" not in viewers


def test_the_page_warns_before_a_key_ends(cast: Cast) -> None:
    make(cast, days=13)
    assert "Renew it now" in signed_in(cast.alice).get(PAGE).content.decode()

"""What can be done to stop an incident: each is a service of a room below (INC-1).

An action says what it would do before it does it, in sentences with figures. What it
is done to is named by an id; people type what they know, and `found` looks it up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from compliance.incidents.states import IncidentRefused
from marketplaces import rotation, shelf
from marketplaces import services as marketplaces
from marketplaces.models import Connection
from plugseller.accounts import sessions
from plugseller.accounts.models import ApiToken, Seller, User
from plugseller.accounts.services import freezing, suspending, tokens
from plugseller.accounts.services.sellers import lock_sellers
from plugseller.audit.services import record

Counts = dict[str, Any]  # figures and ids
LOG = "audit log"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing an officer can do at once."""

    name: str
    label: str  # of the button
    asks: str  # what it is done to, and how that is typed
    found: Callable[[str], str]  # what was typed -> the target's id; IncidentRefused
    says: Callable[[str, datetime], str]  # what will happen, in figures
    do: Callable[[User, str, datetime], Counts]  # IncidentRefused: nothing to stop
    undo: Callable[[User, str], Counts] | None = None
    after: str = ""  # how it can be taken back, or why it can't
    ticks: tuple[str, ...] = ()  # steps of the runbook
    calls_out: bool = False  # asks a marketplace, so no transaction may be open


def person(typed: str) -> str:
    """By e-mail address, or by id."""
    people = User.objects.filter(left_at=None)
    known = people.filter(email__iexact=typed) or people.filter(pk=_id(typed))
    if len(known) != 1:
        raise IncidentRefused("Nobody of that address is here.")
    return str(known[0].pk)


def seller(typed: str) -> str:
    """By its name in addresses, or by id."""
    known = Seller.objects.filter(slug=typed) or Seller.objects.filter(pk=_id(typed))
    if len(known) != 1:
        raise IncidentRefused("There is no such seller.")
    return str(known[0].pk)


def connection(typed: str) -> str:
    found = marketplaces.connection_of(_id(typed))
    if found is None:
        raise IncidentRefused("There is no such connection.")
    return str(found.pk)


def marketplace(typed: str) -> str:
    if typed.lower() not in {adapter.key for adapter in shelf.adapters()}:
        raise IncidentRefused("No such marketplace is switched on.")
    return typed.lower()


def the_log(typed: str) -> str:
    return LOG


def _id(typed: str) -> UUID:
    try:
        return UUID(typed)
    except ValueError:
        return UUID(int=0)  # nobody's


def _connection(target: str) -> Connection:
    found = marketplaces.connection_of(UUID(target))
    if found is None:
        raise IncidentRefused("This connection is gone.")
    return found


def _accounts(target: str) -> "QuerySet[Connection]":
    return Connection.objects.of_seller(UUID(target), frozen=True).defer("credentials")


def _keys(**whose: object) -> "QuerySet[ApiToken]":
    return ApiToken.objects.filter(revoked_at=None, **whose)


def _say_revoke(target: str, now: datetime) -> str:
    found = _connection(target)
    live = "Its credentials are destroyed here" if found.is_live else "It isn't live"
    return (
        f"The {found.marketplace} account of {found.seller.slug} is disconnected. "
        f"{live}, a sync under way ends, and its owners get a mail. What was fetched "
        "stays."
    )


def _revoke(actor: User, target: str, now: datetime) -> Counts:
    found = _connection(target)
    if found.status == Connection.Status.DISCONNECTED:
        raise IncidentRefused("It is disconnected already. Nothing was changed.")
    marketplaces.disconnect_as_officer(actor=actor, connection=found, now=now)
    return {"connections": 1, "seller": str(found.seller_id)}


def _say_rotate(target: str, now: datetime) -> str:
    label = shelf.adapter(target).label
    if why := rotation.why_not(target, now=now):
        return f"{label} can't be asked now. {why}"
    return (
        f"{label} is asked for a new secret of our app. The old one works for some "
        "days more, as the marketplace has it; no seller has to do anything."
    )


def _rotate(actor: User, target: str, now: datetime) -> Counts:
    try:
        asked = rotation.ask_for_new_secret(actor=actor, marketplace=target, now=now)
    except ValidationError as refused:
        raise IncidentRefused(refused.messages) from None
    return {"rotation": str(asked.pk)}


def _say_suspend(target: str, now: datetime) -> str:
    count = len(sessions.sessions_of(User.objects.get(pk=target)))
    keys = _keys(user=target, expiry__gt=now).count()
    return (
        f"They can't sign in any more; {count} session(s) end and {keys} API key(s) "
        "stop working. Roles, keys and second factors stay as they are."
    )


def _suspend(actor: User, target: str, now: datetime) -> Counts:
    someone = User.objects.get(pk=target)
    if someone.pk == actor.pk:
        raise IncidentRefused("You can't suspend yourself. Ask another officer.")
    try:
        ended = suspending.suspend_person(actor=actor, person=someone)
    except ValidationError as refused:
        raise IncidentRefused(refused.messages) from None
    return {"sessions": ended}


def _restore(actor: User, target: str) -> Counts:
    try:
        suspending.restore_person(actor=actor, person=User.objects.get(pk=target))
    except ValidationError as refused:
        raise IncidentRefused(refused.messages) from None
    return {"people": 1}


def _say_sessions(target: str, now: datetime) -> str:
    count = len(sessions.sessions_of(User.objects.get(pk=target)))
    return f"{count} session(s) end at once. They can sign in again."


def _end_sessions(actor: User, target: str, now: datetime) -> Counts:
    someone = User.objects.get(pk=target)
    ended = sessions.end_sessions(someone)
    if not ended:
        raise IncidentRefused("They have no session. Nothing was changed.")
    record("sessions.ended", actor=actor, subject=someone, rows=ended)
    return {"sessions": ended}


def _say_keys(target: str, now: datetime) -> str:
    count = _keys(user=target, expiry__gt=now).count()
    return f"{count} API key(s) of theirs end for good; a mail for each goes to them."


def _revoke_keys(actor: User, target: str, now: datetime) -> Counts:
    someone = User.objects.get(pk=target)
    ended = tokens.revoke_tokens_of(actor=actor, person=someone, now=now)
    return {"keys": _some(ended)}


def _say_seller_keys(target: str, now: datetime) -> str:
    count = _keys(seller=target, expiry__gt=now).count()
    return f"{count} API key(s) at this seller end for good; their owners get mails."


def _revoke_seller_keys(actor: User, target: str, now: datetime) -> Counts:
    at = Seller.objects.get(pk=target)
    people = User.objects.filter(pk__in=_keys(seller=at).values("user"))
    ended = sum(
        tokens.revoke_tokens_of(actor=actor, person=one, seller=at, now=now)
        for one in people
    )
    return {"keys": _some(ended)}


def _some(count: int) -> int:
    if not count:
        raise IncidentRefused("There is no key that works. Nothing was changed.")
    return count


def _say_pause(target: str, now: datetime) -> str:
    live = sum(one.is_live for one in _accounts(target))
    return (
        f"{live} connected account(s) of this seller aren't fetched any more, and a "
        "sync under way ends; nor is one that is connected meanwhile. Nothing is "
        "deleted, and what was fetched is shown as before."
    )


def _pause(actor: User, target: str, now: datetime) -> Counts:
    lock_sellers(UUID(target))  # an account that is being connected is there, or waits
    paused = sum(
        marketplaces.pause_connection(actor=actor, connection=one.pk, now=now)
        for one in _accounts(target)
    )
    return {"connections": paused}


def _resume(actor: User, target: str) -> Counts:
    lock_sellers(UUID(target))  # one that is being connected is there, or isn't paused
    resumed = sum(
        marketplaces.resume_connection(actor=actor, connection=one.pk)
        for one in _accounts(target)
    )
    return {"connections": resumed}


def _say_exports(target: str, now: datetime) -> str:
    people = Seller.objects.get(pk=target).memberships.count()
    return (
        f"None of the seller's {people} people can take a file of its data along. One "
        "that is being made waits; one that is ready can be fetched afterwards, if its "
        "day isn't over by then. The data is shown on the screen as before."
    )


def _stop_exports(actor: User, target: str, now: datetime) -> Counts:
    stopped = freezing.stop_exports(actor=actor, seller=UUID(target), now=now)
    return {"sellers": int(stopped)}


def _allow_exports(actor: User, target: str) -> Counts:
    return {"sellers": int(freezing.allow_exports(actor=actor, seller=UUID(target)))}


def _say_hold(target: str, now: datetime) -> str:
    return (
        "Audit entries since thirty days before the detection, or since the time whose "
        "affected sellers were computed, aren't removed while the hold stands, however "
        "old they become."
    )


def _hold(actor: User, target: str, now: datetime) -> Counts:
    return {}


ACTIONS = (
    Action(
        "revoke-connection",
        "Revoke a connection",
        "The connection's id, as the list of affected sellers shows it",
        connection,
        _say_revoke,
        _revoke,
        after="It can't be undone: the seller connects again.",
        ticks=("revoke",),
    ),
    Action(
        "rotate-secret",
        "Rotate our app's secret",
        "amazon or walmart",
        marketplace,
        _say_rotate,
        _rotate,
        after="It can't be undone.",
        ticks=("rotate",),
        calls_out=True,
    ),
    Action(
        "suspend-person",
        "Suspend a user",
        "Their e-mail address",
        person,
        _say_suspend,
        _suspend,
        _restore,
        "Undo lets them sign in again.",
        ticks=("suspend", "sessions"),
    ),
    Action(
        "end-sessions",
        "End a user's sessions",
        "Their e-mail address",
        person,
        _say_sessions,
        _end_sessions,
        after="It can't be undone: they sign in again.",
        ticks=("sessions",),
    ),
    Action(
        "revoke-keys",
        "Revoke a user's API keys",
        "Their e-mail address",
        person,
        _say_keys,
        _revoke_keys,
        after="It can't be undone: new keys are made.",
        ticks=("tokens", "revoke"),
    ),
    Action(
        "revoke-seller-keys",
        "Revoke all API keys of a seller",
        "The seller's name in addresses",
        seller,
        _say_seller_keys,
        _revoke_seller_keys,
        after="It can't be undone: new keys are made.",
        ticks=("tokens",),
    ),
    Action(
        "pause-seller",
        "Stop a seller's syncing",
        "The seller's name in addresses",
        seller,
        _say_pause,
        _pause,
        _resume,
        "Undo lets it be fetched again.",
        ticks=("freeze",),
    ),
    Action(
        "stop-exports",
        "Stop a seller's exports",
        "The seller's name in addresses",
        seller,
        _say_exports,
        _stop_exports,
        _allow_exports,
        "Undo lets files be taken along again.",
        ticks=("close",),
    ),
    Action(
        "hold-log",
        "Keep the audit log",
        "Nothing: it is about the whole log",
        the_log,
        _say_hold,
        _hold,
        lambda actor, target: {},
        "Undo lets entries go when their time is over.",
    ),
)
BY_NAME = {action.name: action for action in ACTIONS}

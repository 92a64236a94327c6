"""What the machine finds odd about an access: flags; people decide (GOV-1).

Each looks at many people or keys at once, in one query, however many there are.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Max

from compliance.packing import Period
from plugseller.accounts.devices import network
from plugseller.accounts.models import ApiToken, Grant, User
from plugseller.audit.models import Entry
from plugseller.shelves import By

DORMANT, NO_MFA, SHARED = "dormant", "no MFA", "shared"
UNUSED, LEAVER, NEVER = "unused grant", "leaver", "never signed in"
NEVER_USED = "never used"
MEANS = {
    DORMANT: "Not seen for more than 90 days.",
    NO_MFA: "No authenticator app and no passkey.",
    SHARED: "Used from more networks in a day than one person is at.",
    UNUSED: "Staff access that was opened in this period, and nothing was read by it.",
    LEAVER: "The person has left, or was switched off, and still has this.",
    NEVER: "The account was made and nobody has ever signed in.",
    NEVER_USED: "A key that no program has used yet.",
}
DORMANT_AFTER = timedelta(days=90)
NETWORKS = 4  # of one person, or one key, on one day
_SETTLING = timedelta(days=7)  # what is younger needn't be used yet
_PROOFS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)

People = Collection[User]


def seen_at(people: People) -> dict[UUID, datetime]:
    """When each was last here: by a session, or by a sign-in."""
    ids = [one.pk for one in people]
    found = UserSession.objects.filter(user__in=ids).values_list("user")
    last = dict(found.annotate(last=Max("last_seen_at")).order_by())
    for one in people:
        times = [t for t in (last.get(one.pk), one.last_login) if t]
        if times:
            last[one.pk] = max(times)
    return last


def with_factor(people: People) -> set[UUID]:
    """Who has a second factor."""
    ids = [one.pk for one in people]
    held = Authenticator.objects.filter(user__in=ids, type__in=_PROOFS)
    return set(held.values_list("user_id", flat=True))


def crowded(entries: Iterable[tuple[object, datetime, str | None]]) -> set[object]:
    """Whose entries (who, when, from where) came from too many networks in a day."""
    seen: dict[tuple[object, object], set[str]] = defaultdict(set)
    for who, at, address in entries:
        if address:
            seen[who, at.date()].add(network(address))
    return {who for (who, _), places in seen.items() if len(places) > NETWORKS}


def shared_people(people: People, period: Period) -> set[object]:
    """Who signed in from too many networks in a day."""
    signed = Entry.objects.filter(
        event="person.signed_in",
        actor_id__in=[one.pk for one in people],
        timestamp__gte=period.begins,
        timestamp__lt=period.ends,
    )
    told = signed.values_list("actor_id", "timestamp", "remote_addr")
    return crowded(told.order_by().iterator())


def shared_tokens(tokens: Collection[ApiToken], period: Period) -> set[object]:
    """Keys that were used from too many networks in a day."""
    used = Entry.objects.filter(
        actor_id__in={one.user_id for one in tokens},
        actor_kind=By.TOKEN,
        timestamp__gte=period.begins,
        timestamp__lt=period.ends,
    )
    told = used.values_list("via", "timestamp", "remote_addr")
    return crowded(told.order_by().distinct().iterator())


def of_people(people: People, period: Period) -> dict[UUID, tuple[str, ...]]:
    """The flags of each person's account."""
    seen, safe = seen_at(people), with_factor(people)
    shared = shared_people(people, period)
    found = {}
    for one in people:
        last = seen.get(one.pk)
        settled = one.joined_at <= period.ends - _SETTLING
        found[one.pk] = _named(
            {
                LEAVER: not one.is_active,
                NEVER: last is None and settled,
                DORMANT: (last or period.ends) < period.ends - DORMANT_AFTER,
                NO_MFA: one.pk not in safe,
                SHARED: one.pk in shared,
            }
        )
    return found


def of_tokens(
    tokens: Collection[ApiToken], period: Period
) -> dict[UUID, tuple[str, ...]]:
    """The flags of each key."""
    shared, found = shared_tokens(tokens, period), {}
    for one in tokens:
        last, quiet = one.last_used_at, period.ends - DORMANT_AFTER
        found[one.pk] = _named(
            {
                LEAVER: not one.user.is_active,
                NEVER_USED: last is None and one.created <= period.ends - _SETTLING,
                DORMANT: last is not None and last < quiet,
                SHARED: str(one.pk) in shared,
            }
        )
    return found


def unused_grants(grants: Collection[Grant]) -> set[UUID]:
    """Those that were opened, and by which nothing was read."""
    begun = {one.pk for one in grants if one.starts_at is not None}
    read = Entry.objects.filter(grant_id__in=begun, action=Entry.Action.ACCESS)
    return begun - set(read.order_by().values_list("grant_id", flat=True).distinct())


def _named(found: Mapping[str, bool]) -> tuple[str, ...]:
    return tuple(name for name, is_so in found.items() if is_so)

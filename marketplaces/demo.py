"""The demonstration's furniture: people, sellers, their accounts, a first sync."""

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from marketplaces import shelf
from marketplaces.demologins import Login, read_logins, write_logins
from marketplaces.models import Connection
from marketplaces.services import begin_authorisation, complete_authorisation
from marketplaces.simulator.loopback import consent
from marketplaces.sync.limits import UNHURRIED
from marketplaces.sync.rounds import Result, sync_round
from marketplaces.sync.walking import Progress
from plugseller.accounts.models import Seller, User
from plugseller.accounts.roles import Role, StaffRole
from plugseller.accounts.services import (
    create_person,
    create_seller,
    join,
    set_up_app,
)

COLUMNS = (
    "seller",
    "connection",
    "feature",
    "calls",
    "new",
    "changed",
    "unchanged",
    "dropped",
    "seconds",
    "outcome",
)
Say = Callable[[str], None]

# The simulator's limits are lifted, so that nobody waits for pretended ones; the
# worker keeps to those of the data map.
_AT_ONCE = replace(UNHURRIED, share=None)


@dataclass(frozen=True, slots=True)
class House:
    """A seller of the demonstration and the simulated accounts it connects."""

    slug: str
    name: str
    time_zone: str
    owner: str
    viewer: str
    accounts: tuple[tuple[str, str, str], ...]  # marketplace, region, simulator's key


HOUSES = (
    House(
        slug="north",
        name="North Outdoors",
        time_zone="Europe/Istanbul",
        owner="alice@north.example",
        viewer="bob@north.example",
        accounts=(
            ("amazon", "na", "north-amazon-na"),
            ("walmart", "us", "north-walmart"),
        ),
    ),
    House(
        slug="south",
        name="South Home",
        time_zone="America/New_York",
        owner="charlie@south.example",
        viewer="dana@south.example",
        accounts=(
            ("amazon", "na", "south-amazon-na"),
            ("walmart", "us", "south-walmart"),
        ),
    ),
)
STAFF = {
    "carl@plugseller.example": StaffRole.OFFICER,
    "cora@plugseller.example": StaffRole.OFFICER,  # nobody approves their own grant
    "olga@plugseller.example": StaffRole.SUPPORT,
    "oscar@plugseller.example": StaffRole.OPERATOR,
}


def furnish(*, say: Say, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Make what isn't there yet and sync; the rows of the summary table.

    `say` prints a line, `tell` renews the progress line.
    """
    people = _people()
    accounts = []
    for house in HOUSES:
        accounts += list(_connected(house, people[house.owner], say))
    bar = _Bar(accounts, tell)
    results = [
        result
        for account in accounts
        for result in sync_round([account], pace=_AT_ONCE, progress=bar)
    ]
    tell("")
    return [row for result in results for row in _rows(result)]


@transaction.atomic
def _people() -> dict[str, User]:
    """Everybody, able to sign in as in the last run where there was one."""
    known = {login.email: login for login in read_logins()}
    people, logins = {}, []
    roles = [(h.owner, h, Role.OWNER) for h in HOUSES]
    roles += [(h.viewer, h, Role.VIEWER) for h in HOUSES]
    for email, house, role in sorted(roles, key=lambda entry: entry[1].slug):
        user, password, secret = _person(email, known.get(email))
        seller = _seller(house)
        if not seller.memberships.filter(user=user, role=role.value).exists():
            join(actor=None, seller=seller, user=user, role=role)
        people[email] = user
        logins.append(Login(email, password, secret, house.slug, role.value))
    for email, staff_role in STAFF.items():
        _, password, secret = _person(email, known.get(email), staff_role)
        logins.append(Login(email, password, secret, None, staff_role.value))
    write_logins(logins)
    return people


def _person(
    email: str, known: Login | None, staff_role: str = ""
) -> tuple[User, str, str]:
    """Somebody, their password, and the secret of their authenticator app."""
    user = User.objects.filter(email=email).first()
    if user and known:
        return user, known.password, known.totp_secret
    password = new_password()
    if user is None:
        user = create_person(
            actor=None,
            email=email,
            password=password,
            name=email.partition("@")[0].title(),
            staff_role=staff_role,
        )
    else:  # the file is gone: what was in it can't be found out again
        user.set_password(password)
        user.save(update_fields=["password"])
        Authenticator.objects.filter(user=user).delete()
    return user, password, set_up_app(user)


def code_now(secret: str) -> str:
    """What an authenticator app with this secret shows now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def new_password() -> str:
    """A random password that keeps to the rules."""
    return f"{secrets.token_urlsafe(12)}-Aa1"


def _seller(house: House) -> Seller:
    found = Seller.objects.filter(slug=house.slug).first()
    return found or create_seller(
        actor=None, name=house.name, slug=house.slug, time_zone=house.time_zone
    )


def _connected(house: House, owner: User, say: Say) -> Iterator[Connection]:
    """The seller's live connections, those that are missing authorised first."""
    seller = Seller.objects.get(slug=house.slug)
    for marketplace, region, key in house.accounts:
        live = Connection.objects.of_seller(seller).filter(
            marketplace=marketplace,
            region=region,
            status__in=[Connection.Status.ACTIVE, Connection.Status.ATTENTION],
        )
        found = live.select_related("seller").first()
        if found is None:
            label = shelf.adapter(marketplace).label
            say(f"Connecting {house.name} to {label} through its consent page.")
            found = _authorised(owner, seller, marketplace, region, key)
        yield found


def _authorised(
    owner: User, seller: Seller, marketplace: str, region: str, key: str
) -> Connection:
    """The way a seller's browser goes, walked by a program."""
    session = secrets.token_hex(16)
    address = begin_authorisation(
        actor=owner,
        seller=seller,
        marketplace=marketplace,
        region=region,
        features=shelf.datamap().features(marketplace),
        session_key=session,
        now=timezone.now(),
    )
    ca_file = Path(settings.MARKETPLACE_CA_FILE)
    return complete_authorisation(
        actor=owner,
        session_key=session,
        marketplace=marketplace,
        callback=consent(address, account=key, ca_file=ca_file),
        now=timezone.now(),
    )


class _Bar:
    """A bar that fills feature by feature over all accounts."""

    _WIDTH = 30

    def __init__(self, accounts: list[Connection], tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._seen: dict[tuple[Any, str], None] = {}
        self._steps = sum(
            account.switches.filter(on=True).count() + 1 for account in accounts
        )

    def __call__(self, at: Progress) -> None:
        self._seen[at.connection_id, at.feature] = None
        done = min(len(self._seen), self._steps)
        filled = "█" * (self._WIDTH * done // max(self._steps, 1))
        self._tell(
            f"{filled:░<{self._WIDTH}} {done}/{self._steps} "
            f"{at.marketplace} {at.feature}: {at.rows:,} rows"
        )


def _rows(result: Result) -> list[dict[str, Any]]:
    account = result.account
    name = {
        "seller": account.seller.slug,
        "connection": f"{account.marketplace} {account.region}",
        "failed": result.failed,
    }
    if result.problem:
        return [{**name, "outcome": result.problem}]
    return [
        {
            **name,
            "feature": run.feature,
            "calls": run.calls,
            "new": run.rows_new,
            "changed": run.rows_changed,
            "unchanged": run.rows_unchanged,
            "dropped": run.fields_dropped,
            "seconds": (run.finished_at - run.started_at).total_seconds()
            if run.finished_at
            else None,
            "outcome": run.get_outcome_display(),
        }
        for run in result.runs
    ]

"""Sellers, connections and people with something in every place there is.

What a deletion leaves behind can only be seen where there was something: a test says
that no place was empty, so a new table needs its rows here.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.usersessions.models import UserSession
from axes.models import (
    AccessAttempt,
    AccessAttemptExpiration,
    AccessFailureLog,
    AccessLog,
)
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import connection, models
from django_q.models import OrmQ, Task
from django_q.signing import SignedPackage
from guardian.models import UserObjectPermission

from compliance.models import Question, ShorterTime
from marketplaces import credentials
from marketplaces import models as m
from marketplaces.contract import Credentials, Secret
from marketplaces.exporting.files import files
from plugseller.accounts.models import (
    AccessReport,
    ApiToken,
    Grant,
    Invitation,
    Lockout,
    Membership,
    Seller,
    SellerGroupObjectPermission,
    SetUpLink,
    UsedPassword,
    User,
)
from plugseller.accounts.roles import Role
from plugseller.accounts.services import create_seller, join
from plugseller.accounts.services.lockouts import subject_of
from plugseller.crypto.services import create_data_key
from plugseller.jobs import outbox
from plugseller.jobs.models import Lease
from plugseller.shelves import HOLDINGS, Scope
from tests.conftest import person

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=5)
# Places that nothing of one seller or person can lie in, whatever happens.
EMPTY = {
    "queue in Redis",  # another server's; tests/plugseller/jobs/test_redis.py
    "demo accounts",  # tests/compliance/deletion/test_demo_accounts.py
    # of detection rules; tests/compliance/incidents/test_detection.py
    "compliance.Canary",
    "compliance.DayOfReads",
}


@dataclass
class Lived:
    """A seller with an owner and a viewer, and two connections."""

    seller: Seller
    owner: User
    viewer: User
    connections: list[m.Connection] = field(default_factory=list)

    @property
    def people(self) -> list[User]:
        return [self.owner, self.viewer]

    def whole(self) -> Scope:
        return Scope(
            seller_id=self.seller.pk,
            people=frozenset(one.pk for one in self.people),
            addresses=frozenset(one.email for one in self.people),
            connections=frozenset(one.pk for one in self.connections),
        )


def lived_in(name: str, *, staff: User, orders: int = 3) -> Lived:
    """A seller of that name with rows in every table."""
    seller = create_seller(actor=None, name=name.title(), slug=name, time_zone="UTC")
    owner, viewer = (person(f"{name}.{role}") for role in ("owner", "viewer"))
    join(actor=None, seller=seller, user=owner, role=Role.OWNER)
    join(actor=None, seller=seller, user=viewer, role=Role.VIEWER)
    lived = Lived(seller, owner, viewer)
    for number, marketplace in enumerate(("amazon", "walmart")):
        account = m.Connection.objects.create(
            seller=seller,
            marketplace=marketplace,
            region="na" if marketplace == "amazon" else "us",
            account_id=f"A{name.upper()}{number}",
            credentials=credentials.pack(
                Credentials(
                    account_id=f"A{name.upper()}{number}",
                    refresh_token=Secret(f"Atzr|{name}-{number}"),
                )
            ),
        )
        lived.connections.append(account)
        _marketplace(account, orders)
    for one in lived.people:
        _person(one, seller, staff)
    _seller(lived, staff)
    return lived


def _marketplace(account: m.Connection, orders: int) -> None:
    own: dict[str, Any] = {"seller_id": account.seller_id, "connection": account}
    row = {
        **own,
        "market": "US",
        "as_of": NOW,
        "fetched_at": NOW,
        "operation": "amazon.searchOrders",
        "run_id": 1,
    }
    run = m.SyncRun.unfenced.create(**own, feature="orders", started_at=NOW)
    row["run_id"] = run.pk
    for number in range(orders):
        order = m.Order.unfenced.create(
            **row, external_id=f"O-{number}", status="SHIPPED", placed_at=NOW
        )
        for line in range(2):
            m.OrderItem.unfenced.create(
                seller_id=account.seller_id,
                order=order,
                external_id=f"L{line}",
                sku=f"S{number}",
                quantity=1,
            )
    price = {"sku": "S1", "kind": "offer", "amount": 1, "currency": "USD"}
    stock = {"sku": "S1", "location": "", "channel": "AMAZON", "available": 4}
    for model, told in (
        (m.Market, {"currency": "USD"}),
        (m.Product, {"external_id": "B1", "title": "A thing"}),
        (m.Listing, {"sku": "S1", "status": "BUYABLE"}),
        (m.Price, price),
        (m.PriceChange, price),
        (m.Stock, stock),
        (m.StockChange, stock),
    ):
        model._base_manager.create(**row, **told)
    m.FeatureSwitch.objects.create(connection=account, feature="orders", on=True)
    m.SyncState.objects.create(connection=account, operation="amazon.searchOrders")
    m.Sighting.objects.create(connection=account, operation="x", market="US", key="S1")
    m.ConnectAttempt.objects.create(
        state_hash=hashlib.sha256(account.pk.bytes).hexdigest(),
        session_hash="",
        seller_id=account.seller_id,
        renews=account,
        marketplace=account.marketplace,
        region=account.region,
    )
    Lease.objects.create(name=f"sync:{account.pk}")
    _job("marketplaces.jobs.sync_one", str(account.pk))


def _person(user: User, seller: Seller, staff: User) -> None:
    _token(user, seller)
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session.create()
    UserSession.objects.create(
        user=user, ip="192.0.2.1", user_agent="x", session_key=session.session_key
    )
    half = SessionStore()  # of somebody who hasn't entered the code yet
    half["account_login"] = {"email": user.email}
    half.create()
    UsedPassword.objects.create(user=user, hash="x", set_at=NOW)
    SetUpLink.objects.create(user=user, key_hash=user.pk.hex, expires_at=LATER)
    Invitation.objects.create(  # to the person, of the seller; and by the person
        seller=seller,
        email=user.email.upper(),
        role=Role.VIEWER,
        invited_by=user,
        expires_at=LATER,
        ended_at=NOW,
    )
    told = {"username": subject_of(user.email), "user_agent": user.pk.hex}
    told |= {"ip_address": "192.0.2.1", "path_info": "password"}
    attempt = AccessAttempt.objects.create(**told, failures_since_start=1)
    AccessAttemptExpiration.objects.create(access_attempt=attempt, expires_at=LATER)
    AccessFailureLog.objects.create(**told)
    AccessLog.objects.create(**told)
    Lockout.objects.create(
        kind=Lockout.Kind.ACCOUNT,
        subject=subject_of(user.email),
        user=user,
        failures=10,
        began_at=NOW,
        until=LATER,
    )
    address = EmailAddress.objects.filter(user=user).first()
    assert address is not None
    EmailConfirmation.objects.create(email_address=address, key=user.pk.hex[:30])
    kind = ContentType.objects.get_for_model(User)
    for actor, subject in ((user, seller.pk), (staff, user.pk)):
        LogEntry.objects.create(
            user=actor,
            content_type=kind,
            object_id=str(subject),
            object_repr="it",
            action_flag=2,
        )
    right = Permission.objects.filter(content_type=kind).first()
    assert right is not None
    UserObjectPermission.objects.create(
        user=user, permission=right, content_type=kind, object_pk=str(user.pk)
    )
    user.groups.add(Group.objects.get_or_create(name="somebody")[0])
    user.user_permissions.add(right)
    _question(user, staff)
    outbox.post(to=user.email, subject="Hello", text="Hello", owner=user.pk)
    outbox.post(to=staff.email, subject="x", text=f"{user.email} came", owner=staff.pk)
    cache.set(f"api-person:{user.pk}", [1.0], 3600)
    _job("plugseller.accounts.jobs.anything", str(user.pk))
    EmailMessage("Hello", f"To {user.email}", to=[user.email]).send()


def _question(user: User, staff: User) -> None:
    create_data_key(user.pk)
    Question.objects.create(
        asked_by=user.pk,
        asked_at=NOW,
        text="What do you hold of me?",
        due_at=LATER,
        answered_at=NOW,
        answered_by=staff.pk,
        answer="Little.",
    )


def _token(user: User, seller: Seller) -> ApiToken:
    def made(digest: str, **more: Any) -> ApiToken:
        token: ApiToken = ApiToken._base_manager.create(
            user=user,
            seller=seller,
            digest=digest,
            token_key=digest[:8],
            kind=ApiToken.Kind.PERSONAL,
            label="till",
            permissions=[],
            expiry=LATER,
            **more,
        )
        return token

    newer = made(user.pk.hex * 2)
    made(user.pk.hex + "0" * 32, replaced_by=newer)
    cache.set(f"api-token:{newer.pk}", [str(user.pk)], 3600)
    return newer


def _seller(lived: Lived, staff: User) -> None:
    seller = lived.seller
    Invitation.objects.create(
        seller=seller,
        email="invited@elsewhere.test",
        role=Role.VIEWER,
        invited_by=lived.owner,
        expires_at=LATER,
    )
    Grant.objects.create(
        seller=seller, person=staff, permissions=[], reason="r", ticket="t", hours=1
    )
    AccessReport.objects.create(
        seller=seller, month=NOW.date(), grants=1, text="t", told=1, posted_at=NOW
    )
    right = Permission.objects.filter(
        content_type=ContentType.objects.get_for_model(Seller)
    ).first()
    assert right is not None
    SellerGroupObjectPermission.objects.create(
        group=Group.objects.get_or_create(name="somebody")[0],
        permission=right,
        content_object=seller,
    )
    ShorterTime.objects.create(seller=seller, rule="orders", days=30)
    package = m.DataExport.unfenced.create(
        seller=seller,
        asked_by=lived.owner,
        asked_at=NOW,
        state="ready",
        file_name=files.new_name(),
    )
    with files.written(package.file_name) as out:
        out.write(b"sealed")
    outbox.post(to=lived.owner.email, subject="x", text="x", owner=seller.pk)
    Task.objects.create(
        id=seller.pk.hex,
        name="x",
        func="x",
        args=(str(seller.pk),),
        kwargs={},
        started=NOW,
        stopped=NOW,
        success=False,
        result=f"ValueError: {lived.viewer.email}",
    )


def _job(func: str, *args: str) -> None:
    package = SignedPackage.dumps({"func": func, "args": args, "kwargs": {}})
    OrmQ.objects.create(key="plugseller", payload=package, lock=NOW)


def digests() -> dict[str, dict[str, str]]:
    """Table -> key -> digest of the row, of every table of every app; and the cache."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or not model._meta.managed or _is_of_tests(model):
            continue
        names = [str(field.column) for field in model._meta.concrete_fields]
        found[model._meta.label] = _rows(model._meta.db_table, names, model)
    found["caches"] = _rows("shared_cache", ["cache_key", "value", "expires"], None)
    return found


def _is_of_tests(model: type[models.Model]) -> bool:
    return model.__module__.startswith("tests.")


def _rows(
    table: str, names: list[str], model: type[models.Model] | None
) -> dict[str, str]:
    key = str(model._meta.pk.column) if model else "cache_key"
    quote = connection.ops.quote_name
    columns = ", ".join(quote(name) for name in [key, *names])
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {quote(table)}")  # noqa: S608
        return {
            str(row[0]): hashlib.sha256(
                repr(list(map(_plain, row))).encode()
            ).hexdigest()
            for row in cursor.fetchall()
        }


def _plain(value: object) -> object:
    if isinstance(value, memoryview):
        return bytes(value)
    return json.dumps(value, sort_keys=True) if isinstance(value, dict) else value


def held(scope: Scope, names: Iterable[str] | None = None) -> dict[str, int]:
    """Place -> what of the scope lies there."""
    return {
        name: HOLDINGS[name].store.count(scope)
        for name in sorted(names or HOLDINGS)
        if not HOLDINGS[name].stays
    }


def members_of(lived: Lived) -> set[UUID]:
    return set(
        Membership.objects.filter(seller=lived.seller).values_list("user", flat=True)
    )


def apart(settings: Any, folder: Path) -> None:
    """Files of a test in a folder of its own."""
    settings.DELETION_LEDGER = folder / "apart" / "deletions.jsonl"
    settings.EMAIL_BACKEND = "plugseller.jobs.mailfiles.EmailBackend"
    settings.EMAIL_FILE_PATH = folder / "mail"
    settings.EXPORT_FOLDER = folder / "exports"
    settings.BACKUP_FOLDER = folder / "backups"
    settings.BACKUP_PERIODS_FOLDER = folder / "period-keys"

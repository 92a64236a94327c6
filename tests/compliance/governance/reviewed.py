"""What tests of reviews ask again and again; time is moved by hand."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from compliance import clocks
from compliance.governance.reviews import services
from compliance.governance.reviews.choices import MAY, Choice, Kind, Sort
from compliance.governance.reviews.choices import items_of as items_of
from compliance.governance.reviews.models import Review, ReviewItem
from plugseller.accounts.models import Seller, User
from plugseller.jobs import outbox
from plugseller.jobs.models import OutgoingMail
from tests.conftest import NOW

DAY = timedelta(days=1)
START = NOW - 75 * DAY


def settled(*people: User) -> None:
    """They joined long ago, and were here lately."""
    for one in people:
        User.objects.filter(pk=one.pk).update(
            joined_at=NOW - 400 * DAY, last_login=NOW - DAY
        )


def began(
    kind: Kind, *, seller: Seller | None = None, now: datetime = NOW, last: Any = START
) -> Review:
    found = services.begin(kind, seller=seller, last=last, now=now)
    assert found is not None
    return found


def item(review: Review, sort: Sort, of: User | None = None) -> ReviewItem:
    found = review.items.filter(sort=sort)
    if of is not None:
        found = found.filter(person_id=of.pk)
    return found.get()


def answered(review: Review, actor: User, now: datetime = NOW) -> None:
    """Everything is kept, or in order."""
    for one in items_of(review):
        if one.person_id != actor.pk:
            choice = next(c for c in MAY[Sort(one.sort)] if c != Choice.ASK)
            services.decide(actor=actor, item=one, choice=choice, now=now)


def tick(now: datetime) -> None:
    """What cron does about reviews, and about mail."""
    services.begin_due(now)
    services.act_on_silence(now)
    clocks.run_due(now)
    outbox.send_due(now)


def ticks(days: Iterable[int], start: datetime = NOW) -> None:
    for day in days:
        tick(start + day * DAY + timedelta(minutes=2))


def mails_to(someone: User) -> list[str]:
    """The subjects, the oldest first."""
    told = OutgoingMail.objects.filter(owner=someone.pk).order_by("try_at", "pk")
    return [mail.content.reveal()["subject"] for mail in told]

"""Looks whether everybody holds the rights they should, and no others (USE-1, ACC-1),
and whether all show a second factor (ACC-2)."""

from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import Group
from django.db.models import Exists, F, OuterRef

from plugseller.accounts.models import (
    Grant,
    Membership,
    SellerGroupObjectPermission,
    SellerUserObjectPermission,
    User,
)
from plugseller.accounts.models.grants import MOST_HOURS, live_at, to_review_at
from plugseller.accounts.services.factors import REAL
from plugseller.shelves import Finding, Verdict, control


def rights(now: datetime) -> Finding:
    """Rights on a seller that no membership explains, or that hold on all sellers."""
    held = SellerUserObjectPermission.objects.filter(user__staff_role="")
    member = Membership.objects.filter(
        seller=OuterRef("content_object"), user=OuterRef("user")
    )
    figures = {
        "rights on sellers": held.count(),
        "without membership": held.filter(~Exists(member)).count(),
        "of groups": SellerGroupObjectPermission.objects.count(),
        "on all sellers at once": User.user_permissions.through.objects.count()
        + Group.permissions.through.objects.count(),
    }
    wrong = sum(list(figures.values())[1:])
    return Finding(
        Verdict.FAIL if wrong else Verdict.PASS,
        "Somebody holds a right on a seller they don't belong to."
        if wrong
        else "Only people of a seller hold rights on it, each on that seller alone.",
        figures,
    )


control(
    "use-1.rights",
    promise="USE-1",
    label="Only a seller's own people hold rights on it",
    look=rights,
)


def staff(now: datetime) -> Finding:
    """Our own staff: no standing right, no superuser, no grant beyond the rules."""
    live = Grant.objects.filter(live_at(now))
    too_long = live.filter(ends_at__gt=F("starts_at") + timedelta(hours=MOST_HOURS))
    unapproved = live.filter(approved_by=None, break_glass=False)
    overdue = Grant.objects.filter(to_review_at(now), review_due_at__lte=now)
    figures = {
        "staff": User.objects.filter(is_active=True).exclude(staff_role="").count(),
        "standing rights of staff": SellerUserObjectPermission.objects.exclude(
            user__staff_role=""
        ).count(),
        "superusers": User.objects.filter(is_superuser=True, is_active=True).count(),
        "grants too long": too_long.count(),
        "grants without approval": unapproved.count(),
        "live grants": live.count(),
        "emergencies not reviewed in time": overdue.count(),
    }
    wrong = sum(
        figures[name]
        for name in (
            *("standing rights of staff", "superusers"),
            *("grants too long", "grants without approval"),
        )
    )
    if wrong:
        sentence = "Somebody of our staff could see more than was approved."
        return Finding(Verdict.FAIL, sentence, figures)
    if overdue.exists():
        sentence = "No standing access of staff; an emergency waits for its review."
        return Finding(Verdict.WARN, sentence, figures)
    return Finding(
        Verdict.PASS, "No standing access of staff to any seller's data.", figures
    )


control(
    "acc-1.staff",
    promise="ACC-1",
    label="Our staff have no standing access",
    look=staff,
)

_GUARDS = (
    "plugseller.accounts.guard.Guard",  # nobody passes without a second factor
    "plugseller.audit.failclosed.RefuseUnlogged",  # no answer without its entry
)


def second_factors(now: datetime) -> Finding:
    """Who could sign in with a password alone; nobody gets further than setting one
    up, so it is told of others, and fails for our own staff."""
    factor = Authenticator.objects.filter(user=OuterRef("pk"), type__in=REAL)
    people = User.objects.filter(is_active=True).exclude(
        password__startswith=UNUSABLE_PASSWORD_PREFIX
    )
    lacking = people.filter(~Exists(factor))
    figures = {
        "people": people.count(),
        "staff without": lacking.exclude(staff_role="").count(),
        "others without; they get no further": lacking.filter(staff_role="").count(),
        "guards missing": len(set(_GUARDS) - set(settings.MIDDLEWARE)),
    }
    wrong = figures["staff without"] + figures["guards missing"]
    return Finding(
        Verdict.FAIL if wrong else Verdict.PASS,
        "A second factor is missing where it is promised."
        if wrong
        else "Nobody opens anything without a second factor.",
        figures,
    )


control(
    "acc-2.second_factors",
    promise="ACC-2",
    label="Everybody shows a second factor",
    look=second_factors,
)

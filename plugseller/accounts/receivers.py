"""What Django's and the packages' signals lead to: one call of a service each."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed, user_signed_up
from allauth.account.signals import user_logged_in as came_in
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
    authenticator_used,
)
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from plugseller.accounts import sessions, signin
from plugseller.accounts.models import User
from plugseller.accounts.services import factors, signing_in


@receiver(user_logged_in)
def _signed_in(request: HttpRequest, **kwargs: Any) -> None:
    sessions.begin(request.session, now=timezone.now())


@receiver(came_in)
def _came_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    signing_in.note_signed_in(user, request.session, now=timezone.now())


@receiver(user_logged_out)
def _signed_out(user: User | None, **kwargs: Any) -> None:
    signing_in.note_signed_out(user)


@receiver(user_signed_up)
def _signed_up(request: HttpRequest, user: User, **kwargs: Any) -> None:
    signing_in.note_signed_up(user)
    record_authentication(request, user, method="password")  # it was just typed


@receiver(email_changed)
def _address_changed(
    user: User, from_email_address: EmailAddress | None, **kwargs: Any
) -> None:
    signing_in.note_address_changed(user, old=from_email_address, now=timezone.now())


@receiver(authentication_failed)
def _code_failed(request: HttpRequest, user: User, **kwargs: Any) -> None:
    signin.failed(request, user.email.casefold(), what="code")


@receiver(post_save, sender=Authenticator)
def _factor_made(instance: Authenticator, created: bool, **kwargs: Any) -> None:
    if created:
        factors.note_added(instance)


@receiver(post_delete, sender=Authenticator)
def _factor_gone(instance: Authenticator, **kwargs: Any) -> None:
    factors.note_removed(instance)


@receiver(authenticator_added)
def _factor_added(
    request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    factors.tell_of(authenticator, "added")
    if authenticator.type in factors.REAL:  # it was just shown to work
        record_authentication(request, user, "mfa", type=authenticator.type)


@receiver(authenticator_removed)
def _factor_removed(authenticator: Authenticator, **kwargs: Any) -> None:
    factors.tell_of(authenticator, "removed")


@receiver(authenticator_reset)
def _codes_made_anew(authenticator: Authenticator, **kwargs: Any) -> None:
    factors.tell_of(authenticator, "added")


@receiver(authenticator_used)
def _factor_used(authenticator: Authenticator, **kwargs: Any) -> None:
    factors.note_used(authenticator, now=timezone.now())

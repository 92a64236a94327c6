"""How allauth does things here: its mail, its addresses, its secrets."""

import base64
from hmac import compare_digest
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login, get_pending_stage
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from plugseller.accounts import signin
from plugseller.accounts.confirming import is_confirmed
from plugseller.accounts.enrolling import enrolled_for
from plugseller.accounts.guard import has_second_factor
from plugseller.accounts.models import User
from plugseller.accounts.services import factors
from plugseller.accounts.services.passwords import change_password, reset_password
from plugseller.addresses import client_address
from plugseller.crypto.sealing import SealBroken
from plugseller.crypto.services import open_for, seal_for_new
from plugseller.jobs import outbox

SECOND_FACTOR = ("second factor",)  # what they are bound to, beside their person
_BEGUN_WITH = "signing_in_with"  # in a session: a keyed hash of the password's hash
_LONGEST_ADDRESS = 254  # RFC 5321, and what the table keeps
REFUSED = (
    "This e-mail address and password don't fit together. Nothing was changed. "
    "Check both and try again."
)
WRONG_CODE = "This code isn't right, or its time is over. Take the newest one."
TOO_MANY = "That was tried too often. Wait a few minutes, then try again."
LAST_FACTOR = (
    "This is your only second factor, and nobody works here without one. Nothing was "
    "changed. Set up another one first."
)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # no types
    """Mail goes to the outbox; nobody's address is guessed from a header."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": REFUSED,
        "enter_current_password": "This isn't your current password.",
        "incorrect_code": WRONG_CODE,
        "incorrect_password": "This isn't your password. Nothing was changed.",
        "duplicate_email": "This is your e-mail address already.",
        "email_taken": "This e-mail address can't be used. Nothing was changed.",
        "too_many_login_attempts": TOO_MANY,
        "rate_limited": TOO_MANY,
    }

    def send_mail(self, template_prefix: str, email: str, context: Any) -> None:
        told = {
            **context,
            "email": email,
            "site": settings.PUBLIC_ADDRESS,  # whatever a Host header says
            "contact": settings.CONTACT_ADDRESS,
        }
        message = self.render_mail(template_prefix, email, told)
        user = User.objects.filter(email__iexact=email).first()
        outbox.post(
            to=email,
            subject=message.subject,
            text=message.body,
            owner=user.pk if user else None,
        )

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request) or "0.0.0.0"  # noqa: S104  not an address to bind

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The person, if everything fits: somebody deactivated looks like nobody."""
        user: User | None = super().authenticate(request, **credentials)
        return user if user and user.is_active else None

    def pre_login(
        self, request: HttpRequest, user: User, **kwargs: Any
    ) -> HttpResponse | None:
        """The last door: a passkey doesn't open it to somebody locked out either."""
        if until := signin.locked_until(request, user.email.casefold()):
            signin.refuse(request, until)
            clear_login(request)
            return HttpResponse(status=429)
        request.session[_BEGUN_WITH] = user.get_session_auth_hash()
        answer: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return answer

    def login(self, request: HttpRequest, user: User) -> None:
        """Not by a password that was changed while a code was still to be typed: that
        ended every session, and this one would begin afterwards."""
        begun_with = request.session.pop(_BEGUN_WITH, "")
        if not compare_digest(begun_with, user.get_session_auth_hash()):
            clear_login(request)
            messages.info(request, "The password was changed meanwhile. Sign in anew.")
            raise ImmediateHttpResponse(redirect("account_login"))
        super().login(request, user)

    def clean_email(self, email: str) -> str:
        """No longer than the table keeps, and without a quoted part: between quotes
        stand whole sentences and links, which our mails to others would repeat."""
        address: str = super().clean_email(email)
        if len(address) > _LONGEST_ADDRESS or '"' in address:
            raise ValidationError(EmailValidator.message)
        return address

    @sensitive_variables("password")
    def set_password(self, user: User, password: str) -> None:
        """Somebody signed in changes it; anybody else here proved the address."""
        signed_in = self.request.user.is_authenticated
        step = change_password if signed_in else reset_password
        step(person=user, password=password, now=timezone.now())

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_login")

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whoever has a factor shows it; whoever sets up the first one has to have
        typed the password a short while ago."""
        now = timezone.now()
        if has_second_factor(self.request.user):
            return not is_confirmed(self.request, now=now)
        return not is_confirmed(self.request, now=now, by=("password", "mfa"))

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if not has_second_factor(user):
            return methods
        return [method for method in methods if method["id"] != "reauthenticate"]


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # no types
    """Secrets of second factors are sealed under the person's own data key (ENC-3)."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": WRONG_CODE,
        "cannot_delete_authenticator": LAST_FACTOR,
    }

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return factors.may_go(authenticator)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Passkeys are made for our own address, whatever a Host header says."""
        host = urlsplit(settings.PUBLIC_ADDRESS).hostname or "localhost"
        return {"id": host, "name": settings.MFA_TOTP_ISSUER}

    def encrypt(self, text: str) -> str:
        owner = enrolled_for() or context.request.user.pk
        sealed = seal_for_new(owner, text.encode(), (*SECOND_FACTOR, str(owner)))
        return base64.b64encode(sealed).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises Unopenable, also for a factor that was sealed for somebody else."""
        try:
            sealed = base64.b64decode(encrypted_text, validate=True)
        except ValueError:
            raise SealBroken("A second factor isn't sealed.") from None
        owner = enrolled_for() or _visitor()
        return open_for(owner, sealed, (*SECOND_FACTOR, str(owner))).decode()


def _visitor() -> UUID:
    """Who is signed in, or is just signing in and has shown the password."""
    stage = get_pending_stage(context.request)
    person = stage.login.user if stage else context.request.user
    if person.pk is None:
        raise SealBroken("A second factor is asked for by nobody.")
    found: UUID = person.pk
    return found

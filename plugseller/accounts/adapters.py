"""How allauth does things here: its mail, its addresses, its secrets."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from plugseller.accounts.models import User
from plugseller.addresses import client_address
from plugseller.crypto.sealing import SealBroken
from plugseller.crypto.services import open_for, owner_of, seal_for_new
from plugseller.jobs import outbox

_CONTEXT = ("second factor",)
_enrolling: ContextVar[UUID | None] = ContextVar("enrolling", default=None)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # no types
    """Mail goes to the outbox; nobody's address is guessed from a header."""

    def send_mail(self, template_prefix: str, email: str, context: Any) -> None:
        message = self.render_mail(template_prefix, email, context)
        user = User.objects.filter(email__iexact=email).first()
        outbox.post(
            to=email,
            subject=message.subject,
            text=message.body,
            owner=user.pk if user else None,
        )

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request) or "0.0.0.0"  # noqa: S104  not an address to bind


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # no types
    """Secrets of second factors are sealed under the person's own data key (ENC-3)."""

    def encrypt(self, text: str) -> str:
        owner = _enrolling.get() or context.request.user.pk
        sealed = seal_for_new(owner, text.encode(), (*_CONTEXT, str(owner)))
        return base64.b64encode(sealed).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises Unopenable."""
        try:
            sealed = base64.b64decode(encrypted_text, validate=True)
        except ValueError:
            raise SealBroken("A second factor isn't sealed.") from None
        owner = owner_of(sealed)
        return open_for(owner, sealed, (*_CONTEXT, str(owner))).decode()


@contextmanager
def enrolling(user: User) -> Iterator[None]:
    """Second factors made inside the block are this person's, not the visitor's."""
    mark = _enrolling.set(user.pk)
    try:
        yield
    finally:
        _enrolling.reset(mark)

"""What this room seals that is no sealed field: second factors and sessions (ENC-3)."""

import base64
import binascii
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import transaction
from django.utils import timezone

from plugseller.accounts.adapters import SECOND_FACTOR
from plugseller.crypto.resealing import Keys, add_place, note_resealed
from plugseller.crypto.sealing import SealBroken, Unopenable, key_id_of
from plugseller.crypto.services import INSTALLATION, open_for, seal_for


class SecondFactors:
    """Secrets of apps and seeds of recovery codes, sealed for their person."""

    name = "mfa.Authenticator.data"

    def count(self, owner: UUID, keys: Keys) -> int:
        return sum(
            _names(text, keys)
            for factor in Authenticator.objects.filter(user=owner)
            for text in _texts(factor.data)
        )

    def reseal(self, owner: UUID, keys: Keys) -> Iterator[int]:
        with transaction.atomic():
            # Locked, because each use of a recovery code writes the same column.
            factors = Authenticator.objects.select_for_update().filter(user=owner)
            count = 0
            for factor in factors.order_by("pk"):
                data, changed = _resealed(factor.data, owner, keys)
                if changed:
                    factors.filter(pk=factor.pk).update(data=data)
                    count += changed
            note_resealed(owner, self.name, count)
        yield count


class Sessions:
    """Sealed by the installation; they end before a replaced key has rested."""

    name = "sessions.Session.session_data"

    def count(self, owner: UUID, keys: Keys) -> int:
        if owner != INSTALLATION:
            return 0
        alive = Session.objects.filter(expire_date__gt=timezone.now())
        data = alive.values_list("session_data", flat=True)
        return sum(_session_key(text) in keys for text in data.iterator())

    def reseal(self, owner: UUID, keys: Keys) -> Iterator[int]:
        return iter(())


def _texts(data: dict[str, Any]) -> Iterator[str]:
    for value in data.values():
        values = value if isinstance(value, list) else [value]
        yield from (one for one in values if isinstance(one, str))


def _resealed(
    data: dict[str, Any], owner: UUID, keys: Keys
) -> tuple[dict[str, Any], int]:
    """The data with what these keys had sealed sealed anew, and how much it was."""
    changed = 0

    def anew(value: Any) -> Any:
        nonlocal changed
        if isinstance(value, list):
            return [anew(one) for one in value]
        if not isinstance(value, str) or not _names(value, keys):
            return value
        context = (*SECOND_FACTOR, str(owner))
        try:
            plain = open_for(owner, base64.b64decode(value), context)
        except Unopenable:
            return value
        changed += 1
        return base64.b64encode(seal_for(owner, plain, context)).decode()

    return {name: anew(value) for name, value in data.items()}, changed


def _names(text: str, keys: Keys) -> bool:
    """Whether a text is an envelope under one of the keys."""
    try:
        return key_id_of(base64.b64decode(text, validate=True)) in keys
    except (binascii.Error, ValueError, SealBroken):
        return False


class _KeyId:
    """Reads from a session nothing but which key it was sealed with."""

    def loads(self, data: bytes) -> UUID:
        return key_id_of(base64.b64decode(data))


def _session_key(text: str) -> UUID | None:
    try:
        key: UUID = signing.loads(
            text,
            salt=SessionStore().key_salt,
            serializer=_KeyId,  # type: ignore[arg-type]  # only loads
        )
    except (signing.BadSignature, ValueError, SealBroken):
        return None  # nobody can use it any more
    return key


add_place(SecondFactors())
add_place(Sessions())

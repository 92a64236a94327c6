"""API keys, for the inventory of credentials (ACC-3)."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db.models import Case, When

from plugseller.accounts.models import ApiToken, User
from plugseller.accounts.services.tokens import revoke_as_officer
from plugseller.shelves import CredentialRow, credentials

AT_ONCE = 100  # rows, because the desk shows a page of the first


def api_keys(
    now: datetime, until: datetime | None, only: UUID | None = None
) -> Iterator[CredentialRow]:
    """The keys that work, by the prefix that is shown everywhere."""
    live = ApiToken.objects.filter(
        revoked_at=None, expiry__gt=now, user__is_active=True
    ).select_related("seller")
    if until is not None:
        live = live.filter(expiry__lte=until, replaced_by=None)
    if only is not None:
        live = live.filter(pk=only)
    # What was renewed has no day, and stands last.
    order = (Case(When(replaced_by=None, then=0), default=1), "expiry", "pk")
    for token in live.order_by(*order).iterator(AT_ONCE):
        yield _row(token)


def _row(token: ApiToken) -> CredentialRow:
    slug = token.seller.slug
    ends = "It was renewed and ends by itself."
    return CredentialRow(
        subject_id=token.pk,
        kind=f"API key, {token.get_kind_display().lower()}",
        label=f"{token.token_key}…",
        owner=slug,
        seller_id=token.seller_id,
        person_id=token.user_id,
        created_at=token.created,
        last_used_at=token.last_used_at,
        due_at=None if token.is_replaced else token.expiry,
        note=ends
        if token.is_replaced
        else "Renew it under API keys; the old one then works on for a day, so that "
        "nothing breaks.",
        can=("revoke",),
        page=f"/s/{slug}/api-keys",
        ends_itself=True,
    )


def revoke(*, actor: User, subject_id: UUID, now: datetime) -> str:
    """See `shelves.Does`."""
    token = ApiToken.objects.select_related("seller", "user").get(pk=subject_id)
    revoke_as_officer(actor=actor, token=token, now=now)
    return "The key has ended. Its owner was mailed."


credentials("API keys", api_keys, {"revoke": revoke}, in_order=True)

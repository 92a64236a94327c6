"""Who asked, opened for an officer who has to answer; never kept, and logged."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from compliance.deletion.models import DeletionRequest
from compliance.deletion.services.steps import note_step, require_officer
from compliance.deletion.states import DeletionRefused
from plugseller.accounts.models import User
from plugseller.crypto.services import KeyDestroyed


@sensitive_variables("contact")
@transaction.atomic
def open_contact(
    *, actor: User, request: DeletionRequest, now: datetime
) -> dict[str, Any]:
    """Name and address of who asked. Raises DeletionRefused when they are forgotten
    already, PermissionDenied for who isn't an officer."""
    require_officer(actor)
    try:
        contact = dict(request.contact.reveal()) if request.contact else {}
    except KeyDestroyed:
        contact = {}
    if not contact:
        raise DeletionRefused("Who asked was forgotten with the end of the request.")
    note_step(request, "contact shown", actor=actor, now=now)
    return contact

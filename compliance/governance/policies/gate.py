"""Who hasn't acknowledged what is in force reaches nothing but that page (GOV-2)."""

from compliance.governance.policies.services import missing_of
from plugseller.accounts.models import User
from plugseller.shelves import gate


def lacks_acknowledgement(person: User) -> bool:
    """Only our own staff are asked; it costs them one query a request."""
    return person.is_staff and bool(missing_of(person.pk))


gate(
    "policies",
    sentence="A policy of ours is new to you. Read and acknowledge it to continue.",
    page="acknowledge_policies",
    shuts=lacks_acknowledgement,
)

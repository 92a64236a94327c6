"""The timetable of accounts."""

from datetime import timedelta

from plugseller.accounts.services import chase_reviews, lockouts, report_access
from plugseller.audit.models import Entry
from plugseller.shelves import periodic


def tell_of_failure(number: int) -> None:
    """Mail the owner of an account about a failed sign-in, by the entry's number."""
    lockouts.tell_of_failure(Entry.objects.get(pk=number))


periodic("grants.chase_reviews", every=timedelta(hours=1), work=chase_reviews)
periodic("grants.report_access", every=timedelta(hours=1), work=report_access)

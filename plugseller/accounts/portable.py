"""What of people and sellers a seller takes along. Of our staff: roles, no names."""

from collections.abc import Iterator
from datetime import date, datetime

from plugseller import exports
from plugseller.accounts.activity import NEWEST, Line, People, entries_of
from plugseller.accounts.desk import Desk
from plugseller.accounts.models import (
    AccessReport,
    ApiToken,
    Grant,
    Invitation,
    Membership,
    Seller,
    SellerGroupObjectPermission,
    SellerUserObjectPermission,
)
from plugseller.accounts.portability import (
    From,
    MayGoOn,
    Says,
    by,
    not_portable,
    portable,
)
from plugseller.accounts.tenancy import Standing
from plugseller.audit.models import Entry
from plugseller.crypto.models import DataKey
from plugseller.jobs.models import OutgoingMail

_OURS, _YOU = From.OURS, From.SELLER
_UTC = "UTC, ISO 8601"
_STAFF = "Which of our staff it was is told by role, never by name."
_ITSELF = "All rows are of one seller, the one this package is of."


def _told(standing: Standing, may_go_on: MayGoOn) -> Iterator[list[Line]]:
    people = People(Desk(standing))
    entries = entries_of(standing.seller)
    for batch in exports.in_batches(entries, NEWEST, may_go_on=may_go_on):
        yield people.tell(batch)


portable(
    Seller,
    "seller",
    "The seller itself.",
    Says("id", "Our number of the seller.", _OURS),
    Says("slug", "The short name in addresses.", _YOU),
    Says("name", "The name of the business.", _YOU),
    Says("time_zone", "The zone in which days are counted and shown.", _YOU),
    Says("created_at", "When the seller was made here.", _OURS, _UTC),
    Says("frozen_at", "Since when it is to be deleted.", _OURS, _UTC),
    Says("exports_stopped_at", "Since when nothing may be exported.", _OURS, _UTC),
    Says("frozen_parts", "Its accounts that are to be deleted: JSON.", _OURS),
    batches=by("created_at", datetime, lambda s: Seller.objects.filter(pk=s.seller.pk)),
)
portable(
    Membership,
    "team",
    "Who belongs to the seller now, and in which role.",
    Says("id", "Our number of the membership.", _OURS),
    Says("user_id", "Our number of the person.", _OURS),
    Says("name", "The person's name.", _YOU, path="user.name"),
    Says("email", "The person's e-mail address.", _YOU, path="user.email"),
    Says("role", "What the person is to the seller.", _YOU),
    Says("since", "Since when.", _OURS, _UTC),
    left_out={"seller": _ITSELF},
    batches=by(
        "since",
        datetime,
        lambda s: Membership.objects.filter(seller=s.seller).select_related("user"),
    ),
)
portable(
    SellerUserObjectPermission,
    "rights",
    "Each right that a person holds; it follows from the role.",
    Says("id", "Our number of the row.", _OURS),
    Says("user_id", "Our number of the person, as in the team.", _OURS),
    Says("right", "The right's name.", _OURS, path="permission.codename"),
    Says("meaning", "What the right opens.", _OURS, path="permission.name"),
    left_out={"content_object": _ITSELF, "permission": "It is told by its name."},
    batches=by(
        "id",
        int,
        lambda s: SellerUserObjectPermission.objects.filter(
            content_object=s.seller
        ).select_related("permission"),
    ),
)
portable(
    Invitation,
    "invitations",
    "Roles that were offered to people.",
    Says("id", "Our number of the invitation.", _OURS),
    Says("email", "The address that was invited.", _YOU),
    Says("role", "The role that was offered.", _YOU),
    Says("invited_by_id", "Our number of who invited.", _OURS),
    Says("invited_at", "When.", _OURS, _UTC),
    Says("expires_at", "Until when it is open.", _OURS, _UTC),
    Says("ended_at", "When it was accepted, declined or taken back.", _OURS, _UTC),
    left_out={"seller": _ITSELF},
    batches=by(
        "invited_at", datetime, lambda s: Invitation.objects.filter(seller=s.seller)
    ),
)
portable(
    ApiToken,
    "api_keys",
    "API keys of the seller's people, without what they are made of.",
    Says("id", "Our number of the key.", _OURS),
    Says("token_key", "The characters it begins with, by which you know it.", _OURS),
    Says("label", "How it was named.", _YOU),
    Says("kind", "Personal, or of a program that runs for the team.", _YOU),
    Says("user_id", "Our number of the person in whose name it reads.", _OURS),
    Says("permissions", "What it opens, as names of rights.", _YOU),
    Says("created", "When it was made.", _OURS, _UTC),
    Says("expiry", "Until when it works.", _OURS, _UTC),
    Says("last_used_at", "When it was used last.", _OURS, _UTC),
    Says("last_used_address", "The network address it was used from.", _OURS),
    Says("replaced_by_id", "The key that took its place.", _OURS),
    Says("revoked_at", "When it was ended.", _OURS, _UTC),
    Says("warned_at", "When its person was told that it ends soon.", _OURS, _UTC),
    left_out={"seller": _ITSELF, "digest": "It proves the key and is a secret."},
    batches=by("created", datetime, lambda s: ApiToken.objects.filter(seller=s.seller)),
)
portable(
    Grant,
    "staff_access",
    "Each time one of our staff asked to see something of the seller.",
    Says("id", "Our number of the access.", _OURS),
    Says("role", "What the person was to us.", _OURS),
    Says("permissions", "What it opened, as names of rights.", _OURS),
    Says("reason", "Why it was asked for.", _OURS),
    Says("ticket", "The request for help it belongs to.", _OURS),
    Says("hours", "How long it was to last.", _OURS, "hours"),
    Says("break_glass", "Whether it began without a second person.", _OURS),
    Says("asked_at", "When it was asked for.", _OURS, _UTC),
    Says("starts_at", "When it was approved and began.", _OURS, _UTC),
    Says("ends_at", "When it was to end.", _OURS, _UTC),
    Says("ended_at", "When it was ended early.", _OURS, _UTC),
    Says("end", "How it ended early.", _OURS),
    Says("review_due_at", "By when an emergency had to be reviewed.", _OURS, _UTC),
    Says("reviewed_at", "When it was reviewed.", _OURS, _UTC),
    left_out={
        "seller": _ITSELF,
        "person": _STAFF,
        "approved_by": _STAFF,
        "reviewed_by": _STAFF,
        "review": "A note of our officers among themselves; that it was done is told.",
        "chased_at": "A reminder among our officers.",
    },
    batches=by("asked_at", datetime, lambda s: Grant.objects.filter(seller=s.seller)),
)
portable(
    AccessReport,
    "access_reports",
    "The monthly reports about access of our staff, as they were mailed.",
    Says("id", "Our number of the report.", _OURS),
    Says("month", "The first day of the month it is about.", _OURS, "date"),
    Says("grants", "How many were asked for or open in that month.", _OURS, "count"),
    Says("text", "What the owners read.", _OURS),
    Says("told", "How many owners it went to.", _OURS, "count"),
    Says("posted_at", "When it was mailed.", _OURS, _UTC),
    left_out={"seller": _ITSELF},
    batches=by("month", date, lambda s: AccessReport.objects.filter(seller=s.seller)),
)
portable(
    Entry,
    "activity",
    "The audit log about the seller, in the words of the page Activity.",
    Says("number", "The entry's number in our log.", _OURS),
    Says("at", "When it happened.", _OURS, _UTC),
    Says("who", "Who did it; our staff by role, who left by a pseudonym.", _OURS),
    Says("ground", "The role the person acted in, or why ours could.", _OURS),
    Says("what", "What was done.", _OURS),
    Says("about", "The thing it was done to, by kind and number.", _OURS),
    Says("rows", "How many rows it was about.", _OURS, "count"),
    Says("details", "Names and counts; what a field held isn't logged.", _OURS),
    left_out={"*": "The log's own form; the columns tell the same in words."},
    batches=_told,
)

not_portable(SellerGroupObjectPermission, "Nobody holds rights by a group here.")
not_portable(DataKey, "A key is a secret; the package itself is its contents.")
not_portable(OutgoingMail, "A mail belongs to the person it was sent to.")

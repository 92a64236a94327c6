"""What is logged of people, sellers and rights: ids, roles, flags; nothing personal."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt, AccessAttemptExpiration
from django.contrib.auth.models import Group, Permission

from plugseller.accounts.models import (
    AccessReport,
    ApiToken,
    Grant,
    Invitation,
    Lockout,
    Membership,
    Seller,
    SellerGroupObjectPermission,
    SellerUserObjectPermission,
    SetUpLink,
    UsedPassword,
    User,
)
from plugseller.audit.diff import audited, summed_up

audited(
    User,
    fields=(
        "is_active",
        "staff_role",
        "is_superuser",
        "time_zone",
        "joined_at",
        "left_at",
    ),
    relations=("groups", "user_permissions"),
)
audited(Group, relations=("permissions",))
audited(Permission, fields=("content_type", "codename"))
# Without its name and its short name: a business may be called like its owner, and an
# entry outlives the seller.
audited(Seller, fields=("time_zone", "created_at"), seller="pk")
audited(Membership, fields=("seller", "user", "role", "since"))
audited(
    Invitation,
    fields=("seller", "role", "invited_by", "invited_at", "expires_at", "ended_at"),
)
audited(
    SellerUserObjectPermission,
    fields=("user", "permission", "content_object"),
    seller="content_object_id",
)
audited(
    SellerGroupObjectPermission,
    fields=("group", "permission", "content_object"),
    seller="content_object_id",
)
audited(
    Grant,
    fields=(
        "seller",
        "person",
        "role",
        "permissions",
        "hours",
        "break_glass",
        "approved_by",
        "starts_at",
        "ends_at",
        "ended_at",
        "end",
        "review_due_at",
        "reviewed_by",
        "reviewed_at",
        "chased_at",
    ),
)
audited(AccessReport, fields=("seller", "month", "grants", "told", "posted_at"))
audited(
    ApiToken,
    fields=("user", "seller", "kind", "permissions", "expiry", "revoked_at"),
)
audited(Lockout, fields=("kind", "user", "until", "lifted_at", "lifted_by"))
audited(SetUpLink, fields=("user", "expires_at", "used_at"))
audited(EmailAddress, fields=("user", "verified", "primary"))
audited(Authenticator, fields=("user", "type"))
summed_up(UsedPassword, why="a change of password has an entry of its own")
summed_up(UserSession, why="signing in and the end of a session have entries")
summed_up(AccessAttempt, why="each failed sign-in has an entry of its own")
summed_up(AccessAttemptExpiration, why="it belongs to a failed sign-in")

"""What is logged of people, sellers and rights: ids, roles, flags; nothing personal."""

from django.contrib.auth.models import Group, Permission

from plugseller.accounts.models import (
    Membership,
    Seller,
    SellerGroupObjectPermission,
    SellerUserObjectPermission,
    User,
)
from plugseller.audit.diff import audited

audited(
    User,
    fields=("is_active", "is_staff", "is_superuser", "time_zone", "joined_at"),
    relations=("groups", "user_permissions"),
)
audited(Group, relations=("permissions",))
audited(Permission, fields=("content_type", "codename"))
audited(Seller, fields=("slug", "time_zone", "created_at"), seller="pk")
audited(Membership, fields=("seller", "user", "role", "since"))
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

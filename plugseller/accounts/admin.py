"""People and sellers on the operator's desk; display only."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group

from plugseller.accounts import auditdesk  # noqa: F401  registers its page
from plugseller.accounts.models import Membership, Seller, User
from plugseller.displayonly import DisplayOnly


class Memberships(DisplayOnly, admin.TabularInline):  # type: ignore[type-arg]  # not at run time
    model = Membership
    fields = readonly_fields = ("user", "role", "since")
    extra = 0


@admin.register(Seller)
class SellerAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    list_display = ("slug", "name", "time_zone", "created_at")
    search_fields = ("slug", "name")
    ordering = ("slug",)
    fields = ("slug", "name", "time_zone", "created_at")
    inlines = (Memberships,)


@admin.register(User)
class UserAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """No password hash is shown."""

    list_display = ("email", "name", "staff_role", "is_active", "joined_at")
    list_filter = ("staff_role", "is_active")
    search_fields = ("email",)
    ordering = ("email",)
    fields = (
        "email",
        "name",
        "time_zone",
        "staff_role",
        "is_active",
        "joined_at",
        "last_login",
    )


@admin.register(Membership)
class MembershipAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    list_display = ("seller", "user", "role", "since")
    list_filter = ("role",)
    list_select_related = ("seller", "user")
    search_fields = ("seller__slug",)
    ordering = ("seller__slug", "since")


# Their pages would change what only services change; Authenticator's shows secrets.
for model in (EmailAddress, Authenticator, UserSession):
    admin.site.unregister(model)

# A right on seller data is given to a person on one seller, never to a group.
admin.site.unregister(Group)

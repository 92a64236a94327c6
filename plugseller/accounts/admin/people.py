"""People and sellers on the officer's desk; display only."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path

from plugseller.accounts.models import Lockout, Membership, Seller, User
from plugseller.accounts.roles import Role
from plugseller.accounts.views import officers
from plugseller.accounts.views.offboarding import offboard
from plugseller.displayonly import DisplayOnly, roles_seeing


class Owned(admin.SimpleListFilter):
    """Sellers whose last owner has left, for who decides what becomes of them."""

    title = "owner"
    parameter_name = "owned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Has an owner"), ("no", "Nobody owns it")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Seller]
    ) -> QuerySet[Seller]:
        owners = Membership.objects.filter(
            seller=OuterRef("pk"), role=Role.OWNER, user__is_active=True
        )
        match self.value():
            case "yes":
                return queryset.filter(Exists(owners))
            case "no":
                return queryset.exclude(Exists(owners))
        return queryset


class Memberships(DisplayOnly, admin.TabularInline):  # type: ignore[type-arg]  # not at run time
    seen_by = roles_seeing("memberships")
    model = Membership
    fields = readonly_fields = ("person", "role", "since")
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        found: QuerySet[Membership] = super().get_queryset(request)
        return found.select_related("user")

    @admin.display
    def person(self, membership: Membership) -> str:
        return membership.user.email


@admin.register(Seller)
class SellerAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    seen_by = roles_seeing("sellers")
    list_display = ("slug", "name", "time_zone", "created_at")
    list_filter = (Owned,)
    search_fields = ("slug", "name")
    ordering = ("slug",)
    fields = ("slug", "name", "time_zone", "created_at")
    inlines = (Memberships,)


@admin.register(User)
class UserAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """No password hash is shown. Officers invite our staff and help who lost a second
    factor on pages of their own, which call services."""

    change_list_template = "admin/accounts/people.html"
    change_form_template = "admin/accounts/person.html"
    seen_by = roles_seeing("people")
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
        "left_at",
        "last_login",
    )

    def get_urls(self) -> list[URLPattern]:
        ending = self.admin_site.admin_view(offboard)
        return [
            path("invite/", officers.invite, name="invite_staff"),
            path("<uuid:pk>/reset/", officers.reset, name="reset_factors"),
            path("<uuid:person>/offboard/", ending, name="accounts_user_offboard"),
            *super().get_urls(),
        ]


@admin.register(Membership)
class MembershipAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    seen_by = roles_seeing("memberships")
    list_display = ("seller", "person", "role", "since")
    list_filter = ("role",)
    list_select_related = ("seller", "user")
    search_fields = ("seller__slug",)
    ordering = ("seller__slug", "since")

    @admin.display(ordering="user__email")
    def person(self, membership: Membership) -> str:
        return membership.user.email


@admin.register(Lockout)
class LockoutAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """Who may not sign in for a while; an officer lifts it on a page of its own."""

    seen_by = roles_seeing("lockouts")
    list_display = ("kind", "person", "failures", "began_at", "until", "lifted_at")
    list_filter = ("kind",)
    list_select_related = ("user",)
    ordering = ("-began_at",)
    fields = (
        "kind",
        "person",
        "failures",
        "began_at",
        "until",
        "lifted_at",
        "lifted_by",
    )
    readonly_fields = ("person",)
    change_form_template = "admin/accounts/lockout.html"

    @admin.display(empty_value="-")
    def person(self, lockout: Lockout) -> str | None:
        return lockout.user.email if lockout.user else None

    def get_urls(self) -> list[URLPattern]:
        return [
            path("<uuid:pk>/lift/", officers.lift, name="lift_lockout"),
            *super().get_urls(),
        ]


# Their pages would change what only services change; Authenticator's shows secrets.
for model in (EmailAddress, Authenticator, UserSession):
    admin.site.unregister(model)

# A right on seller data is given to a person on one seller, never to a group.
admin.site.unregister(Group)

"""What every page of the desk is: to be read, by those whose work it is (ACC-1)."""

from typing import Any

from django.http import HttpRequest

# Role of our staff -> the desk's pages. None of them shows a seller's data.
SEES: dict[str, tuple[str, ...]] = {
    "officer": (
        *("people", "sellers", "memberships", "grants", "lockouts", "audit"),
        *("deletion requests", "deadlines", "credentials", "retention", "backups"),
        *("incidents", "tasks", "reviews", "policies", "controls"),
        *("trainings", "registers", "evidence", "questions"),
    ),
    "operator": (
        *("connections", "sync runs", "timetable", "work", "mails", "grants"),
        *("credentials", "backups"),
    ),
    "support": ("grants",),
}


def roles_seeing(page: str) -> frozenset[str]:
    """The roles that see a page of the desk; the page stands in the table above."""
    roles = frozenset(role for role, pages in SEES.items() if page in pages)
    if not roles:
        raise LookupError(f"No role sees {page!r}.")
    return roles


class DisplayOnly:
    """Nothing is added, changed or deleted here: services do that, with their audit
    entry, and not even a superuser goes round them."""

    can_delete = False
    seen_by: frozenset[str] = frozenset({"officer"})  # roles of our staff

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By the role alone: Django's own permissions and superusers don't count."""
        return getattr(request.user, "staff_role", "") in self.seen_by

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """The filters a page offers, and no other: a look-up in the address would
        find out piece by piece what the page doesn't show."""
        filters = getattr(self, "list_filter", ())
        offered = {getattr(each, "parameter_name", each) for each in filters}
        return lookup.removesuffix("__exact") in offered

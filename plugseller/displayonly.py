"""What every page of the operator's desk is: to be read, and nothing else."""

from typing import Any

from django.http import HttpRequest


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

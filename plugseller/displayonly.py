"""What every page of the operator's desk is: to be read, and nothing else."""

from typing import Any

from django.http import HttpRequest


class DisplayOnly:
    """Nothing is added, changed or deleted here: services do that, with their audit
    entry, and not even a superuser goes round them."""

    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

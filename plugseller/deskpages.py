"""What lists and pages of the desk share beyond being to be read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from plugseller.displayonly import DisplayOnly


class StateFilter(admin.SimpleListFilter):
    """Narrows a list to those in a state: those that need somebody first."""

    title = "state"
    parameter_name = "state"
    states: ClassVar[Mapping[str, str]] = {}  # in the address -> in words, in order

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(self.states.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Everything for a state that isn't there."""
        found = self.in_states(queryset, request, timezone.now())
        return found.get(self.value() or "", queryset)

    def in_states(
        self, queryset: QuerySet[Any], request: HttpRequest, now: datetime
    ) -> Mapping[str, QuerySet[Any]]:
        """Those of each state, by its name in the address."""
        raise NotImplementedError


class WithWork(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """The page of a row shows what is to be done about it beside the row's fields."""

    def beside(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the page's template needs, for who may see the row."""
        raise NotImplementedError

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        sees = row is not None and self.has_view_permission(request, row)
        more = self.beside(request, row) if sees else {}
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), **more}
        )

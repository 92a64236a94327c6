"""The officer's view of the audit log: found by person, seller, kind, time (ACC-2).

Here and not in the audit's own room, because it finds people and sellers by name.
Fast however long the log is: each search is served by an index, nothing is counted
beyond what can be paged through, and what is older is found by narrowing.
"""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from plugseller.accounts.models import Seller, User
from plugseller.audit.hiding import readable_by
from plugseller.audit.models import Checkpoint, Entry
from plugseller.audit.services import record
from plugseller.displayonly import DisplayOnly, roles_seeing
from plugseller.shelves import EVENTS, Kind

MOST = 5_000  # entries that can be paged through; beyond, narrow the search


class Capped(Paginator):  # type: ignore[type-arg]  # not at run time
    """Never counts further than somebody would page."""

    @cached_property
    def count(self) -> int:
        entries: Any = self.object_list
        counted: int = entries.order_by()[:MOST].count()
        return counted


class _Asked(admin.SimpleListFilter):
    """A filter that the search form fills; in the address stand ids, never names."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        value = request.GET.get(self.parameter_name or "")
        return [(value, self.told(value))] if value else []

    def told(self, value: str) -> str:
        return value

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if not value:
            return queryset
        try:
            return self.narrow(queryset, value)
        except (ValueError, OverflowError) as error:  # no day follows the last one
            raise IncorrectLookupParameters(self.parameter_name) from error

    def narrow(self, entries: "QuerySet[Entry]", value: str) -> "QuerySet[Entry]":
        raise NotImplementedError


class ByPerson(_Asked):
    title, parameter_name = "person", "person"

    def narrow(self, entries: "QuerySet[Entry]", value: str) -> "QuerySet[Entry]":
        return entries.filter(actor_id=UUID(value))


class BySeller(_Asked):
    title, parameter_name = "seller", "seller"

    def narrow(self, entries: "QuerySet[Entry]", value: str) -> "QuerySet[Entry]":
        return entries.filter(seller_id=UUID(value))


class ByKind(_Asked):
    title, parameter_name = "kind", "kind"

    def narrow(self, entries: "QuerySet[Entry]", value: str) -> "QuerySet[Entry]":
        kind = Kind(value)
        names = [event.name for event in EVENTS.values() if event.kind == kind]
        return entries.filter(event__in=names)


class ByEvent(_Asked):
    title, parameter_name = "event", "event"

    def narrow(self, entries: "QuerySet[Entry]", value: str) -> "QuerySet[Entry]":
        return entries.filter(event=value)


class Since(_Asked):
    title, parameter_name = "from", "since"

    def narrow(self, entries: "QuerySet[Entry]", value: str) -> "QuerySet[Entry]":
        return entries.filter(timestamp__gte=_midnight(value))


class Until(_Asked):
    title, parameter_name = "to", "until"

    def narrow(self, entries: "QuerySet[Entry]", value: str) -> "QuerySet[Entry]":
        return entries.filter(timestamp__lt=_midnight(value) + timedelta(days=1))


_FILTERS = (ByPerson, BySeller, ByKind, ByEvent, Since, Until)
_ASKABLE = frozenset(filter_.parameter_name for filter_ in _FILTERS)


def _midnight(day: str) -> datetime:
    return datetime.combine(datetime.fromisoformat(day).date(), time(), tzinfo=UTC)


class Search(forms.Form):
    """Sent by POST, because an e-mail address must not stand in an address."""

    person = forms.EmailField(required=False, label="Person (e-mail, exact)")
    seller = forms.SlugField(required=False, label="Seller (short name)")
    kind = forms.ChoiceField(required=False)
    event = forms.ChoiceField(required=False)
    since = forms.DateField(
        required=False, label="From", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        required=False, label="To", widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind: Any = self.fields["kind"]
        kind.choices = [("", "Any"), *((k.value, k.value) for k in Kind)]
        event: Any = self.fields["event"]
        event.choices = [("", "Any"), *((name, name) for name in sorted(EVENTS))]

    def clean_person(self) -> UUID | None:
        given = self.cleaned_data["person"]
        return _found(User.objects.filter(email__iexact=given), given, "person")

    def clean_seller(self) -> UUID | None:
        given = self.cleaned_data["seller"]
        return _found(Seller.objects.filter(slug=given), given, "seller")


def _found(rows: "QuerySet[Any]", given: str, what: str) -> UUID | None:
    if not given:
        return None
    key: UUID | None = rows.values_list("pk", flat=True).first()
    if key is None:
        raise forms.ValidationError(f"There is no such {what}.")
    return key


@admin.register(Entry)
class EntryAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """Ids, counts and names of fields; entries hold no personal value.

    Reading it is logged as well, and where it is about one seller, shown to the seller.
    """

    seen_by = roles_seeing("audit")

    list_display = (
        "id",
        "timestamp",
        "event",
        "actor_kind",
        "actor_id",
        "role",
        "seller_id",
        "rows",
        "object_repr",
        "object_pk",
    )
    list_filter = _FILTERS
    list_per_page = 50
    list_max_show_all = 50
    paginator = Capped
    ordering = ("-timestamp", "-id")
    sortable_by = ()
    show_full_result_count = False
    fields = (
        "id",
        "timestamp",
        "event",
        "action",
        "actor_kind",
        "actor_id",
        "via",
        "role",
        "grant_id",
        "seller_id",
        "object_repr",
        "object_pk",
        "rows",
        "changes",
        "additional_data",
        "request_id",
        "remote_addr",
        "agent",
        "previous_hash",
        "hash",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        """Without what may be about whoever reads: as if it weren't there."""
        return readable_by(request.user, super().get_queryset(request))

    def lookup_allowed(
        self, lookup: str, value: Any, request: HttpRequest | None = None
    ) -> bool:
        """The filters above are all there is."""
        return lookup in _ASKABLE

    def get_urls(self) -> list[URLPattern]:
        search: Callable[..., HttpResponse] = self.admin_site.admin_view(self.search)
        return [path("search/", search, name="audit_entry_search"), *super().get_urls()]

    def search(self, request: HttpRequest) -> HttpResponse:
        """Turn names into ids, and lead to the list of what was found."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = Search(request.POST)
        if not form.is_valid():
            for name, errors in form.errors.items():
                messages.error(request, f"{name.title()}: {' '.join(map(str, errors))}")
            return redirect("admin:audit_entry_changelist")
        asked = {name: str(value) for name, value in form.cleaned_data.items() if value}
        answer = redirect("admin:audit_entry_changelist")
        answer["Location"] += f"?{urlencode(asked)}" if asked else ""
        return answer

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"search": Search(), **_proof(), **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, context)
        found = getattr(answer, "context_data", None) or {}
        if isinstance(answer, TemplateResponse) and "cl" in found:
            record(
                "audit.read",
                seller_id=_uuid(request.GET.get("seller", "")),
                rows=len(found["cl"].result_list),
                details={"filters": sorted(_ASKABLE & request.GET.keys())},
                action=Entry.Action.ACCESS,
            )
        return answer

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        answer: HttpResponse = super().change_view(
            request, object_id, form_url, extra_context
        )
        shown = getattr(answer, "context_data", None) or {}
        if entry := shown.get("original"):
            record(
                "audit.read",
                seller_id=entry.seller_id,
                subject=entry,
                rows=1,
                action=Entry.Action.ACCESS,
            )
        return answer


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _proof() -> dict[str, Any]:
    """When the log was sealed and verified last, and what came of it."""
    verified = Entry.objects.filter(event="audit.verified").order_by("-timestamp")
    return {
        "verified": verified.first(),
        "checkpoint": Checkpoint.objects.order_by("-id").first(),
        "most": MOST,
    }

"""For operations, display only: no credential, no Marketplace Information.

Orders, listings, prices and stock aren't registered, whoever signs in. What can be
done to a connection is done by its seller in the console.
"""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from marketplaces.models import Connection, FeatureSwitch, SyncRun
from plugseller.displayonly import DisplayOnly, roles_seeing

_REASON = "the operator's desk shows the state of all connections, no contents"


class Switches(DisplayOnly, admin.TabularInline):  # type: ignore[type-arg]  # not at run time
    seen_by = roles_seeing("connections")
    model = FeatureSwitch
    fields = readonly_fields = ("feature", "on", "switched_at")
    extra = 0


@admin.register(Connection)
class ConnectionAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """Whether the lines work; whose they are by the seller's short name."""

    seen_by = roles_seeing("connections")
    list_display = (
        "id",
        "seller",
        "marketplace",
        "region",
        "status",
        "trouble",
        "connected_at",
        "reconnect_by",
    )
    list_filter = ("marketplace", "region", "status")
    list_select_related = ("seller",)
    search_fields = ("seller__slug",)
    ordering = ("-connected_at",)
    fields = (
        "seller",
        "marketplace",
        "region",
        "status",
        "trouble",
        "connected_at",
        "reconnect_by",
        "ended_at",
    )
    inlines = (Switches,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        return Connection.objects.across_sellers(reason=_REASON).defer("credentials")


@admin.register(SyncRun)
class SyncRunAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """What a sync counted; paths and counts, no values."""

    seen_by = roles_seeing("sync runs")
    list_display = (
        "id",
        "seller",
        "connection",
        "feature",
        "started_at",
        "outcome",
        "calls",
        "rows_new",
        "rows_changed",
        "fields_dropped",
        "error_code",
    )
    list_filter = ("outcome", "feature", "trouble")
    list_select_related = ("seller", "connection")
    search_fields = ("seller__slug",)
    ordering = ("-id",)
    show_full_result_count = False
    fields = tuple(field.name for field in SyncRun._meta.fields)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncRun]:
        runs = SyncRun.objects.across_sellers(reason=_REASON)
        return runs.defer("connection__credentials")

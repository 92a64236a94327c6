"""The audit log, to be read and nothing else (ACC-2)."""

from django.contrib import admin

from plugseller.audit.models import Entry
from plugseller.displayonly import DisplayOnly, roles_seeing

# The package's own page for it would show and search more.
admin.site.unregister(Entry)


@admin.register(Entry)
class EntryAdmin(DisplayOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # not at run time
    """Ids, counts and names of fields; entries hold no personal value."""

    seen_by = roles_seeing("audit")
    list_display = (
        "timestamp",
        "event",
        "action",
        "actor_kind",
        "actor_id",
        "seller_id",
        "rows",
        "object_pk",
    )
    list_filter = ("action", "actor_kind")
    search_fields = ("event", "object_pk")
    ordering = ("-timestamp", "-id")
    show_full_result_count = False
    fields = (
        "timestamp",
        "event",
        "action",
        "actor_kind",
        "actor_id",
        "seller_id",
        "object_pk",
        "rows",
        "request_id",
        "additional_data",
    )

"""Policies on the officers' desk: the texts, and who has acknowledged them (GOV-2)."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from compliance.governance.people import Stands, names
from compliance.governance.policies import reading, services, texts
from compliance.governance.policies.models import Acknowledgement, PolicyVersion
from plugseller.deskpages import WithWork
from plugseller.displayonly import roles_seeing


@admin.register(PolicyVersion)
class PolicyVersionAdmin(WithWork):
    """Every version that was ever in force; above them, how each of us stands."""

    seen_by = roles_seeing("policies")
    change_list_template = "admin/compliance/governance/list.html"
    change_form_template = "admin/compliance/governance/page.html"
    list_display = ("name", "number", "in_force_at", "short_hash")
    list_filter = ("name",)
    ordering = ("name", "-number")
    show_full_result_count = False
    fields = readonly_fields = ("name", "number", "in_force_at", "sha256")

    @admin.display(description="SHA-256")
    def short_hash(self, version: PolicyVersion) -> str:
        return version.sha256[:12]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more = {
            "title": "Policies",
            "desk_caption": "Who has acknowledged what is in force",
            "desk_people": [_stands(one) for one in services.standings()],
        }
        return super().changelist_view(request, {**(extra_context or {}), **more})

    def beside(self, request: HttpRequest, row: PolicyVersion) -> dict[str, Any]:
        return _text_and_people(row)


def _stands(one: services.Standing) -> Stands:
    if not one.missing:
        return Stands(one.person, "Has acknowledged everything", late=False)
    titles = ", ".join(text.title for text in one.missing)
    return Stands(one.person, f"Has still to acknowledge: {titles}", late=True)


def _text_and_people(version: PolicyVersion) -> dict[str, Any]:
    text = texts.find(version.name, version.number)
    same = text is not None and text.sha256 == version.sha256
    found = list(Acknowledgement.objects.filter(sha256=version.sha256))
    known = names({one.person_id for one in found})
    return {
        "blocks": reading.blocks(text.content) if text and same else [],
        "acknowledged": [(known[one.person_id], one) for one in found],
    }

"""The buttons of a review's page: lines are decided, kept at once, and signed.

Without a script: each line has radio buttons, and one button sends those that were
chosen. What can't be undone is told once more before it is done.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from compliance.governance.reviews import services
from compliance.governance.reviews.choices import (
    MAY,
    Choice,
    Sort,
    items_of,
    newest,
    open_ones,
)
from compliance.governance.reviews.models import Review, ReviewItem
from compliance.governance.reviews.rows import shown
from compliance.governance.reviews.schedule import SCHEDULES, Kind
from compliance.governance.reviews.services import ReviewRefused
from compliance.governance.reviews.services.deciding import unflagged
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import officer_of
from plugseller.accounts.models import User

_ON_A_PAGE = 100
_TELLS_FIRST = (Choice.REMOVE, Choice.CHANGE)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a form says about one line."""

    item: ReviewItem
    choice: Choice
    to: str
    note: str

    @property
    def label(self) -> str:
        return self.choice.label

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """The fields again, for the page that asks whether it is meant."""
        return [
            (f"choice-{self.item.pk}", self.choice.value),
            (f"to-{self.item.pk}", self.to),
            (f"note-{self.item.pk}", self.note),
        ]


def chosen(items: list[ReviewItem], sent: QueryDict) -> list[Chosen]:
    """The lines for which something new was chosen; what can't be is left out."""
    found = []
    for item in items:
        value = sent.get(f"choice-{item.pk}", "")
        if value not in [choice.value for choice in MAY[Sort(item.sort)]]:
            continue
        to = sent.get(f"to-{item.pk}", "")
        one = Chosen(item, Choice(value), to, sent.get(f"note-{item.pk}", ""))
        before = newest(item)
        same = before is not None and (before.choice, before.to) == (value, to)
        if not same and not (before and before.is_final):
            found.append(one)
    return found


def needs_telling(found: list[Chosen], sent: QueryDict) -> bool:
    """Whether the page has to say first what ends."""
    ends = any(one.choice in _TELLS_FIRST for one in found)
    return ends and sent.get("sure") != "yes"


def carry_out(
    request: HttpRequest, reader: User, found: list[Chosen]
) -> tuple[int, list[str]]:
    """Decide about each line by itself; how many, and what was refused."""
    done, refused = 0, []
    for one in found:
        try:
            services.decide(
                actor=reader,
                item=one.item,
                choice=one.choice,
                to=one.to if one.choice == Choice.CHANGE else "",
                note=one.note,
                now=timezone.now(),
            )
        except ReviewRefused as refusal:
            refused.append(f"Line {one.item.number}: {' '.join(refusal.messages)}")
        else:
            done += 1
    for text in refused:
        messages.error(request, text)
    if done:
        messages.success(
            request, f"{done} line{'s' if done > 1 else ''} decided. It took effect."
        )
    elif not refused:
        messages.info(request, "Nothing new was chosen, so nothing was changed.")
    return done, refused


@require_http_methods(["POST"])
@sensitive_post_parameters()
@confirmed
def take_decisions(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Decide about the lines that were chosen."""
    officer, review = officer_of(request), _ours(pk)
    found = chosen(items_of(review), request.POST)
    if needs_telling(found, request.POST):
        return _page(request, review, "sure", {"chosen": found, "title": "Sure?"})
    carry_out(request, officer, found)
    return _back(request, review)


@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def keep_all(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Decide at once about each open line without a flag, after saying which."""
    officer, review = officer_of(request), _ours(pk)
    if request.method == "POST":
        try:
            number = services.keep_unflagged(
                actor=officer, review=review, now=timezone.now()
            )
        except ReviewRefused as refused:
            messages.error(request, " ".join(refused.messages))
        else:
            messages.success(request, f"{number} lines without a flag are decided.")
        return _back(request, review)
    rows = shown(unflagged(officer, review), officer)
    return _page(request, review, "keep", {"rows": rows, "title": "No flags"})


@require_http_methods(["POST"])
@sensitive_post_parameters("note")
@confirmed
def sign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Sign the review, for good."""
    officer, review = officer_of(request), _ours(pk)
    try:
        services.sign_off(
            actor=officer,
            review=review,
            note=request.POST.get("note", ""),
            now=timezone.now(),
        )
    except ReviewRefused as refused:
        messages.error(request, " ".join(refused.messages))
    else:
        messages.success(request, "Signed. Nothing in it can be changed any more.")
    return _back(request, review)


def page_of(request: HttpRequest, review: Review) -> dict[str, Any]:
    """What the page shows below the review itself."""
    reader, items = officer_of(request), items_of(review)
    left = open_ones(items)
    page = Paginator(items, _ON_A_PAGE).get_page(request.GET.get("p"))
    return {
        "about": review,
        "title": title_of(review),
        "rows": shown(page, reader),
        "row_page": page,
        "left": len(left),
        "total": len(items),
        "is_overdue": review.is_overdue(timezone.now()),
        "decides": review.is_open and review.seller_id is None,
        "quick": len(unflagged(reader, review)) if review.is_open else 0,
        "signable": review.is_open and not left,
        "second": bool(left) and services.may_be_signed(items, reader),
        "sealed_note": _note(review),
    }


def title_of(review: Review) -> str:
    """ "Logs, fortnightly, of 2026-11-24"."""
    rhythm = SCHEDULES[Kind(review.kind)].rhythm
    return f"{review.get_kind_display()}, {rhythm}, of {review.ends:%Y-%m-%d}"


def signer_of(review: Review) -> str:
    """Our own staff by name, a seller's people by what they are."""
    if review.signed_at is None:
        return "nobody yet"
    if review.signed_by is None:
        return "by itself, on its date"
    person = User.objects.filter(pk=review.signed_by).first()
    return person.known_as if person and review.seller_id is None else "an owner"


def _note(review: Review) -> str:
    return str(review.note.reveal()) if review.note is not None else ""


def _ours(pk: UUID) -> Review:
    return get_object_or_404(Review, pk=pk, seller_id=None)


def _back(request: HttpRequest, review: Review) -> HttpResponse:
    answer = redirect("admin:compliance_review_change", review.pk)
    page = request.POST.get("p", "")
    if page.isascii() and page.isdecimal() and page != "1":
        answer["Location"] += f"?p={page}"
    return answer


def _page(
    request: HttpRequest, review: Review, name: str, context: dict[str, Any]
) -> HttpResponse:
    whole = {
        **admin.site.each_context(request),
        "opts": Review._meta,
        "about": review,
        "about_title": title_of(review),
        **context,
    }
    return render(request, f"admin/compliance/review/{name}.html", whole)

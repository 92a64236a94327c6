"""The page on which a seller's owners review who has access there (GOV-1)."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from compliance.governance.reviews import services
from compliance.governance.reviews.choices import Kind, items_of, open_ones
from compliance.governance.reviews.desk_steps import (
    carry_out,
    chosen,
    needs_telling,
)
from compliance.governance.reviews.models import Review
from compliance.governance.reviews.rows import shown
from compliance.governance.reviews.services import ReviewRefused
from compliance.governance.reviews.services.deciding import unflagged
from plugseller.accounts.confirming import confirmed
from plugseller.accounts.desk import Desk, open_desk, show
from plugseller.accounts.roles import Permission

_MANAGE = Permission.MANAGE_MEMBERS


@login_required
@require_safe
def review_access(request: HttpRequest, slug: str) -> HttpResponse:
    """The review under way, or when the last one was signed."""
    desk = open_desk(request, slug, _MANAGE)
    review = _under_way(desk)
    if review is None:
        signed = Review.objects.filter(seller_id=desk.seller.pk).order_by("-signed_at")
        last = {"last": signed.first()}
        return show(request, desk, "compliance/reviews/none.html", last)
    items = items_of(review)
    context = {
        "review": review,
        "rows": shown(items, desk.user),
        "left": len(open_ones(items)),
        "quick": len(unflagged(desk.user, review)),
        "signable": services.may_be_signed(items, desk.user),
        "is_overdue": review.is_overdue(timezone.now()),
    }
    return show(request, desk, "compliance/reviews/own.html", context)


@login_required
@require_POST
@confirmed
def decide_access(request: HttpRequest, slug: str) -> HttpResponse:
    """Decide about the lines that were chosen, keep what has no flag, or finish; what
    it means is told first."""
    desk = open_desk(request, slug, _MANAGE)
    review = _under_way(desk)
    if review is None:
        messages.info(request, "No review is under way, so nothing was changed.")
        return redirect("review_access", slug)
    do = request.POST.get("do", "")
    if do in ("keep", "finish"):
        if request.POST.get("sure") != "yes":
            rows = shown(unflagged(desk.user, review), desk.user)
            context = {"do": do, "rows": rows}
            return show(request, desk, "compliance/reviews/sure_all.html", context)
        _all_at_once(request, desk, review, do)
    else:
        found = chosen(items_of(review), request.POST)
        if needs_telling(found, request.POST):
            rows = shown([one.item for one in found], desk.user)
            context = {"chosen": list(zip(found, rows, strict=True))}
            return show(request, desk, "compliance/reviews/sure.html", context)
        carry_out(request, desk.user, found)
    return redirect("review_access", slug)


def _all_at_once(request: HttpRequest, desk: Desk, review: Review, do: str) -> None:
    actor, now = desk.user, timezone.now()
    try:
        if do == "keep":
            kept = services.keep_unflagged(actor=actor, review=review, now=now)
            said = f"{kept} without a flag were kept."
        else:
            services.sign_off(actor=actor, review=review, now=now)
            said = "The review is finished. The next is in a quarter."
    except ReviewRefused as refused:
        messages.error(request, " ".join(refused.messages))
    else:
        messages.success(request, said)


def _under_way(desk: Desk) -> Review | None:
    return Review.objects.filter(
        kind=Kind.MEMBERS, seller_id=desk.seller.pk, signed_at=None
    ).first()

"""Whether reviews are held in time and stay as they were signed (GOV-1)."""

from datetime import datetime, timedelta

from compliance.governance.reviews.models import Review
from compliance.governance.reviews.services import is_whole
from compliance.governance.reviews.services.starting import late_to_begin
from plugseller.shelves import Finding, Verdict

_PROVED = 50  # signed reviews whose hash is made again, the newest


def reviews_done(now: datetime) -> Finding:
    """No review is overdue, none should have begun long ago, and those signed still
    say what they said."""
    ours = Review.objects.filter(seller_id=None)
    overdue = ours.filter(signed_at=None, due_at__lte=now).count()
    waiting = late_to_begin(now - timedelta(days=1))
    signed = Review.objects.filter(signed_at__isnull=False).order_by("-signed_at")
    newest = list(signed[:_PROVED])
    changed = sum(not is_whole(one) for one in newest)
    figures = {
        "overdue": overdue,
        "not begun": waiting,
        "open": ours.filter(signed_at=None).count(),
        "signed": ours.filter(signed_at__isnull=False).count(),
        "proved": len(newest),
        "changed since": changed,
    }
    if changed:
        said = "A review isn't what was signed."
        return Finding(Verdict.FAIL, said, figures)
    if overdue or waiting:
        return Finding(Verdict.FAIL, "A review is overdue.", figures)
    return Finding(Verdict.PASS, "No review is overdue.", figures)

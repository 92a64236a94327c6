"""Checkpoints of the audit log by mail: a witness at somebody else's place (ACC-2)."""

from datetime import datetime, timedelta

from django.conf import settings

from plugseller.audit.models import Checkpoint
from plugseller.custody import ledger
from plugseller.jobs.outbox import post

_FRESH = timedelta(hours=2)


def mail_newest(now: datetime) -> bool:
    """Mail the newest checkpoint to AUDIT_WITNESS_MAIL; whether there was one to send.

    An old one isn't sent again: that the mails stay away is the news. Where the
    deletion ledger ends is told as well. Raises LedgerBroken.
    """
    to = settings.AUDIT_WITNESS_MAIL
    newest = Checkpoint.objects.order_by("-id").first()
    if not to or newest is None or newest.made_at < now - _FRESH:
        return False
    seal = newest.seal()
    post(
        to=to,
        subject=f"Plug Seller: audit checkpoint at entry {seal.number}",
        text=(
            "Keep this mail. Each line below is a signed statement about where the "
            "audit log stood. Put together in a file, the lines of all these mails "
            "are a witness: `manage.py verify_audit --witness FILE` tells whether the "
            f"log still holds what was witnessed.\n\n{seal.line()}\n\n"
            f"{ledger.told_end()} `manage.py restore` says the same of the copy that "
            "it finds: one that ends sooner is an older one.\n"
        ),
        now=now,
    )
    return True

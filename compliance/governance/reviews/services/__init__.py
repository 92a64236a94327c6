"""What happens to reviews; the desk, the console and jobs call these."""

from compliance.governance.reviews.services.deciding import (
    ReviewRefused,
    decide,
    keep_unflagged,
)
from compliance.governance.reviews.services.signing import (
    is_whole,
    may_be_signed,
    sign_off,
)
from compliance.governance.reviews.services.silence import act_on_silence
from compliance.governance.reviews.services.starting import begin, begin_due

__all__ = [
    "ReviewRefused",
    "act_on_silence",
    "begin",
    "begin_due",
    "decide",
    "is_whole",
    "keep_unflagged",
    "may_be_signed",
    "sign_off",
]

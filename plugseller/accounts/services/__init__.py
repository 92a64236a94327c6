"""What happens to people, sellers and rights; views, API, desk, commands call these."""

from plugseller.accounts.services.access_reports import report_access
from plugseller.accounts.services.grants import (
    GrantRefused,
    approve_grant,
    break_glass,
    chase_reviews,
    drop_grant,
    refuse_grant,
    request_grant,
    review_grant,
    revoke_grant,
)
from plugseller.accounts.services.people import create_person, set_up_app
from plugseller.accounts.services.sellers import create_seller, join, leave

__all__ = [
    "GrantRefused",
    "approve_grant",
    "break_glass",
    "chase_reviews",
    "create_person",
    "create_seller",
    "drop_grant",
    "join",
    "leave",
    "refuse_grant",
    "report_access",
    "request_grant",
    "review_grant",
    "revoke_grant",
    "set_up_app",
]

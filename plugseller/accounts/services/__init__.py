"""What happens to people, sellers and rights; views, API, desk, commands call these."""

from plugseller.accounts.services.access_reports import report_access
from plugseller.accounts.services.factors import reset_factors
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
from plugseller.accounts.services.leaving import (
    Leaving,
    Why,
    WithoutOwner,
    offboard_user,
    plan_leaving,
)
from plugseller.accounts.services.lockouts import lift_lockout
from plugseller.accounts.services.members import (
    accept_invitation,
    change_role,
    decline_invitation,
    invitations_of,
    invite,
    leave_seller,
    remove_member,
    take_back_invitation,
)
from plugseller.accounts.services.officers import LastOne
from plugseller.accounts.services.people import create_person, set_up_app
from plugseller.accounts.services.sellers import create_seller, join, leave, open_seller
from plugseller.accounts.services.staff import create_officer, invite_staff
from plugseller.accounts.services.tokens import (
    make_token,
    revoke_token,
    revoke_tokens_of,
    rotate_token,
)

__all__ = [
    "GrantRefused",
    "LastOne",
    "Leaving",
    "Why",
    "WithoutOwner",
    "accept_invitation",
    "approve_grant",
    "break_glass",
    "change_role",
    "chase_reviews",
    "create_officer",
    "create_person",
    "create_seller",
    "decline_invitation",
    "drop_grant",
    "invitations_of",
    "invite",
    "invite_staff",
    "join",
    "leave",
    "leave_seller",
    "lift_lockout",
    "make_token",
    "offboard_user",
    "open_seller",
    "plan_leaving",
    "refuse_grant",
    "remove_member",
    "report_access",
    "request_grant",
    "reset_factors",
    "review_grant",
    "revoke_grant",
    "revoke_token",
    "revoke_tokens_of",
    "rotate_token",
    "set_up_app",
    "take_back_invitation",
]

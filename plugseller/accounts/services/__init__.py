"""What happens to people, sellers and rights; views, API, desk, commands call these."""

from plugseller.accounts.services.leaving import (
    Leaving,
    Why,
    WithoutOwner,
    offboard_user,
    plan_leaving,
)
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
from plugseller.accounts.services.people import create_person, set_up_app
from plugseller.accounts.services.sellers import (
    create_seller,
    join,
    leave,
    open_seller,
)

__all__ = [
    "Leaving",
    "Why",
    "WithoutOwner",
    "accept_invitation",
    "change_role",
    "create_person",
    "create_seller",
    "decline_invitation",
    "invitations_of",
    "invite",
    "join",
    "leave",
    "leave_seller",
    "offboard_user",
    "open_seller",
    "plan_leaving",
    "remove_member",
    "set_up_app",
    "take_back_invitation",
]

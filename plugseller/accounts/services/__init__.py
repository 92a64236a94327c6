"""What happens to people, sellers and rights; views, API, desk, commands call these."""

from plugseller.accounts.services.factors import reset_factors
from plugseller.accounts.services.lockouts import lift_lockout
from plugseller.accounts.services.people import create_person, set_up_app
from plugseller.accounts.services.sellers import create_seller, join, leave
from plugseller.accounts.services.staff import create_officer, invite_staff

__all__ = [
    "create_officer",
    "create_person",
    "create_seller",
    "invite_staff",
    "join",
    "leave",
    "lift_lockout",
    "reset_factors",
    "set_up_app",
]

"""People, sellers, and who may what."""

from plugseller.accounts.models.grants import AccessReport, Grant
from plugseller.accounts.models.people import (
    Lockout,
    SetUpLink,
    UsedPassword,
    User,
    known_zone,
    known_zones,
)
from plugseller.accounts.models.sellers import (
    Invitation,
    Membership,
    Seller,
    SellerGroupObjectPermission,
    SellerUserObjectPermission,
)
from plugseller.accounts.models.tokens import ApiToken

__all__ = [
    "AccessReport",
    "ApiToken",
    "Grant",
    "Invitation",
    "Lockout",
    "Membership",
    "Seller",
    "SellerGroupObjectPermission",
    "SellerUserObjectPermission",
    "SetUpLink",
    "UsedPassword",
    "User",
    "known_zone",
    "known_zones",
]

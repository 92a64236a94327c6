"""What happens to people, sellers and rights; views, API, desk, commands call these."""

from plugseller.accounts.services.people import create_person, set_up_app
from plugseller.accounts.services.sellers import create_seller, join, leave
from plugseller.accounts.services.tokens import (
    make_token,
    revoke_token,
    revoke_tokens_of,
    rotate_token,
)

__all__ = [
    "create_person",
    "create_seller",
    "join",
    "leave",
    "make_token",
    "revoke_token",
    "revoke_tokens_of",
    "rotate_token",
    "set_up_app",
]

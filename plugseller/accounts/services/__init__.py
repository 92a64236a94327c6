"""What happens to people, sellers and rights; views, API, desk, commands call these."""

from plugseller.accounts.services.people import create_person, set_up_app
from plugseller.accounts.services.sellers import create_seller, join, leave

__all__ = ["create_person", "create_seller", "join", "leave", "set_up_app"]

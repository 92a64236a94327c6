"""Amazon's Selling Partner API."""

from marketplaces.adapters.amazon import access, asking, failing, reading, rotating
from marketplaces.adapters.amazon.operations import OPERATIONS
from marketplaces.contract import Adapter
from marketplaces.datamap import Operation


class Amazon:
    """Puts the pieces together: see `contract.Adapter` for what each one does."""

    key = "amazon"
    label = "Amazon"
    regions = access.regions()
    operations: tuple[Operation, ...] = OPERATIONS
    consent = access.CONSENT
    own_secret = rotating.OWN_SECRET

    consent_address = staticmethod(access.consent_address)
    exchange = staticmethod(access.exchange)
    credentials_from = staticmethod(access.credentials_from)
    renewal = staticmethod(access.renewal)
    access_from = staticmethod(access.access_from)
    token_failure = staticmethod(failing.token_failure)

    lanes = staticmethod(asking.lanes)
    request = staticmethod(asking.request)
    read = staticmethod(reading.read)
    failure = staticmethod(failing.failure)


ADAPTER: Adapter = Amazon()

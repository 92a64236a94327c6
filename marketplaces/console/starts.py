"""What a marketplace brings when a seller begins there instead of here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import SuspiciousOperation
from django.db.models import QuerySet

from marketplaces.consent import is_consent_host
from marketplaces.contract import Adapter, Region
from marketplaces.models import Connection
from plugseller.accounts.models import Seller

_TEXT = re.compile(r"[!-~]{1,1000}")


@dataclass(frozen=True, slots=True)
class Started:
    """The way back to the marketplace's page, checked, and what it wants there."""

    return_parameter: str
    return_to: str
    carried: Mapping[str, str]
    account_parameter: str
    account_id: str  # who signed in there, as the browser says: proves nothing

    @property
    def origin(self) -> str:
        """The marketplace's host, for the page's Content-Security-Policy."""
        parts = urlsplit(self.return_to)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def query(self) -> str:
        """The same again, for the next page of ours."""
        told = {self.return_parameter: self.return_to, **self.carried}
        if self.account_id:
            told[self.account_parameter] = self.account_id
        return urlencode(told)

    def regions(self, adapter: Adapter) -> tuple[Region, ...]:
        """Where the account can live; all regions if the host doesn't say."""
        host = urlsplit(self.return_to).netloc
        here = tuple(r for r in adapter.regions if host in r.consent_hosts)
        return here or adapter.regions


def read_start(adapter: Adapter, told: Mapping[str, str]) -> Started | None:
    """What came with the address; None if the marketplace brought no way back.

    SuspiciousOperation (a 400) if it isn't whole or leads away from the marketplace.
    """
    start = adapter.consent.start
    if start is None or start.return_parameter not in told:
        return None
    return_to = told[start.return_parameter]
    if "#" in return_to or not is_consent_host(adapter.key, return_to):
        raise SuspiciousOperation("A start leads away from the marketplace.")
    carried = {name: told.get(name, "") for name in start.needed}
    if not all(_TEXT.fullmatch(value) for value in carried.values()):
        raise SuspiciousOperation("A start isn't whole.")
    carried |= {name: only for name, only in start.fixed if told.get(name) == only}
    account = told.get(adapter.consent.account_parameter, "")
    return Started(
        return_parameter=start.return_parameter,
        return_to=return_to,
        carried=carried,
        account_parameter=adapter.consent.account_parameter,
        account_id=account if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", account) else "",
    )


def accounts_started(
    seller: Seller, marketplace: str, started: Started
) -> QuerySet[Connection]:
    """The seller's connections to the account that signed in at the marketplace."""
    own = Connection.objects.of_seller(seller).defer("credentials")
    if not started.account_id:
        return own.none()
    return own.filter(marketplace=marketplace, account_id=started.account_id)

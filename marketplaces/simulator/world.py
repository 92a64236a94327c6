"""The made-up sellers: accounts, items and orders, the same for the same seed.

A world is anchored at one instant and stands still, so that a second look changes
nothing; `World.step` lets some time pass (new orders, changed ones, other prices, a
listing gone). Orders are laid out over the 300 days before the anchor. Nothing is
kept per order but two integers, so that 200,000 of them stay small: everything else
follows from its index.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import RLock

from marketplaces.simulator.books import OrderBook
from marketplaces.simulator.goods import Item, Market, changed_items, make_items

DEFAULT_ORDERS = 600
DEFAULT_LISTINGS = 36


@dataclass(frozen=True, slots=True)
class Profile:
    """Who an account belongs to; the same in every world."""

    key: str  # "north-amazon-na"
    marketplace: str  # "amazon", "walmart"
    seller: str  # "North"
    account_id: str  # selling partner id; Walmart's seller id
    region: str
    markets: tuple[Market, ...]


_US = Market("ATVPDKIKX0DER", "Amazon.com", "US", "USD", "en_US", "www.amazon.com")
_CA = Market("A2EUQ1WTGCTBG2", "Amazon.ca", "CA", "CAD", "en_CA", "www.amazon.ca")
_MX = Market(
    "A1AM78C64UM0Y8",
    "Amazon.com.mx",
    "MX",
    "MXN",
    "es_MX",
    "www.amazon.com.mx",
    participating=False,
)
_UK = Market("A1F83G8C2ARO7P", "Amazon.co.uk", "GB", "GBP", "en_GB", "www.amazon.co.uk")
_DE = Market("A1PA6795UKMFR9", "Amazon.de", "DE", "EUR", "de_DE", "www.amazon.de")
_WALMART = Market("US", "Walmart.com", "US", "USD", "en_US", "www.walmart.com")

PROFILES: tuple[Profile, ...] = (
    Profile(
        "north-amazon-na", "amazon", "North", "A1NORTHNA7SIM", "na", (_US, _CA, _MX)
    ),
    Profile("north-amazon-eu", "amazon", "North", "A2NORTHEU7SIM", "eu", (_UK, _DE)),
    Profile("north-walmart", "walmart", "North", "10001700011", "us", (_WALMART,)),
    Profile(
        "south-amazon-na", "amazon", "South", "A3SOUTHNA7SIM", "na", (_US, _CA, _MX)
    ),
    Profile("south-amazon-eu", "amazon", "South", "A4SOUTHEU7SIM", "eu", (_UK, _DE)),
    Profile("south-walmart", "walmart", "South", "10001700022", "us", (_WALMART,)),
)
"""Every account there is. Keys and ids never change, so that a demo can name them."""


class Account:
    """One account with its items and its orders, made when first looked at."""

    def __init__(self, profile: Profile, *, world: "World", orders: int) -> None:
        self.key = profile.key
        self.marketplace = profile.marketplace
        self.seller = profile.seller
        self.account_id = profile.account_id
        self.region = profile.region
        self.markets = profile.markets
        self._world = world
        self._count = orders
        self._items: tuple[Item, ...] | None = None
        self._book: OrderBook | None = None
        self._making = world.making

    @property
    def open_markets(self) -> tuple[Market, ...]:
        """The stores where the account really sells."""
        return tuple(m for m in self.markets if m.participating)

    @property
    def items(self) -> tuple[Item, ...]:
        """What the account sells now; `gone` ones have left the listings."""
        with self._making:
            if self._items is None:
                self._items = self._first_items()
                for number, instant in enumerate(self._world.steps, start=1):
                    self._items = changed_items(self._items, number, instant)
            return self._items

    def _first_items(self) -> tuple[Item, ...]:
        return make_items(
            salt=f"{self._world.seed}/{self.key}",
            marketplace=self.marketplace,
            markets=self.open_markets,
            count=self._world.listings,
            anchor=self._world.anchor,
        )

    @property
    def listed(self) -> tuple[Item, ...]:
        """The items a marketplace shows: all but the gone ones."""
        return tuple(item for item in self.items if not item.gone)

    def item(self, sku: str) -> Item | None:
        """The item of that SKU."""
        return next((item for item in self.items if item.sku == sku), None)

    @property
    def book(self) -> OrderBook:
        """The account's orders."""
        with self._making:
            if self._book is None:
                self._book = OrderBook(
                    salt=f"{self._world.seed}/{self.key}",
                    marketplace=self.marketplace,
                    markets=self.open_markets,
                    items=self._first_items(),  # orders keep their prices
                    count=self._count,
                    anchor=self._world.anchor,
                )
                for instant in self._world.steps:
                    self._book.step(instant)
            return self._book

    def step(self, number: int, instant: datetime) -> None:
        """Let time pass in what was already looked at; the rest follows when made."""
        if self._items is not None:
            self._items = changed_items(self._items, number, instant)
        if self._book is not None:
            self._book.step(instant)


class World:
    """All accounts, anchored at an instant.

    `orders` is the number for every account, or a number by account key (others get
    the default).
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        orders: int | Mapping[str, int] = DEFAULT_ORDERS,
        listings: int = DEFAULT_LISTINGS,
        anchor: datetime,
        steps: Sequence[datetime] = (),
    ) -> None:
        self.seed = seed
        self.listings = listings
        self.anchor = anchor
        self.steps = list(steps)
        self.making = RLock()
        self.accounts = tuple(
            Account(
                profile,
                world=self,
                orders=orders
                if isinstance(orders, int)
                else orders.get(profile.key, DEFAULT_ORDERS),
            )
            for profile in PROFILES
        )

    def account(self, name: str) -> Account | None:
        """The account of that key or account id."""
        return next((a for a in self.accounts if name in (a.key, a.account_id)), None)

    def of(self, marketplace: str) -> tuple[Account, ...]:
        """A marketplace's accounts."""
        return tuple(a for a in self.accounts if a.marketplace == marketplace)

    def step(self, now: datetime) -> None:
        """Let time pass: what a sync after `now` sees is not what it saw before."""
        with self.making:
            self.steps.append(now)
            for account in self.accounts:
                account.step(len(self.steps), now)

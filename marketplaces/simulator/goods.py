"""What the made-up sellers sell: neutral goods with awkward SKUs."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

VISIBLE_AFTER = timedelta(seconds=125)
"""How long ago a change happens: Amazon shows nothing younger than two minutes."""

AWKWARD_SKUS = (
    "MUG/BLUE 11",
    "TEA%2FGREEN+500",
    "007-LANTERN#4",
    'BOLT "M8" & NUT',
    "0001234",
    "SOCKS-🧦-XL",
    "Tüte, groß",
    "a=b?c;d'e",
)
_NOUNS = (
    "Mug",
    "Lantern",
    "Notebook",
    "Garden Hose",
    "Desk Lamp",
    "Wool Blanket",
    "Bread Knife",
    "Bicycle Bell",
    "Storage Box",
    "Tea Towel",
    "Picture Frame",
    "Water Bottle",
)
_TRAITS = ("Classic", "Compact", "Large", "Foldable", "Outdoor", "Everyday")
_BRANDS = ("Nordhafen", "Plainware", "Oakline", "Fernhill")
_CATEGORIES = ("Kitchen", "Garden", "Office", "Home", "Sports")
_RATES = {"USD": 100, "CAD": 137, "MXN": 1830, "GBP": 79, "EUR": 92}


@dataclass(frozen=True, slots=True)
class Market:
    """A country store."""

    id: str  # "ATVPDKIKX0DER", "US"
    name: str
    country: str
    currency: str
    language: str
    domain: str
    participating: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """Something a seller offers under a SKU."""

    number: int
    sku: str
    product_id: str  # ASIN, wpid
    gtin: str
    title: str
    brand: str
    category: str
    prices: Mapping[str, int]  # market id -> cents; where it is offered
    channel: str  # who ships: "seller", "marketplace", "third-party"
    stock: int
    reserved: int
    inbound: int
    unsellable: int
    condition: str  # "new", "used"
    buyable: bool
    troubled: bool  # the marketplace reports issues
    created: datetime
    updated: datetime
    gone: bool = False

    @property
    def image(self) -> str:
        """Where its picture would be."""
        return f"https://images.example.com/{self.product_id}.jpg"


def mix(value: int) -> int:
    """An integer as good as random, the same for the same value (splitmix64)."""
    value = (value + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return value ^ (value >> 31)


def salted(salt: str) -> int:
    """A starting point for `mix`."""
    return mix(zlib.crc32(salt.encode()) << 32)


def make_items(
    *,
    salt: str,
    marketplace: str,
    markets: tuple[Market, ...],
    count: int,
    anchor: datetime,
) -> tuple[Item, ...]:
    """A seller's whole range; the first ones have the awkward SKUs."""
    base = salted(salt)
    return tuple(
        _item(number, mix(base + number), marketplace, markets, anchor)
        for number in range(count)
    )


def _item(
    number: int,
    dice: int,
    marketplace: str,
    markets: tuple[Market, ...],
    anchor: datetime,
) -> Item:
    title = f"{_TRAITS[dice % 6]} {_NOUNS[number % 12]}, {1 + dice % 9} pieces"
    code = f"{(dice >> 16) % 100_000:05d}{number % 10_000:04d}"
    cents = 499 + (dice >> 8) % 9_000
    created = anchor - timedelta(days=310 + dice % 300, seconds=number)
    return Item(
        number=number,
        sku=AWKWARD_SKUS[number]
        if number < len(AWKWARD_SKUS)
        else f"PLG-{number:05d}-{'ABCDEF'[dice % 6]}",
        product_id=f"B{code}" if marketplace == "amazon" else f"5{code}WM",
        gtin=f"0{40_000_000_0000 + number:012d}7",
        title=f"{title} – {AWKWARD_SKUS[5]}" if number == 5 else title,
        brand=_BRANDS[dice % 4],
        category=_CATEGORIES[number % 5],
        prices={
            market.id: cents * _RATES[market.currency] // 100
            for place, market in enumerate(markets)
            if place == 0 or (dice >> (24 + place)) % 3
        },
        channel=_channel(number, marketplace),
        stock=(0, 3, 40 + dice % 400)[0 if number % 9 == 4 else 1 + (number % 7 != 3)],
        reserved=dice % 5,
        inbound=(dice >> 12) % 60 if number % 4 == 0 else 0,
        unsellable=dice % 3,
        condition="used" if number % 11 == 10 else "new",
        buyable=number % 13 != 12,
        troubled=number % 10 == 6,
        created=created,
        updated=created + timedelta(days=dice % 280, hours=number % 24),
    )


def _channel(number: int, marketplace: str) -> str:
    if marketplace == "amazon":
        return "marketplace" if number % 2 else "seller"
    return ("seller", "marketplace", "seller", "third-party")[number % 4]


def changed_items(
    items: tuple[Item, ...], number: int, instant: datetime
) -> tuple[Item, ...]:
    """The range after the `number`-th step: one dearer, one sold out, one gone."""
    if not items:
        return items
    when = instant - VISIBLE_AFTER
    changed = list(items)
    dearer, sold_out, gone = ((number * stride) % len(items) for stride in (2, 7, 11))
    changed[dearer] = replace(
        changed[dearer],
        prices={m: cents + 100 for m, cents in changed[dearer].prices.items()},
        updated=when,
    )
    changed[sold_out] = replace(changed[sold_out], stock=0, reserved=0, updated=when)
    changed[gone] = replace(changed[gone], gone=True, updated=when)
    return tuple(changed)

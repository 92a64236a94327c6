"""What a call about goods asks for: stores and names."""

from marketplaces.adapters.amazon.simulated.answers import Refused, bad_input, denied
from marketplaces.simulator.goods import Item, Market
from marketplaces.simulator.words import Call
from marketplaces.simulator.world import Account


def markets_of(call: Call, account: Account) -> list[Market]:
    """The stores of `marketplaceIds`; refused if none or another account's."""
    wanted = call.values("marketplaceIds")
    if not wanted:
        raise bad_input("marketplaceIds is missing.")
    return [market_of(account, name) for name in wanted]


def market_of(account: Account, name: str) -> Market:
    """The account's store of that id; refused if it isn't one."""
    for market in account.markets:
        if market.id == name:
            return market
    raise Refused(denied())


def name_of(item: Item, kind: str) -> str:
    """The item's SKU or ASIN; `kind` is "Sku" or "Asin"."""
    return item.sku if kind == "Sku" else item.product_id


def names_in(call: Call, parameter: str, *, known: set[str]) -> list[str]:
    """Names separated by commas; a known one may hold commas itself."""
    names: list[str] = []
    for value in (v for k, v in call.query if k == parameter):
        parts = value.split(",")
        while parts:
            length = next(
                (n for n in range(len(parts), 1, -1) if ",".join(parts[:n]) in known),
                1,
            )
            names.append(",".join(parts[:length]))
            parts = parts[length:]
    return names

"""How Walmart answers, after its own specification; for the simulator only.

Written from Walmart's published specification and examples, and from nothing of this
adapter, so that a mistake in one isn't repeated in the other.
"""

from marketplaces.adapters.walmart.simulated.access import Door
from marketplaces.adapters.walmart.simulated.answers import (
    ALLOWANCE,
    REPLENISH,
    REPLENISHMENT,
    error_list,
    gateway_error,
    refusing,
)
from marketplaces.adapters.walmart.simulated.goods import Inventories, Items, wfs
from marketplaces.adapters.walmart.simulated.orders import Orders
from marketplaces.simulator.desk import Desk
from marketplaces.simulator.words import Answer, Handler, Marketplace, Route
from marketplaces.simulator.world import World

_NEVER = (
    ("GET", "/v3/orders/released"),
    ("GET", "/v3/orders/{purchaseOrderId}"),
    ("POST", "/v3/orders/{purchaseOrderId}/acknowledge"),
    ("POST", "/v3/orders/{purchaseOrderId}/shipping"),
    ("POST", "/v3/orders/{purchaseOrderId}/cancel"),
    ("POST", "/v3/orders/{purchaseOrderId}/refund"),
    ("GET", "/v3/returns"),
    ("PUT", "/v3/price"),
    ("PUT", "/v3/inventory"),
    ("PUT", "/v3/inventories/{sku}"),
    ("POST", "/v3/feeds"),
    ("DELETE", "/v3/items/{sku}"),
    ("POST", "/v3/reports/reportRequests"),
    ("GET", "/v3/report/reconreport/reconFile"),
    ("GET", "/v3/settings/partnerprofile"),
    ("GET", "/v3/webhooks/subscriptions"),
)
"""Operations that write or bring more personal data: refused and noted."""


def marketplace(world: World, desk: Desk, *, overshare: bool = True) -> Marketplace:
    """Walmart. Buyers' data is part of every order; with `overshare` also that which
    real orders carry now and then."""
    door = Door(world, desk)
    routes = (
        _page("login", "POST", "/v3/token", door.token),
        _page("consent", "GET", "/authorize", door.consent),
        _page("approval", "POST", "/authorize", door.consent),
        _call("getTokenDetail", "/v3/token/detail", door.detail, a_minute=0),
        _call("getAllItems", "/v3/items", Items().page, a_minute=60),
        _call("getInventories", "/v3/inventories", Inventories().page, a_minute=200),
        _call("getWfsInventory", "/v3/wfs/inventory", wfs, a_minute=100),
        _call(
            "getAllOrders",
            "/v3/orders",
            Orders(overshare=overshare).page,
            a_minute=5_000,
        ),
        *(
            Route(
                key=f"walmart.never{place}",
                method=method,
                path=path,
                handler=lambda _: gateway_error(403, "FORBIDDEN"),
                trips=lambda _: True,
            )
            for place, (method, path) in enumerate(_NEVER)
        ),
    )
    return Marketplace(
        key="walmart",
        routes=routes,
        owns=lambda path: path.startswith(("/v3/", "/authorize")),
        authorise=door.owner,
        unknown=lambda _: gateway_error(404, "CONTENT_NOT_FOUND"),
        too_many=_too_many,
        expired=lambda: gateway_error(401, "UNAUTHORIZED"),
        allowance=lambda _, left: ((ALLOWANCE, str(int(left))),),
    )


def _call(key: str, path: str, handler: Handler, *, a_minute: int) -> Route:
    return Route(
        key=f"walmart.{key}",
        method="GET",
        path=path,
        handler=refusing(handler),
        rate=a_minute / 60,
        burst=max(1, a_minute // 6),
    )


def _page(key: str, method: str, path: str, handler: Handler) -> Route:
    return Route(
        key=f"walmart.{key}",
        method=method,
        path=path,
        handler=handler,
        needs_token=False,
    )


def _too_many(route: Route, wait: float) -> Answer:
    """Each in another of Walmart's ways to say so."""
    seconds = str(max(1, round(wait + 0.5)))
    if route.key.endswith("Orders"):
        return error_list(
            429,
            "RATE_LIMIT_EXCEEDED.GMP_ORDER_API",
            "Too many requests.",
            headers=(("Retry-After", seconds),),
        )
    name = REPLENISH if route.key.endswith("Items") else REPLENISHMENT
    return gateway_error(
        429,
        "REQUEST_THRESHOLD_VIOLATED",
        headers=((ALLOWANCE, "0"), (name, seconds)),
    )

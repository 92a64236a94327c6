"""How Amazon answers, after its own models; for the simulator only.

Written from Amazon's published models and examples, and from nothing of this adapter,
so that a mistake in one isn't repeated in the other.
"""

from dataclasses import replace

from marketplaces.adapters.amazon.simulated.access import Door
from marketplaces.adapters.amazon.simulated.answers import (
    ALLOWANCE,
    denied,
    error,
    with_request_id,
)
from marketplaces.adapters.amazon.simulated.listings import listings, participations
from marketplaces.adapters.amazon.simulated.offers import catalog, prices, stock
from marketplaces.adapters.amazon.simulated.orders import (
    OVERSHARED,
    Orders,
    asks_for_buyers,
)
from marketplaces.adapters.amazon.simulated.rotation import Rotation
from marketplaces.simulator.desk import Desk
from marketplaces.simulator.queue import Queue
from marketplaces.simulator.words import Answer, Handler, Marketplace, Route
from marketplaces.simulator.world import World

_CONFIRM = "/apps/authorize/confirm"

_RESTRICTED = (
    ("POST", "/tokens/2021-03-01/restrictedDataToken"),
    ("GET", "/orders/v0/orders"),
    ("GET", "/orders/v0/orders/{orderId}"),
    ("GET", "/orders/v0/orders/{orderId}/address"),
    ("GET", "/orders/v0/orders/{orderId}/buyerInfo"),
    ("GET", "/orders/v0/orders/{orderId}/orderItems"),
    ("GET", "/orders/v0/orders/{orderId}/orderItems/buyerInfo"),
    ("GET", "/orders/v0/orders/{orderId}/regulatedInfo"),
    ("GET", "/reports/2021-06-30/reports"),
    ("POST", "/reports/2021-06-30/reports"),
    ("GET", "/reports/2021-06-30/reports/{reportId}"),
    ("GET", "/reports/2021-06-30/documents/{documentId}"),
    ("GET", "/sellers/v1/account"),
)
"""Operations that return buyers' or the seller's personal data: refused and noted."""


def marketplace(
    world: World, desk: Desk, queue: Queue, *, overshare: bool = True
) -> Marketplace:
    """Amazon. With `overshare` orders carry buyers' data that nobody asked for.

    A new secret of the app comes through `queue`.
    """
    door = Door(world, desk)
    rotation = Rotation(desk, queue)
    orders = Orders(OVERSHARED if overshare else frozenset())
    routes = (
        _page("login", "POST", "/auth/o2/token", door.token),
        _page("consent", "GET", "/apps/authorize/consent", door.consent),
        _page("approval", "POST", "/apps/authorize/consent", door.consent),
        _page("start", "GET", f"{_CONFIRM}/{{application}}", door.confirm),
        _page("startApproval", "POST", f"{_CONFIRM}/{{application}}", door.confirm),
        _page(
            "rotateApplicationClientSecret",
            "POST",
            "/applications/2023-11-30/clientSecret",
            with_request_id(rotation.rotate),
        ),
        _page("queue", "POST", "/", queue.answer),
        _call(
            "getMarketplaceParticipations",
            "/sellers/v1/marketplaceParticipations",
            participations,
            rate=0.016,
            burst=15,
        ),
        replace(
            _call(
                "searchOrders",
                "/orders/2026-01-01/orders",
                orders.search,
                rate=0.0056,
                burst=20,
            ),
            trips=asks_for_buyers,
        ),
        _call(
            "searchListingsItems",
            "/listings/2021-08-01/items/{sellerId}",
            listings,
            rate=5,
            burst=5,
        ),
        _call(
            "getInventorySummaries",
            "/fba/inventory/v1/summaries",
            stock,
            rate=2,
            burst=2,
        ),
        _call("getPricing", "/products/pricing/v0/price", prices, rate=0.5, burst=1),
        _call(
            "searchCatalogItems",
            "/catalog/2022-04-01/items",
            catalog,
            rate=2,
            burst=2,
        ),
        *(
            Route(
                key=f"amazon.restricted{number}",
                method=method,
                path=path,
                handler=with_request_id(lambda _: denied()),
                trips=lambda _: True,
            )
            for number, (method, path) in enumerate(_RESTRICTED)
        ),
    )
    return Marketplace(
        key="amazon",
        routes=routes,
        owns=lambda _: True,
        authorise=door.owner,
        unknown=with_request_id(lambda _: denied()),
        too_many=_too_many,
        expired=lambda: denied("The access token you provided has expired."),
        allowance=_allowance,
    )


def _call(key: str, path: str, handler: Handler, *, rate: float, burst: int) -> Route:
    return Route(
        key=f"amazon.{key}",
        method="GET",
        path=path,
        handler=with_request_id(handler),
        rate=rate,
        burst=burst,
    )


def _page(key: str, method: str, path: str, handler: Handler) -> Route:
    return Route(
        key=f"amazon.{key}",
        method=method,
        path=path,
        handler=handler,
        needs_token=False,
    )


def _too_many(route: Route, wait: float) -> Answer:
    # Amazon names no time to wait
    return error(
        429, "QuotaExceeded", "You exceeded your quota for the requested resource."
    )


def _allowance(route: Route, left: float) -> tuple[tuple[str, str], ...]:
    return ((ALLOWANCE, str(route.rate)),)

"""The simulator's own pages under `/_simulator/`: look at calls, let time pass."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from marketplaces.simulator.desk import own_keys
from marketplaces.simulator.faults import BadFaults
from marketplaces.simulator.words import Answer, Call, Marketplace, Route

if TYPE_CHECKING:
    from marketplaces.simulator.server import Simulator


def backroom(simulator: "Simulator") -> Marketplace:
    """GET calls, tripped, accounts; POST advance, faults, revoke, forget."""

    def calls(_: Call) -> Answer:
        return _json([_plain(call) for call in simulator.calls])

    def tripped(_: Call) -> Answer:
        return _json([_plain(call) for call in simulator.tripped])

    def accounts(_: Call) -> Answer:
        return _json(described_accounts(simulator))

    def advance(_: Call) -> Answer:
        simulator.advance()
        return _json({"steps": len(simulator.world.steps)})

    def faults(call: Call) -> Answer:
        try:
            simulator.order_faults(call.body.decode("utf-8", "replace"))
        except BadFaults as error:
            return _json({"error": str(error)}, status=400)
        return _json({"faults": "ordered"})

    def revoke(call: Call) -> Answer:
        try:
            simulator.revoke(call.value("account"))
        except LookupError as error:
            return _json({"error": str(error)}, status=404)
        return _json({"revoked": call.value("account")})

    def forget(_: Call) -> Answer:
        simulator.forget_calls()
        return _json({"calls": 0})

    routes = (
        _route("GET", calls),
        _route("GET", tripped),
        _route("GET", accounts),
        _route("POST", advance),
        _route("POST", faults),
        _route("POST", revoke),
        _route("POST", forget),
    )
    missing = _json({"error": "There is no such page."}, status=404)
    return Marketplace(
        key="simulator",
        routes=routes,
        owns=lambda path: path.startswith("/_simulator/"),
        authorise=lambda _: missing,
        unknown=lambda _: missing,
        too_many=lambda _, __: missing,
        expired=lambda: missing,
        allowance=lambda _, __: (),
    )


def described_accounts(simulator: "Simulator") -> list[dict[str, Any]]:
    """Each account with what a program needs to connect it."""
    described = []
    for account in simulator.world.accounts:
        keys = own_keys(account)
        described.append(
            {
                "key": account.key,
                "seller": account.seller,
                "marketplace": account.marketplace,
                "account_id": account.account_id,
                "region": account.region,
                "markets": [market.id for market in account.open_markets],
                "refresh_token": simulator.desk.refresh_token(account),
            }
            | (
                {"client_id": keys.client_id, "client_secret": keys.client_secret}
                if account.marketplace == "walmart"
                else {}
            )
        )
    return described


def _route(method: str, handler: Callable[[Call], Answer]) -> Route:
    name = handler.__name__
    return Route(
        key=f"simulator.{name}",
        method=method,
        path=f"/_simulator/{name}",
        handler=handler,
        needs_token=False,
    )


def _plain(call: Any) -> dict[str, Any]:
    return asdict(call) | {"at": call.at.isoformat()}


def _json(value: object, *, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value, ensure_ascii=False).encode())

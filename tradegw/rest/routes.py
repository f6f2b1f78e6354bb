"""All routes of the Trading API, in the order of its description."""

from __future__ import annotations

from typing import Final

from . import account, circuit_breakers, market_data, orders, positions, probes, system, trades

_RESOURCES: Final = (
    account,
    orders,
    trades,
    positions,
    market_data,
    system,
    circuit_breakers,
    probes,
)

ROUTES: Final = tuple(route for resource in _RESOURCES for route in resource.routes.all)

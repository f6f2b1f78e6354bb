"""All routes of the Trading API, in the order of its description."""

from __future__ import annotations

from typing import Final

from . import (
    account,
    backtest,
    circuit_breakers,
    events,
    limits,
    market_data,
    orders,
    positions,
    probes,
    protection,
    system,
    trades,
    trading_state,
)

_RESOURCES: Final = (
    account,
    orders,
    trades,
    positions,
    protection,
    market_data,
    events,
    backtest,
    system,
    limits,
    trading_state,
    circuit_breakers,
    probes,
)

ROUTES: Final = tuple(route for resource in _RESOURCES for route in resource.routes.all)

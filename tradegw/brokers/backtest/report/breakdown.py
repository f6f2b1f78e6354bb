"""The same for every symbol, and for long and short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....model.enums import PositionSide
from .costs import Costs
from .exact import tidy
from .facts import Fill
from .measures import outcome
from .outcome import Outcome
from .recorder import Recorder
from .trips import Trip


def by_symbol(recorder: Recorder) -> dict[str, Any]:
    """Round trips and costs of every symbol that had bars or fills."""
    fills: dict[str, list[Fill]] = {symbol: [] for symbol in recorder.tracks}
    trips: dict[str, list[Trip]] = {}
    for fill in recorder.fills:
        fills.setdefault(fill.trade.symbol, []).append(fill)
    for trip in recorder.trips:
        trips.setdefault(trip.symbol, []).append(trip)
    found = {}
    for symbol, some in fills.items():
        costs = Costs.of(some)
        found[symbol] = _of(trips.get(symbol, [])) | {
            "traded_notional": tidy(costs.notional),
            "total_commission": tidy(costs.commission),
            "total_slippage": tidy(costs.slippage),
            "total_spread_cost": tidy(costs.spread),
        }
    return found


def by_side(recorder: Recorder) -> dict[str, Any]:
    """Round trips of each side."""
    return {
        side.value: _of([trip for trip in recorder.trips if trip.side is side])
        for side in (PositionSide.LONG, PositionSide.SHORT)
    }


def _of(trips: Sequence[Trip]) -> dict[str, Any]:
    found = Outcome.of(trips)
    return {"net_profit": tidy(found.net), **outcome(found)}

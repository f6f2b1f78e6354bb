"""What the result rests on: what was guessed, refused, left over, or is not simulated at all."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from ....model.enums import OrderStatus
from .exact import tidy
from .facts import Ending, Setup, Where
from .recorder import Recorder

NOT_MODELLED: Final = (
    "interest on cash, and the cost of borrowing for short positions and leverage",
    "dividends, splits and other corporate actions (the data must be adjusted)",
    "funding payments of perpetual futures, rolling of expiring futures",
    "whether shares can be borrowed for a short sale",
    "the effect of the orders on the market, beyond slippage as configured",
    "the place in the queue of a resting limit order",
    "outages, refusals and rate limits of a real broker",
    "taxes",
)


def honesty(recorder: Recorder, setup: Setup, ending: Ending) -> dict[str, Any]:
    """The block of that name in ``report.json``."""
    fills = recorder.fills
    return {
        "bars": recorder.closes,
        "ambiguous_bars": recorder.ambiguous_bars,
        "ambiguous_at_stake": tidy(recorder.at_stake),
        "fills": len(fills),
        "fills_by_place": _by_place(recorder),
        "fills_at_open": sum(fill.where is Where.OPEN for fill in fills),
        "touch_only_limit_fills": sum(fill.touch_only for fill in fills),
        "liquidations": sum(fill.liquidation for fill in fills),
        "rejected": sum(order.status is OrderStatus.REJECTED for order in recorder.orders),
        "rejected_reasons": _reasons(recorder),
        "refused": recorder.refusals.total(),
        "refused_reasons": dict(sorted(recorder.refusals.items())),
        "unfilled_at_end": list(ending.never_active),
        "resting_at_end": len(ending.orders),
        "open_at_end": len(ending.positions),
        "interruptions": recorder.interruptions,
        "fill_current": setup.fills_current,
        "data_warnings": [warning for data in setup.data for warning in data.warnings],
        "warnings": recorder.warnings,
        "not_modelled": list(NOT_MODELLED),
    }


def _by_place(recorder: Recorder) -> dict[str, int]:
    counts = Counter(fill.where for fill in recorder.fills)
    return {where.value: counts[where] for where in Where}


def _reasons(recorder: Recorder) -> dict[str, int]:
    reasons = Counter(
        order.reject_reason.value if order.reject_reason else "UNKNOWN"
        for order in recorder.orders
        if order.status is OrderStatus.REJECTED
    )
    return dict(sorted(reasons.items()))

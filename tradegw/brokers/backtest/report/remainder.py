"""What was still open at the end, and that everything adds up."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import Any

from ....model.money import ZERO
from .exact import MONEY, stamp, tidy
from .facts import Ending, Setup
from .recorder import Recorder
from .trips import Lot


def open_trips(recorder: Recorder, ending: Ending) -> list[dict[str, Any]]:
    """The lots that were not closed, at the last mark; ``unrealized_pnl`` is net of the commission
    that was paid for them.
    """
    marks = _marks(recorder, ending)
    return [
        {
            "symbol": lot.symbol,
            "side": lot.side.value,
            "quantity": lot.quantity,
            "entry_time": stamp(lot.time),
            "entry_price": lot.price,
            "entry_order_id": lot.order_id,
            "mark": marks.get(lot.symbol),
            "commission": tidy(lot.commission),
            "unrealized_pnl": tidy(_standing(lot, marks)),
        }
        for lot in recorder.open_lots()
    ]


def reconciliation(recorder: Recorder, setup: Setup, ending: Ending) -> dict[str, Decimal]:
    """Round trips and open lots against the change of equity.

    ``difference``, to nine places, is zero but for rates of exchange that changed while a position
    in another currency was open.
    """
    marks = _marks(recorder, ending)
    with localcontext(MONEY):
        closed = sum((trip.pnl for trip in recorder.trips), ZERO)
        still = sum((_standing(lot, marks) for lot in recorder.open_lots()), ZERO)
        change = ending.equity - setup.cash
        return {
            "trades_pnl": tidy(closed),
            "open_pnl": tidy(still),
            "equity_change": tidy(change),
            "difference": tidy(round(change - closed - still, 9)),
        }


def _marks(recorder: Recorder, ending: Ending) -> Mapping[str, Decimal]:
    closes = {
        symbol: track.last_close
        for symbol, track in recorder.tracks.items()
        if track.last_close is not None
    }
    return closes | {position.symbol: position.current_price for position in ending.positions}


def _standing(lot: Lot, marks: Mapping[str, Decimal]) -> Decimal:
    with localcontext(MONEY):
        mark = marks.get(lot.symbol, lot.price)
        return lot.gain(mark, lot.quantity, lot.value) - lot.commission

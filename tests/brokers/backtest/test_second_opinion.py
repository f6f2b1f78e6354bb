"""Another backtester comes to the same trades as a strategy at the whole gateway, which places and
pairs the exits by itself: price, time and size.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from tests.simulator.test_second_opinion import (
    CASH,
    SIZE,
    Plan,
    Trip,
    bracketed,
    crossover,
    rows,
    their_trips,
    theirs,
)
from tradegw.model.order import ClosePositionRequest

from .stand import Client, Handler, Message, Stand

GOOG = "GOOG"


def following(plan: Plan) -> Handler:
    """Does in the handling of each candle what *plan* says of its bar."""

    def handle(client: Client, message: Message) -> None:
        entry = plan.get(client.candles) if message["type"] == "candle" else None
        if entry is None:
            return
        stand = client.stand
        held = stand.asked(lambda: stand.core.reads.positions(None))
        if entry.stop_loss is None:
            close = stand.core.desk.close_position
            for each in held:
                stand.asked(partial(close, each.id, ClosePositionRequest()))
        elif held:
            return
        exits = {
            name: f"{price:f}"
            for name, price in (("stop_loss", entry.stop_loss), ("take_profit", entry.take_profit))
            if price is not None
        }
        stand.submit(side=entry.side.value, quantity=str(SIZE), **exits)

    return handle


def played(folder: Path, plan: Plan, commission: str) -> Stand:
    lines = [f"{start:%Y-%m-%d},{o!r},{h!r},{low!r},{c!r},1" for start, o, h, low, c in rows(GOOG)]
    stand = Stand(folder, "\n".join(lines), BACKTEST_CASH=str(CASH), BACKTEST_COMMISSION=commission)
    stand.run(following(plan))
    assert stand.finish() == 0
    return stand


def trips_of(stand: Stand) -> list[Trip]:
    trips: list[Trip] = []
    opened: tuple[int, datetime, Decimal] | None = None
    for trade in stand.broker.exchange.trades():
        day = trade.timestamp.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        if opened is None:
            opened = (trade.side.sign * int(trade.quantity), day, trade.price)
        else:
            trips.append(Trip(*opened, day, trade.price))
            opened = None
    return trips


@pytest.mark.parametrize(("rate", "text"), [(0.0, "0"), (0.002, "0.2%")])
def test_a_crossover_makes_the_same_trades(tmp_path: Path, rate: float, text: str) -> None:
    stats = theirs(GOOG, crossover(GOOG), rate)
    stand = played(tmp_path, crossover(GOOG), text)
    found = trips_of(stand)
    assert len(found) > 20
    assert found == their_trips(stats)
    trades = stand.broker.exchange.trades()[: 2 * len(found)]
    charged = sum((trade.commission for trade in trades), Decimal(0))
    assert float(charged) == pytest.approx(float(stats["_trades"].Commission.sum()))


def test_brackets_make_the_same_trades(tmp_path: Path) -> None:
    """But for an entry that opened beyond its target in a bar that reached the stop too."""
    plan = bracketed(GOOG, 0.01)
    found = trips_of(played(tmp_path, plan, "0"))
    trips = their_trips(theirs(GOOG, plan, 0.0))
    assert len(found) > 10
    differing = [(one, other) for one, other in zip(found, trips, strict=True) if one != other]
    for one, other in differing:
        assert one.entry_time == one.exit_time == other.exit_time
        assert one[:3] == other[:3]
        assert one.exit == one.entry  # the open, which was beyond the target
    assert len(differing) < len(found) / 5

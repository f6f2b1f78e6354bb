"""Bad days on a margin account: what is held is covered in the end, and what is owed, too."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import pytest

from tests.brokers.binance.test_bad_days import CALLS, STEP, Day

from .stand import MarginWhole


def _calls() -> tuple[tuple[str, str], ...]:
    """Those of spot, where margin has them."""
    found = [("GET", "/ws-api/v3"), ("POST", "/sapi/v1/userListenToken")]
    for verb, path in CALLS:
        own = path.replace("/orderList", "/order").replace("/api/v3", "/sapi/v1/margin")
        found += [] if path.startswith("/ws") else [(verb, own)]
    return tuple(found)


class MarginDay(Day):
    calls = _calls()


class ShortDay(MarginDay):
    entry = "SELL"
    exits: ClassVar[dict[str, str]] = {"stop_loss": "2.40", "take_profit": "1.00"}
    limit = "2.05"


@pytest.mark.parametrize("seed", range(15))
def test_whatever_happened_all_that_is_held_is_covered(seed: int) -> None:
    whole = MarginWhole()
    day = MarginDay(seed, whole)
    day.run()
    entries = [order for order in whole.spot.orders if order.side == "BUY"]
    assert len(entries) <= day.sent
    held = whole.held - whole.held % STEP
    short = held - whole.selling(stops=True)
    # Of each entry less than a step is left, and of what is less than can be sold, all.
    assert Decimal(0) <= short < STEP * max(1, 2 * len(entries)) + Decimal("2.6")
    whole.stop()


@pytest.mark.parametrize("seed", range(15))
def test_whatever_happened_all_that_is_owed_is_covered(seed: int) -> None:
    whole = MarginWhole()
    day = ShortDay(seed, whole)
    day.run()
    entries = [order for order in whole.spot.orders if order.side == "SELL"]
    assert len(entries) <= day.sent
    owed = sum((order.executed for order in entries), Decimal(0))
    stops = [
        order
        for order in whole.spot.orders
        if order.side == "BUY" and order.is_stop and order.is_open
    ]
    assert sum((order.remaining for order in stops), Decimal(0)) == owed
    whole.stop()

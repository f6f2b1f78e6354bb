"""Days on which everything goes wrong at once: what was bought is covered in the end, exactly."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from twisted.internet.defer import Deferred

from tradegw.errors import GatewayError
from tradegw.model.enums import OrderType, Side
from tradegw.testing.binance import (
    drop,
    garble,
    html,
    overloaded,
    refuse,
    reset,
    slow,
    stall,
    timed_out,
    truncate,
    unknown_execution,
)

from .stand import request
from .test_orders import without_opo
from .whole import Whole

FAULTS = (
    drop(),
    drop(accepted=True),
    reset(accepted=True),
    html(502),
    html(502, accepted=True),
    slow(4.0),
    stall(),
    stall(accepted=True),
    truncate(accepted=True),
    garble(accepted=True),
    timed_out(),
    timed_out(accepted=True),
    unknown_execution(accepted=True),
    overloaded(),
    refuse(429, -1003, "Too many requests.", retry_after=3),
    refuse(429, -1015, "Too many new orders.", retry_after=3),
)
CALLS = (
    ("POST", "/api/v3/order"),
    ("POST", "/api/v3/orderList/*"),
    ("DELETE", "/api/v3/order"),
    ("GET", "/api/v3/order"),
    ("GET", "/api/v3/openOrders"),
    ("GET", "/api/v3/account"),
    ("GET", "/ws-api/v3"),
)
STEP = Decimal("0.001")


class Day:
    """One day, by its seed."""

    calls: ClassVar[tuple[tuple[str, str], ...]] = CALLS
    entry = "BUY"
    exits: ClassVar[dict[str, str]] = {"stop_loss": "1.80", "take_profit": "3.00"}
    limit = "1.95"

    def __init__(self, seed: int, whole: Whole | None = None) -> None:
        self.seed = seed
        self.whole = whole or Whole()
        self.random = random.Random(seed)
        self.sent = 0

    def run(self) -> None:
        self.whole.start()
        if self.seed % 2:
            without_opo(self.whole)
        deeds = (self.enter, self.enter, self.fault, self.fill, self.tell, self.cut)
        for _ in range(12):
            self.random.choice(deeds)()
            self.whole.wait(self.random.choice((0.01, 0.5, 3.0, 8.0)))
        self.whole.fake.faults.clear()
        self.whole.fake.ws_api.script.clear()
        self.whole.wait(400.0)

    def enter(self) -> None:
        self.sent += 1
        wished: dict[str, Any] = {"side": Side(self.entry), "stop_loss": self.exits["stop_loss"]}
        if self.random.random() < 0.7:
            wished["take_profit"] = self.exits["take_profit"]
        if self.random.random() < 0.5:
            wished |= {"order_type": OrderType.LIMIT, "limit_price": self.limit}
        name = f"c{self.sent}" if self.random.random() < 0.7 else None
        wanted = request(quantity="10", client_order_id=name, **wished)
        work: Deferred[Any] = self.whole.core.desk.submit(wanted)
        work.addErrback(lambda failure: failure.trap(GatewayError))

    def fault(self) -> None:
        verb, path = self.random.choice(self.calls)
        self.whole.fake.faults.plan(self.random.choice(FAULTS), verb, path)

    def fill(self) -> None:
        working = [
            order
            for order in self.whole.spot.orders
            if order.side == self.entry
            and order.type in ("LIMIT", "MARKET")
            and order.status in ("NEW", "PARTIALLY_FILLED")
        ]
        if working:
            order = self.random.choice(working)
            # In two parts at most: each part is covered by a stop, of which there are but five.
            part = order.remaining if order.executed else self.random.choice((order.remaining, 4))
            self.whole.spot.fill(order.id, part)

    def tell(self) -> None:
        script = self.whole.fake.ws_api.script
        deed = self.random.choice(
            (
                lambda: script.repeat(1, "TRADE", copies=3),
                lambda: script.delay(1, 2.0, "TRADE"),
                lambda: script.lose(1, "NEW"),
                lambda: script.lose(1, "TRADE"),
            )
        )
        deed()

    def cut(self) -> None:
        self.whole.fake.ws_api.reset()


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happened_all_that_is_held_is_covered(seed: int) -> None:
    day = Day(seed)
    day.run()
    whole = day.whole
    held = whole.held - whole.held % STEP
    entries = [order for order in whole.spot.orders if order.side == "BUY"]
    assert len(entries) <= day.sent
    bought = sum((order.executed for order in entries), Decimal(0))
    sold = sum((order.executed for order in whole.spot.orders if order.side == "SELL"), Decimal(0))
    assert sold == 0 or sold < bought
    short = held - whole.selling(stops=True)
    # Of each entry less than a step is left, and of what is less than can be sold, all.
    assert Decimal(0) <= short < STEP * max(1, 2 * len(entries)) + Decimal("2.6")
    whole.stop()

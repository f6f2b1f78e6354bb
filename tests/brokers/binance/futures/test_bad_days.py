"""Days on which everything goes wrong: whatever happened, all that is held is covered once."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from random import Random

import pytest

from tradegw.errors import GatewayError
from tradegw.testing.binance import drop, html, slow, stall, unknown_execution

from .whole import Whole

_FAULTS = (
    drop(),
    drop(accepted=True),
    html(502),
    html(502, accepted=True),
    unknown_execution(accepted=True),
    stall(accepted=True),
    slow(4.0),
)
_CALLS = (
    ("POST", "/fapi/v1/order"),
    ("POST", "/fapi/v1/algoOrder"),
    ("DELETE", "/fapi/v1/algoOrder"),
    ("DELETE", "/fapi/v1/order"),
)


class Day:
    """Entries with both exits, a market that moves into them, and faults at any moment."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.whole = Whole()
        self.whole.start()
        self.sent = 0

    def run(self) -> None:
        for _ in range(8):
            self.random.choice((self.enter, self.move, self.lose, self.fault, self.restart))()
            self.whole.wait(self.random.choice((0.2, 1.0, 6.0)))
        self.whole.fake.faults.clear()
        self.whole.wait(240)

    def enter(self) -> None:
        self.sent += 1
        with suppress(GatewayError):  # whoever sent it is told
            self.whole.enter(stop_loss="1.80", take_profit="3.00", quantity="10")

    def move(self) -> None:
        price = Decimal(self.random.choice(("1.70", "2.00", "2.00", "3.10")))
        self.whole.stage.set_quote("SOLUSDT", price, price + Decimal("0.01"))
        self.whole.wait(self.random.choice((0.0, 3.0)))
        self.whole.stage.set_quote("SOLUSDT", "2.00", "2.01")

    def lose(self) -> None:
        self.whole.user_stream.reset()

    def fault(self) -> None:
        fault, call = self.random.choice(_FAULTS), self.random.choice(_CALLS)
        self.whole.fake.faults.plan(fault, *call)

    def restart(self) -> None:
        self.whole.stop()
        self.whole.new_broker()
        self.whole.start()


@pytest.mark.parametrize("seed", range(25))
def test_whatever_happened_all_that_is_held_is_covered(seed: int) -> None:
    day = Day(seed)
    day.run()
    whole = day.whole
    held = whole.stage.positions.get(("SOLUSDT", "BOTH"), Decimal(0))
    entries = [order for order in whole.stage.orders if order.side == "BUY"]
    assert len(entries) <= day.sent
    assert held >= 0, "turned round"
    assert sum((each for _side, each in whole.stops), Decimal(0)) == held
    told = whole.ask(whole.core.reads.positions(None))
    assert sum((each.quantity for each in told), Decimal(0)) == held
    whole.stop()

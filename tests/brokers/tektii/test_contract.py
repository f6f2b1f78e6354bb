"""The engine, held against what every broker must do, as far as a run that is never connected to
again can do it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.brokers.contract import BrokerContract, Entry, Fault
from tradegw.model.enums import OrderType
from tradegw.model.events import OrderEvent
from tradegw.testing.tektii import (
    drop,
    garble,
    html,
    refuse,
    reset,
    slow,
    stall,
    truncate,
)

from .stand import SYMBOL, Stand, flat

_CALLS: Final = {"submit": ("POST", "/api/v1/orders"), "cancel": ("DELETE", "/api/v1/orders/*")}


def _planned(fault: Fault) -> Any:
    return {
        Fault.REFUSED: refuse(422, "Stop price is not aligned", "invalid_order"),
        Fault.LOST_BEFORE: drop(),
        Fault.LOST_AFTER: drop(accepted=True),
        Fault.RESET_AFTER: reset(accepted=True),
        Fault.FAILED_BEFORE: html(502),
        Fault.FAILED_AFTER: html(502, accepted=True),
        Fault.STALLED_BEFORE: stall(),
        Fault.STALLED_AFTER: stall(accepted=True),
        Fault.TRUNCATED: truncate(accepted=True),
        Fault.GARBLED: garble(accepted=True),
    }[fault]


class EngineStand(Stand):
    """See the contract's own ``Stand``. Its run stands still at the second candle."""

    symbol = SYMBOL

    def __init__(self) -> None:
        super().__init__(flat(4))

    def start(self) -> None:
        super().start()
        self.fake.run.paused = True
        self.crowd.join(echo=True)
        self.wait(1.0)
        assert self.fake.stream.joins == 1

    def ledger(self) -> list[Entry]:
        return [Entry(o.id, o.client_order_id, o.filled, o.lives) for o in self.fake.orders]

    def submits(self) -> int:
        return sum((call.verb, call.path) == _CALLS["submit"] for call in self.fake.calls)

    def plan(self, fault: Fault, call: str) -> None:
        self.fake.faults.plan(_planned(fault), *_CALLS[call])

    def slow(self, call: str, seconds: float) -> None:
        self.fake.faults.plan(slow(seconds), *_CALLS[call])

    def fill(self, order_id: str, quantity: str) -> None:
        self.fake.fill(order_id, quantity)

    def tell_unknown(self, order_id: str) -> None:
        order = self.fake.order(order_id).told()
        self.fake.run.tell([{"type": "order", "event": "blessed", "order": order}])

    def tell_garbage(self) -> None:
        self.fake.stream.say_raw(b"\x00garbage")


class TestTektii(BrokerContract):
    @pytest.fixture
    def stand(self) -> Iterator[EngineStand]:
        stand = EngineStand()
        yield stand
        stand.stop()

    # There is no logon but the first call's, and no second connection: `test_run.py` has the end.
    test_refused_credentials_are_told_and_tried_slowly = None  # type: ignore[assignment]
    test_a_lost_link_is_told_and_comes_back = None  # type: ignore[assignment]
    test_a_link_lost_in_the_middle_of_a_submit_costs_no_order = None  # type: ignore[assignment]
    test_what_was_missed_in_a_gap_is_there_for_the_asking = None  # type: ignore[assignment]
    # Not every engine tells of orders: silence is no evidence (`test_whole.py`).
    test_a_stream_that_stays_silent_about_our_orders_is_found_out = None  # type: ignore[assignment]
    # The engine waits for each batch, so nothing of it can be repeated, or overtake.
    test_a_fill_that_is_told_three_times_executed_once = None  # type: ignore[assignment]
    test_fills_out_of_order_all_count = None  # type: ignore[assignment]
    # What cannot be read is acknowledged and counted; there is nothing else to ask.
    test_garbage_is_suspicious_and_stops_nothing = None  # type: ignore[assignment]

    def test_garbage_stops_nothing(self, stand: EngineStand) -> None:
        stand.start()
        stand.submit(client_order_id="c-1", order_type=OrderType.LIMIT, limit_price="1")
        stand.tell_garbage()
        stand.wait(1.0)
        stand.fill("o-1", "1000")
        stand.wait(1.0)
        orders = [event for event in stand.told.events if isinstance(event, OrderEvent)]
        assert orders[-1].order.status.value == "FILLED"
        assert stand.broker.report()["unreadable"] == 1

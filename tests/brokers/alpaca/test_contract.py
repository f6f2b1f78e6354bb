"""Alpaca, held against what every broker must do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from msgspec.structs import replace

from tests.brokers.contract import BrokerContract, Entry, Fault
from tradegw.secrecy import Secret
from tradegw.testing.alpaca import Mood, drop, garble, html, refuse, reset, slow, stall, truncate

from .stand import Stand

_CALLS: Final = {"submit": ("POST", "/v2/orders"), "cancel": ("DELETE", "/v2/orders/*")}
_ENDS: Final = frozenset({"filled", "canceled", "expired", "rejected", "replaced"})


def _planned(fault: Fault) -> Any:
    return {
        Fault.REFUSED: refuse(403, "insufficient buying power", 40310000),
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


class AlpacaStand(Stand):
    """See the contract's own ``Stand``."""

    symbol = "AAPL"

    def refuse_logon(self) -> None:
        self.own = replace(self.own, secret=Secret("wrong"))
        self.new_broker()

    def ledger(self) -> list[Entry]:
        return [
            Entry(order.id, order.client_order_id, order.filled_qty, order.status not in _ENDS)
            for order in self.fake.orders
        ]

    def submits(self) -> int:
        return sum((call.verb, call.path) == _CALLS["submit"] for call in self.fake.calls)

    def plan(self, fault: Fault, call: str) -> None:
        self.fake.faults.plan(_planned(fault), *_CALLS[call])

    def slow(self, call: str, seconds: float) -> None:
        self.fake.faults.plan(slow(seconds), *_CALLS[call])

    def fill(self, order_id: str, quantity: str) -> None:
        self.fake.fill(order_id, quantity)

    def lose_link(self, seconds: float) -> None:
        self.fake.trading_stream.reset()
        self.fake.faults.plan(drop(), path="/stream", times=10_000)
        self.clock.callLater(seconds, self.fake.faults.clear)

    def mute(self) -> None:
        self.fake.trading_stream.set_mood(Mood.MUTE)

    def repeat_fills(self, times: int) -> None:
        self.fake.trading_stream.script.repeat(1, "partial_fill", copies=times)

    def delay_fill(self, seconds: float) -> None:
        self.fake.trading_stream.script.delay(1, seconds, "partial_fill")

    def tell_unknown(self, order_id: str) -> None:
        self.fake.tell("trade_blessed", order_id)

    def tell_garbage(self) -> None:
        self.fake.trading_stream.say_raw(b"\x00\xffgarbage")


class TestAlpaca(BrokerContract):
    @pytest.fixture
    def stand(self) -> Iterator[AlpacaStand]:
        stand = AlpacaStand()
        yield stand
        stand.stop()

"""Binance spot, held against what every broker must do."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import pytest
from msgspec.structs import replace

from tests.brokers.contract import BrokerContract, Entry, Fault
from tradegw.brokers.binance import keys
from tradegw.secrecy import Secret
from tradegw.testing.binance import Mood, drop, garble, html, refuse, reset, slow, stall, truncate

from .stand import Stand

_VERBS: Final = {"submit": "POST", "cancel": "DELETE"}
_ENDS: Final = frozenset({"FILLED", "CANCELED", "EXPIRED", "REJECTED", "EXPIRED_IN_MATCH"})
_LACKING: Final = "Account has insufficient balance for requested action."


def _planned(fault: Fault) -> Any:
    return {
        Fault.REFUSED: refuse(400, -2010, _LACKING),
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


class Judged(Stand):
    """See the contract's own ``Stand``."""

    of_token = False

    def start(self) -> None:
        self.spot.world.desk.fees.maker = Decimal(0)  # a fee would be missing in the position
        super().start()

    def refuse_logon(self) -> None:
        self.own = replace(self.own, key=keys.shared(Secret("wrong")))
        self.new_broker()

    def ledger(self) -> list[Entry]:
        return [
            Entry(
                f"{order.symbol.symbol}:{order.id}",
                order.orig_client_id or order.client_id,
                order.executed,
                order.status not in _ENDS,
            )
            for order in self.spot.orders
        ]

    def submits(self) -> int:
        return len(self.calls("POST", "order"))

    def plan(self, fault: Fault, call: str) -> None:
        self.fake.faults.plan(_planned(fault), _VERBS[call], f"{self.path}/order")

    def slow(self, call: str, seconds: float) -> None:
        self.fake.faults.plan(slow(seconds), _VERBS[call], f"{self.path}/order")

    def fill(self, order_id: str, quantity: str) -> None:
        self.spot.fill(self.number(order_id), quantity)

    def lose_link(self, seconds: float) -> None:
        self.fake.ws_api.reset()
        self.fake.faults.plan(drop(), path="/ws-api/v3", times=10_000)
        self.clock.callLater(seconds, self.fake.faults.clear)

    def mute(self) -> None:
        self.fake.ws_api.set_mood(Mood.MUTE)

    def repeat_fills(self, times: int) -> None:
        self.fake.ws_api.script.repeat(1, "TRADE", copies=times)

    def delay_fill(self, seconds: float) -> None:
        self.fake.ws_api.script.delay(1, seconds, "TRADE")

    def tell_unknown(self, order_id: str) -> None:
        event = {"e": "orderBlessed", "E": 1, "i": self.number(order_id)}
        self.fake.ws_api.tell(event, of_token=self.of_token)

    def tell_garbage(self) -> None:
        self.fake.ws_api.say_raw(b'{"event": [')


class TestBinance(BrokerContract):
    @pytest.fixture
    def stand(self) -> Iterator[Judged]:
        stand = Judged()
        yield stand
        stand.stop()

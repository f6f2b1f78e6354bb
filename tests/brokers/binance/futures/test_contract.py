"""Binance's futures, both kinds, held against what every broker must do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from msgspec.structs import replace

from tests.brokers.contract import BrokerContract, Entry, Fault
from tradegw.secrecy import Secret
from tradegw.testing.binance import Mood, drop, garble, html, refuse, reset, slow, stall, truncate

from .stand import CoinStand, Stand

_ENDS: Final = frozenset({"FILLED", "CANCELED", "EXPIRED", "REJECTED", "EXPIRED_IN_MATCH"})
_VERBS: Final = {"submit": "POST", "cancel": "DELETE"}


def _planned(fault: Fault) -> Any:
    return {
        Fault.REFUSED: refuse(400, -2019, "Margin is insufficient."),
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


class _Contract(Stand):
    """See the contract's own ``Stand``."""

    def refuse_logon(self) -> None:
        self.own = replace(self.own, api_key=Secret("wrong"))
        self.new_broker()

    def ledger(self) -> list[Entry]:
        return [
            Entry(
                f"{order.contract.symbol}:{order.id}",
                order.client_id,
                order.executed,
                order.status not in _ENDS,
            )
            for order in self.stage.orders
        ]

    def submits(self) -> int:
        return len(self.calls("POST", "order"))

    def plan(self, fault: Fault, call: str) -> None:
        self.fake.faults.plan(_planned(fault), _VERBS[call], f"{self.prefix}/order")

    def slow(self, call: str, seconds: float) -> None:
        self.fake.faults.plan(slow(seconds), _VERBS[call], f"{self.prefix}/order")

    def fill(self, order_id: str, quantity: str) -> None:
        self.stage.fill(self.number(order_id), quantity)

    def lose_link(self, seconds: float) -> None:
        self.user_stream.reset()
        for path in ("/private*", "/dstream*"):
            self.fake.faults.plan(drop(), path=path, times=10_000)
        self.clock.callLater(seconds, self.fake.faults.clear)

    def mute(self) -> None:
        self.user_stream.set_mood(Mood.MUTE)

    def repeat_fills(self, times: int) -> None:
        self.user_stream.script.repeat(1, "TRADE", copies=times)

    def delay_fill(self, seconds: float) -> None:
        self.user_stream.script.delay(1, seconds, "TRADE")

    def tell_unknown(self, order_id: str) -> None:
        self.user_stream.say_raw(b'{"e":"ORDER_BLESSED","E":1,"o":{"i":1}}')

    def tell_garbage(self) -> None:
        self.user_stream.say_raw(b'{"e":"ORDER_TRADE_UPDATE","o":[')


class _Coins(_Contract, CoinStand):
    pass


class TestUsdFutures(BrokerContract):
    @pytest.fixture
    def stand(self) -> Iterator[_Contract]:
        stand = _Contract()
        yield stand
        stand.stop()


class TestCoinFutures(BrokerContract):
    @pytest.fixture
    def stand(self) -> Iterator[_Coins]:
        stand = _Coins()
        yield stand
        stand.stop()

"""The mock broker behind a bad link, and sometimes in a bad mood: ``MOCK_CHAOS``.

What a fault means stands in ``docs/simulator.md``. The exchange itself makes no mistakes: what it
did is what :attr:`ChaoticBroker.exchange` says, whatever the caller was told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from msgspec.structs import replace
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ...errors import NotSent, OrderRejected, ProviderError
from ...interfaces import IBroker
from ...model.account import Account, Position, Trade, TradeQuery
from ...model.limits import Lane, LimitsStatus
from ...model.market import Bar, BarQuery, Capabilities, Instrument, Quote
from ...model.order import (
    ClosePositionRequest,
    Order,
    OrderChange,
    OrderQuery,
    OrderRequest,
    Replaced,
)
from ..registry import BrokerParts
from .broker import MockBroker
from .chaos import CallFault, Chaos, Dice
from .chaotic_link import ChaoticLink
from .config import MockSettings
from .feed import PROVIDER
from .walking import DEFAULT_SYMBOLS
from .wanted import Wanted

T = TypeVar("T")

REJECT_CODE: Final = "CHAOS"
TIME_OUT: Final = (0.1, 1.0)
LATE: Final = (1.0, 5.0)
STALL: Final = (0.0, 30.0)
"""Shortest and longest, in seconds."""


@implementer(IBroker)
class ChaoticBroker(MultiService):
    """Every call but those about what the broker can do may meet a fault, the reads included."""

    log = Logger()
    provider = PROVIDER

    def __init__(self, chaos: Chaos, own: MockSettings, parts: BrokerParts) -> None:
        super().__init__()
        self._dice = Dice(chaos)
        self._clock = parts.clock
        self._calls: set[IDelayedCall] = set()
        self._awaited: set[Deferred[Any]] = set()
        tapes = dict.fromkeys(tape.symbol for tape in own.tapes)
        symbols = Wanted(parts.settings.subscriptions).symbols(list(tapes) or DEFAULT_SYMBOLS)
        self._link = ChaoticLink(
            parts.listener, self._dice, parts.clock, tuple(symbols), self._broken
        )
        self._broker = broker = MockBroker(own, replace(parts, listener=self._link))
        broker.setServiceParent(self)
        self.platform = broker.platform
        self.account_name = broker.account_name
        self.client_order_ids = broker.client_order_ids
        self.exits_hold_quantity = broker.exits_hold_quantity
        self.exchange = broker.exchange

    def stopService(self) -> Deferred[None]:
        return maybeDeferred(super().stopService).addBoth(self._give_up)

    def capabilities(self) -> Capabilities:
        return self._broker.capabilities()

    def manages_exits(self, request: OrderRequest) -> bool:
        return self._broker.manages_exits(request)

    def instrument(self, symbol: str) -> Instrument | None:
        return self._broker.instrument(symbol)

    def submit(self, request: OrderRequest, lane: Lane = Lane.ENTRY) -> Deferred[Order]:
        return self._call("submit", lambda: self._broker.submit(request, lane), refusable=True)

    def cancel(self, order_id: str) -> Deferred[Order]:
        return self._call("cancel", lambda: self._broker.cancel(order_id))

    def replace(self, order_id: str, change: OrderChange) -> Deferred[Replaced]:
        return self._call("replace", lambda: self._broker.replace(order_id, change), refusable=True)

    def order(self, order_id: str) -> Deferred[Order]:
        return self._call("order", lambda: self._broker.order(order_id))

    def order_by_client_id(self, client_order_id: str) -> Deferred[Order]:
        return self._call(
            "order_by_client_id", lambda: self._broker.order_by_client_id(client_order_id)
        )

    def open_orders(self, lane: Lane = Lane.QUERY) -> Deferred[list[Order]]:
        return self._call("open_orders", lambda: self._broker.open_orders(lane))

    def closed_orders(self, query: OrderQuery) -> Deferred[list[Order]]:
        return self._call("closed_orders", lambda: self._broker.closed_orders(query))

    def trades(self, query: TradeQuery) -> Deferred[list[Trade]]:
        return self._call("trades", lambda: self._broker.trades(query))

    def positions(self, lane: Lane = Lane.QUERY) -> Deferred[list[Position]]:
        return self._call("positions", lambda: self._broker.positions(lane))

    def close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Deferred[Order]:
        return self._call(
            "close",
            lambda: self._broker.close(position, request, client_order_id),
            refusable=True,
        )

    def account(self) -> Deferred[Account]:
        return self._call("account", self._broker.account)

    def quote(self, symbol: str) -> Deferred[Quote]:
        return self._call("quote", lambda: self._broker.quote(symbol))

    def bars(self, symbol: str, query: BarQuery) -> Deferred[list[Bar]]:
        return self._call("bars", lambda: self._broker.bars(symbol, query))

    def ping(self) -> Deferred[None]:
        return self._call("ping", self._broker.ping)

    def limits(self) -> LimitsStatus:
        return self._broker.limits()

    def missed(self, order_ids: tuple[str, ...]) -> None:
        """Expected here."""

    def _call(
        self, name: str, work: Callable[[], Deferred[T]], *, refusable: bool = False
    ) -> Deferred[T]:
        fault, first, second = self._dice.call()
        if self._link.is_down:
            return fail(NotSent("There is no link to the broker"))
        if fault is None or (fault == CallFault.REJECT and not refusable):
            return work()
        self.log.info("chaos: {fault}, in {call}", fault=fault, call=name)
        if fault == CallFault.DISCONNECT:
            self._link.lose(first)
            return fail(NotSent("The link to the broker broke before the call was sent"))
        if fault == CallFault.REJECT:
            return fail(OrderRejected("Refused by MOCK_CHAOS", REJECT_CODE))
        if fault == CallFault.RESET:
            if first < 0.5:
                work().addBoth(_unheard)
            return fail(ProviderError("The connection was reset", PROVIDER))
        return self._slow(fault, first, second, work)

    def _slow(
        self, fault: str, first: float, second: float, work: Callable[[], Deferred[T]]
    ) -> Deferred[T]:
        """An answer that takes its time. Whoever stops waiting for it changes nothing."""
        answer: Deferred[T] = Deferred()
        self._awaited.add(answer)
        answer.addBoth(self._answered, answer)
        if fault == CallFault.DROP_ANSWER:
            work().addBoth(_unheard)
            error = Failure(ProviderError("No answer from the broker in time", PROVIDER))
            self._later(_within(TIME_OUT, first), _give, answer, error)
        elif fault == CallFault.LATE_ANSWER:
            work().addBoth(lambda found: self._later(_within(LATE, first), _give, answer, found))
        else:
            seconds = _within(STALL, first)
            at = second * seconds

            def do() -> None:
                work().addBoth(lambda found: self._later(seconds - at, _give, answer, found))

            self._later(at, do)
        return answer

    def _later(self, seconds: float, do: Callable[..., None], *arguments: object) -> None:
        def due() -> None:
            self._calls.discard(call)
            do(*arguments)

        call = self._clock.callLater(seconds, due)
        self._calls.add(call)

    def _broken(self) -> None:
        """Nobody will ever get the answers that are under way; what was sent was sent."""
        for answer in list(self._awaited):
            _give(answer, Failure(ProviderError("The link broke before the answer", PROVIDER)))

    def _give_up(self, result: T) -> T:
        self._link.stop()
        for call in self._calls:
            call.cancel()
        self._calls.clear()
        self._broken()
        return result

    def _answered(self, result: T, answer: Deferred[Any]) -> T:
        self._awaited.discard(answer)
        return result


def _within(bounds: tuple[float, float], share: float) -> float:
    shortest, longest = bounds
    return shortest + share * (longest - shortest)


def _give(answer: Deferred[T], result: T | Failure) -> None:
    if not answer.called:
        answer.callback(result)  # a Failure goes on as one


def _unheard(_result: object) -> None:
    """Nobody learns how it ended."""

"""A mock broker on a fake clock, built as the gateway builds it, and all that it told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from zope.interface import implementer

from tradegw.brokers.endpoint import dialler
from tradegw.brokers.memory import Memory
from tradegw.brokers.mock.broker import MockBroker
from tradegw.brokers.mock.chaotic_broker import ChaoticBroker
from tradegw.brokers.mock.plugin import plugin
from tradegw.brokers.registry import BrokerParts
from tradegw.config.settings import Mode, Provider, Settings
from tradegw.errors import GatewayError
from tradegw.interfaces import IBrokerListener
from tradegw.model.enums import OrderType, Platform, Side
from tradegw.model.events import CandleEvent, Event, OrderEvent, QuoteEvent
from tradegw.model.link import SessionStatus
from tradegw.model.market import Bar, Quote
from tradegw.model.order import ClosePositionRequest, Order, OrderChange, OrderRequest
from tradegw.model.subscription import Subscription

T = TypeVar("T")
E = TypeVar("E")
X = TypeVar("X", bound=GatewayError)

NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)
REAL = Path(__file__).parents[4] / "shared" / "data" / "real"
BUY, SELL = Side.BUY, Side.SELL
MARKET, LIMIT, STOP = OrderType.MARKET, OrderType.LIMIT, OrderType.STOP


def real(*names: str) -> str:
    """The value of MOCK_TAPE for real tapes; skips the test where they are not."""
    for name in names:
        if not (REAL / name).exists():
            pytest.skip(f"the recorded prices (shared/data/real/{name}) are not here")
    return ",".join(str(REAL / name) for name in names)


def gateway_settings(*subscriptions: tuple[str, str], state: Path = Path("unused")) -> Settings:
    """Settings with subscriptions given as instrument and comma-separated patterns."""
    return Settings(
        provider=Provider.MOCK,
        platform=Platform.MOCK,
        mode=Mode.PAPER,
        state_dir=state,
        subscriptions=tuple(
            Subscription(Platform.MOCK, instrument, tuple(patterns.split(",")))
            for instrument, patterns in subscriptions
        ),
    )


@implementer(IBrokerListener)
class Stand:
    """Started unless told otherwise. *react* is called with every event.

    The account is a fresh one, or else kept in the folder *state*. ``outer`` is what the gateway
    would have, ``broker`` the mock broker inside of it, which makes no mistakes.
    """

    def __init__(
        self,
        *subscriptions: tuple[str, str],
        start: bool = True,
        react: Callable[[Event], None] | None = None,
        state: Path | None = None,
        **environ: str,
    ) -> None:
        self.clock = Clock()
        self.late = timedelta(0)
        self.events: list[Event] = []
        self.links: list[str] = []
        self.downs: list[tuple[tuple[str, ...], str | None]] = []
        self.react = react
        settings = gateway_settings(*subscriptions, state=state or Path("unused"))
        own = plugin.configure({"MOCK_ACCOUNT": "kept" if state else "fresh"} | environ, settings)
        parts = BrokerParts(
            settings=settings,
            listener=self,
            clock=self.clock,
            now=self.now,
            seconds=self.clock.seconds,
            random=lambda: 0.5,
            dial=dialler(self.clock),
            memory=Memory(self.now),
        )
        broker = plugin.build(own, parts)
        self.outer = broker
        inner = broker._broker if isinstance(broker, ChaoticBroker) else broker
        assert isinstance(inner, MockBroker)
        self.broker = inner
        if start:
            broker.startService()

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.clock.seconds()) + self.late

    def on_event(self, event: Event) -> None:
        self.events.append(event)
        if self.react is not None:
            self.react(event)

    def on_session(self, ask: Callable[[], SessionStatus]) -> None:
        raise AssertionError("it has no streams")

    def on_link_up(self) -> Deferred[bool]:
        assert self.links or not self.events, "news before the link was up"
        self.links.append("up")
        return succeed(True)

    def on_link_down(self, symbols: tuple[str, ...], error: str | None) -> None:
        self.links.append("down")
        self.downs.append((symbols, error))

    def on_link_failed(self, error: str) -> None: ...

    def on_retry(self) -> None: ...

    def on_prices_lost(self, symbols: tuple[str, ...], error: str | None) -> None: ...

    def on_suspicion(self, reason: str) -> None: ...

    def on_unreliable(self, reason: str) -> None: ...

    def wait(self, seconds: float) -> None:
        """Let *seconds* pass; every timer fires when it is due."""
        end = self.clock.seconds() + seconds
        while True:
            due = [call.getTime() for call in self.clock.getDelayedCalls()]
            step = min([end, *due])
            self.clock.advance(max(0.0, step - self.clock.seconds()))
            if step >= end:
                return

    def play_out(self) -> None:
        """Let time pass until nothing more is going to happen."""
        while calls := self.clock.getDelayedCalls():
            self.clock.advance(max(0.0, calls[0].getTime() - self.clock.seconds()))

    def send(self, side: Side, quantity: object, kind: OrderType = MARKET, **members: Any) -> Order:
        """Submit an order (for AAPL); numbers may be written as they are."""
        prices: dict[str, Any] = {
            name: Decimal(str(members.pop(name)))
            for name in ("limit_price", "stop_price", "stop_loss", "take_profit")
            if name in members
        }
        request = OrderRequest(
            symbol=members.pop("symbol", "AAPL"),
            side=side,
            quantity=Decimal(str(quantity)),
            order_type=kind,
            **prices,
            **members,
        )
        return done(self.broker.submit(request))

    def order(self, order_id: str) -> Order:
        return done(self.broker.order(order_id))

    def replace(self, order_id: str, **prices: object) -> Order:
        members: dict[str, Any] = {name: Decimal(str(value)) for name, value in prices.items()}
        return done(self.broker.replace(order_id, OrderChange(**members))).order

    def close(self, symbol: str = "AAPL", client_order_id: str = "c", **members: Any) -> Order:
        held = next(p for p in done(self.broker.positions()) if p.symbol == symbol)
        request = ClosePositionRequest(**members)
        return done(self.broker.close(held, request, client_order_id))

    def told(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def quotes(self, symbol: str) -> list[Quote]:
        return [e.quote for e in self.told(QuoteEvent) if e.quote.symbol == symbol]

    def candles(self, symbol: str, timeframe: str = "1m") -> list[Bar]:
        bars = (event.bar for event in self.told(CandleEvent))
        return [bar for bar in bars if bar.symbol == symbol and bar.timeframe == timeframe]

    def kinds(self, order_id: str) -> list[str]:
        """What was told of one order."""
        return [str(e.event) for e in self.told(OrderEvent) if e.order.id == order_id]


def done(work: Deferred[T]) -> T:
    """The result of a Deferred that has fired already; its failure is raised."""
    results: list[Any] = []
    work.addBoth(results.append)
    (result,) = results
    if hasattr(result, "raiseException"):
        result.raiseException()
    answer: T = result
    return answer


def refused(work: Deferred[Any], error: type[X]) -> X:
    """The error that a Deferred has failed with already."""
    with pytest.raises(error) as refusal:
        done(work)
    return refusal.value


def tape(folder: Path, name: str, rows: Sequence[str]) -> str:
    """Write a tape and return its path; the header is told by the number of cells."""
    headers = {
        2: "timestamp,price",
        3: "timestamp,bid,ask",
        5: "timestamp,open,high,low,close",
        6: "timestamp,open,high,low,close,volume",
    }
    header = headers[rows[0].count(",") + 1]
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return str(path)

"""The tektii broker and its double, joined in memory on a fake clock; clients that acknowledge."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.task import Clock
from zope.interface import implementer

from tests.brokers.in_memory import Network, outcome, pass_time
from tradegw.brokers.endpoint import Url
from tradegw.brokers.memory import Memory
from tradegw.brokers.registry import BrokerParts
from tradegw.brokers.tektii.broker import TektiiBroker
from tradegw.brokers.tektii.config import TektiiSettings, read_settings
from tradegw.config.settings import Mode, Provider, Settings
from tradegw.interfaces import IEventSink
from tradegw.model.enums import OrderType, Platform, Side
from tradegw.model.events import Event
from tradegw.model.order import Order, OrderRequest
from tradegw.model.subscription import Subscription
from tradegw.testing.listener import Notebook
from tradegw.testing.tektii import Candle, FakeTektii, Terms, candles

T = TypeVar("T")

SYMBOL = "F:EURUSD"
START = 1_704_067_200_000
"""2024-01-01, midnight."""

TODAY = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
FLAT = ("1.0800", "1.0800", "1.0800", "1.0800")


def environ(**more: str) -> dict[str, str]:
    addresses = {
        "TEKTII_ENGINE_URL": "http://127.0.0.1:8080",
        "TEKTII_ENGINE_WS_URL": "ws://127.0.0.1:8081",
    }
    return {**addresses, **more}


def gateway_settings(subscriptions: Iterable[Subscription] = ()) -> Settings:
    return Settings(
        provider=Provider.TEKTII,
        platform=Platform.TEKTII,
        mode=Mode.PAPER,
        state_dir=Path("unused"),
        subscriptions=tuple(subscriptions),
    )


class Net(Network):
    """One in which nobody listening is said as such; ``errors`` are those of the next tries."""

    def __init__(self, clock: Clock, served: Callable[[Url], Any]) -> None:
        super().__init__(clock, served)
        self.errors: list[Exception] = []
        self.closed_ports: set[int] = set()
        self.tries: list[tuple[float, int]] = []

    def connect(self, url: Url, factory: Any) -> Deferred[Any]:
        self.tries.append((self.clock.seconds(), url.port))
        if url.port in self.closed_ports:
            return fail(Refused())
        if self.errors and url.scheme == "ws":
            return fail(self.errors.pop(0))
        return super().connect(url, factory)


@implementer(IEventSink)
class Crowd:
    """The clients. ``heard`` is what each heard; those that ``echo`` acknowledge at once."""

    def __init__(self, clock: Clock) -> None:
        self.pacing: Any = None
        self.heard: dict[str, list[Event]] = {}
        self.echo: set[str] = set()
        self.refuses = 0
        self._clock = clock

    def publish(self, event: Event) -> int:
        if self.refuses:
            self.refuses -= 1
            if event.event_id is not None:
                self.pacing.handed(event.event_id, [])
            return 0
        for heard in self.heard.values():
            heard.append(event)
        if event.event_id is not None:
            self.pacing.handed(event.event_id, list(self.heard))
            for name in self.echo & self.heard.keys():
                self._clock.callLater(0, self.pacing.acknowledged, name, [event.event_id])
        return len(self.heard)

    def audience(self) -> int:
        return len(self.heard)

    def join(self, name: str = "client-1", *, echo: bool = False) -> None:
        self.heard[name] = []
        if echo:
            self.echo.add(name)
        self.pacing.joined(name)

    def leave(self, name: str = "client-1") -> None:
        del self.heard[name]
        self.pacing.left(name)

    def ack(self, *event_ids: str, by: str = "client-1") -> None:
        self.pacing.acknowledged(by, event_ids)


class Passing(Notebook):
    """A gateway that hands every event on at once."""

    sink: IEventSink

    def on_event(self, event: Event) -> None:
        super().on_event(event)
        self.sink.publish(event)


class Stand:
    """``broker`` speaks to ``fake``; ``told`` is what it tells, ``crowd`` hears it."""

    def __init__(
        self,
        steps: Iterable[Any] = (),
        *,
        terms: Terms | None = None,
        subscriptions: Iterable[Subscription] = (),
        **more: str,
    ) -> None:
        self.clock = Clock()
        self.clock.callLater(1e9, lambda: None)  # time can always pass
        self.fake = FakeTektii(self.clock, steps, terms)
        self.fake.exchange.symbols |= {SYMBOL, "AAPL"}
        self.network = Net(self.clock, self._served)
        self.settings = gateway_settings(subscriptions)
        self.own: TektiiSettings = read_settings(environ(**more), self.settings)
        self.crowd = Crowd(self.clock)
        self.told: Any
        self.broker: TektiiBroker
        self.new_broker()

    def new_broker(self) -> None:
        self.told = Passing()
        self.broker = TektiiBroker(self.own, self.parts(self.told))
        self.told.sink = self.broker.sink(self.crowd)
        self.crowd.pacing = self.broker.pacing

    def parts(self, listener: Any) -> BrokerParts:
        return BrokerParts(
            settings=self.settings,
            listener=listener,
            clock=self.clock,
            now=self.now,
            seconds=self.clock.seconds,
            random=lambda: 0.5,
            dial=self.network.dial,
            memory=Memory(self.now),
        )

    def _served(self, url: Url) -> Any:
        return self.fake.site if url.port == 8080 else self.fake.side.site

    def now(self) -> datetime:
        return TODAY + timedelta(seconds=self.clock.seconds())

    # -- time

    def start(self) -> None:
        self.broker.startService()
        self.wait(0.1)

    def wait(self, seconds: float = 0.1, until: Any = lambda: False) -> None:
        pass_time(self.clock, seconds, until)

    def ask(self, work: Deferred[T], seconds: float = 60.0) -> T:
        return outcome(self.clock, work, seconds)

    def stop(self) -> None:
        self.ask(self.broker.stopService())
        self.fake.run.stop()

    # -- shorthand

    def heard(self, name: str = "client-1") -> list[Event]:
        return self.crowd.heard[name]

    @property
    def ids(self) -> list[str | None]:
        """The ids of all that the first client heard."""
        return [event.event_id for event in self.heard()]

    @property
    def acks(self) -> list[tuple[str, ...]]:
        """The frames that the engine heard."""
        return self.fake.run.acks

    def submit(self, **members: Any) -> Order:
        return self.ask(self.broker.submit(request(**members)))


def request(**members: Any) -> OrderRequest:
    """A market buy of 1000, unless said otherwise; numbers may be texts."""
    members = {
        "symbol": SYMBOL,
        "side": Side.BUY,
        "quantity": "1000",
        "order_type": OrderType.MARKET,
        **members,
    }
    decimals = ("quantity", "limit_price", "stop_price", "stop_loss", "take_profit")
    for name in (*decimals, "trailing_distance", "display_quantity", "leverage"):
        if isinstance(members.get(name), str):
            members[name] = Decimal(members[name])
    return OrderRequest(**members)


def flat(count: int = 4, price: str = "1.0800") -> list[Candle]:
    """So many minutes in which nothing happens."""
    return candles(SYMBOL, START, *([price] * count))

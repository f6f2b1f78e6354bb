"""The Alpaca broker and its double, joined in memory on a fake clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from tests.brokers.in_memory import Network, outcome, pass_time
from tradegw.brokers.alpaca.broker import AlpacaBroker
from tradegw.brokers.alpaca.config import AlpacaSettings, read_settings
from tradegw.brokers.endpoint import Url
from tradegw.brokers.registry import BrokerParts
from tradegw.config.settings import Mode, Provider, Settings
from tradegw.interfaces import IMemory
from tradegw.model.enums import OrderEventKind, OrderType, Platform, Side
from tradegw.model.events import OrderEvent, TradeEvent
from tradegw.model.order import Order, OrderRequest
from tradegw.model.subscription import Subscription
from tradegw.testing.alpaca import FakeAlpaca, Terms
from tradegw.testing.listener import Notebook

T = TypeVar("T")

MORNING = datetime(2026, 3, 2, 15, 41, tzinfo=UTC)
"""A Monday, within New York's hours."""


@implementer(IMemory)
class Notes:
    """What a broker remembers, as long as the test lasts."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def recall(self, name: str) -> bytes | None:
        return self.values.get(name)

    def remember(self, name: str, value: bytes) -> None:
        self.values[name] = value


def gateway_settings(
    subscriptions: Iterable[Subscription] = (), mode: Mode = Mode.PAPER
) -> Settings:
    platform = Platform.ALPACA_PAPER if mode is Mode.PAPER else Platform.ALPACA_LIVE
    return Settings(
        provider=Provider.ALPACA,
        platform=platform,
        mode=mode,
        state_dir=Path("unused"),
        subscriptions=tuple(subscriptions),
    )


def environ(**more: str) -> dict[str, str]:
    terms = Terms()
    found = {
        "ALPACA_API_KEY": terms.key,
        "ALPACA_API_SECRET": terms.secret,
        "ALPACA_BASE_URL": "http://127.0.0.1:8090",
        "ALPACA_DATA_URL": "http://127.0.0.1:8090",
        "ALPACA_STREAM_URL": "ws://127.0.0.1:8090",
    }
    return {**found, **more}


class Stand:
    """``broker`` speaks to ``fake``; ``told`` is what it tells."""

    def __init__(
        self,
        *,
        subscriptions: Iterable[Subscription] = (),
        terms: Terms | None = None,
        memory: Notes | None = None,
        **more: str,
    ) -> None:
        self.clock = Clock()
        self.fake = FakeAlpaca(self.clock, terms, now=self.now)
        self.network = Network(self.clock, self._served)
        self.settings = gateway_settings(subscriptions)
        self.own: AlpacaSettings = read_settings(environ(**more), self.settings)
        self.memory = memory or Notes()
        self.fake.set_quote("AAPL", "231.39", "231.41")
        self.fake.set_quote("BTC/USD", "84000", "84010")
        self.fake.set_quote("ETH/USD", "3000", "3001")
        self.told: Notebook
        self.broker: AlpacaBroker
        self.new_broker()

    def new_broker(self) -> None:
        """As after a restart of the gateway."""
        self.told = Notebook()
        self.broker = AlpacaBroker(
            self.own,
            BrokerParts(
                settings=self.settings,
                listener=self.told,
                clock=self.clock,
                now=self.now,
                seconds=self.clock.seconds,
                random=lambda: 0.5,
                dial=self.network.dial,
                memory=self.memory,
            ),
        )

    def _served(self, _url: Url) -> Any:
        return self.fake.site

    def now(self) -> datetime:
        return MORNING + timedelta(seconds=self.clock.seconds())

    # -- time

    def start(self) -> None:
        """Started, and logged on."""
        self.broker.startService()
        self.wait(20.0, until=lambda: "up" in self.told.names())
        assert "up" in self.told.names()
        self.ask(self.broker.positions())

    def wait(self, seconds: float = 1.0, until: Any = lambda: False) -> None:
        pass_time(self.clock, seconds, until)

    def ask(self, work: Deferred[T], seconds: float = 60.0) -> T:
        return outcome(self.clock, work, seconds)

    def stop(self) -> None:
        self.ask(self.broker.stopService())

    # -- what was told

    @property
    def kinds(self) -> list[OrderEventKind]:
        return [event.event for event in self.order_events]

    @property
    def order_events(self) -> list[OrderEvent]:
        return [event for event in self.told.events if isinstance(event, OrderEvent)]

    @property
    def trades(self) -> list[TradeEvent]:
        return [event for event in self.told.events if isinstance(event, TradeEvent)]

    def events_of(self, order_id: str) -> list[OrderEventKind]:
        return [event.event for event in self.order_events if event.order.id == order_id]

    # -- shorthand

    def submit(self, **members: Any) -> Order:
        return self.ask(self.broker.submit(request(**members)))


def request(**members: Any) -> OrderRequest:
    """A market buy of 10 AAPL, unless said otherwise; numbers may be texts."""
    members = {
        "symbol": "AAPL",
        "side": Side.BUY,
        "quantity": "10",
        "order_type": OrderType.MARKET,
        **members,
    }
    decimals = ("quantity", "limit_price", "stop_price", "stop_loss", "take_profit")
    for name in (*decimals, "trailing_distance", "display_quantity"):
        if isinstance(members.get(name), str):
            members[name] = Decimal(members[name])
    return OrderRequest(**members)

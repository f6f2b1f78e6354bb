"""The spot broker and the double, joined in memory on a fake clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from tests.brokers.in_memory import Network, outcome, pass_time
from tradegw.brokers.binance.broker import BinanceBroker
from tradegw.brokers.binance.config import BinanceSettings, read_settings
from tradegw.brokers.binance.spot.broker import SpotBroker
from tradegw.brokers.endpoint import Url
from tradegw.brokers.registry import BrokerParts
from tradegw.config.settings import Mode, Provider, Settings
from tradegw.errors import GatewayError
from tradegw.interfaces import IMemory
from tradegw.model.enums import OrderEventKind, OrderType, Platform, Side
from tradegw.model.events import OrderEvent, TradeEvent
from tradegw.model.order import Order, OrderRequest
from tradegw.model.subscription import Subscription
from tradegw.testing.binance import FakeBinance, Terms
from tradegw.testing.binance.spot.stage import Stage
from tradegw.testing.listener import Notebook

T = TypeVar("T")

MORNING = datetime(2026, 3, 2, 9, 41, tzinfo=UTC)
BASE = "127.0.0.1:8090"


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
    platform = Platform.BINANCE_TESTNET if mode is Mode.PAPER else Platform.BINANCE_LIVE
    return Settings(
        provider=Provider.BINANCE,
        platform=platform,
        mode=mode,
        state_dir=Path("unused"),
        subscriptions=tuple(subscriptions),
    )


def environ(**more: str) -> dict[str, str]:
    terms = Terms()
    found = {
        "BINANCE_API_KEY": terms.key,
        "BINANCE_API_SECRET": terms.secret,
        "BINANCE_BASE_URL": f"http://{BASE}",
        "BINANCE_STREAM_URL": f"ws://{BASE}",
        "BINANCE_WS_API_URL": f"ws://{BASE}/ws-api/v3",
        "BINANCE_CURRENCY": "USDC",
    }
    return {**found, **more}


class Stand:
    """``broker`` speaks to ``fake``; ``told`` is what it tells. SOLUSDC is at 2.00 to 2.01.

    ``spot`` is the account, also where ``made`` makes the broker of another that trades the pairs
    of spot, with its calls below ``path``.
    """

    symbol = "SOLUSDC"
    made: ClassVar[Any] = SpotBroker
    path = "/api/v3"

    def __init__(
        self,
        *,
        subscriptions: Iterable[Subscription] = (),
        terms: Terms | None = None,
        memory: Notes | None = None,
        skew_seconds: float = 0.0,
        own: BinanceSettings | None = None,
    ) -> None:
        self.clock = Clock()
        self.skew = timedelta(seconds=skew_seconds)
        self.fake = FakeBinance(self.clock, terms, now=self.now)
        self.spot = self.stage()
        self.network = Network(self.clock, self._served)
        self.settings = self.chosen(subscriptions)
        self.own: BinanceSettings = own or read_settings(environ(), self.settings)
        self.memory = memory or Notes()
        self.spot.set_quote("SOLUSDC", "2.00", "2.01")
        self.told: Notebook
        self.broker: BinanceBroker
        self.new_broker()

    def stage(self) -> Stage:
        """The account that the broker trades."""
        return self.fake.spot

    def chosen(self, subscriptions: Iterable[Subscription]) -> Settings:
        """What the gateway is told to trade."""
        return gateway_settings(subscriptions)

    def new_broker(self) -> None:
        """As after a restart of the gateway."""
        self.told = Notebook()
        self.broker = type(self).made(
            self.own,
            BrokerParts(
                settings=self.settings,
                listener=self.told,
                clock=self.clock,
                now=lambda: self.now() + self.skew,
                seconds=self.clock.seconds,
                random=lambda: 0.5,
                dial=self.network.dial,
                memory=self.memory,
            ),
        )

    def _served(self, _url: Url) -> Any:
        return self.fake.site

    def now(self) -> datetime:
        """The exchange's time."""
        return MORNING + timedelta(seconds=self.clock.seconds())

    # -- time

    def start(self) -> None:
        """Started, logged on, and looked at by the gateway."""
        self.broker.startService()
        self.wait(20.0, until=lambda: "up" in self.told.names())
        assert "up" in self.told.names()
        self.ask(self.broker.positions())

    def wait(self, seconds: float = 1.0, until: Any = lambda: False) -> None:
        pass_time(self.clock, seconds, until)

    def ask(self, work: Deferred[T], seconds: float = 60.0) -> T:
        return outcome(self.clock, work, seconds)

    def refused(self, work: Deferred[Any], seconds: float = 120.0) -> GatewayError:
        try:
            got = self.ask(work, seconds)
        except GatewayError as error:
            return error
        raise AssertionError(f"it was not refused: {got}")

    def stop(self) -> None:
        self.ask(self.broker.stopService())

    # -- what was told

    @property
    def order_events(self) -> list[OrderEvent]:
        return [event for event in self.told.events if isinstance(event, OrderEvent)]

    @property
    def trades(self) -> list[TradeEvent]:
        return [event for event in self.told.events if isinstance(event, TradeEvent)]

    def events_of(self, order_id: str) -> list[OrderEventKind]:
        return [event.event for event in self.order_events if event.order.id == order_id]

    def calls(self, verb: str, end: str) -> list[dict[str, str]]:
        """The queries of the calls that came so."""
        return [
            call.query
            for call in self.fake.calls
            if call.verb == verb and call.path == f"{self.path}/{end}"
        ]

    # -- shorthand

    def submit(self, **members: Any) -> Order:
        return self.ask(self.broker.submit(request(**members)))

    def number(self, order_id: str) -> int:
        return int(order_id.partition(":")[2])


def request(**members: Any) -> OrderRequest:
    """A market buy of 10 SOLUSDC, unless said otherwise; numbers may be texts."""
    members = {
        "symbol": "SOLUSDC",
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

"""The futures broker and the double, joined in memory on a fake clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from tests.brokers.binance.stand import BASE, MORNING, Notes
from tests.brokers.in_memory import Network, outcome, pass_time
from tradegw.brokers.binance.config import BinanceSettings, read_settings
from tradegw.brokers.binance.futures.broker import FuturesBroker
from tradegw.brokers.endpoint import Url
from tradegw.brokers.registry import BrokerParts
from tradegw.config.settings import Mode, Provider, Settings
from tradegw.errors import GatewayError
from tradegw.model.enums import OrderEventKind, Platform
from tradegw.model.events import OrderEvent, TradeEvent
from tradegw.model.order import Order
from tradegw.model.subscription import Subscription
from tradegw.testing.binance import FakeBinance, Terms
from tradegw.testing.listener import Notebook

from .payloads import request

T = TypeVar("T")

_PLATFORMS = {
    Provider.BINANCE_FUTURES: Platform.BINANCE_FUTURES_TESTNET,
    Provider.BINANCE_COIN_FUTURES: Platform.BINANCE_COIN_FUTURES_TESTNET,
}


class Stand:
    """``broker`` speaks to ``fake``; ``told`` is what it tells. SOLUSDT is at 2.00 to 2.01."""

    symbol = "SOLUSDT"
    provider = Provider.BINANCE_FUTURES
    terms = Terms()
    prefix = "/fapi/v1"
    streams = ""

    def __init__(
        self,
        *,
        subscriptions: Iterable[Subscription] = (),
        memory: Notes | None = None,
        **more: str,
    ) -> None:
        self.clock = Clock()
        self.fake = FakeBinance(self.clock, self.terms, now=self.now)
        self.network = Network(self.clock, self._served)
        self.settings = Settings(
            provider=self.provider,
            platform=_PLATFORMS[self.provider],
            mode=Mode.PAPER,
            state_dir=Path("unused"),
            subscriptions=tuple(subscriptions),
        )
        self.own: BinanceSettings = read_settings(self.environ(more), self.settings)
        self.memory = memory or Notes()
        self.stage = self._stage()
        self.told: Notebook
        self.broker: FuturesBroker
        self.new_broker()

    def _stage(self) -> Any:
        self.fake.usd_futures.set_quote("SOLUSDT", "2.00", "2.01")
        return self.fake.usd_futures

    @property
    def user_stream(self) -> Any:
        return self.fake.futures_streams.private

    def environ(self, more: dict[str, str]) -> dict[str, str]:
        terms = self.terms
        found = {
            "BINANCE_API_KEY": terms.key,
            "BINANCE_API_SECRET": terms.secret,
            "BINANCE_BASE_URL": f"http://{BASE}",
            "BINANCE_STREAM_URL": f"ws://{BASE}{self.streams}",
            "BINANCE_WS_API_URL": f"ws://{BASE}/ws-fapi/v1",
        }
        return {**found, **more}

    def new_broker(self) -> None:
        """As after a restart of the gateway."""
        self.told = Notebook()
        self.broker = FuturesBroker(self.own, self.parts(self.told))

    def parts(self, listener: Any = None) -> BrokerParts:
        """What a broker is given to work with here."""
        return BrokerParts(
            settings=self.settings,
            listener=listener or Notebook(),
            clock=self.clock,
            now=self.now,
            seconds=self.clock.seconds,
            random=lambda: 0.5,
            dial=self.network.dial,
            memory=self.memory,
        )

    def _served(self, _url: Url) -> Any:
        return self.fake.site

    def now(self) -> datetime:
        return MORNING + timedelta(seconds=self.clock.seconds())

    # -- time

    def start(self) -> None:
        """Started, logged on, and looked at by the gateway."""
        self.broker.startService()
        self.wait(20.0, until=lambda: "up" in self.told.names())
        assert "up" in self.told.names(), self.told.links
        self.ask(self.broker.positions())
        self.ask(self.broker.open_orders())

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

    def all_of(self, kind: type) -> list[Any]:
        return [event for event in self.told.events if isinstance(event, kind)]

    def calls(self, verb: str, end: str) -> list[dict[str, str]]:
        """The queries of the calls that came so."""
        path = f"{self.prefix}/{end}"
        return [call.query for call in self.fake.calls if (call.verb, call.path) == (verb, path)]

    # -- shorthand

    def submit(self, **members: Any) -> Order:
        members = {"symbol": self.symbol, "quantity": Decimal(10), **members}
        return self.ask(self.broker.submit(request(**members)))

    def number(self, order_id: str) -> int:
        return int(order_id.rpartition(":")[2])


class CoinStand(Stand):
    """The same on COIN-M: contracts of BTCUSD_PERP, at 90000 to 90001."""

    symbol = "BTCUSD_PERP"
    provider = Provider.BINANCE_COIN_FUTURES
    terms = Terms(coin_balances={"BTC": Decimal(100_000)})
    prefix = "/dapi/v1"
    streams = "/dstream"

    def _stage(self) -> Any:
        self.fake.coin_futures.set_quote("BTCUSD_PERP", "90000", "90001")
        return self.fake.coin_futures

    @property
    def user_stream(self) -> Any:
        return self.fake.coin_streams

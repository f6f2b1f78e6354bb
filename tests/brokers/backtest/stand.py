"""A whole gateway around a backtest, in memory: the wall clock is set by hand, clients are objects.

Its doors are left out: a client is handed decoded messages and calls the desk and the reads that
the REST side would call for it, while the pacing hears what both sides would tell it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from prometheus_client import CollectorRegistry
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from tradegw.brokers.backtest.broker import BacktestBroker
from tradegw.brokers.backtest.config import read_settings
from tradegw.brokers.memory import Memory
from tradegw.brokers.registry import BrokerParts
from tradegw.config.read import read
from tradegw.core import Core, Surroundings
from tradegw.interfaces import IPacedBroker
from tradegw.metrics.meters import Meters
from tradegw.model.order import Order, OrderHandle, OrderRequest
from tradegw.model.protection import ExitLimits
from tradegw.service import Forwarding
from tradegw.stream.filter import EventFilter
from tradegw.stream.meters import NoMeters
from tradegw.stream.paced import PacedFanout
from tradegw.testing.journal import MemoryJournal

T = TypeVar("T")
Message = dict[str, Any]
Handler = Callable[["Client", Message], None]

WALL = datetime(2026, 5, 4, 12, tzinfo=UTC)
HEAD = "timestamp,open,high,low,close,volume"

GOLDEN = """\
2024-01-01,100,105,95,102,1000
2024-01-02,103,110,99,108,1000
2024-01-03,90,97,88,95,1000
2024-01-04,96,104,94,96,1000
"""


class Outlet:
    """Holds what was sent to one client."""

    def __init__(self) -> None:
        self.messages: deque[Message] = deque()

    def send(self, frames: bytes, _messages: int) -> None:
        self.messages.append(msgspec.json.decode(frames[frames.index(b'{"') :]))

    def shut(self) -> None:
        """Nothing is held in the system's buffers."""


class Client:
    """Hands each message to *handler*, and acknowledges it afterwards unless it is *mute*."""

    def __init__(
        self, stand: Stand, name: str, handler: Handler | None = None, *, mute: bool = False
    ) -> None:
        self.stand = stand
        self.client_id = name
        self.outlet: Any = Outlet()
        self.heard: list[Message] = []
        self.candles = 0
        self._handler = handler
        self._mute = mute

    def take_one(self) -> bool:
        """Deal with one message, if there is any."""
        if not self.outlet.messages:
            return False
        message = self.outlet.messages.popleft()
        self.heard.append(message)
        if self._handler is not None:
            self._handler(self, message)
        self.candles += message["type"] == "candle"
        if not self._mute:
            self.acknowledge(message["event_id"])
        return True

    def acknowledge(self, *event_ids: str) -> None:
        self.stand.broker.pacing.acknowledged(self.client_id, event_ids)

    def leave(self, _code: int = 1000, _reason: str = "") -> None:
        """Its connection ends."""
        self.stand.fanout.remove(self)

    drop = leave

    def told(self, kind: str) -> list[Message]:
        return [message for message in self.heard if message["type"] == kind]


class Stand:
    """The gateway. ``exit_code`` is what the process would end with, when it would."""

    def __init__(self, folder: Path, bars: str | None = GOLDEN, **environ: str) -> None:
        environ = {"GATEWAY_STATE_DIR": str(folder / "state"), **environ}
        if bars is not None:
            file = folder / "bars.csv"
            file.write_text(f"{HEAD}\n{bars}")
            environ.setdefault("BACKTEST_DATA", f"X@1d={file}")
        settings = read({"GATEWAY_PROVIDER": "backtest", **environ})
        self.own = own = read_settings(environ, settings)
        self.reactor = reactor = Clock()
        self.journal = journal = MemoryJournal()
        news = Forwarding()
        self.broker = broker = BacktestBroker(
            own,
            BrokerParts(
                settings=settings,
                listener=news,
                clock=reactor,
                now=self.wall,
                seconds=reactor.seconds,
                random=lambda: 0.5,
                dial=_no_network,
                memory=Memory(self.wall),
            ),
        )
        assert IPacedBroker.providedBy(broker)
        wanted = EventFilter(settings.subscriptions, settings.platform)
        self.fanout = PacedFanout(reactor, self.wall, wanted, NoMeters(), broker.pacing)
        time = broker.time
        self.meters = Meters(CollectorRegistry(), settings.platform)
        self.core = Core(
            broker,
            Surroundings(
                journal=journal,
                sink=broker.sink(self.fanout),
                meters=self.meters,
                clock=time.clock,
                seconds=time.seconds,
                now=time.now,
                new_id=broker.new_id,
                reconcile_seconds=None,
                exit_limits=ExitLimits(
                    look_seconds=time.look_seconds,
                    trail_seconds=time.trail_seconds,
                    ttl_hours=settings.sl_tp_ttl_hours,
                ),
            ),
        )
        news.to = self.core.intake
        broker.on_assembled(self.core.settled)
        self.clients: list[Client] = []
        self.exit_code: int | None = None
        broker.over.addCallback(self._over)
        broker.startService()
        self.turn()

    def wall(self) -> datetime:
        return WALL + timedelta(seconds=self.reactor.seconds())

    def _over(self, exit_code: int) -> None:
        self.exit_code = exit_code

    # -- clients

    def join(self, handler: Handler | None = None, *, mute: bool = False) -> Client:
        """One more client connects."""
        client = Client(self, f"client-{len(self.clients) + 1}", handler, mute=mute)
        self.clients.append(client)
        self.fanout.add(client)
        return client

    def turn(self, seconds: float = 0) -> None:
        """So much time passes, and what is due is done."""
        self.reactor.advance(seconds)

    def go(self) -> None:
        """All clients deal with what they are sent until nothing comes any more."""
        for _ in range(100_000):
            heard = [client.take_one() for client in self.clients]  # all of them, in step
            if not any(heard):
                self.turn()
                if not any(client.outlet.messages for client in self.clients):
                    return
        raise AssertionError("it goes on for ever")

    def run(self, handler: Handler | None = None) -> Client:
        """One client, from the beginning to the end."""
        client = self.join(handler)
        self.go()
        return client

    def finish(self) -> int | None:
        """All clients go away; the exit code."""
        for client in self.clients:
            client.leave()
        for _ in range(40):
            self.turn(0.1)
        return self.exit_code

    # -- what clients ask for

    def asked(self, call: Callable[[], Deferred[T]]) -> T:
        """The answer to a request; raises its refusal."""
        pacing = self.broker.pacing
        pacing.request_began()
        results: list[Any] = []
        call().addBoth(results.append)
        self.turn()
        pacing.request_ended()
        assert results, "not answered"
        if isinstance(results[0], Failure):
            results[0].raiseException()
        answer: T = results[0]
        return answer

    def submit(self, **members: Any) -> OrderHandle:
        """``POST /v1/orders`` with these members, after those of a market order to buy ten."""
        values = {"symbol": "X", "side": "BUY", "quantity": "10", "order_type": "MARKET", **members}
        request = msgspec.convert(values, OrderRequest, strict=False)
        return self.asked(lambda: self.core.desk.submit(request))

    def order(self, order_id: str) -> Order:
        return self.asked(lambda: self.core.reads.order(order_id))

    def fills(self) -> list[tuple[Decimal, Decimal, str]]:
        """Price, quantity and ``day hour:minute:second`` of all executions, in order."""
        return [
            (trade.price, trade.quantity, f"{trade.timestamp:%d %H:%M:%S}")
            for trade in self.broker.exchange.trades()
        ]


def at_candles(orders: dict[int, Callable[[Stand], object]]) -> Handler:
    """A strategy that does something in the handler of the candle of that number, from 0."""

    def handle(client: Client, message: Message) -> None:
        if message["type"] == "candle" and client.candles in orders:
            orders[client.candles](client.stand)

    return handle


def _no_network(*_asked: object) -> Any:
    raise AssertionError("a backtest needs no network")

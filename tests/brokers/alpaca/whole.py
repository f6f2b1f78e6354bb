"""The gateway's core on the Alpaca broker and its double: everything but the doors and the disk."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import IStreamClientEndpoint
from zope.interface import implementer

from tests.orders.core import Sink
from tradegw.brokers.alpaca.broker import AlpacaBroker
from tradegw.brokers.endpoint import Dial, Url
from tradegw.brokers.registry import BrokerParts
from tradegw.core import Core, Surroundings
from tradegw.metrics.meters import Meters
from tradegw.model.enums import AlertCode, OrderType, Platform
from tradegw.model.events import AlertEvent
from tradegw.model.protection import ExitLimits
from tradegw.service import Forwarding
from tradegw.testing.journal import MemoryJournal
from tradegw.testing.listener import Notebook

from .stand import Stand, request

STOPS = (OrderType.STOP, OrderType.STOP_LIMIT)


class Life:
    """What a process reaches by *dial* as long as it lives."""

    def __init__(self, dial: Dial) -> None:
        self._dial = dial
        self.is_over = False

    def dial(self, url: Url) -> IStreamClientEndpoint:
        return _Nowhere() if self.is_over else self._dial(url)


@implementer(IStreamClientEndpoint)
class _Nowhere:
    def connect(self, protocolFactory: Any) -> Deferred[Any]:  # noqa: N803  Twisted's name
        return fail(ConnectError())


class Whole(Stand):
    """``core`` is the gateway's; ``sink`` is what its clients hear."""

    def new_broker(self) -> None:
        if not hasattr(self, "store"):
            self.store = MemoryJournal()
            self._ids = 0
        self.sink = Sink()
        news = self._news = Forwarding()
        self._life = Life(self.network.dial)
        self.broker = AlpacaBroker(
            self.own,
            BrokerParts(
                settings=self.settings,
                listener=news,
                clock=self.clock,
                now=self.now,
                seconds=self.clock.seconds,
                random=lambda: 0.5,
                dial=self._life.dial,
                memory=self.memory,
            ),
        )
        self.core = Core(
            self.broker,
            Surroundings(
                journal=self.store,
                sink=self.sink,
                meters=Meters(CollectorRegistry(), Platform.ALPACA_PAPER),
                clock=self.clock,
                seconds=self.clock.seconds,
                now=self.now,
                new_id=self._new_id,
                exit_limits=ExitLimits(),
            ),
        )
        news.to = self.core.intake

    def crash(self) -> None:
        """As by SIGKILL; :meth:`start_again` is the next process on the same journal."""
        self.store = self.store.reopened()
        self._life.is_over = True
        self._news.to = Notebook()
        self.network.cut()

    def start_again(self) -> None:
        self.new_broker()
        self.start()

    def _new_id(self) -> str:
        self._ids += 1
        return f"id{self._ids}"

    def start(self) -> None:
        self.broker.startService()
        self.wait(30.0, until=lambda: self.core.link.is_up)
        assert self.core.link.is_up

    def enter(self, **members: Any) -> Any:
        """What a client gets for an order."""
        return self.ask(self.core.desk.submit(request(**members)))

    def protected(self, symbol: str) -> Any:
        """What the stops that work would sell, live ones at the venue and held ones beside."""
        return sum(
            order.remaining
            for order in self.fake.orders
            if order.asset.symbol == symbol
            and order.is_open
            and order.side == "sell"
            and order.type in ("stop", "stop_limit")
            and not self._is_dormant(order)
        )

    def _is_dormant(self, order: Any) -> bool:
        parent = None if order.parent is None else self.fake.world.book.find(order.parent)
        return parent is not None and parent.is_open

    @property
    def alerts(self) -> list[AlertEvent]:
        return [
            event
            for event in self.sink.events
            if isinstance(event, AlertEvent) and event.code is AlertCode.POSITION_UNPROTECTED
        ]

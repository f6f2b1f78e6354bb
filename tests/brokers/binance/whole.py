"""The gateway's core on Binance spot and the double: everything but the doors and the disk."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from prometheus_client import CollectorRegistry

from tests.orders.core import Sink
from tradegw.brokers.registry import BrokerParts
from tradegw.core import Core, Surroundings
from tradegw.metrics.meters import Meters
from tradegw.model.enums import AlertCode
from tradegw.model.events import AlertEvent
from tradegw.model.protection import ExitLimits
from tradegw.service import Forwarding
from tradegw.testing.journal import MemoryJournal

from .stand import Stand, request

_ENDED = frozenset({"FILLED", "CANCELED", "EXPIRED", "REJECTED", "EXPIRED_IN_MATCH"})


class Whole(Stand):
    """``core`` is the gateway's; ``sink`` is what its clients hear."""

    store: MemoryJournal | None = None

    def new_broker(self) -> None:
        self.store = self.store or MemoryJournal()
        self.sink = Sink()
        news = Forwarding()
        self._ids = getattr(self, "_ids", 0)
        self.broker = type(self).made(
            self.own,
            BrokerParts(
                settings=self.settings,
                listener=news,
                clock=self.clock,
                now=self.now,
                seconds=self.clock.seconds,
                random=lambda: 0.5,
                dial=self.network.dial,
                memory=self.memory,
            ),
        )
        self.core = Core(
            self.broker,
            Surroundings(
                journal=self.store,
                sink=self.sink,
                meters=Meters(CollectorRegistry(), self.settings.platform),
                clock=self.clock,
                seconds=self.clock.seconds,
                now=self.now,
                new_id=self._new_id,
                exit_limits=ExitLimits(),
            ),
        )
        news.to = self.core.intake

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

    def selling(self, *, stops: bool) -> Decimal:
        """What the stops that work would sell, or the limits."""
        return sum(
            (
                order.remaining
                for order in self.spot.orders
                if order.side == "SELL"
                and order.status not in _ENDED
                and order.status != "PENDING_NEW"
                and order.type.startswith("STOP") is stops
            ),
            Decimal(0),
        )

    @property
    def held(self) -> Decimal:
        return self.spot.balances.get("SOL", Decimal(0))

    @property
    def alerts(self) -> list[AlertEvent]:
        return [
            event
            for event in self.sink.events
            if isinstance(event, AlertEvent) and event.code is AlertCode.POSITION_UNPROTECTED
        ]

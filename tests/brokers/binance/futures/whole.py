"""The gateway's core on Binance's futures and the double: everything but the doors and the disk."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from prometheus_client import CollectorRegistry

from tests.orders.core import Sink
from tradegw.brokers.binance.futures.broker import FuturesBroker
from tradegw.core import Core, Surroundings
from tradegw.metrics.meters import Meters
from tradegw.model.enums import AlertCode
from tradegw.model.events import AlertEvent
from tradegw.model.protection import ExitLimits
from tradegw.service import Forwarding
from tradegw.testing.journal import MemoryJournal

from .payloads import request
from .stand import Stand

_WORK = frozenset({"NEW", "PARTIALLY_FILLED"})


class Whole(Stand):
    """``core`` is the gateway's; ``sink`` is what its clients hear."""

    store: MemoryJournal | None = None

    def new_broker(self) -> None:
        self.store = self.store or MemoryJournal()
        self.sink = Sink()
        news = Forwarding()
        self._ids = getattr(self, "_ids", 0)
        self.broker = FuturesBroker(self.own, self.parts(news))
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
        members = {"client_order_id": None, "quantity": "10", **members}
        for name in ("stop_loss", "take_profit"):
            if name in members:
                members[name] = Decimal(members[name])
        return self.ask(self.core.desk.submit(request(**members)))

    @property
    def stops(self) -> list[tuple[str, Decimal]]:
        """Position sides and quantities of the stops that wait."""
        return [(algo.position_side, algo.qty) for algo in self.stage.algos if algo.status == "NEW"]

    @property
    def limits(self) -> list[Decimal]:
        """What the limits that work would sell."""
        return [
            order.remaining
            for order in self.stage.orders
            if order.status in _WORK and order.type == "LIMIT" and order.side == "SELL"
        ]

    @property
    def alerts(self) -> list[AlertEvent]:
        return [
            event
            for event in self.sink.events
            if isinstance(event, AlertEvent) and event.code is AlertCode.POSITION_UNPROTECTED
        ]

"""The gateway's core on the tektii broker and its double: everything but the doors and the disk."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry

from tradegw.brokers.tektii.broker import TektiiBroker
from tradegw.core import Core, Surroundings
from tradegw.metrics.meters import Meters
from tradegw.model.enums import Platform
from tradegw.service import Forwarding
from tradegw.testing.journal import MemoryJournal

from .stand import Stand, request


class Whole(Stand):
    """``core`` is the gateway's; its clients are the crowd."""

    def new_broker(self) -> None:
        news = Forwarding()
        self._ids = 0
        self.registry = CollectorRegistry()
        self.broker = TektiiBroker(self.own, self.parts(news))
        self.crowd.pacing = self.broker.pacing
        time = self.broker.time
        self.core = Core(
            self.broker,
            Surroundings(
                journal=MemoryJournal(),
                sink=self.broker.sink(self.crowd),
                meters=Meters(self.registry, Platform.TEKTII),
                clock=time.clock,
                seconds=time.seconds,
                now=time.now,
                new_id=self._new_id,
                reconcile_seconds=None,
            ),
        )
        news.to = self.core.intake
        self.broker.on_assembled(self.core.settled)

    def _new_id(self) -> str:
        self._ids += 1
        return f"id{self._ids}"

    def start(self) -> None:
        self.broker.startService()
        self.wait(5.0, until=lambda: self.core.link.is_up)
        assert self.core.link.is_up

    def enter(self, **members: Any) -> Any:
        """What a client gets for an order."""
        return self.ask(self.core.desk.submit(request(**members)))

    def metric(self, name: str, **labels: str) -> float:
        found = self.registry.get_sample_value(name, {"platform": "tektii", **labels})
        return found or 0.0

"""The rooms of orders, exits and risk wired as the service wires them, around a scripted broker."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from tradegw.core import Core as WiredCore
from tradegw.core import Surroundings
from tradegw.interfaces import IEventSink
from tradegw.metrics.meters import Meters
from tradegw.model.account import Position
from tradegw.model.enums import (
    AlertCode,
    OrderEventKind,
    OrderType,
    Platform,
    PositionEventKind,
    PositionSide,
    Side,
)
from tradegw.model.events import AlertEvent, Event, OrderEvent, PositionEvent
from tradegw.model.order import Order, OrderHandle, OrderRequest
from tradegw.model.protection import ExitLimits
from tradegw.testing.broker import EPOCH, ScriptedBroker
from tradegw.testing.journal import MemoryJournal

T = TypeVar("T")

SYMBOL = "AAPL"
POSITION_ID = "pos-1"
FOR_EVER = 1e9
"""Seconds: tests reconcile, and look for missing exits, when they want to."""


def result_of(work: Deferred[T]) -> T:
    """What *work* fired with; raises what it failed with, or if it has not fired."""
    results: list[Any] = []
    work.addBoth(results.append)
    assert results, "not fired yet"
    if isinstance(results[0], Failure):
        results[0].raiseException()
    return results[0]  # type: ignore[no-any-return]  # collected from an untyped callback


def failure_of(work: Deferred[Any], kind: type[T]) -> T:
    """The error of *kind* that *work* failed with."""
    results: list[Any] = []
    work.addBoth(results.append)
    assert results, "not fired yet"
    assert isinstance(results[0], Failure), f"did not fail: {results[0]}"
    assert isinstance(results[0].value, kind), f"failed with {results[0].value!r}"
    return results[0].value


def order_request(**members: Any) -> OrderRequest:
    """A market order to buy one, with *members* instead; numbers may be given as text."""
    values: dict[str, Any] = {
        "symbol": SYMBOL,
        "side": Side.BUY,
        "quantity": "1",
        "order_type": OrderType.MARKET,
        **members,
    }
    for name in ("quantity", "limit_price", "stop_price", "stop_loss", "take_profit"):
        if isinstance(values.get(name), str):
            values[name] = Decimal(values[name])
    return OrderRequest(**values)


def a_position(**members: Any) -> Position:
    """A long position of one, with *members* instead."""
    values: dict[str, Any] = {
        "id": POSITION_ID,
        "symbol": SYMBOL,
        "side": PositionSide.LONG,
        "quantity": Decimal(1),
        "average_entry_price": Decimal(100),
        "current_price": Decimal(100),
        "unrealized_pnl": Decimal(0),
        "realized_pnl": Decimal(0),
        "opened_at": EPOCH,
        "updated_at": EPOCH,
        **members,
    }
    return Position(**values)


@implementer(IEventSink)
class Sink:
    """Records what clients would hear; ``listeners`` of them are connected."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.listeners = 1

    def publish(self, event: Event) -> int:
        self.events.append(event)
        return self.listeners

    def audience(self) -> int:
        return self.listeners


class Core(WiredCore):
    """The middle of the gateway. Time stands still until ``clock`` is advanced."""

    def __init__(
        self,
        *,
        brackets: bool = False,
        again: Core | None = None,
        linked: bool = True,
        store: MemoryJournal | None = None,
        reconcile_seconds: float = FOR_EVER,
        hedges: bool = False,
        holds: bool = False,
        exit_limits: ExitLimits | None = None,
    ) -> None:
        """With *again*: as after a restart of that one, at the same broker. Unless *linked* the
        broker is not logged on yet. It nets positions unless it *hedges*, and if it *holds* what
        exits would sell no other order can sell it. *store* is the journal,
        if it is to be another.
        """
        self._ids: int = 0 if again is None else again._ids
        self.clock: Clock = Clock() if again is None else again.clock
        self.sink: Sink = Sink() if again is None else again.sink
        self.broker: ScriptedBroker = (
            ScriptedBroker(brackets=brackets) if again is None else again.broker
        )
        self.broker.hedges = self.broker.hedges or hedges
        self.broker.exits_hold_quantity = self.broker.exits_hold_quantity or holds
        if store is None:
            store = MemoryJournal() if again is None else again.store.reopened()
        self.store: MemoryJournal = store
        super().__init__(
            self.broker,
            Surroundings(
                journal=self.store,
                sink=self.sink,
                meters=Meters(CollectorRegistry(), Platform.MOCK),
                clock=self.clock,
                seconds=self.clock.seconds,
                now=self.now,
                new_id=self._new_id,
                reconcile_seconds=reconcile_seconds,
                exit_limits=exit_limits or ExitLimits(look_seconds=FOR_EVER),
            ),
        )
        self.groups = self.intake._groups
        self.broker.listener = self.intake
        self.broker.now = self.now
        if linked:
            self.intake.on_link_up()
            self.broker.calls.clear()

    def _new_id(self) -> str:
        self._ids += 1
        return f"id{self._ids}"

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.clock.seconds())

    # -- what a client does ------------------------------------------------------------------------

    def submit(self, **members: Any) -> OrderHandle:
        """Submit an order that the broker accepts at once."""
        return result_of(self.desk.submit(order_request(**members)))

    def entered(self, fill: str | None = None, **members: Any) -> str:
        """An entry with stop-loss 90 and take-profit 110, filled as told; its order id."""
        members = {"stop_loss": "90", "take_profit": "110", "client_order_id": "c1", **members}
        handle = self.submit(**members)
        if fill is not None:
            self.broker.fill(handle.id, fill)
        return handle.id

    def reconciled(self) -> None:
        """Ask the broker how things stand; it answers at once."""
        result_of(self.reconciliation.run("test"))

    # -- what can be seen --------------------------------------------------------------------------

    def alerts(self, code: AlertCode = AlertCode.POSITION_UNPROTECTED) -> list[AlertEvent]:
        return [e for e in self.sink.events if isinstance(e, AlertEvent) and e.code is code]

    def order_events(self, order_id: str | None = None) -> list[OrderEvent]:
        return [
            event
            for event in self.sink.events
            if isinstance(event, OrderEvent) and order_id in (None, event.order.id)
        ]

    def told(self) -> list[tuple[str, OrderEventKind]]:
        """Order id and kind of every order event that went out."""
        return [(event.order.id, event.event) for event in self.order_events()]

    def legs(self) -> list[Order]:
        """All exit legs at the broker, in the order in which they came."""
        return [order for order in self.broker.orders.values() if self._is_leg(order)]

    def live_legs(self) -> list[Order]:
        return [order for order in self.legs() if not order.status.is_terminal]

    def live(self, order_type: OrderType) -> Decimal:
        """How much the working legs of a type would still execute."""
        legs = [order for order in self.live_legs() if order.order_type is order_type]
        return sum((leg.remaining_quantity for leg in legs), Decimal(0))

    def leg(self, client_order_id: str) -> Order:
        (found,) = [o for o in self.legs() if o.client_order_id == client_order_id]
        return found

    def guards(self) -> int:
        """How many plans are in force."""
        return len(self.guardian._plans)

    def count(self, name: str, **labels: str) -> float:
        """The value of a metric."""
        return self.meters.registry.get_sample_value(name, labels) or 0.0

    def wait(self, seconds: float) -> None:
        """Let time pass in small steps, which add up exactly."""
        for _ in range(round(seconds * 16)):
            self.clock.advance(1 / 16)

    def close_event(self, **members: Any) -> PositionEvent:
        position = a_position(**{"quantity": Decimal(0), **members})
        return PositionEvent(timestamp=EPOCH, event=PositionEventKind.CLOSED, position=position)

    @staticmethod
    def _is_leg(order: Order) -> bool:
        name = order.client_order_id or ""
        return "-sl" in name or "-tp" in name


def ids(orders: Iterable[Order]) -> list[str | None]:
    return [order.client_order_id for order in orders]

"""From a stream that drops what it should tell to strategies that know everything all the same.

The whole middle of the gateway, and a session as a broker has one; the broker is a scripted one
whose events go through a stream that a test can spoil.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from twisted.internet.defer import Deferred

from tests.brokers.wires import Line, parts, pass_time
from tests.orders.core import POSITION_ID, Core, a_position, result_of
from tradegw.brokers.link.course import Rules
from tradegw.brokers.link.session import Session
from tradegw.brokers.link.stream import Stream
from tradegw.model.enums import ConnectionEventKind, OrderEventKind, OrderStatus
from tradegw.model.events import AlertEvent, ConnectionEvent, Event, OrderEvent
from tradegw.model.limits import Lane
from tradegw.model.order import Order, OrderRequest
from tradegw.model.trading import TradingState


class Gateway:
    """A logged-on gateway. ``drops`` says whether the stream keeps an event to itself."""

    def __init__(self) -> None:
        self.core = Core(linked=False, reconcile_seconds=60)
        self.line = Line()
        self.drops: Any = lambda event: False
        self._held = 0
        given = parts(self.core.clock, self.core.intake)
        rules = Rules(silence_seconds=10, beats=True)
        self.stream = Stream("orders", self.line.connect, self.line.converse, given, rules)
        self.session = Session(given, self.stream)
        self.watch = self.session.liveness.account
        broker = self.core.broker
        broker.missed = self.watch.missed  # type: ignore[method-assign]
        self._submit, broker.submit = broker.submit, self._sent  # type: ignore[method-assign]
        broker.tell = self._tell  # type: ignore[method-assign]
        self.session.startService()
        self.wait(1)

    def _sent(self, request: OrderRequest, lane: Lane = Lane.ENTRY) -> Deferred[Order]:
        since = self.watch.mark()

        def answered(order: Order) -> Order:
            self.watch.expect(order.id, since)
            return order

        return self._submit(request, lane).addCallback(answered)

    def _tell(self, order: Order, kind: OrderEventKind) -> None:
        event = OrderEvent(timestamp=self.core.now(), event=kind, order=order)
        if self.stream.is_live and not self.drops(event):
            self.watch.mentioned(order.id)
            self.core.intake.on_event(event)

    def fill(self, order_id: str) -> None:
        """An order for one executes; the position grows."""
        self._held += 1
        self.core.broker.held = {POSITION_ID: a_position(quantity=Decimal(self._held))}
        self.core.broker.fill(order_id, "1")

    def wait(self, seconds: float) -> None:
        """Heartbeats come; what is opened logs on."""
        for _ in range(int(seconds)):
            pass_time(self.core.clock, 1)
            if not self.line.last.is_open and not self.line.last.opening.called:
                self.line.log_on()
            if self.stream.is_live:
                self.line.last.say(b"beat")

    def told(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.core.sink.events if isinstance(event, kind)]

    def links(self) -> list[ConnectionEventKind]:
        return [event.event for event in self.told(ConnectionEvent)]


def test_a_stream_that_drops_14_of_18_fills_while_it_beats_is_found_out() -> None:
    """Every fill is told in the end, the stream is opened anew, and then only reductions pass."""
    gateway = Gateway()
    dropped = {number for number in range(18) if number % 9 > 1}
    fills = 0

    def drops(event: OrderEvent) -> bool:
        nonlocal fills
        if event.event is not OrderEventKind.FILLED:
            return False
        fills += 1
        return fills - 1 in dropped

    gateway.drops = drops
    orders: list[str] = []
    for _ in range(18):
        if gateway.core.trading.status().state is TradingState.ACTIVE:
            orders.append(gateway.core.submit(quantity="1").id)
        else:  # what rested before can still fill
            break
        gateway.fill(orders[-1])
        gateway.wait(40)
    assert len(dropped) == 14
    assert gateway.core.trading.status().state is TradingState.REDUCE_ONLY
    gateway.wait(60)
    filled = [e.order.id for e in gateway.told(OrderEvent) if e.event is OrderEventKind.FILLED]
    assert sorted(filled) == sorted(orders)
    assert ConnectionEventKind.BROKER_DISCONNECTED in gateway.links()
    assert gateway.links()[-1] is ConnectionEventKind.BROKER_RECONNECTED
    assert any("does not tell of our orders" in alert.message for alert in gateway.told(AlertEvent))


def test_what_happened_while_the_link_was_away_is_told_before_its_return() -> None:
    gateway = Gateway()
    order_id = gateway.core.submit(quantity="1").id
    gateway.line.last.lose("reset")
    gateway.fill(order_id)
    gateway.wait(2)
    told = [
        event.event
        for event in gateway.core.sink.events
        if isinstance(event, (ConnectionEvent, OrderEvent))
    ]
    assert told == [
        OrderEventKind.CREATED,
        ConnectionEventKind.BROKER_DISCONNECTED,
        OrderEventKind.FILLED,
        ConnectionEventKind.BROKER_RECONNECTED,
    ]
    assert gateway.session.status().state == "live"


def test_no_evidence_arises_from_an_ordinary_day() -> None:
    gateway = Gateway()
    for number in range(30):
        order_id = gateway.core.submit(quantity="1").id
        gateway.wait(7)
        if number % 3:
            gateway.fill(order_id)
        else:
            result_of(gateway.core.desk.cancel(order_id))
        gateway.wait(13)
        if number == 15:
            gateway.line.last.lose("reset")
    assert gateway.core.trading.status().state is TradingState.ACTIVE
    assert gateway.links() == [
        ConnectionEventKind.BROKER_DISCONNECTED,
        ConnectionEventKind.BROKER_RECONNECTED,
    ]
    assert gateway.told(AlertEvent) == []
    assert gateway.session.status().state == "live"


def test_an_order_that_is_accepted_and_never_mentioned_is_asked_for_within_seconds() -> None:
    """Not a minute later: it filled meanwhile, and the strategy must know."""
    gateway = Gateway()
    gateway.drops = lambda event: True
    order_id = gateway.core.submit(quantity="1").id
    gateway.fill(order_id)
    gateway.wait(12)
    (filled,) = [e for e in gateway.told(OrderEvent) if e.event is OrderEventKind.FILLED]
    assert (filled.order.id, filled.order.status) == (order_id, OrderStatus.FILLED)
    assert filled.reconciled

"""Events are numbered, written down, and only then told.

What a client has heard is thus in the journal, under the number that it was told with, whatever
happens next. Prices are not written down and wait for nothing; news of the link is not written
down either, but keeps its place among what is.

While the journal is failing nobody is left in the dark: events go out at once and without a number.
They are written down as soon as that is possible, and whoever resumes then gets them numbered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace
from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from zope.interface import implementer

from ..interfaces import IEventSink, IJournal, WallClock
from ..model import wire
from ..model.events import (
    AccountEvent,
    AlertEvent,
    Event,
    FinancingEvent,
    OrderEvent,
    PositionEvent,
    TradeEvent,
)
from ..model.journal import Entry, Execution, NetPosition, OrderState, Told
from ..model.order import Order
from .blotter import Blotter
from .books import Books
from .hedges import Hedges

_ORDER_OF: Final[dict[type[Any], Callable[[Any], str | None]]] = {
    OrderEvent: lambda event: event.order.id,
    TradeEvent: lambda event: event.trade.order_id or None,
    PositionEvent: lambda _event: None,
    AccountEvent: lambda _event: None,
    FinancingEvent: lambda _event: None,
    AlertEvent: lambda event: _text((event.details or {}).get("order_id")),
}
"""The kinds that are written down, and the order each is about."""


class _Waiting(Struct, eq=False):
    """An event on its way to the clients, as it will be told; ``durable`` when it may be."""

    event: Event
    durable: bool


@implementer(IEventSink)
class Chronicle:
    """The way of all events to *sink*. *books* and *hedges* are kept by what was told."""

    log = Logger()

    def __init__(
        self,
        journal: IJournal,
        sink: IEventSink,
        blotter: Blotter,
        books: Books,
        now: WallClock,
        hedges: Hedges | None = None,
    ) -> None:
        self._hedges = hedges
        self._journal = journal
        self._sink = sink
        self._blotter = blotter
        self._books = books
        self._now = now
        self._epoch = journal.span().epoch
        self._waiting: deque[_Waiting] = deque()
        self._awaiting_empty: list[Deferred[None]] = []
        journal.observe(self._journal_changed)

    def audience(self) -> int:
        return self._sink.audience()

    def publish(self, event: Event) -> int:
        order_of = _ORDER_OF.get(type(event))
        if order_of is not None:
            self._write(event, order_of(event))
        elif self._waiting:
            self._waiting.append(_Waiting(event, durable=True))
        else:
            return self._sink.publish(event)
        return self._sink.audience()

    def overtake(self, event: Event) -> None:
        """Let *event*, a price, go at once."""
        self._sink.publish(event)

    def empty(self) -> Deferred[None]:
        """Fires when everything that was published has been told."""
        if not self._waiting:
            return succeed(None)
        self._awaiting_empty.append(Deferred())
        return self._awaiting_empty[-1]

    def _write(self, event: Event, order_id: str | None) -> None:
        seq = self._journal.next_seq()
        event = replace(event, seq=seq, epoch=self._epoch)
        told = Told(
            seq=seq,
            at=event.timestamp,
            kind=str(event.__struct_config__.tag),
            body=wire.encode(event),
            order_id=order_id,
        )
        kept = self._journal.keep(told, *self._beside(event))
        if self._journal.problem is not None:
            self._sink.publish(replace(event, seq=None, epoch=None))
            return
        waiting = _Waiting(event, durable=False)
        self._waiting.append(waiting)
        kept.addCallback(lambda _none: self._durable(waiting))

    def _beside(self, event: Event) -> list[Entry]:
        """What must be durable together with *event*, so that a restart finds both or none."""
        if isinstance(event, OrderEvent):
            entries: list[Entry] = [self.order_state(event.order)]
            if self._books.execute(event.order):
                entries.append(self._net(event.order.symbol))
            return entries
        if isinstance(event, PositionEvent) and self._hedges is not None:
            return [*self._hedges.tell(event)]
        if not isinstance(event, TradeEvent):
            return []
        trade = event.trade
        execution = Execution(
            id=trade.id, symbol=trade.symbol, order_id=trade.order_id, at=trade.timestamp
        )
        charged = self._books.charge(trade)
        return [execution, self._net(trade.symbol)] if charged else [execution]

    def order_state(self, order: Order) -> OrderState:
        """*order* as it is told now."""
        links = self._blotter.links_of(order.id)
        return OrderState(
            order_id=order.id,
            at=order.updated_at,
            terminal=order.status.is_terminal,
            body=wire.encode(order),
            client_order_id=order.client_order_id,
            links=b"" if links is None else wire.encode(links),
        )

    def _net(self, symbol: str) -> NetPosition:
        return NetPosition(symbol=symbol, at=self._now(), quantity=self._books.held(symbol))

    def correct(self, symbol: str, quantity: Decimal) -> None:
        """The broker holds so much of *symbol*, and that is how it is from now on."""
        self._books.set(symbol, quantity)
        self._journal.keep(self._net(symbol))

    def _durable(self, waiting: _Waiting) -> None:
        waiting.durable = True
        while self._waiting and self._waiting[0].durable:
            self._sink.publish(self._waiting.popleft().event)
        self._check_empty()

    def _check_empty(self) -> None:
        if not self._waiting:
            empty, self._awaiting_empty = self._awaiting_empty, []
            for deferred in empty:
                deferred.callback(None)

    def _journal_changed(self, problem: str | None) -> None:
        """Whoever waits for the disk now may wait for long."""
        if problem is None:
            return
        while self._waiting:
            self._sink.publish(replace(self._waiting.popleft().event, seq=None, epoch=None))
        self._check_empty()


def _text(value: object) -> str | None:
    """*value* if a column can hold it; the details of an alert may be anything."""
    return value if isinstance(value, str) else None

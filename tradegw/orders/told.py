"""What the clients were told so far, or will be as soon as its turn comes.

Whatever comes is compared with this, an event of the broker and an answer to our own asking alike,
so that nothing is told twice and nothing is left out.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Final

from msgspec.structs import replace
from twisted.logger import Logger

from ..interfaces import IJournal
from ..model.account import Account, Position, Trade
from ..model.enums import PositionEventKind
from ..model.events import OrderEvent, PositionEvent
from ..model.money import ZERO
from ..model.order import Order
from .attempt import may_come_from
from .blotter import Blotter
from .books import Books, net_of
from .intents import Intents
from .lifecycle import Meaning
from .succession import Succession
from .wanted import links_of, request_of

REMEMBERED_EXECUTIONS: Final = 50_000


class Told:
    """Orders, executions, positions and money. *books* are kept by what comes in, *told_books* by
    what was told.

    *seen* hears of every order that an event tells of, under the id that it was sent with. *nets*
    says whether the broker keeps but one position of each symbol.
    """

    log = Logger()

    def __init__(
        self,
        blotter: Blotter,
        books: Books,
        told_books: Books,
        journal: IJournal,
        intents: Intents,
        seen: Callable[[Order], object],
        *,
        nets: bool = True,
    ) -> None:
        self._intents = intents
        self._blotter = blotter
        self._books = books
        self._told_books = told_books
        self._journal = journal
        self._seen = seen
        self._nets = nets
        self._succession = Succession()
        self._executions: OrderedDict[tuple[str, str], None] = OrderedDict()
        self.versions: Counter[str] = Counter()
        """By symbol; grows with everything that executes or is told of a position, but for what a
        survey shows itself.
        """
        self._is_surveyed = False
        self.positions: dict[str, Position] = {}
        self.executed: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        """By the id of a position, where they are kept apart: what it was reduced by since it was
        told of.
        """
        self.account: Account | None = None

    def order(self, event: OrderEvent) -> tuple[Meaning, Order]:
        """What *event* means, and the order to be told, with its links."""
        order = event.order
        self._seen(order)
        self.claim(order)
        told = self._blotter.told(order.id)
        if told is None and (previous_id := self._succession.heard(order)) is not None:
            self.renamed(previous_id, order)
        if told is None and not event.reconciled and not self._may_be_ours(event):
            order = self.from_outside(order, event.parent_order_id)
        elif told is not None and told.outside:
            order = replace(order, outside=True)
        if order.parent_order_id is None and event.parent_order_id is not None:
            order = replace(order, parent_order_id=event.parent_order_id)
        meaning, order = self._blotter.tell(event.event, order)
        if meaning.is_told and self._books.execute(order):
            self._count(order.symbol)
            if not self._nets:
                before = ZERO if told is None else told.filled_quantity
                self._reduce(order, order.filled_quantity - before)
        return meaning, order

    def _reduce(self, order: Order, quantity: Decimal) -> None:
        held = self.positions.get(self.position_of(order) or "")
        if held is not None and order.side is held.side.closing:
            self.executed[held.id] += quantity

    def position_of(self, order: Order) -> str | None:
        """The id of the position that *order* belongs to, by the broker, or as it was asked for."""
        if order.position_id is not None or order.correlation_id is None:
            return order.position_id
        attempt = self._intents.by_id(order.correlation_id)
        return None if attempt is None else request_of(attempt.intent).position_id

    def _may_be_ours(self, event: OrderEvent) -> bool:
        """Whether something of ours in its symbol is under way that the order of *event* may come
        from, or be a leg of, for all that it says: the answer will tell.
        """
        order = event.order
        if self._blotter.is_changing(order.symbol):
            return True
        is_leg = (order.parent_order_id or event.parent_order_id) is not None
        is_named = order.client_order_id is not None and not is_leg
        return not is_named and self._intents.is_under_way(order.symbol)

    def from_outside(self, order: Order, parent_order_id: str | None = None) -> Order:
        """*order*, of which nothing was told; marked if it was not sent through this gateway."""
        linked = self._blotter.linked(order)
        is_ours = linked.correlation_id is not None
        if order.outside or is_ours or self._blotter.links_of(order.id) is not None:
            return order
        parent = linked.parent_order_id or parent_order_id
        if parent is not None and self._blotter.told(parent) is not None:
            return order  # a leg that the broker itself keeps
        self.log.warn(
            "order {order_id} was not sent through this gateway: it is taken over",
            order_id=order.id,
            symbol=order.symbol,
            side=order.side.value,
            quantity=order.quantity,
        )
        return replace(order, outside=True)

    def claim(self, order: Order) -> None:
        """Link *order*, also if only the journal remembers that it was sent from here."""
        self._blotter.linked(order)  # from now on, if it is expected
        name = order.client_order_id
        is_known = self._blotter.order(order.id) is not None
        if name is None or is_known or self._blotter.links_of(order.id) is not None:
            return
        recorded = self._journal.intent_sent_as(name)
        if recorded is not None and may_come_from(recorded.intent, order):
            self._blotter.expect(links_of(recorded.intent))

    def changing(self, order_id: str) -> None:
        """An order is about to be changed: another may take its place before that is answered, or
        without an answer.
        """
        known = self._blotter.order(order_id)
        if known is None:
            return
        links = self._blotter.links_of(order_id)
        name = known.client_order_id if links is None else links.client_order_id
        if name is not None:
            self._succession.changing(name, known)

    def changed(self, order_id: str) -> None:
        """The broker answered that."""
        self._succession.settled(order_id)

    def renamed(self, previous_id: str, order: Order) -> None:
        """*order* took the place of another: what that executed is not counted again."""
        self._books.renamed(previous_id, order)
        self._told_books.renamed(previous_id, order)

    def _count(self, symbol: str) -> None:
        if not self._is_surveyed:
            self.versions[symbol] += 1

    @contextmanager
    def surveyed(self) -> Iterator[None]:
        """What is told meanwhile is what the broker answered, and nothing that came after that."""
        self._is_surveyed = True
        try:
            yield
        finally:
            self._is_surveyed = False

    def ahead(self) -> set[str]:
        """Symbols of orders of which an answer showed more executed than any event told."""
        return self._blotter.ahead()

    def knows(self, trade: Trade) -> bool:
        """Whether *trade* was told."""
        key = (trade.symbol, trade.id)
        return key in self._executions or self._journal.knows_execution(*key)

    def execution(self, trade: Trade) -> bool:
        """Whether *trade* is news; it counts as told from now on."""
        if self.knows(trade):
            return False
        self._count(trade.symbol)
        self._executions[trade.symbol, trade.id] = None
        if len(self._executions) > REMEMBERED_EXECUTIONS:
            self._executions.popitem(last=False)
        self._books.charge(trade)
        return True

    def position(self, event: PositionEvent) -> bool:
        """A position was told; whether it is as it must be after all executions."""
        symbol = event.position.symbol
        self._count(symbol)
        self.executed.pop(event.position.id, None)
        if event.event is PositionEventKind.CLOSED:
            self.positions.pop(event.position.id, None)
        else:
            self.positions[event.position.id] = event.position
        told = (one for one in self.positions.values() if one.symbol == symbol)
        return net_of(told).get(symbol, ZERO) == self._books.held(symbol)

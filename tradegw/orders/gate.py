"""What must hold before something may leave that could raise exposure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from ..deferreds import as_deferred, deadline
from ..errors import NotReconciled
from ..model.account import Position
from ..model.enums import OrderType, Side
from ..model.journal import IntentKind
from ..model.money import ZERO
from ..model.order import ClosePositionRequest, Order, OrderChange, OrderRequest
from ..risk.trading import TradingGate
from .attempt import Attempt
from .blotter import Blotter
from .books import Books
from .intents import Intents
from .told import Told
from .wanted import request_of

PATIENCE_SECONDS: Final = 5.0
"""How long an order waits for the first reconciliation."""


class Gate:
    """Shut until the broker was asked how things stand; then as the trading state says.

    *nets* says whether an order of the other side reduces whatever is held of its symbol. Elsewhere
    it reduces the position that it names, and opens another if it names none.
    """

    def __init__(
        self,
        trading: TradingGate,
        books: Books,
        blotter: Blotter,
        intents: Intents,
        told: Told,
        clock: IReactorTime,
        *,
        nets: bool = True,
    ) -> None:
        self._nets = nets
        self._trading = trading
        self._books = books
        self._blotter = blotter
        self._intents = intents
        self._told = told
        self._clock = clock
        self._waiting: list[Deferred[None]] = []
        self._changing: list[tuple[str, Decimal]] = []
        self.is_reconciled = False

    @property
    def is_restricted(self) -> bool:
        """Whether there is anything that may not leave."""
        return not self._trading.is_open

    def reconciled(self) -> None:
        """The broker was asked how things stand: orders may leave."""
        self.is_reconciled = True
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            deferred.callback(None)

    def open(self) -> Deferred[float]:
        """Fires when orders may leave, with the seconds that took; fails with ``NotReconciled`` if
        it takes too long.
        """
        return succeed(0.0) if self.is_reconciled else self._opened()

    @as_deferred
    async def _opened(self) -> float:
        began = self._clock.seconds()
        waiting: Deferred[None] = Deferred()
        self._waiting.append(waiting)
        try:
            await deadline(waiting, PATIENCE_SECONDS, self._clock)
        except TimeoutError:
            self._waiting.remove(waiting)
            raise NotReconciled("The broker could not be asked yet how things stand") from None
        return self._clock.seconds() - began

    def check(self, request: OrderRequest, own: Attempt | None = None) -> None:
        """Raise ``OrderDenied`` if *request*, the business of the attempt *own*, must not leave."""
        if self._trading.is_open:
            return
        if not self._nets:
            self._trading.check_named(request.position_id)
        others = self._others(request.symbol, request.side, own=own)
        reducing = self._reducing(others, request.position_id)
        self._trading.check(request, self._held(request.symbol, request.position_id), reducing)

    def reducible(self, request: OrderRequest) -> Decimal:
        """How much is held that *request* would reduce, whatever else may reduce it."""
        held = self._held(request.symbol, request.position_id) or ZERO
        return max(ZERO, held * -request.side.sign)

    def check_change(self, order: Order, change: OrderChange) -> None:
        """Raise ``OrderDenied`` if *order* must not be changed so."""
        if self._trading.is_open:
            return
        position_id = self._position_of(order)
        others = self._others(order.symbol, order.side, order_id=order.id)
        reducing = self._reducing(others, position_id)
        held = self._held(order.symbol, position_id)
        self._trading.check_change(order, change, held, reducing)

    def closable(self, position: Position, request: ClosePositionRequest) -> Decimal:
        """As much of *position* as *request* may close now, at most what it asks for.

        A close may always leave, but many of them, or one beside other orders, could close more
        than there is. Unless trading is ``ACTIVE`` it is cut to what the others leave, exit legs
        apart; what rests at a price never stands in the way of a close of all at market.
        """
        wanted = position.quantity if request.quantity is None else request.quantity
        if self._trading.is_open:
            return wanted
        return max(ZERO, min(wanted, self._left(position, request, None)))

    def check_close(self, position: Position, request: ClosePositionRequest, own: Attempt) -> None:
        """Raise ``OrderDenied`` if *request*, the business of *own*, could close too much."""
        if self._trading.is_open:
            return
        left = self._left(position, request, own)
        wanted = request_of(own.intent).quantity
        self._trading.check_close(wanted, max(ZERO, left))

    def _left(
        self, position: Position, request: ClosePositionRequest, own: Attempt | None
    ) -> Decimal:
        at_market = request == ClosePositionRequest()
        others = (
            (order, quantity)
            for order, quantity in self._others(position.symbol, position.side.closing, own=own)
            if not at_market or order.order_type is OrderType.MARKET
        )
        return position.quantity - self._reducing(others, position.id)

    @contextmanager
    def changing(self, order_id: str, change: OrderChange) -> Iterator[None]:
        """As long as this lasts, the order may have the quantity of *change* already."""
        entry = (order_id, change.quantity or ZERO)
        self._changing.append(entry)
        try:
            yield
        finally:
            self._changing.remove(entry)

    def _held(self, symbol: str, position_id: str | None) -> Decimal | None:
        """What an order could reduce; nothing if it names no position where it must."""
        if not self.is_reconciled:
            return None
        if self._nets:
            return self._books.held(symbol)
        held = self._told.positions.get(position_id or "")
        if held is None or held.symbol != symbol:
            return ZERO
        left = max(ZERO, held.quantity - self._told.executed.get(held.id, ZERO))
        return -left * held.side.closing.sign

    def _position_of(self, order: Order | OrderRequest) -> str | None:
        return self._told.position_of(order) if isinstance(order, Order) else order.position_id

    def _reducing(
        self, others: Iterable[tuple[Order | OrderRequest, Decimal]], position_id: str | None
    ) -> Decimal:
        """What those *others* could still execute that reduce the same."""
        quantities = (
            quantity
            for order, quantity in others
            if self._nets or self._position_of(order) == position_id
        )
        return sum(quantities, ZERO)

    def _others(
        self, symbol: str, side: Side, *, own: Attempt | None = None, order_id: str | None = None
    ) -> Iterator[tuple[Order | OrderRequest, Decimal]]:
        """Other orders of that side, working or on their way, exit legs apart, each with what it
        could still execute.
        """
        for order in self._blotter.working():
            if (order.symbol, order.side) != (symbol, side):
                continue
            if order.parent_order_id is None and order.id != order_id:
                wanted = self._wanted(order.id) - order.filled_quantity
                yield order, max(order.remaining_quantity, wanted)
        for attempt in self._intents.under_way():
            if attempt is own or attempt.seen is not None or attempt.settling:
                continue
            if attempt.intent.kind in (IntentKind.SUBMIT, IntentKind.CLOSE):
                request = request_of(attempt.intent)
                if (request.symbol, request.side) == (symbol, side):
                    yield request, request.quantity

    def _wanted(self, order_id: str) -> Decimal:
        """The largest quantity that a change under way gives the order."""
        wanted = [quantity for changing, quantity in self._changing if changing == order_id]
        return max(wanted, default=ZERO)

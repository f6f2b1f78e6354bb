"""What must hold before something may leave that could raise exposure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from ..deferreds import as_deferred, deadline
from ..errors import NotReconciled
from ..model.enums import Side
from ..model.journal import IntentKind
from ..model.money import ZERO
from ..model.order import Order, OrderChange, OrderRequest
from ..risk.trading import TradingGate
from .attempt import Attempt
from .blotter import Blotter
from .books import Books
from .intents import Intents, request_of

PATIENCE_SECONDS: Final = 5.0
"""How long an order waits for the first reconciliation."""


class Gate:
    """Shut until the broker was asked how things stand; then as the trading state says."""

    def __init__(
        self,
        trading: TradingGate,
        books: Books,
        blotter: Blotter,
        intents: Intents,
        clock: IReactorTime,
    ) -> None:
        self._trading = trading
        self._books = books
        self._blotter = blotter
        self._intents = intents
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
        reducing = self._reducing(request.symbol, request.side, own=own)
        self._trading.check(request, self._held(request.symbol), reducing)

    def check_change(self, order: Order, change: OrderChange) -> None:
        """Raise ``OrderDenied`` if *order* must not be changed so."""
        if self._trading.is_open:
            return
        reducing = self._reducing(order.symbol, order.side, order_id=order.id)
        self._trading.check_change(order, change, self._held(order.symbol), reducing)

    @contextmanager
    def changing(self, order_id: str, change: OrderChange) -> Iterator[None]:
        """As long as this lasts, the order may have the quantity of *change* already."""
        entry = (order_id, change.quantity or ZERO)
        self._changing.append(entry)
        try:
            yield
        finally:
            self._changing.remove(entry)

    def _held(self, symbol: str) -> Decimal | None:
        return self._books.held(symbol) if self.is_reconciled else None

    def _reducing(
        self, symbol: str, side: Side, *, own: Attempt | None = None, order_id: str | None = None
    ) -> Decimal:
        """What other orders of that side, exit legs apart, could still execute."""
        working = [
            max(order.remaining_quantity, self._wanted(order.id) - order.filled_quantity)
            for order in self._blotter.working()
            if (order.symbol, order.side) == (symbol, side)
            if order.parent_order_id is None and order.id != order_id
        ]
        on_their_way = [
            request.quantity
            for attempt in self._intents.under_way()
            if attempt is not own and attempt.seen is None and not attempt.settling
            if attempt.intent.kind in (IntentKind.SUBMIT, IntentKind.CLOSE)
            for request in (request_of(attempt.intent),)
            if (request.symbol, request.side) == (symbol, side)
        ]
        return sum((*working, *on_their_way), ZERO)

    def _wanted(self, order_id: str) -> Decimal:
        """The largest quantity that a change under way gives the order."""
        wanted = [quantity for changing, quantity in self._changing if changing == order_id]
        return max(wanted, default=ZERO)

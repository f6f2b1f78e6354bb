"""Where orders are handed in: submit, cancel, replace. What prices do to them is not known here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from ..errors import OrderNotModifiable, SymbolNotFound
from ..model.enums import OrderStatus
from ..model.order import Order, OrderChange, OrderRequest
from . import admission
from .account import MarginAccount
from .desk import Desk, Filled, Ids
from .guard import Guard
from .instruments import Instrument
from .ledger import Ledger
from .liquidation import Liquidation
from .margin import MarginWatch
from .market import Market
from .outbox import Outbox
from .records import Records
from .working import WorkingOrder

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)


class Counter(Records, ABC):
    """One account at an exchange of its own, whose own time is the latest that it was told."""

    def __init__(
        self,
        account: MarginAccount,
        instrument: Callable[[str], Instrument | None],
        ids: Ids,
        outbox: Outbox,
        ledger: Ledger,
        filled: Filled | None = None,
    ) -> None:
        self.time = BEGINNING
        self._instrument = instrument
        self._ids = ids
        self._markets: dict[str, Market] = {}
        self._terms = account.terms
        self._account = account
        self._ledger = ledger
        self._outbox = outbox
        self._watch = MarginWatch(account)
        self._desk = Desk(self._terms, account, ledger, outbox, ids, filled)
        self._liquidation = Liquidation(account, ledger, self._desk, outbox)
        self._guard = Guard(account, self._watch, self._liquidation, self._markets, outbox)

    @abstractmethod
    def _come_to(self, time: datetime) -> None:
        """It is *time* now. Time never goes back."""

    def cancel(self, order_id: str, time: datetime) -> Order:
        """Cancel a working order."""
        self._come_to(time)
        order = self._working(order_id)
        self._desk.end(order, OrderStatus.CANCELLED, self.time)
        cancelled = order.snapshot()
        self._outbox.flush()
        return cancelled

    def drop(self, order_id: str, status: OrderStatus = OrderStatus.EXPIRED) -> Order:
        """End a working order without anybody having asked for it."""
        order = self._working(order_id)
        self._desk.end(order, status, self.time)
        dropped = order.snapshot()
        self._outbox.flush()
        return dropped

    def replace(self, order_id: str, change: OrderChange, time: datetime) -> Order:
        """Change a working order in place; a new price or a larger quantity costs its priority."""
        self._come_to(time)
        order = self._working(order_id)
        admission.check_change(order, change)
        market = self._market(order.symbol)
        admission.check_change_now(order, change, market, self._account)
        if change != OrderChange():
            self._desk.amend(order, change, self.time)
        changed = order.snapshot()
        self._outbox.flush()
        return changed

    def close_market(self, symbol: str) -> None:
        """No more orders in *symbol*; what rests can still be cancelled."""
        self._market(symbol).is_closed = True

    def _market(self, symbol: str) -> Market:
        market = self._markets.get(symbol)
        if market is None:
            instrument = self._instrument(symbol)
            if instrument is None:
                raise SymbolNotFound(symbol)
            orders = self._ledger.book(symbol)
            market = Market(instrument, orders, self._terms, self._desk)
            self._markets[symbol] = market
        return market

    def _working(self, order_id: str) -> WorkingOrder:
        order = self._ledger.working(order_id)
        if order is None:
            raise OrderNotModifiable(order_id, f"it is {self.order(order_id).status}")
        return order

    def _admitted(self, request: OrderRequest, time: datetime) -> tuple[Market, WorkingOrder]:
        """The order that *request* becomes, if nothing speaks against it."""
        self._come_to(time)
        admission.check_form(request)
        market = self._market(request.symbol)
        admission.check_order(request, market, self._account, self._ledger)
        return market, WorkingOrder.of(request, self._ids.order(), self.time)

    def _accept(self, market: Market, order: WorkingOrder, *, at_once: bool) -> Order:
        self._desk.accept(order)
        if at_once and market.tick is not None:
            market.catch_up(self.time)
            market.meet(order)
        accepted = order.snapshot()
        self._outbox.flush()
        if at_once:
            exhaust(self._guard_margin(market))
        return accepted

    def _drop_useless(self, symbol: str) -> bool:
        """Cancel reduce-only orders whose position is gone; whether there were any."""
        dropped = False
        for order in list(self._ledger.book(symbol).values()):
            if not (order.reduce_only and order.is_working):  # its sibling's end may have been its
                continue
            if self._account.reducible(order):
                order.reduces = True
            elif order.reduces:
                self._desk.end(order, OrderStatus.CANCELLED, self.time)
                dropped = True
        self._outbox.flush()
        return dropped

    def _guard_margin(self, market: Market) -> Iterator[None]:
        for _ in self._guard.steps(market):
            self._outbox.flush()
            yield


def exhaust(steps: Iterator[None]) -> None:
    """Go on with *steps* to their end."""
    for _ in steps:
        pass

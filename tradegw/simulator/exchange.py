"""The exchange: the way in for orders and prices, and everything that can be asked of it.

Events are delivered in the order in which things happened, each when the state already shows it.
Who receives them may call the exchange right away: an order sent in answer to a fill takes part
from that very price on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from ..errors import OrderNotFound, OrderNotModifiable, SymbolNotFound
from ..model.account import Account, Position, Trade
from ..model.enums import AccountEventKind, OrderStatus, TimeInForce
from ..model.events import Event
from ..model.order import Order, OrderChange, OrderRequest
from . import admission
from .account import MarginAccount
from .desk import Desk
from .diary import Diary
from .instruments import Instrument
from .keeping import Keeping
from .ledger import Ledger
from .liquidation import Liquidation
from .margin import MarginWatch
from .market import Market
from .outbox import Outbox
from .state import Change
from .terms import Terms
from .ticks import Tick
from .working import WorkingOrder

_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
_DAY: Final = timedelta(days=1)


class Exchange:
    """One account at an exchange of its own.

    *instrument* tells what a symbol is, ``None`` for one that is not traded; *new_id* makes ids;
    *deliver* receives the events; *stamp* makes their top-level time of the time of what happened,
    and leaves it as it is by default. *record*, if given, receives every change before it is told
    or answered, and is to read it at once. All times are aware and in UTC; the exchange's own time
    is the latest it was told, and within a continuous move where the move has got to.
    """

    def __init__(
        self,
        terms: Terms,
        instrument: Callable[[str], Instrument | None],
        new_id: Callable[[], str],
        deliver: Callable[[Event], None],
        stamp: Callable[[datetime], datetime] | None = None,
        record: Callable[[Change], None] | None = None,
    ) -> None:
        self.time = _BEGINNING
        self._instrument = instrument
        self._new_id = new_id
        self._midnight = _BEGINNING
        self._markets: dict[str, Market] = {}
        self._terms = terms
        self._account = MarginAccount(terms)
        self._diary = Diary(record)
        self._ledger = Ledger(terms.retained, self._diary)
        self._watch = MarginWatch(self._account)
        self._keeping = Keeping(
            self._account,
            self._ledger,
            self._watch,
            self._markets,
            self._diary,
            lambda: (self.time, self._midnight),
        )
        self._outbox = Outbox(deliver, stamp or (lambda time: time), self._keeping.settle)
        self._desk = Desk(terms, self._account, self._ledger, self._outbox, new_id)
        self._liquidation = Liquidation(self._account, self._ledger, self._desk, self._outbox)

    def submit(self, request: OrderRequest, time: datetime, *, at_once: bool = False) -> Order:
        """Accept an order; fires nothing but ``ORDER_CREATED``, for it meets the next tick first.

        *at_once*: it meets the price last shown instead, and is filled whole. Raises
        ``SymbolNotFound``, ``InvalidRequest``, ``InvalidValue`` or ``OrderRejected``.
        """
        self.advance(time)
        admission.check_form(request)
        market = self._market(request.symbol)
        admission.check_order(request, market, self._account, self._ledger)
        order = WorkingOrder.of(request, self._new_id(), self.time)
        order.whole = at_once
        self._desk.accept(order)
        if at_once and market.tick is not None:
            market.catch_up(self.time)
            market.meet(order)
        accepted = order.snapshot()
        self._outbox.flush()
        if at_once:
            _exhaust(self._guard_margin(market))
        return accepted

    def cancel(self, order_id: str, time: datetime) -> Order:
        """Cancel a working order."""
        self.advance(time)
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
        self.advance(time)
        order = self._working(order_id)
        admission.check_change(order, change)
        market = self._market(order.symbol)
        admission.check_change_now(order, change, market, self._account)
        if change != OrderChange():
            self._desk.amend(order, change, self.time)
        changed = order.snapshot()
        self._outbox.flush()
        return changed

    def tick(self, tick: Tick) -> None:
        """Take the market of a symbol to *tick*, and all its orders along."""
        market = self._markets.get(tick.symbol) or self._market(tick.symbol)
        if market.is_idle and tick.symbol not in self._account.holdings:
            self.advance(tick.time)
            market.show(tick)
            return
        _exhaust(self.steps(tick))

    def steps(self, tick: Tick) -> Iterator[None]:
        """As :meth:`tick`, but pausing after each thing that happened and was told."""
        market = self._market(tick.symbol)
        if not tick.continuous:
            self.advance(tick.time)
        market.catch_up(self.time)
        self._drop_useless(tick.symbol)
        for _ in market.steps(tick):
            self.time = max(self.time, market.time)
            self._outbox.flush()
            yield
        self.advance(tick.time)
        self._diary.look(self._ledger.book(tick.symbol).values())
        yield from self._guard_margin(market)
        self._keeping.settle()

    def advance(self, time: datetime) -> None:
        """It is *time* now: day orders of days gone by expire. Time never goes back."""
        if time >= self._midnight:
            self._pass_midnight(time)
        self.time = max(self.time, time)

    def expire_day_orders(self, time: datetime) -> None:
        """A session ended at *time*: DAY orders that could have traded in it expire."""
        for order in self._ledger.all_working():
            met = order.active_since
            if order.time_in_force is TimeInForce.DAY and met is not None and met < time:
                self._desk.end(order, OrderStatus.EXPIRED, time)
        self._outbox.flush()

    def close_market(self, symbol: str) -> None:
        """No more orders in *symbol*; what rests can still be cancelled."""
        self._market(symbol).is_closed = True

    def last_tick(self, symbol: str) -> Tick | None:
        """The market of *symbol* as last shown."""
        market = self._markets.get(symbol)
        return None if market is None else market.tick

    def order(self, order_id: str) -> Order:
        """One order; raises ``OrderNotFound``."""
        order = self._ledger.find(order_id)
        if order is None:
            raise OrderNotFound(order_id)
        return order

    def order_by_client_id(self, client_order_id: str) -> Order | None:
        """The order with that client order id."""
        return self._ledger.find_by_client_id(client_order_id)

    def open_orders(self) -> list[Order]:
        """All working orders, in the order of acceptance."""
        return [order.snapshot() for order in self._ledger.all_working()]

    def closed_orders(self) -> list[Order]:
        """The terminal orders that are remembered, in the order in which they ended."""
        return list(self._ledger.done())

    def trades(self) -> list[Trade]:
        """The trades that are remembered, in order."""
        return list(self._ledger.trades())

    def positions(self) -> list[Position]:
        """All open positions."""
        found = (self._account.position(symbol) for symbol in self._account.holdings)
        return [position for position in found if position is not None]

    def position(self, symbol: str) -> Position | None:
        """The open position of *symbol*."""
        return self._account.position(symbol)

    def account(self) -> Account:
        """The money."""
        return self._account.snapshot()

    @property
    def balance(self) -> Decimal:
        """Cash, realised P&L and commissions; unrounded."""
        return self._account.balance

    def state(self) -> Change:
        """All that is known here, as a value; not from within an event or a tick."""
        return self._keeping.state()

    def restore(self, state: Change) -> None:
        """Begin where *state* was, before anything else is done; nothing is told of it.

        It is the time of *state*, or later if that was told already. Orders and positions in what
        is no longer traded stay as they are.
        """
        self.time, self._midnight = max(self.time, state.time), state.midnight
        self._keeping.restore(state)
        for each in state.markets:
            if self._instrument(each.tick.symbol) is not None:
                self._market(each.tick.symbol).restore(each)

    def _pass_midnight(self, time: datetime) -> None:
        passed = self._midnight
        self._midnight = time.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
        if passed != _BEGINNING:
            self.time = passed
            self.expire_day_orders(passed)

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

    def _drop_useless(self, symbol: str) -> None:
        """Cancel reduce-only orders whose position is gone."""
        for order in list(self._ledger.book(symbol).values()):
            if not (order.reduce_only and order.is_working):  # its sibling's end may have been its
                continue
            if self._account.reducible(order.symbol, order.side):
                order.reduces = True
            elif order.reduces:
                self._desk.end(order, OrderStatus.CANCELLED, self.time)
        self._outbox.flush()

    def _guard_margin(self, market: Market) -> Iterator[None]:
        symbol = market.instrument.symbol
        if symbol in self._account.holdings:
            self._account.mark(symbol, market.last)
        verdict = self._watch.look()
        if verdict is AccountEventKind.MARGIN_CALL:
            for _ in self._liquidation.steps(self._markets, self.time):
                self._outbox.flush()
                yield
        elif verdict is not None:
            self._outbox.account(verdict, self._account.snapshot(), self.time)
            self._outbox.flush()


def _exhaust(steps: Iterator[None]) -> None:
    for _ in steps:
        pass

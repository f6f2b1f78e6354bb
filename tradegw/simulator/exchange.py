"""The exchange: the way in for orders and prices, and everything that can be asked of it.

Events are delivered in the order in which things happened, each when the state already shows it.
Who receives them may call the exchange right away: an order sent in answer to a fill takes part
from that very price on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from ..model.enums import OrderStatus, TimeInForce
from ..model.events import Event
from ..model.order import Order, OrderRequest
from .account import MarginAccount
from .counter import BEGINNING, Counter, exhaust
from .desk import Ids
from .diary import Diary
from .inside import Inside
from .instruments import Instrument
from .keeping import Keeping
from .ledger import Ledger
from .market import Market
from .outbox import Outbox
from .state import Change
from .terms import Terms
from .ticks import Tick

_DAY: Final = timedelta(days=1)


class Exchange(Counter):
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
        self._diary = Diary(record)
        outbox = Outbox(deliver, stamp or (lambda time: time), self._settle)
        ids = Ids(new_id, new_id)
        super().__init__(
            MarginAccount(terms), instrument, ids, outbox, Ledger(terms.retained, self._diary)
        )
        self._midnight = BEGINNING
        self._keeping = Keeping(
            self._account,
            self._ledger,
            self._watch,
            self._markets,
            self._diary,
            lambda: (self.time, self._midnight),
        )

    def submit(self, request: OrderRequest, time: datetime, *, at_once: bool = False) -> Order:
        """Accept an order; fires nothing but ``ORDER_CREATED``, for it meets the next tick first.

        *at_once*: it meets the price last shown instead, and is filled whole. Raises
        ``SymbolNotFound``, ``InvalidRequest``, ``InvalidValue`` or ``OrderRejected``.
        """
        market, order = self._admitted(request, time)
        order.whole = at_once
        return self._accept(market, order, at_once=at_once)

    def tick(self, tick: Tick) -> None:
        """Take the market of a symbol to *tick*, and all its orders along."""
        market = self._markets.get(tick.symbol) or self._market(tick.symbol)
        if market.is_idle and not self._account.holds(tick.symbol):
            self.advance(tick.time)
            market.show(tick)
            return
        exhaust(self.steps(tick))

    def steps(self, tick: Tick) -> Iterator[None]:
        """As :meth:`tick`, but pausing after each thing that happened and was told."""
        market = self._market(tick.symbol)
        with market.walked():
            if not tick.continuous:
                self.advance(tick.time)
            market.catch_up(self.time)
            self._drop_useless(tick.symbol)
            for _ in self._way(market, tick):
                self.time = max(self.time, market.time)
                self._outbox.flush()
                yield
        self.advance(tick.time)
        self._diary.look(self._ledger.book(tick.symbol).values())
        yield from self._guard_margin(market)
        self._keeping.settle()

    def _way(self, market: Market, tick: Tick) -> Iterator[None]:
        if not tick.continuous or market.tick is None:
            yield from market.jump(tick)
            return
        market.number += 1
        yield from Inside(market, [tick], through=self._terms.limit_through).all()
        market.arrive(tick)
        market.pass_all(tick.bid, tick.ask)

    def advance(self, time: datetime) -> None:
        """It is *time* now: day orders of days gone by expire. Time never goes back."""
        if time >= self._midnight:
            self._pass_midnight(time)
        self.time = max(self.time, time)

    def _come_to(self, time: datetime) -> None:
        self.advance(time)

    def expire_day_orders(self, time: datetime) -> None:
        """A session ended at *time*: DAY orders that could have traded in it expire."""
        for order in self._ledger.all_working():
            met = order.active_since
            if order.time_in_force is TimeInForce.DAY and met is not None and met < time:
                self._desk.end(order, OrderStatus.EXPIRED, time)
        self._outbox.flush()

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

    def _settle(self) -> None:
        self._keeping.settle()

    def _pass_midnight(self, time: datetime) -> None:
        passed = self._midnight
        self._midnight = time.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
        if passed != BEGINNING:
            self.time = passed
            self.expire_day_orders(passed)

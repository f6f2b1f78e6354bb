"""One symbol: where its price is, what may trade there, and how orders meet a price.

A jump pauses (it is a generator) after everything that happened to an order, so that what was told
can be answered: an order that is sent then takes part from that very price on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Protocol

from ..model.enums import OrderStatus, Side
from ..model.money import ZERO, floor_to_step, trimmed
from .fills import Where
from .instruments import Instrument
from .matching import pass_by, trades_at
from .state import MarketState
from .terms import Terms
from .ticks import Tick
from .working import WorkingOrder

_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)


class Executes(Protocol):
    """What a market needs of the desk."""

    def execute(self, market: Market, order: WorkingOrder, price: Decimal) -> bool:
        """Fill *order* as far as may be; whether anything happened to it."""

    def end(self, order: WorkingOrder, status: OrderStatus, time: datetime) -> None:
        """Take *order* out of the market."""


class Market:
    """The market of one instrument. *book* holds the working orders by sequence number, in order.

    ``time`` is the latest moment at which the price is known to be where it is; ``where`` says what
    brought it there. ``reacts``: what is sent now is in answer to a fill, and takes part at once.
    """

    def __init__(
        self,
        instrument: Instrument,
        book: dict[int, WorkingOrder],
        terms: Terms,
        desk: Executes,
    ) -> None:
        self.instrument = instrument
        self.tick: Tick | None = None
        self.bid = self.ask = self.last = ZERO
        self.number = 0
        self.is_closed = self.is_over = False
        self.where = Where.OPEN
        self.reacts = False
        self.book = book
        self.desk = desk
        self.time = _BEGINNING
        self._walking = False
        self._terms = terms
        self._interval: Tick | None = None
        self._taken = {Side.BUY: ZERO, Side.SELL: ZERO}

    @property
    def is_idle(self) -> bool:
        """Nothing rests here, so that a tick need only be shown."""
        return not self.book

    def price(self, side: Side) -> Decimal:
        """What *side* gets now."""
        return self.ask if side is Side.BUY else self.bid

    @contextmanager
    def walked(self) -> Iterator[None]:
        """While this lasts no other tick can come."""
        if self._walking:
            symbol = self.instrument.symbol
            raise RuntimeError(f"a tick of {symbol} inside of a tick of {symbol}")
        self._walking = True
        try:
            yield
        finally:
            self._walking = False

    def show(self, tick: Tick) -> None:
        """The price is now that of *tick*, and nothing rests that could trade on the way."""
        self.number += 1
        self.arrive(tick)

    def catch_up(self, now: datetime) -> None:
        """It is *now*, and the price still where it was."""
        self.time = max(self.time, now)

    def jump(self, tick: Tick) -> Iterator[None]:
        """Take the price to *tick*; pauses after each thing that happened to an order."""
        self.number += 1
        self.where = Where.OPEN
        self.arrive(tick)
        for order in self.book.values():
            order.waits = order.arrives_at is not None and order.arrives_at > self.time
        return self.meet_all()

    def be_at(self, bid: Decimal, ask: Decimal, time: datetime) -> None:
        """The price has moved there without a jump."""
        self.bid, self.ask = bid, ask
        self.catch_up(time)
        self.last = bid if bid == ask else (bid + ask) / 2
        self.pass_all(bid, ask)

    def pass_all(self, bid: Decimal, ask: Decimal) -> None:
        """The price has come by there, where nothing else traded."""
        for order in self.book.values():
            if order.active:
                pass_by(order, ask if order.side is Side.BUY else bid)

    def meet(self, order: WorkingOrder) -> bool:
        """Let *order* meet the price as it is; whether anything happened to it."""
        is_first = not order.active
        order.active = True
        order.active_since = order.active_since or self.time
        happened = False
        if order.held_at != self.number and trades_at(order, self.price(order.side)):
            happened = self.desk.execute(self, order, self.price(order.side))
        if is_first and order.acts_once and order.is_working:
            self.desk.end(order, OrderStatus.CANCELLED, self.time)
            happened = True
        if order.is_live_limit:
            order.rests = True
        return happened

    def meet_all(self, *, newcomers_only: bool = False) -> Iterator[None]:
        """Every order meets the price once, in sequence; also those that come meanwhile."""
        reached = 0
        if newcomers_only:
            self.where = Where.SHOWN
        while batch := [
            (sequence, order)
            for sequence, order in self.book.items()
            if sequence > reached and not (newcomers_only and order.active)
        ]:
            for sequence, order in batch:
                reached = sequence
                is_current = order.is_working and order.sequence == sequence
                if is_current and not order.is_absent(self.time) and self.meet(order):
                    yield

    def volume(self, side: Side) -> Decimal | None:
        """What is traded in this tick or bar, or offered to *side*, if that is known."""
        interval = self._interval
        if interval is None or interval.volume is not None:
            return None if interval is None else interval.volume
        return interval.ask_size if side is Side.BUY else interval.bid_size

    def left(self, side: Side) -> Decimal | None:
        """How much *side* may still trade in this tick or bar; ``None`` is no limit."""
        interval = self._interval
        if not self._terms.volume_limit or interval is None:
            return None
        volume, taken = self.volume(side), self._taken[side]
        if volume is None:
            return None
        if interval.volume is not None:  # of both sides together
            taken = sum(self._taken.values(), ZERO)
        budget = floor_to_step(volume * self._terms.volume_limit, self.instrument.quantity_step)
        return max(ZERO, trimmed(budget - taken))

    def take(self, side: Side, quantity: Decimal) -> None:
        """*quantity* was traded by *side*."""
        self._taken[side] += quantity

    def state(self, tick: Tick) -> MarketState:
        """As a value; *tick* is the one last shown."""
        return MarketState(
            tick=tick,
            time=self.time,
            number=self.number,
            interval=self._interval,
            bought=self._taken[Side.BUY],
            sold=self._taken[Side.SELL],
        )

    def restore(self, state: MarketState) -> None:
        """Begin where *state* was."""
        self.arrive(state.tick)
        self.catch_up(state.time)
        self.number = state.number
        self._interval = state.interval
        self._taken = {Side.BUY: state.bought, Side.SELL: state.sold}

    def arrive(self, tick: Tick) -> None:
        """The price is that of *tick*, with a new volume if it has jumped there."""
        if not (tick.continuous and self._interval):
            self._interval = tick
            self._taken = {Side.BUY: ZERO, Side.SELL: ZERO}
        self.bid, self.ask, self.last = tick.bid, tick.ask, tick.last
        self.catch_up(tick.time)
        self.tick = tick

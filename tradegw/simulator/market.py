"""One symbol: where its price is, and how the resting orders are walked along it.

The walk pauses (it is a generator) after everything that happened to an order, so that what was
told can be answered: an order that is sent then takes part from that very price on.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Protocol

from ..model.enums import OrderStatus, Side
from ..model.money import ZERO, floor_to_step, trimmed
from .instruments import Instrument
from .matching import Meeting, met_on_the_way, pass_by, trades_at
from .move import Move
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
    """The market of one instrument. *orders* are the working ones by sequence number, in order.

    ``time`` is the latest moment at which the price is known to be where it is.
    """

    def __init__(
        self,
        instrument: Instrument,
        orders: dict[int, WorkingOrder],
        terms: Terms,
        desk: Executes,
    ) -> None:
        self.instrument = instrument
        self.tick: Tick | None = None
        self.bid = self.ask = self.last = ZERO
        self.number = 0
        self.is_closed = False
        self._orders = orders
        self._terms = terms
        self._desk = desk
        self.time = _BEGINNING
        self._interval: Tick | None = None
        self._taken = {Side.BUY: ZERO, Side.SELL: ZERO}
        self._walking = False

    @property
    def is_idle(self) -> bool:
        """Nothing rests here, so that a tick need only be shown."""
        return not self._orders

    def price(self, side: Side) -> Decimal:
        """What *side* gets now."""
        return self.ask if side is Side.BUY else self.bid

    def show(self, tick: Tick) -> None:
        """The price is now that of *tick*, and nothing rests that could trade on the way."""
        self.number += 1
        self._arrive(tick)

    def catch_up(self, now: datetime) -> None:
        """It is *now*, and the price still where it was."""
        self.time = max(self.time, now)

    def steps(self, tick: Tick) -> Iterator[None]:
        """Take the price to *tick*; pauses after each thing that happened to an order."""
        if self._walking:
            raise RuntimeError(f"a tick of {tick.symbol} inside of a tick of {tick.symbol}")
        self._walking = True
        try:
            self.number += 1
            if tick.continuous and self.tick is not None:
                yield from self._walk(tick)
            else:
                self._arrive(tick)
                yield from self._meet_all()
        finally:
            self._walking = False

    def meet(self, order: WorkingOrder) -> bool:
        """Let *order* meet the price as it is; whether anything happened to it."""
        is_first = not order.active
        order.active = True
        order.active_since = order.active_since or self.time
        happened = False
        if order.held_at != self.number and trades_at(order, self.price(order.side)):
            happened = self._desk.execute(self, order, self.price(order.side))
        if is_first and order.acts_once and order.is_working:
            self._desk.end(order, OrderStatus.CANCELLED, self.time)
            happened = True
        if order.is_live_limit:
            order.rests = True
        return happened

    def left(self, side: Side) -> Decimal | None:
        """How much *side* may still trade in this tick or bar; ``None`` is no limit."""
        interval = self._interval
        if not self._terms.volume_limit or interval is None:
            return None
        if interval.volume is not None:
            volume, taken = interval.volume, sum(self._taken.values(), ZERO)
        else:
            size = interval.ask_size if side is Side.BUY else interval.bid_size
            if size is None:
                return None
            volume, taken = size, self._taken[side]
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
        self._arrive(state.tick)
        self.catch_up(state.time)
        self.number = state.number
        self._interval = state.interval
        self._taken = {Side.BUY: state.bought, Side.SELL: state.sold}

    def _arrive(self, tick: Tick) -> None:
        if not (tick.continuous and self._interval):
            self._interval = tick
            self._taken = {Side.BUY: ZERO, Side.SELL: ZERO}
        self.bid, self.ask, self.last = tick.bid, tick.ask, tick.last
        self.catch_up(tick.time)
        self.tick = tick

    def _meet_all(self, *, newcomers_only: bool = False) -> Iterator[None]:
        """Every order meets the price once, in sequence; also those that come meanwhile."""
        reached = 0
        while batch := [
            (sequence, order)
            for sequence, order in self._orders.items()
            if sequence > reached and not (newcomers_only and order.active)
        ]:
            for sequence, order in batch:
                reached = sequence
                is_current = order.is_working and order.sequence == sequence
                if is_current and self.meet(order):
                    yield

    def _walk(self, tick: Tick) -> Iterator[None]:
        move = Move(self.bid, self.ask, self.time, tick)
        while True:
            yield from self._meet_all(newcomers_only=True)
            hit = self._next_hit(move)
            if hit is None:
                break
            order, meeting = hit
            move.go(order.side, meeting.where)
            self._follow(move)
            order.triggered = True
            happened = self._desk.execute(self, order, meeting.price)
            assert happened, "an order that was met and stays as it is would be met for ever"
            if order.is_live_limit:
                order.rests = True
            yield
        self._arrive(tick)
        self._pass_all()

    def _next_hit(self, move: Move) -> tuple[WorkingOrder, Meeting] | None:
        """The order that trades first on the rest of the way."""
        first: tuple[WorkingOrder, Meeting] | None = None
        nearest = ZERO
        for order in self._orders.values():
            side = order.side
            if order.held_at == self.number or self.left(side) == ZERO:
                continue
            through = self._terms.limit_through
            meeting = met_on_the_way(order, move.here(side), move.end(side), through=through)
            if meeting is None:
                continue
            share = move.share_at(side, meeting.where)
            if first is None or share < nearest:
                first, nearest = (order, meeting), share
        return first

    def _follow(self, move: Move) -> None:
        self.bid, self.ask = move.bid, move.ask
        self.catch_up(move.time)
        self.last = self.bid if self.bid == self.ask else (self.bid + self.ask) / 2
        self._pass_all()

    def _pass_all(self) -> None:
        for order in self._orders.values():
            pass_by(order, self.price(order.side))

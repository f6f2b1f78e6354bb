"""The way of a price without jumps, and which order it meets next on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Protocol

from ..model.enums import OrderType
from ..model.money import ONE, ZERO
from .fills import Where
from .market import Market
from .matching import Meeting, met_on_the_way, pass_by
from .move import Move
from .ticks import Tick
from .working import WorkingOrder


class Place(NamedTuple):
    """A point on the way: in which of its moves, and after which part of that."""

    number: int
    share: Decimal


class Hit(NamedTuple):
    """Something that happens at a place: an order trades, one comes, or the margin is looked at."""

    place: Place
    time: datetime
    order: WorkingOrder | None = None
    meeting: Meeting | None = None


class Guards(Protocol):
    """What looks at the margin where the price turns round."""

    def is_concerned(self, market: Market, price: Decimal) -> bool:
        """Whether anything could come of it if the price were *price*."""

    def look_at(self, market: Market, corner: Tick) -> Iterator[None]:
        """The price is at *corner*."""


class Inside:
    """One market on its way over *corners*, from where it is (since *begin*, if that is not now).

    With *guard*, margin is looked at on all corners but the last.

    What happens is carried out by :meth:`steps`, one :class:`Hit` after the other; in between the
    market shows the price of the last one.
    """

    def __init__(
        self,
        market: Market,
        corners: Sequence[Tick],
        guard: Guards | None = None,
        *,
        begin: datetime | None = None,
        through: bool = False,
    ) -> None:
        self._market = market
        self._corners = corners
        self._guard = guard
        self._through = through
        self._number = 0
        self._looked = 0
        """How many corners the margin was looked at."""
        bid, ask, time = market.bid, market.ask, begin or market.time
        self._moves: list[Move] = []
        for corner in corners:
            self._moves.append(Move(bid, ask, time, corner))
            bid, ask, time = corner.bid, corner.ask, corner.time

    def all(self) -> Iterator[None]:
        """All of it, until the end of the way; pauses after each thing that happened."""
        yield from self._join()
        while (hit := self.next()) is not None:
            yield from self.steps(hit)

    def next(self) -> Hit | None:
        """What happens first on the rest of the way: by place, then orders by sequence."""
        first: Hit | None = None
        for order in self._market.book.values():
            hit = self._meeting(order) if order.active else self._coming(order)
            if hit is not None and (first is None or hit.place < first.place):
                first = hit
        corner = self._corner()
        if corner is not None and (first is None or corner.place < first.place):
            return corner
        return first

    def steps(self, hit: Hit) -> Iterator[None]:
        """Go there and carry it out; pauses after each thing that happened."""
        market = self._market
        self._go(hit)
        if hit.order is None:
            yield from self._look()
        elif hit.meeting is not None:
            market.where = Where.INSIDE
            hit.order.triggered = True
            happened = market.desk.execute(market, hit.order, hit.meeting.price)
            assert happened, "an order that was met and stays as it is would be met for ever"
            if hit.order.is_live_limit:
                hit.order.rests = True
            yield
        yield from self._join()

    def go_until(self, time: datetime) -> None:
        """The time has come to *time*, at which nothing happens; the market does not show it."""
        while self._moves[self._number].end_time < time and self._turn():
            pass
        move = self._moves[self._number]
        move.go_until(time)
        self._market.pass_all(move.bid, move.ask)

    def is_at_extreme(self, order: WorkingOrder, price: Decimal) -> bool:
        """Whether no price of the way is better for *order*, a limit order, than *price*."""
        sign = order.side.sign
        ends = [sign * move.end(order.side) for move in self._moves]
        return sign * price <= min(sign * self._moves[0].start(order.side), *ends)

    def _join(self) -> Iterator[None]:
        return self._market.meet_all(newcomers_only=True)

    def _meeting(self, order: WorkingOrder) -> Hit | None:
        market, side = self._market, order.side
        if order.held_at == market.number or market.left(side) == ZERO:
            return None
        probe = order
        if not order.triggered and order.order_type in (
            OrderType.STOP_LIMIT,
            OrderType.TRAILING_STOP,
        ):
            probe = copy(order)  # what it learns on the way it has not learnt yet
        for number in range(self._number, len(self._moves)):
            move = self._moves[number]
            end = move.end(side)
            meeting = met_on_the_way(probe, move.here(side), end, through=self._through)
            if meeting is not None:
                place = Place(number, move.share_at(side, meeting.where))
                return Hit(place, move.time_at(side, meeting.where), order, meeting)
            if probe is not order:
                pass_by(probe, end)
        return None

    def _coming(self, order: WorkingOrder) -> Hit | None:
        """When *order* takes part from, if it does on this way."""
        if order.waits:
            return None
        time = order.arrives_at
        for number in range(self._number, len(self._moves)):
            move = self._moves[number]
            if time is None or time < move.end_time:
                now = move.time if time is None else max(time, move.time)
                return Hit(Place(number, move.share_then(now)), now, order)
        return None

    def _corner(self) -> Hit | None:
        """The next corner at which the margin is worth a look."""
        guard = self._guard
        if guard is None:
            return None
        for number in range(max(self._looked, self._number), len(self._moves) - 1):
            corner = self._corners[number]
            if guard.is_concerned(self._market, corner.last):
                return Hit(Place(number, ONE), corner.time)
        return None

    def _go(self, hit: Hit) -> None:
        while self._number < hit.place.number:
            self._turn()
        move, order = self._moves[self._number], hit.order
        if order is None:
            move.finish()
            self._market.pass_all(move.bid, move.ask)
            return
        if hit.meeting is None:
            move.go_until(hit.time)
        else:
            move.go(order.side, hit.meeting.where)
        self._market.be_at(move.bid, move.ask, max(move.time, hit.time))

    def _turn(self) -> bool:
        """Go to the end of this move and begin with the next, unless it was the last."""
        if self._number == len(self._moves) - 1:
            return False
        move = self._moves[self._number]
        move.finish()
        self._market.pass_all(move.bid, move.ask)
        self._number += 1
        return True

    def _look(self) -> Iterator[None]:
        assert self._guard is not None
        self._market.where = Where.INSIDE
        corner = self._corners[self._number]
        self._looked = self._number + 1
        yield from self._guard.look_at(self._market, corner)

"""A straight move of a market: both sides go from where they are to a tick, in step."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from ..model.enums import Side
from ..model.money import ONE, ZERO
from .amounts import tidy
from .ticks import Tick

_MICROSECOND: Final = timedelta(microseconds=1)


class Move:
    """Where bid and ask are on the way. ``travelled`` is the part done, 0 to 1; it only grows."""

    def __init__(self, bid: Decimal, ask: Decimal, time: datetime, end: Tick) -> None:
        self._from_bid = bid
        self._from_ask = ask
        self._from_time = time
        self._end = end
        self.bid = bid
        self.ask = ask
        self.time = time
        self.travelled = ZERO

    def here(self, side: Side) -> Decimal:
        """The price that *side* gets now."""
        return self.ask if side is Side.BUY else self.bid

    def start(self, side: Side) -> Decimal:
        """The price that *side* got at the beginning."""
        return self._from_ask if side is Side.BUY else self._from_bid

    def end(self, side: Side) -> Decimal:
        """The price that *side* gets at the end of the way."""
        return self._end.ask if side is Side.BUY else self._end.bid

    @property
    def end_time(self) -> datetime:
        """When the move is over."""
        return self._end.time

    def share_at(self, side: Side, price: Decimal) -> Decimal:
        """The part of the way after which *side* gets *price*; never back before now."""
        start = self.start(side)
        whole = self.end(side) - start
        if not whole:
            return self.travelled
        return max(self.travelled, (price - start) / whole)

    def share_then(self, time: datetime) -> Decimal:
        """The part of the way that is done at *time*; never back before now, nor beyond the end."""
        passed = (time - self._from_time) // _MICROSECOND
        whole = self._length
        if passed >= whole:
            return ONE
        return max(self.travelled, Decimal(passed) / whole)

    def time_at(self, side: Side, price: Decimal) -> datetime:
        """When *side* gets *price*: linear, rounded down to the millisecond; never before now."""
        start = self.start(side)
        whole = self.end(side) - start
        if self.share_at(side, price) == self.travelled or not whole:
            return self.time
        # Multiplied before it is divided: a third of an hour is a third of an hour.
        passed = int(self._length * (price - start) // whole)
        exact = self._from_time + timedelta(microseconds=passed)
        return max(self.time, exact.replace(microsecond=exact.microsecond // 1000 * 1000))

    def go(self, side: Side, price: Decimal) -> None:
        """Go on until *side* gets *price*; stay where that would be a step back."""
        share = self.share_at(side, price)
        if share == self.travelled:
            return
        self.time = self.time_at(side, price)
        self.travelled = share
        if side is Side.BUY:
            self.ask = price
            self.bid = self._other(self._from_bid, self._end.bid, price, self._from_ask)
        else:
            self.bid = price
            self.ask = self._other(self._from_ask, self._end.ask, price, self._from_bid)

    def go_until(self, time: datetime) -> None:
        """Go on until *time*; stay where that would be a step back."""
        share = self.share_then(time)
        if share == ONE:
            self.finish()
        elif share > self.travelled:
            self.travelled, self.time = share, time
            self.bid = self._from_bid + tidy((self._end.bid - self._from_bid) * share)
            self.ask = self._from_ask + tidy((self._end.ask - self._from_ask) * share)

    def finish(self) -> None:
        """Go to the end."""
        self.travelled = ONE
        self.bid, self.ask, self.time = self._end.bid, self._end.ask, self._end.time

    @property
    def _length(self) -> int:
        """In microseconds."""
        return (self._end.time - self._from_time) // _MICROSECOND

    def _other(self, start: Decimal, end: Decimal, price: Decimal, from_price: Decimal) -> Decimal:
        """The side that did not decide: exact where the spread does not change on the way."""
        if self._end.ask - self._end.bid == self._from_ask - self._from_bid:
            return start + (price - from_price)
        return start + tidy((end - start) * min(self.travelled, ONE))

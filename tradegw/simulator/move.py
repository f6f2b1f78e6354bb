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

    def end(self, side: Side) -> Decimal:
        """The price that *side* gets at the end of the way."""
        return self._end.ask if side is Side.BUY else self._end.bid

    def share_at(self, side: Side, price: Decimal) -> Decimal:
        """The part of the way after which *side* gets *price*; never back before now."""
        start = self._from_ask if side is Side.BUY else self._from_bid
        whole = self.end(side) - start
        if not whole:
            return self.travelled
        return max(self.travelled, (price - start) / whole)

    def go(self, side: Side, price: Decimal) -> None:
        """Go on until *side* gets *price*; stay where that would be a step back."""
        share = self.share_at(side, price)
        if share == self.travelled:
            return
        self.travelled = share
        if side is Side.BUY:
            self.ask = price
            self.bid = self._other(self._from_bid, self._end.bid, price, self._from_ask)
        else:
            self.bid = price
            self.ask = self._other(self._from_ask, self._end.ask, price, self._from_bid)
        self.time = self._time()

    def _other(self, start: Decimal, end: Decimal, price: Decimal, from_price: Decimal) -> Decimal:
        """The side that did not decide: exact where the spread does not change on the way."""
        if self._end.ask - self._end.bid == self._from_ask - self._from_bid:
            return start + (price - from_price)
        return start + tidy((end - start) * min(self.travelled, ONE))

    def _time(self) -> datetime:
        """Linear, rounded down to the millisecond."""
        whole = (self._end.time - self._from_time) // _MICROSECOND
        exact = self._from_time + timedelta(microseconds=int(whole * self.travelled))
        return max(self.time, exact.replace(microsecond=exact.microsecond // 1000 * 1000))

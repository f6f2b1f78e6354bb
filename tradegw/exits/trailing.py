"""Where an emulated trailing stop belongs, and when the one that rests is moved there.

The mark is the best price since the entry filled: the highest for an exit that sells, the lowest
for one that buys. It never goes back, and so the stop never does. What rests is always compared as
the broker confirmed it, never as it was wished: steps too small for a move add up until one is due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Context, Decimal
from typing import Final, TypeGuard

from ..errors import OrderDenied
from ..model.enums import Side, TrailingType
from ..model.money import HUNDRED, MAX_DIGITS, MAX_SCALE, floor_to_step, trimmed
from ..model.protection import Trail

OUT_OF_REACH: Final = "The distance of the trailing stop reaches below any price"

FINEST_STEP: Final = Decimal("1e-12")
"""To which stops are rounded where the instrument's price step is not known."""

SMALL_SHARE: Final = Decimal("0.001")
"""A move by less than this share of the resting stop is small."""

PAUSE: Final = timedelta(seconds=1)
"""Between two moves at least."""

SMALL_PAUSE: Final = timedelta(seconds=30)
"""Before a small move: a creeping trend gets there, but costs the broker two requests a minute."""

_EXACT: Final = Context(prec=2 * (MAX_DIGITS + 2 * MAX_SCALE))
"""Room for every sum and product of a price and a distance."""


def better(exit_side: Side, old: Decimal, new: Decimal) -> bool:
    """Whether *new*, a mark or a stop, lies further on than *old*; what is equal does not."""
    return new > old if exit_side is Side.SELL else new < old


def stop_at(mark: Decimal, trail: Trail, exit_side: Side) -> Decimal:
    """The stop *trail* behind *mark*, exactly; for a long trail of a sale it may be negative."""
    if trail.kind is TrailingType.ABSOLUTE:
        return _EXACT.add(mark, _EXACT.multiply(trail.distance, Decimal(exit_side.sign)))
    share = _EXACT.add(HUNDRED, _EXACT.multiply(trail.distance, Decimal(exit_side.sign)))
    return _EXACT.scaleb(_EXACT.multiply(mark, share), -2)


def on_step(stop: Decimal, exit_side: Side, step: Decimal = FINEST_STEP) -> Decimal:
    """*stop* on the instrument's price steps: never closer to the market than asked for, and never
    a whole step further away. *step* is positive.
    """
    below = floor_to_step(stop, step)
    if exit_side is Side.BUY and below < stop:
        below = _EXACT.add(below, step)
    return trimmed(below)


@dataclass
class Ratchet:
    """A trailing stop's memory: all of it is kept in the journal, so a restart changes nothing."""

    trail: Trail
    exit_side: Side
    mark: Decimal | None = None
    """``None`` until it begins."""
    moved_at: datetime | None = None
    """When the resting stop was last placed or asked to move."""

    def begin(self, price: Decimal | None) -> bool:
        """The entry filled at *price* on average: that is the first mark. Whether it is.

        Later fills leave the mark. Where the broker tells no fill price a quote after it has to do.
        """
        if self.mark is not None or not _is_price(price):
            return False
        self.mark = price
        return True

    def see(self, *prices: Decimal | None, stale: bool = False) -> bool:
        """Take in *prices*, in any order; whether the mark moved on.

        Before it began nothing counts, nor does what is stale, missing or no price at all.
        """
        before = self.mark
        for price in () if stale else prices:
            if self.mark is not None and _is_price(price):
                self.mark = price if better(self.exit_side, self.mark, price) else self.mark
        return self.mark != before

    def stop(self, step: Decimal = FINEST_STEP) -> Decimal | None:
        """Where the stop belongs now, on the steps of the price.

        ``None`` before it began, and as long as the distance reaches below any price.
        """
        if self.mark is None:
            return None
        stop = on_step(stop_at(self.mark, self.trail, self.exit_side), self.exit_side, step)
        return stop if stop > 0 else None

    def wanted(
        self, confirmed: Decimal | None, now: datetime, step: Decimal = FINEST_STEP
    ) -> Decimal | None:
        """Where the stop that the broker *confirmed* is to be moved now; ``None`` to leave it."""
        return None if self.wait(confirmed, now, step) else self._improved(confirmed, step)

    def wait(
        self,
        confirmed: Decimal | None,
        now: datetime,
        step: Decimal = FINEST_STEP,
        aim: Decimal | None = None,
    ) -> timedelta | None:
        """How long until a move is due if no better price comes; ``None`` if there is none to make.

        A stop that does not rest yet is due at once, a move after :data:`PAUSE` since the last, a
        small one after :data:`SMALL_PAUSE`. A clock that was set back makes nobody wait. *aim* is
        where the stop belongs instead, if a client wants it further on than the ratchet.
        """
        stop = self._improved(confirmed, step, aim)
        if stop is None:
            return None
        if not confirmed or self.moved_at is None or now < self.moved_at:
            return timedelta(0)
        is_small = _between(stop, confirmed) < _EXACT.multiply(confirmed, SMALL_SHARE)
        pause = SMALL_PAUSE if is_small else PAUSE
        return max(timedelta(0), self.moved_at + pause - now)

    def moved(self, now: datetime) -> None:
        """The stop was placed or is being moved, which may fail: the next try has its pause too."""
        self.moved_at = now

    def _improved(
        self, confirmed: Decimal | None, step: Decimal, aim: Decimal | None = None
    ) -> Decimal | None:
        """Where the stop belongs if that is at least one step better than *confirmed*."""
        stop = self.stop(step) if aim is None else aim
        if stop is None or not confirmed:
            return stop
        if not better(self.exit_side, confirmed, stop):
            return None
        return stop if _between(stop, confirmed) >= step else None


def check_reach(ratchet: Ratchet) -> None:
    """Raise ``OrderDenied`` if a stop at that distance would be at no price."""
    if ratchet.mark is not None and ratchet.stop() is None:
        raise OrderDenied(OUT_OF_REACH, "TRAILING_DISTANCE")


def _between(one: Decimal, other: Decimal) -> Decimal:
    return _EXACT.subtract(one, other).copy_abs()  # abs() would round


def _is_price(price: Decimal | None) -> TypeGuard[Decimal]:
    return price is not None and price.is_finite() and price > 0 and price.adjusted() <= MAX_SCALE

"""What time it is at the broker.

Every reply that bears the broker's time says within which bounds the broker's clock must be ahead
of ours: it was written after the call was sent and before the answer came. The bounds of many
replies together are tighter than those of the fastest one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from msgspec import Struct
from twisted.logger import Logger

from ..interfaces import IBrokerListener, WallClock
from ..model.enums import AlertCode
from ..model.events import AlertEvent

ZERO: Final = timedelta(0)
SECOND: Final = timedelta(seconds=1)
DRIFT: Final = 1e-4
"""Clocks that nobody sets go apart by no more than this, in seconds a second."""


class Bounds(Struct, frozen=True):
    """The broker's clock is ahead of ours by ``low`` to ``high`` (behind it: negative)."""

    low: timedelta
    high: timedelta

    @classmethod
    def of(
        cls, theirs: datetime, sent: datetime, received: datetime, precision: timedelta = ZERO
    ) -> Bounds:
        """From a call that was *sent* and its answer *received* by our clock, in which the broker's
        said *theirs*, cut down to a multiple of *precision*.
        """
        return cls(theirs - received, theirs + precision - sent)

    def meet(self, other: Bounds) -> Bounds | None:
        """What holds if both do; ``None`` if they cannot both."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Bounds(low, high) if low <= high else None

    def widened(self, by: timedelta) -> Bounds:
        """The same some time later, when the clocks may have gone apart."""
        return Bounds(self.low - by, self.high + by)

    @property
    def least(self) -> timedelta:
        """The offset nearest to none that is within the bounds."""
        return min(max(ZERO, self.low), self.high)


def alarm(listener: IBrokerListener, now: WallClock) -> Callable[[str | None], None]:
    """Has *listener* alerted of clocks that are apart; what a clock is given to *tell* with."""

    def tell(text: str | None) -> None:
        if text is not None:
            listener.on_event(
                AlertEvent(timestamp=now(), code=AlertCode.INTERNAL_ERROR, message=text)
            )

    return tell


class BrokerClock:
    """Tells the broker's time from ours, *now*, and what replies told; *seconds* never jump.

    *tell* is called with a text when the clocks are certainly apart by more than *bound*, and with
    ``None`` when they no longer are.
    """

    log = Logger()

    def __init__(
        self,
        now: WallClock,
        seconds: Callable[[], float],
        bound: timedelta = SECOND,
        tell: Callable[[str | None], None] = lambda _text: None,
    ) -> None:
        self._now = now
        self._seconds = seconds
        self._bound = bound
        self._tell = tell
        self._bounds: Bounds | None = None
        self._at = 0.0
        self._rival: Bounds | None = None
        self._is_apart = False

    @property
    def offset(self) -> timedelta:
        """By how much the broker's clock is ahead of ours, as little as what was told allows: our
        own time is believed until it is contradicted.
        """
        return ZERO if self._bounds is None else self._bounds.least

    @property
    def bounds(self) -> Bounds | None:
        """Within which the offset was when it was last told; ``None`` before that."""
        return self._bounds

    def now(self) -> datetime:
        """The broker's time, for signatures and for times that the broker tells."""
        return self._now() + self.offset

    def answered(self, theirs: datetime, took: float, precision: timedelta = ZERO) -> None:
        """A call that *took* so many seconds has just been answered with the broker's time."""
        received = self._now()
        told = Bounds.of(theirs, received - timedelta(seconds=took), received, precision)
        self._bounds = self._agreed(told)
        self._at = self._seconds()
        self._judge()

    def dated(self, header: str | None, took: float) -> None:
        """The same with the ``Date`` of a reply, if it has one that can be read."""
        if header is None:
            return
        try:
            theirs = parsedate_to_datetime(header)
            self.answered(theirs.replace(tzinfo=theirs.tzinfo or UTC), took, SECOND)
        except (ValueError, OverflowError):  # no date, or one at the end of all days
            return

    def _agreed(self, told: Bounds) -> Bounds:
        """What is known now; one reply that contradicts all others is not believed, two are."""
        if self._bounds is None:
            return told
        known = self._bounds.widened(timedelta(seconds=(self._seconds() - self._at) * DRIFT))
        met = known.meet(told)
        if met is not None:
            self._rival = None
            return met
        rival, self._rival = self._rival, told
        met = None if rival is None else rival.meet(told)
        if met is None:
            return known
        self._rival = None
        return met

    def _judge(self) -> None:
        is_apart = abs(self.offset) > self._bound
        if is_apart == self._is_apart:
            return
        self._is_apart = is_apart
        if is_apart:
            ahead = self.offset.total_seconds()
            self.log.warn("the broker's clock is {ahead} seconds ahead of ours", ahead=ahead)
            self._tell(f"the broker's clock is {ahead:g} seconds ahead of ours")
        else:
            self.log.info("the broker's clock and ours agree again")
            self._tell(None)

"""The broker's link as the strategies see it: lost, back, given up for now, stale, fresh (protocol
section 5.9).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from twisted.internet.defer import Deferred

from ..interfaces import IAlarm, IEventSink, WallClock
from ..market.prices import Prices
from ..market.staleness import Staleness
from ..metrics.meters import Meters
from ..model.enums import AlertCode, ConnectionEventKind, Platform, StalenessEventKind
from ..model.events import ConnectionEvent, Event, QuoteEvent, StalenessEvent
from ..model.link import SessionStatus
from ..model.market import Quote
from ..secrecy import scrub


class Link:
    """Up or down, and since when; tells it once per change.

    *seconds* tells monotonic time, from which the length of a gap is taken.
    """

    def __init__(
        self,
        platform: Platform,
        sink: IEventSink,
        alarm: IAlarm,
        meters: Meters,
        seconds: Callable[[], float],
        now: WallClock,
    ) -> None:
        self._platform = platform
        self._sink = sink
        self._alarm = alarm
        self._meters = meters
        self._seconds = seconds
        self._now = now
        self._lost_at: float | None = None
        self._losses = 0
        self.staleness = Staleness()
        self._prices = Prices()
        self.is_up = False
        self.session: Callable[[], SessionStatus | None] = lambda: None
        """How the broker's streams are, if it has such."""
        self.problem: str | None = None
        """Why it does not come up, once that has been told."""

    def up_after(self, work: Deferred[None]) -> Deferred[bool]:
        """Up when *work* is done, unless it is lost again meanwhile; fires with whether it is."""
        losses = self._losses

        def done(_none: None) -> bool:
            if self._losses == losses:
                self.up()
            return self.is_up

        return work.addCallback(done)

    def up(self) -> None:
        """Logged on; after a loss the gap is told."""
        self.is_up = True
        self.problem = None
        if self._lost_at is None:
            return
        gap_ms = round((self._seconds() - self._lost_at) * 1000)
        self._lost_at = None
        self._meters.broker_reconnected()
        self._tell(ConnectionEventKind.BROKER_RECONNECTED, gap_duration_ms=gap_ms)

    def down(self, symbols: tuple[str, ...], error: str | None) -> None:
        """Lost; *symbols* are stale from now on."""
        self._losses += 1
        if not self.is_up:
            self.prices_lost(symbols)
        else:
            self._prices.forget(symbols)
            self.staleness.mark(symbols, self._now())
            self.is_up = False
            self._lost_at = self._seconds()
            self._meters.broker_disconnected()
            self._tell(
                ConnectionEventKind.BROKER_DISCONNECTED,
                error=None if error is None else scrub(error),
            )
            for event in self.greeting():
                self._sink.publish(event)

    def prices_lost(self, symbols: tuple[str, ...]) -> None:
        """Prices of *symbols* do not come, whatever the link of the account does."""
        at = self._now()
        self._prices.forget(symbols)
        newly_stale = self.staleness.mark(symbols, at)
        if newly_stale:
            self._sink.publish(self._staleness(StalenessEventKind.STALE, newly_stale, at))

    def failed(self, error: str) -> None:
        """It does not come up, whether it was up before or never; it is tried on."""
        self.problem = error = scrub(error)
        if self._lost_at is None:  # it never was up; that it comes up is news from now on
            self._lost_at = self._seconds()
        self._meters.broker_reconnect_failed()
        self._tell(ConnectionEventKind.BROKER_CONNECTION_FAILED, error=error)
        self._alarm.raise_alert(
            AlertCode.INTERNAL_ERROR,
            f"There is no connection to the broker, which is tried on: {error}",
            {"broker": self._platform.value},
        )

    def quoted(self, event: QuoteEvent) -> None:
        """A quote came."""
        self._prices.see(event)
        self.tick(event.quote.symbol)

    def fresh(self, symbol: str) -> Quote | None:
        """The last quote of *symbol*, if it is neither stale nor old."""
        return self._prices.fresh(symbol, self._now())

    def tick(self, symbol: str) -> None:
        """A price of *symbol* came; told as ``FRESH`` if it had been stale."""
        if not self.staleness:  # the usual case, on every tick
            return
        since = self.staleness.refresh(symbol)
        if since is not None:
            self._sink.publish(self._staleness(StalenessEventKind.FRESH, (symbol,), since))

    def greeting(self) -> list[Event]:
        """What a client that connects now must know: the stale instruments, if any."""
        since = self.staleness.earliest
        if since is None:
            return []
        return [self._staleness(StalenessEventKind.STALE, self.staleness.symbols, since)]

    def _staleness(
        self, kind: StalenessEventKind, symbols: tuple[str, ...], since: datetime
    ) -> StalenessEvent:
        return StalenessEvent(
            timestamp=self._now(),
            event=kind,
            symbols=symbols,
            stale_since=since,
            broker=self._platform.value,
        )

    def _tell(
        self,
        kind: ConnectionEventKind,
        *,
        error: str | None = None,
        gap_duration_ms: int | None = None,
    ) -> None:
        self._sink.publish(
            ConnectionEvent(
                timestamp=self._now(),
                event=kind,
                broker=self._platform.value,
                error=error,
                gap_duration_ms=gap_duration_ms,
            )
        )

"""Recorded prices as a source: the tapes are played back at a chosen pace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ...errors import SymbolNotFound
from ...interfaces import WallClock
from ...model.events import CandleEvent, Event, QuoteEvent
from ...model.market import Bar, BarQuery, Quote
from ...simulator.exchange import Exchange
from ...simulator.instruments import Instrument
from ...simulator.tape import TapeError
from ...simulator.ticks import Tick
from .config import MockSettings
from .feed import newest, quote_of
from .pace import Pace
from .programme import Programme
from .reel import Happening, Rank, happenings, parts
from .wanted import Wanted

BATCH: Final = 200
"""How many happenings are played in one turn of the reactor, however many are due."""

LONGEST_TURN: Final = 0.01
"""And for how many seconds, if those who listen are slow."""

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class TapeFeed(Service):
    """Plays the tapes from their beginning to their end, once.

    Nothing of the future is shown: a bar is a candle only when it has ended, and the exchange sees
    its corners one after the other. Without subscriptions: bars as candles, quotes as quotes,
    trades as quotes and as candles of a minute.
    """

    log = Logger()

    def __init__(
        self,
        own: MockSettings,
        exchange: Exchange,
        wanted: Wanted,
        publish: Callable[[Event], None],
        clock: IReactorTime,
        now: WallClock,
    ) -> None:
        self._exchange = exchange
        self._publish = publish
        self._clock = clock
        self._now = now
        self._parts = parts(own.tapes)
        self._instruments = {p.tape.symbol: Instrument(symbol=p.tape.symbol) for p in self._parts}
        self._programme = Programme(self._parts, wanted)
        self._shelves = self._programme.shelves
        self._next_end = _NEVER
        self._playing: Iterator[Happening] = iter(())
        self._ahead: Happening | None = None
        self._call: IDelayedCall | None = None
        first = min(part.tape.first for part in self._parts)
        self._pace = Pace(float(own.tape_speed), first)
        exchange.advance(first)

    @property
    def time(self) -> datetime:
        return self._exchange.time

    def startService(self) -> None:
        super().startService()
        for impossible in self._programme.impossible:
            self.log.warn("{impossible}", impossible=impossible)
        self._playing = happenings(self._parts)
        self._pace.start(self._clock.seconds())
        self._call = self._clock.callLater(0, self._turn)

    def stopService(self) -> None:
        super().stopService()
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._playing = iter(())

    def instrument(self, symbol: str) -> Instrument | None:
        return self._instruments.get(symbol)

    def reach(self, symbol: str) -> None:
        if symbol not in self._instruments:
            raise SymbolNotFound(symbol)

    def full(self, symbol: str) -> str | None:  # noqa: ARG002  (there is no limit to tapes)
        return None

    def quote(self, tick: Tick) -> Quote:
        return quote_of(tick, volume=tick.symbol in self._programme.with_volume)

    def bars(self, symbol: str, query: BarQuery) -> list[Bar]:
        self.reach(symbol)
        return newest(self._shelves[symbol].bars_back(query.timeframe, self.time), query)

    def _turn(self) -> None:
        """Play what is due, but not all of a heap at once."""
        self._call = None
        until = self._clock.seconds() + LONGEST_TURN
        for _ in range(BATCH):
            if self._ahead is None and not self._advance():
                return
            assert self._ahead is not None
            seconds = self._clock.seconds()
            due = min(self._ahead.time, self._next_end)
            wait = self._pace.wait(due, seconds)
            if wait > 0:
                self._call = self._clock.callLater(wait, self._turn)
                return
            self._pace.passed(due, seconds)
            self._play(due)
            if not self.running:
                return
            if self._clock.seconds() > until:
                break
        self._call = self._clock.callLater(0, self._turn)

    def _advance(self) -> bool:
        """Read on; whether there was anything."""
        try:
            self._ahead = next(self._playing, None)
        except TapeError as error:
            # Only its text: where in our code a file turned out bad helps nobody.
            self.log.error("the tapes stop here: {reason}", reason=str(error))  # noqa: TRY400
        if self._ahead is None:
            self.log.info("the tapes have ended, at {time}", time=self.time.isoformat())
            for symbol in self._instruments:
                self._exchange.close_market(symbol)
        return self._ahead is not None

    def _play(self, due: datetime) -> None:
        """Bars that end come before what is ahead, if that is later or opens at the same time."""
        happening = self._ahead
        assert happening is not None
        try:
            if due < happening.time or (due == self._next_end and happening.rank >= Rank.OPEN):
                self._finish_bars(due)
            else:
                self._ahead = None
                self._show(happening)
        except Exception:  # one bad listener must not stop the tape
            self.log.failure("playing {symbol} failed", symbol=happening.symbol)

    def _show(self, happening: Happening) -> None:
        symbol, tick = happening.symbol, happening.tick
        if tick is None:
            self._exchange.advance(happening.time)
        else:
            self._exchange.tick(tick)
            if symbol in self._programme.quoted:
                self._publish(QuoteEvent(timestamp=self._now(), quote=self.quote(tick)))
        if happening.bar is not None:
            self._publish_candles(self._shelves[symbol].add(happening.bar))
        if happening.seen is not None:
            self._publish_candles(self._shelves[symbol].see(happening.seen))
        if happening.rank is Rank.OVER:
            self._exchange.close_market(symbol)

    def _finish_bars(self, time: datetime) -> None:
        """Bars that end at *time*, of all symbols, the short ones first."""
        self._exchange.advance(time)
        finished = [bar for shelf in self._shelves.values() for bar in shelf.finish(time)]
        finished.sort(key=lambda bar: bar.timeframe.seconds)
        self._publish_candles(finished)

    def _publish_candles(self, bars: list[Bar]) -> None:
        ends = (shelf.ends for shelf in self._shelves.values())
        self._next_end = min((end for end in ends if end is not None), default=_NEVER)
        for bar in bars:
            if bar.timeframe in self._programme.candles[bar.symbol]:
                self._publish(CandleEvent(timestamp=self._now(), bar=bar))

"""A random walk as a source of prices: every symbol there is, one tick each per interval."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from ...errors import GatewayError, SymbolNotFound
from ...interfaces import WallClock
from ...market.bars import BarBuilder, bar_start, roll_up
from ...model.enums import Timeframe
from ...model.events import CandleEvent, Event, QuoteEvent
from ...model.market import Bar, BarQuery, Quote
from ...simulator.exchange import Exchange
from ...simulator.instruments import Instrument, seeded
from ...simulator.past import invented_bars
from ...simulator.ticks import Tick
from ...simulator.walk import Walk
from .config import MockSettings
from .feed import PROVIDER, newest, quote_of
from .pulse import Pulse
from .wanted import Wanted

DEFAULT_SYMBOLS: Final = ("AAPL", "MSFT", "BTCUSD", "EURUSD")
CANDLE_MS: Final = 2000
MAX_SYMBOLS: Final = 200
RECORDED_MINUTES: Final = 1440
_LONGEST_SYMBOL: Final = 50


class _Walked:
    """One symbol: its walk, the minutes it has walked, and the candles that are streamed."""

    def __init__(self, instrument: Instrument, seed: int, began: datetime) -> None:
        self.instrument = instrument
        self.began = began
        self.walk = Walk(instrument, seed)
        self.pulse: Pulse | None = None
        self.has_quotes = False
        self._minutes: deque[Bar] = deque(maxlen=RECORDED_MINUTES)
        self._minute = BarBuilder(instrument.symbol, PROVIDER, Timeframe.M1, keep_first=True)

    def take(self, tick: Tick) -> None:
        """Record *tick*."""
        volume = tick.volume or Decimal(0)
        minute = self._minute.add(tick.time, tick.last, volume)
        if minute is not None:
            self._minutes.append(minute)
        if self.pulse is not None:
            self.pulse.add(tick.last, volume)

    def bars_back(self, timeframe: Timeframe, seed: int, now: datetime) -> Iterator[Bar]:
        """Newest first: what was walked, then what is invented of the time before."""
        minute = self._minute.finish(now)
        if minute is not None:
            self._minutes.append(minute)
        is_whole = len(self._minutes) < RECORDED_MINUTES
        yield from reversed(roll_up(self._minutes, timeframe, now, keep_first=is_whole))
        joint = bar_start(self.began, timeframe)
        yield from invented_bars(self.instrument, PROVIDER, timeframe, joint, seed)


class WalkFeed(Service):
    """Ticks the subscribed symbols, and every other from the moment it is first asked for.

    Candles of a minute come every two seconds, stamped with the time they are sent; larger ones
    are made of as many of those as they have minutes. Without subscriptions: candles of
    :data:`DEFAULT_SYMBOLS`. At most :data:`MAX_SYMBOLS` symbols walk.
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
        self._own = own
        self._exchange = exchange
        self._wanted = wanted
        self._publish = publish
        self._now = now
        self._latest = now()
        self._walked: dict[str, _Walked] = {}
        self._ticks = 0
        self._ticks_per_candle = max(1, CANDLE_MS // own.tick_ms)
        self._loop = LoopingCall(self._tick_all)
        self._loop.clock = clock

    @property
    def time(self) -> datetime:
        self._latest = max(self._latest, self._now())
        return self._latest

    def startService(self) -> None:
        super().startService()
        for symbol in self._wanted.symbols(DEFAULT_SYMBOLS):
            try:
                self._stream(symbol)
            except GatewayError as refusal:
                self.log.warn("no prices: {reason}", symbol=symbol, reason=refusal.message)
        self._loop.start(self._own.tick_ms / 1000, now=False)

    def stopService(self) -> None:
        super().stopService()
        if self._loop.running:
            self._loop.stop()

    def instrument(self, symbol: str) -> Instrument | None:
        return seeded(symbol) if _is_name(symbol) else None

    def reach(self, symbol: str) -> None:
        if symbol in self._walked:
            return
        instrument = self.instrument(symbol)
        if instrument is None:
            raise SymbolNotFound(symbol)
        full = self.full(symbol)
        if full is not None:
            refusal = SymbolNotFound(symbol)
            refusal.message = full
            raise refusal
        walked = _Walked(instrument, self._own.seed, self.time)
        self._walked[symbol] = walked
        self._tick(walked, walked.began)

    def full(self, symbol: str) -> str | None:
        if symbol in self._walked or len(self._walked) < MAX_SYMBOLS:
            return None
        return (
            f"The simulated broker has prices for {MAX_SYMBOLS} symbols at most, and {symbol} would"
            " be one more"
        )

    def quote(self, tick: Tick) -> Quote:
        return quote_of(tick, volume=True)

    def bars(self, symbol: str, query: BarQuery) -> list[Bar]:
        self.reach(symbol)
        back = self._walked[symbol].bars_back(query.timeframe, self._own.seed, self.time)
        return newest(back, query)

    def _stream(self, symbol: str) -> None:
        """Begin with a symbol that is wanted; its first candle comes at once."""
        self.reach(symbol)
        walked = self._walked[symbol]
        walked.has_quotes = self._wanted.quotes(symbol)
        frames = self._wanted.candles(symbol, Timeframe.M1)
        frames = (Timeframe.M1,) if self._wanted.is_open else frames
        tick = self._exchange.last_tick(symbol)
        assert tick is not None
        if walked.has_quotes:
            self._publish_quote(tick)
        if frames:
            walked.pulse = Pulse(symbol, frames)
            walked.pulse.add(tick.last, tick.volume or Decimal(0))
            self._publish_candles(walked)

    def _tick_all(self) -> None:
        self._ticks += 1
        now = self.time
        for walked in list(self._walked.values()):
            try:
                self._tick(walked, now)
            except Exception:  # one bad symbol, or listener, must not stop the prices
                self.log.failure("a tick of {symbol} failed", symbol=walked.instrument.symbol)

    def _tick(self, walked: _Walked, now: datetime) -> None:
        tick = walked.walk.next(now)
        walked.take(tick)
        self._exchange.tick(tick)
        if walked.has_quotes:
            self._publish_quote(tick)
        if walked.pulse is not None and self._ticks % self._ticks_per_candle == 0:
            self._publish_candles(walked)

    def _publish_quote(self, tick: Tick) -> None:
        self._publish(QuoteEvent(timestamp=self._now(), quote=self.quote(tick)))

    def _publish_candles(self, walked: _Walked) -> None:
        assert walked.pulse is not None
        now = self.time
        for bar in walked.pulse.close(now):
            self._publish(CandleEvent(timestamp=now, bar=bar))


def _is_name(symbol: str) -> bool:
    return 0 < len(symbol) <= _LONGEST_SYMBOL and symbol.isprintable()

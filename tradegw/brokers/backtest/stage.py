"""The markets of the data on the simulated exchange: each step of the data carried out and told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from ...model.events import CandleEvent, Event, QuoteEvent
from ...model.market import Quote
from ...model.money import ZERO
from ...simulator.paths import PriceBar
from ...simulator.playback import Playback
from ...simulator.spread import Quoted, Spread
from ...simulator.ticks import Tick
from .data.loaded import DataSets
from .data.options import Price
from .data.steps import BarClose, BarOpen, Over, Step, TickStep
from .recording import Recording

PROVIDER: Final = "backtest"

_QUOTED: Final = {
    Price.TRADE: Quoted.MIDDLE,
    Price.MID: Quoted.MIDDLE,
    Price.BID: Quoted.BID,
    Price.ASK: Quoted.ASK,
}


class Hit(NamedTuple):
    """Where the price inside of a bar meets an order of *symbol* next."""

    time: datetime
    symbol: str


class Stage:
    """Candles and quotes are told to *tell*. ``stirred``: more than those was told since it was
    last set back.
    """

    def __init__(
        self,
        data: DataSets,
        exchange: Playback,
        recording: Recording,
        spread: Spread,
        tell: Callable[[Event], object],
        *,
        close_at_end: bool,
    ) -> None:
        self.exchange = exchange
        self.stirred = False
        self._data = data
        self._recording = recording
        recording.follow(exchange)
        self._spread = spread
        self._tell = tell
        self._closes = close_at_end
        self._order = {symbol: place for place, symbol in enumerate(data.symbols)}
        self._walking: dict[str, None] = {}
        self._hit: Hit | None = None
        self._hit_is_known = True

    def touched(self) -> None:
        """Something about an order has changed: what comes next inside of a bar may have, too."""
        self._hit_is_known = False
        self.stirred = True

    def next_hit(self) -> Hit | None:
        """What happens next inside of the bars in progress."""
        if not self._hit_is_known:
            found = ((self.exchange.next_hit(symbol), symbol) for symbol in self._walking)
            hits = [Hit(time, symbol) for time, symbol in found if time is not None]
            self._hit = min(hits, key=self._place, default=None)
            self._hit_is_known = True
        return self._hit

    def hit(self, symbol: str) -> Iterator[None]:
        """Carry that out, pausing after each thing that was told."""
        self._hit_is_known = False
        return self.exchange.hit(symbol)

    def take(self, step: Step) -> Iterator[None]:
        """Carry out a step of the data, pausing likewise; the price that it shows is told last."""
        self._recording.until(step.time)
        if isinstance(step, BarClose):
            return self._close(step)
        if isinstance(step, BarOpen):
            return self._open(step)
        return self._tick(step) if isinstance(step, TickStep) else self._end(step)

    def close(self) -> Iterator[None] | None:
        """There are no more steps: what is to be done then, if it was not done yet."""
        self._recording.finish()
        if not self._closes:
            return None
        self._closes = False
        return self.exchange.close_all()

    def quote(self, tick: Tick) -> Quote:
        """*tick* as clients see it."""
        return Quote(
            symbol=tick.symbol,
            provider=PROVIDER,
            bid=tick.bid,
            ask=tick.ask,
            last=tick.last,
            timestamp=tick.time,
            bid_size=tick.bid_size,
            ask_size=tick.ask_size,
        )

    def _place(self, hit: Hit) -> tuple[datetime, int]:
        return hit.time, self._order[hit.symbol]

    def _open(self, step: BarOpen) -> Iterator[None]:
        symbol = step.symbol
        self._walking[symbol] = None
        yield from self.exchange.open_bar(symbol, self._both_sides(symbol, step.bar), step.end)
        self._hit_is_known = False

    def _close(self, step: BarClose) -> Iterator[None]:
        bar = step.bar
        if step.drives:
            del self._walking[step.symbol]
            self._hit_is_known = False
            yield from self.exchange.leave(step.symbol)
            self._recording.closed(bar, step.time)
        if step.told:
            self._tell(CandleEvent(timestamp=step.time, bar=bar))

    def _tick(self, step: TickStep) -> Iterator[None]:
        symbol, tick = step.symbol, step.tick
        if self._data.driver(symbol).kind == "trades":
            tick = self._spread.tick(tick, self._step_of(symbol))
        yield from self.exchange.open(tick)
        self._recording.ticked(tick)
        if step.told:
            self.stirred = True  # exits that trail listen to quotes
            self._tell(QuoteEvent(timestamp=step.time, quote=self.quote(tick)))

    def _end(self, step: Over) -> Iterator[None]:
        self.exchange.end_market(step.symbol)
        yield

    def _both_sides(self, symbol: str, bar: PriceBar) -> PriceBar:
        if self._spread.is_none or bar.bid is not bar.ask:
            return bar
        quoted = _QUOTED[self._data.options(symbol).price]
        return self._spread.bar(bar.time, bar.bid, bar.volume, quoted, self._step_of(symbol))

    def _step_of(self, symbol: str) -> Decimal:
        return self._data.options(symbol).tick or ZERO

"""What happens in the run, as the report's recorder is told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from ...model.events import Event, OrderEvent
from ...model.market import Bar
from ...simulator.fills import FillNote
from ...simulator.paths import Prices
from ...simulator.playback import Playback
from ...simulator.ticks import Tick
from .data.loaded import DataSets
from .report.facts import Fill, Where
from .report.recorder import Recorder

_MINUTE: Final = timedelta(minutes=1)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class _Minute:
    """The prices of ticks in a minute."""

    __slots__ = ("close", "end", "high", "low", "open")

    def __init__(self, time: datetime, price: Decimal) -> None:
        self.end = time.replace(second=0, microsecond=0) + _MINUTE
        self.open = self.high = self.low = self.close = price

    def add(self, price: Decimal) -> None:
        self.high, self.low = max(self.high, price), min(self.low, price)
        self.close = price


class Recording:
    """Fills *recorder*; the money is asked of the exchange given to :meth:`follow`."""

    def __init__(self, recorder: Recorder, data: DataSets) -> None:
        self.recorder = recorder
        self._ticking = {s for s in data.symbols if data.driver(s).timeframe is None}
        self._minutes: dict[str, _Minute] = {}
        self._due: datetime | None = None
        """When the first of these ends."""
        self._exchange: Playback

    def follow(self, exchange: Playback) -> None:
        """*exchange* is the one of the run."""
        self._exchange = exchange

    def filled(self, note: FillNote) -> None:
        """An order has filled."""
        where = Where(note.where.value)
        if where is Where.OPEN and note.trade.symbol in self._ticking:
            where = Where.TICK
        self.recorder.filled(
            Fill(
                trade=note.trade,
                order_type=note.order.order_type,
                where=where,
                slippage=note.slippage,
                half_spread=note.half_spread,
                touch_only=note.touch_only,
                liquidation=note.liquidation,
                position_id=note.position_id,
                multiplier=note.multiplier,
                rate=note.rate,
            )
        )

    def told(self, event: Event) -> None:
        """The exchange tells of something."""
        if isinstance(event, OrderEvent) and event.order.status.is_terminal:
            self.recorder.ended(event.order)

    def closed(self, bar: Bar, end: datetime) -> None:
        """A bar that drives its symbol has ended."""
        prices = Prices(bar.open, bar.high, bar.low, bar.close)
        self.recorder.closed(bar.symbol, end, prices, *self._account())

    def ticked(self, tick: Tick) -> None:
        """A tick was shown; those whose minutes have ended by then were told by :meth:`until`."""
        minute = self._minutes.get(tick.symbol)
        if minute is None:
            self._minutes[tick.symbol] = minute = _Minute(tick.time, tick.last)
            self._due = min(minute.end, self._due or minute.end)
        else:
            minute.add(tick.last)

    def until(self, time: datetime) -> None:
        """What comes next happens at *time*: the minutes of ticks that have ended by then are told,
        with the account as they left it.
        """
        if self._due is None or time < self._due:
            return
        ended = [(m.end, symbol) for symbol, m in self._minutes.items() if m.end <= time]
        for _end, symbol in sorted(ended):
            self._close(symbol, self._minutes.pop(symbol))
        self._due = min((minute.end for minute in self._minutes.values()), default=None)

    def finish(self) -> None:
        """Nothing comes any more: the last minutes of ticks have ended."""
        self.until(_NEVER)

    def _close(self, symbol: str, minute: _Minute) -> None:
        prices = Prices(minute.open, minute.high, minute.low, minute.close)
        self.recorder.closed(symbol, minute.end, prices, *self._account())

    def _account(self) -> tuple[Decimal, Decimal, Decimal]:
        exchange = self._exchange
        return exchange.balance, exchange.equity, exchange.margin_used

"""Recorded prices, read from CSV text: bars, bars of both sides, quotes or trades.

The header row tells which, columns may stand in any order and others are ignored::

    timestamp,open,high,low,close[,volume]
    timestamp,bid_open,bid_high,bid_low,bid_close,ask_open,ask_high,ask_low,ask_close[,volume]
    timestamp,bid,ask[,bid_size,ask_size]
    timestamp,price[,size]

Time stamps are RFC 3339 with a zone; a bar's is its start. Numbers are decimal text. Crossed quotes
are uncrossed and counted; ticks with one stamp keep the order of the file.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

from ..model.enums import Timeframe
from ..model.money import ZERO, is_sane
from .paths import PriceBar, Prices
from .ticks import Tick, quoted, traded

_FOUR: Final = ("open", "high", "low", "close")
_BID: Final = tuple(f"bid_{name}" for name in _FOUR)
_ASK: Final = tuple(f"ask_{name}" for name in _FOUR)
_YEARS: Final = (1700, 2700)


class TapeError(ValueError):
    """A tape cannot be read; the message names the file and the line."""


class Kind(enum.Enum):
    """What a tape holds."""

    BARS = "bars"
    QUOTES = "quotes"
    TRADES = "trades"


Row: TypeAlias = Tick | PriceBar
_Cells: TypeAlias = "dict[str, str]"


class Tape:
    """Iterates over the rows of one symbol: ticks, or bars of *timeframe*.

    *lines* are consumed once, as they are needed; *name* is what errors call the file. Raises
    :class:`TapeError` at once for a header that is not understood, later for a bad row.
    """

    def __init__(
        self, lines: Iterable[str], name: str, symbol: str, timeframe: Timeframe | None = None
    ) -> None:
        self.symbol = symbol
        self.timeframe = timeframe
        self.crossed = 0
        self._name = name
        self._line = 1
        self._lines = iter(lines)
        header = next(self._lines, "").lstrip("\ufeff").strip().lower()
        self._columns = [column.strip() for column in header.split(",")]
        self.kind, self._read = self._reader()
        if self.kind is Kind.BARS and timeframe is None:
            raise self._error("bars need their timeframe in the file's name, as in AAPL.1m.csv")

    def __iter__(self) -> Iterator[Row]:
        previous: Row | None = None
        for line in self._lines:
            self._line += 1
            if not line.strip():
                continue
            row = self._row(line)
            if previous is not None and not self._follows(row, previous):
                continue
            previous = row
            yield row

    def _reader(self) -> tuple[Kind, Callable[[datetime, _Cells], Row]]:
        columns = set(self._columns)
        if len(columns) != len(self._columns):
            raise self._error("a column name stands twice in the header")
        if columns.issuperset(("timestamp", *_FOUR)):
            return Kind.BARS, self._bar
        if columns.issuperset(("timestamp", *_BID, *_ASK)):
            return Kind.BARS, self._two_sided_bar
        if columns.issuperset(("timestamp", "bid", "ask")):
            return Kind.QUOTES, self._quote
        if columns.issuperset(("timestamp", "price")):
            return Kind.TRADES, self._trade
        raise self._error("the header names neither bars nor quotes nor trades")

    def _row(self, line: str) -> Row:
        cells = line.rstrip("\r\n").split(",")
        if len(cells) != len(self._columns):
            raise self._error(f"{len(cells)} cells under {len(self._columns)} columns")
        named = dict(zip(self._columns, cells, strict=True))
        return self._read(self._time(named["timestamp"]), named)

    def _follows(self, row: Row, previous: Row) -> bool:
        """Whether to go on with *row*; a repeated bar is left out."""
        if row.time < previous.time:
            raise self._error("a step back in time")
        if self.timeframe is None or not isinstance(row, PriceBar):
            return True
        if row == previous:
            return False
        if row.time < previous.time + timedelta(seconds=self.timeframe.seconds):
            raise self._error("a bar starts before the one before it has ended")
        return True

    def _time(self, text: str) -> datetime:
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            raise self._error(f"{text!r} is not a time stamp") from None
        if time.tzinfo is None:
            raise self._error(f"{text!r} has no time zone")
        if not _YEARS[0] <= time.year < _YEARS[1]:
            raise self._error(f"{text!r} is not of this age")
        return time if time.tzinfo is UTC else time.astimezone(UTC)

    def _bar(self, time: datetime, cells: _Cells) -> PriceBar:
        prices = self._prices(cells, _FOUR)
        return PriceBar(time, prices, prices, self._amount(cells, "volume"))

    def _two_sided_bar(self, time: datetime, cells: _Cells) -> PriceBar:
        bid, ask = self._prices(cells, _BID), self._prices(cells, _ASK)
        self.crossed += bid.open > ask.open or bid.close > ask.close
        return PriceBar(time, bid, ask, self._amount(cells, "volume"))

    def _quote(self, time: datetime, cells: _Cells) -> Tick:
        bid, ask = self._price(cells, "bid"), self._price(cells, "ask")
        self.crossed += bid > ask
        sizes = self._amount(cells, "bid_size"), self._amount(cells, "ask_size")
        return quoted(self.symbol, time, bid, ask, *sizes)

    def _trade(self, time: datetime, cells: _Cells) -> Tick:
        size = self._amount(cells, "size")
        return traded(self.symbol, time, self._price(cells, "price"), size)

    def _prices(self, cells: _Cells, names: tuple[str, ...]) -> Prices:
        prices = Prices(*(self._price(cells, name) for name in names))
        lower, upper = sorted((prices.open, prices.close))
        if lower < prices.low or upper > prices.high:
            raise self._error("open or close is outside of low and high")
        return prices

    def _price(self, cells: _Cells, name: str) -> Decimal:
        price = self._number(name, cells[name])
        if price <= ZERO:
            raise self._error(f"{name} is not above zero")
        return price

    def _amount(self, cells: _Cells, name: str) -> Decimal | None:
        """A size or volume; ``None`` without such a column."""
        if name not in cells:
            return None
        amount = self._number(name, cells[name])
        if amount < ZERO:
            raise self._error(f"{name} is below zero")
        return amount

    def _number(self, name: str, text: str) -> Decimal:
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise self._error(f"{name} is {text!r}, not a number") from None
        if not is_sane(number):
            raise self._error(f"{name} is {text!r}, not a usable number")
        return number

    def _error(self, what: str) -> TapeError:
        return TapeError(f"{self._name}, line {self._line}: {what}")

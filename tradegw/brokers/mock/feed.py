"""What the broker needs of a source of prices, whichever it is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Protocol

from ...model.market import Bar, BarQuery, Quote
from ...simulator.instruments import Instrument
from ...simulator.ticks import Tick

PROVIDER: Final = "mock"
DEFAULT_BARS: Final = 100
MAX_BARS: Final = 10_000


class Feed(Protocol):
    """A service that ticks the exchange and publishes quotes and candles."""

    @property
    def time(self) -> datetime:
        """What time it is at the exchange."""

    def instrument(self, symbol: str) -> Instrument | None:
        """What *symbol* is, or ``None`` if there are no prices of it."""

    def reach(self, symbol: str) -> None:
        """Make sure that *symbol* has prices from now on.

        Raises ``SymbolNotFound``, also where there are too many already.
        """

    def full(self, symbol: str) -> str | None:
        """Why *symbol* gets no prices, if that is because too many others have some."""

    def quote(self, tick: Tick) -> Quote:
        """*tick*, one of the feed's own, as clients see it."""

    def bars(self, symbol: str, query: BarQuery) -> list[Bar]:
        """Finished bars, oldest first."""


def quote_of(tick: Tick, *, volume: bool) -> Quote:
    """*tick* as a quote; the *volume* of a bar is left out, since only its end tells it."""
    return Quote(
        symbol=tick.symbol,
        provider=PROVIDER,
        bid=tick.bid,
        ask=tick.ask,
        last=tick.last,
        timestamp=tick.time,
        bid_size=tick.bid_size,
        ask_size=tick.ask_size,
        volume=tick.volume if volume else None,
    )


def newest(bars: Iterable[Bar], query: BarQuery) -> list[Bar]:
    """Those of *bars* (newest first) that *query* asks for, oldest first.

    Without a limit: the last 100, or everything from ``start`` on, and never more than 10 000.
    """
    default = DEFAULT_BARS if query.start is None else MAX_BARS
    limit = min(default if query.limit is None else query.limit, MAX_BARS)
    found: list[Bar] = []
    for bar in bars:
        if len(found) >= limit or (query.start is not None and bar.timestamp < query.start):
            break
        if query.end is None or bar.timestamp <= query.end:
            found.append(bar)
    found.reverse()
    return found

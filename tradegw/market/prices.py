"""The last quote of each symbol, as the broker streams it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from ..model.events import QuoteEvent
from ..model.market import Quote

MAX_SYMBOLS: Final = 10_000

FRESH: Final = timedelta(seconds=15)
"""So long after it came a quote says what the market is."""


class Prices:
    """Quotes by symbol. Of more than *most* symbols those seen first are forgotten."""

    def __init__(self, most: int = MAX_SYMBOLS) -> None:
        self._most = most
        self._last: dict[str, QuoteEvent] = {}

    def see(self, event: QuoteEvent) -> None:
        """A quote came; on the path of every tick."""
        last = self._last
        last[event.quote.symbol] = event
        if len(last) > self._most:
            del last[next(iter(last))]

    def forget(self, symbols: Iterable[str]) -> None:
        """The stream of *symbols* was lost: nothing is known of them before the next quote."""
        for symbol in symbols:
            self._last.pop(symbol, None)

    def fresh(self, symbol: str, now: datetime) -> Quote | None:
        """The last quote of *symbol* if it came within ``FRESH`` of *now*, else ``None``.

        What counts is when it came, not the quote's own time, which on a tape is that of the tape.
        """
        event = self._last.get(symbol)
        if event is None or abs(now - event.timestamp) > FRESH:
            return None
        return event.quote

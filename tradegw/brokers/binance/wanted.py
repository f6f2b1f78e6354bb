"""Which prices are to be streamed, by ``SUBSCRIPTIONS``. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ...model.enums import Timeframe
from ...model.subscription import CANDLE, EVERYTHING, QUOTE, Subscription

INTERVALS: Final[dict[Timeframe, str]] = {
    frame: frame.value for frame in Timeframe if frame not in (Timeframe.M2, Timeframe.M10)
}
"""What Binance has, spelt as it does; it has no bars of two or ten minutes."""

SOURCES: Final[dict[Timeframe, Timeframe]] = {
    Timeframe.M2: Timeframe.M1,
    Timeframe.M10: Timeframe.M5,
}
"""What the others are made of."""

_ONE_FRAME: Final = f"{CANDLE}:"


class Wanted:
    """Reads *subscriptions*. Every symbol at once cannot be streamed: ``*`` is nothing here."""

    def __init__(self, subscriptions: Iterable[Subscription]) -> None:
        given = tuple(subscriptions)
        self.has_everything = any(each.instrument == EVERYTHING for each in given)
        self._given = tuple(each for each in given if each.instrument != EVERYTHING)
        self.quoted = tuple(
            dict.fromkeys(
                each.instrument for each in self._given if each.covers(each.instrument, QUOTE)
            )
        )

    @property
    def symbols(self) -> tuple[str, ...]:
        """Those of which something is wanted."""
        return tuple(
            dict.fromkeys(name for name, _frame in self._candles()) | dict.fromkeys(self.quoted)
        )

    def frames(self, symbol: str) -> tuple[Timeframe, ...]:
        """The candles wanted of *symbol*, short ones first; those of no timeframe are minutes."""
        found = {frame for name, frame in self._candles() if name == symbol}
        return tuple(frame for frame in Timeframe if frame in found)

    def names(self) -> tuple[str, ...]:
        """The streams that bring all that."""
        names = []
        for symbol in self.quoted:
            names += [f"{symbol.lower()}@bookTicker", f"{symbol.lower()}@miniTicker"]
        for symbol, frame in self._candles():
            source = SOURCES.get(frame, frame)
            names.append(f"{symbol.lower()}@kline_{INTERVALS[source]}")
        return tuple(dict.fromkeys(names))

    def _candles(self) -> list[tuple[str, Timeframe]]:
        found = []
        for each in self._given:
            for kind in sorted(each.kinds):
                if kind in (EVERYTHING, CANDLE):
                    found.append((each.instrument, Timeframe.M1))
                elif kind.startswith(_ONE_FRAME):
                    found.append((each.instrument, Timeframe(kind.removeprefix(_ONE_FRAME))))
        return found

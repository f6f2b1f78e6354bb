"""What is streamed: which quotes and which candles of which symbol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ...model.enums import Platform, Timeframe
from ...model.subscription import CANDLE, EVERYTHING, QUOTE, Subscription

_ONE_FRAME: Final = f"{CANDLE}:"


class Wanted:
    """Reads the subscriptions of the mock platform. Without any, the feed decides for itself."""

    def __init__(self, subscriptions: Sequence[Subscription]) -> None:
        self._subscriptions = [s for s in subscriptions if s.platform is Platform.MOCK]

    @property
    def is_open(self) -> bool:
        """Nothing in particular is wanted."""
        return not self._subscriptions

    def symbols(self, every: Sequence[str]) -> list[str]:
        """The symbols asked for; ``*`` stands for *every*."""
        named = [s.instrument for s in self._subscriptions if s.instrument != EVERYTHING]
        has_all = self.is_open or len(named) < len(self._subscriptions)
        return list(dict.fromkeys([*every, *named] if has_all else named))

    def quotes(self, symbol: str) -> bool:
        """Whether quotes of *symbol* are asked for."""
        return any(s.covers(symbol, QUOTE) for s in self._subscriptions)

    def candles(self, symbol: str, natural: Timeframe) -> tuple[Timeframe, ...]:
        """The timeframes asked for, short first; candles without a timeframe are *natural* ones."""
        frames = set()
        for subscription in self._subscriptions:
            if subscription.instrument not in (EVERYTHING, symbol):
                continue
            for kind in subscription.kinds:
                if kind in (EVERYTHING, CANDLE):
                    frames.add(natural)
                elif kind.startswith(_ONE_FRAME):
                    frames.add(Timeframe(kind.removeprefix(_ONE_FRAME)))
        return tuple(frame for frame in Timeframe if frame in frames)

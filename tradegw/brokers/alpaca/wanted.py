"""Which prices are to be streamed, by ``SUBSCRIPTIONS``. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from ...model.enums import Timeframe
from ...model.subscription import CANDLE, EVERYTHING, QUOTE, Subscription
from .data_stream import Wish

_ONE_FRAME: Final = f"{CANDLE}:"


class Wanted:
    """Reads *subscriptions*; *shown* spells a symbol as the gateway does."""

    def __init__(self, subscriptions: Iterable[Subscription], shown: Callable[[str], str]) -> None:
        self._subscriptions = tuple(subscriptions)
        self._shown = shown

    def wish(self, *, crypto: bool, is_crypto: Callable[[str], bool]) -> Wish:
        """What is to be asked of one of the two streams; ``*`` is all that it has."""
        named = [
            (each.instrument, each)
            for each in self._subscriptions
            if each.instrument == EVERYTHING or is_crypto(each.instrument) is crypto
        ]
        quotes = (self._spelt(name) for name, each in named if each.covers(name, QUOTE))
        bars = (self._spelt(name) for name, each in named if _frames((each,)))
        return Wish(tuple(dict.fromkeys(quotes)), tuple(dict.fromkeys(bars)))

    def _spelt(self, name: str) -> str:
        return name if name == EVERYTHING else self._shown(name)

    def frames(self, symbol: str) -> tuple[Timeframe, ...]:
        """The candles wanted of *symbol*, short ones first; those of no timeframe are minutes."""
        return _frames(
            [
                each
                for each in self._subscriptions
                if each.instrument == EVERYTHING or self._shown(each.instrument) == symbol
            ]
        )


def _frames(subscriptions: Sequence[Subscription]) -> tuple[Timeframe, ...]:
    frames = set()
    for kind in {kind for each in subscriptions for kind in each.kinds}:
        if kind in (EVERYTHING, CANDLE):
            frames.add(Timeframe.M1)
        elif kind.startswith(_ONE_FRAME):
            frames.add(Timeframe(kind.removeprefix(_ONE_FRAME)))
    return tuple(frame for frame in Timeframe if frame in frames)

"""Symbols whose market is open and of which no price comes. Pure; seconds are counted by who asks.

On the path of every tick nothing is done but to note the symbol.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct


class _Followed(Struct):
    """*quiet* is how long the market was open without a price."""

    seconds: float
    quiet: float = 0.0
    told: bool = False


class QuietSymbols:
    """Follows symbols. *is_open* says whether there must be prices of one now."""

    def __init__(self, is_open: Callable[[str], bool]) -> None:
        self._is_open = is_open
        self._followed: dict[str, _Followed] = {}
        self._heard: set[str] = set()
        self.ticked: Callable[[str], None] = self._heard.add
        """A price of a symbol came."""
        self.some_ticked = False
        """Whether one had come when time passed last."""

    def follow(self, symbol: str, seconds: float) -> None:
        """Prices of *symbol* must not be further apart than so many *seconds* of an open market."""
        self._followed[symbol] = _Followed(seconds)

    def unfollow(self, symbol: str) -> None:
        """Nobody wants prices of *symbol* any more."""
        self._followed.pop(symbol, None)

    def begin(self) -> None:
        """The stream is open, for the first time or again: each symbol has its time from now on."""
        self._heard.clear()
        for followed in self._followed.values():
            followed.quiet, followed.told = 0.0, False

    def pass_time(self, seconds: float) -> list[str]:
        """So many *seconds* have passed: the symbols that became too quiet by that."""
        self.some_ticked = bool(self._heard)
        for symbol in self._heard & self._followed.keys():
            followed = self._followed[symbol]
            followed.quiet, followed.told = 0.0, False
        became = []
        for symbol, followed in self._followed.items():
            if symbol in self._heard:
                continue
            if not self._is_open(symbol):
                followed.quiet = 0.0  # it opens with as much patience as ever
                continue
            followed.quiet += seconds
            if followed.quiet >= followed.seconds and not followed.told:
                followed.told = True
                became.append(symbol)
        self._heard.clear()
        return became

    @property
    def are_all_quiet(self) -> bool:
        """Whether of all symbols with an open market none has a price; not if there is none."""
        open_ones = [
            followed for symbol, followed in self._followed.items() if self._is_open(symbol)
        ]
        return bool(open_ones) and all(followed.told for followed in open_ones)

"""The evidence about a stream of prices, and what it leads to: its symbols are stale, and it is
opened anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.logger import Logger

from ...interfaces import IBrokerListener
from .quiet import QuietSymbols
from .silence import Silence
from .stream import Stream

RENEW_SECONDS: Final = 60.0
"""Between two new connections of a stream that stays quiet; doubled each time, up to the most: it
may be the market that is.
"""

MOST_RENEW_SECONDS: Final = 960.0


class PriceWatch:
    """*seconds* tells monotonic time, *is_open* whether there must be prices of a symbol now.

    ``symbols`` are to be followed and unfollowed as they are subscribed to, and told of each price:
    ``symbols.ticked(symbol)`` costs next to nothing.
    """

    log = Logger()

    def __init__(
        self,
        stream: Stream,
        listener: IBrokerListener,
        seconds: Callable[[], float],
        is_open: Callable[[str], bool],
    ) -> None:
        self.stream = stream
        self.symbols = QuietSymbols(is_open)
        self._listener = listener
        self._seconds = seconds
        self._silence = Silence(stream.rules.silence_seconds)
        self._looked_at = 0.0
        self._next_renewal = float("-inf")
        self._pause = RENEW_SECONDS

    def begin(self) -> None:
        """The stream is logged on."""
        self._looked_at = self._seconds()
        self._silence.begin(self._looked_at)
        self.symbols.begin()

    def end(self) -> None:
        """It is not any more."""
        self._silence.end()

    def look(self) -> None:
        """Judge; every second or so."""
        at = self._seconds()
        passed, self._looked_at = at - self._looked_at, at
        if not self.stream.is_live:
            return
        heard, self.stream.heard = self.stream.heard, False
        if self._silence.look(at, heard=heard):
            self.stream.doubt(f"{self.stream.title}: there is no sign of life from it")
            return
        quiet = self.symbols.pass_time(passed)
        if quiet:
            self._listener.on_prices_lost(
                tuple(quiet), f"{self.stream.title}: no prices, although the market is open"
            )
        self._judge_all(at)

    def _judge_all(self, at: float) -> None:
        if not self.symbols.are_all_quiet:
            if self.symbols.some_ticked:
                self._pause = RENEW_SECONDS
            return
        if at >= self._next_renewal:
            self._next_renewal = at + self._pause
            self._pause = min(2 * self._pause, MOST_RENEW_SECONDS)
            self.stream.doubt(f"{self.stream.title}: no price of any symbol")

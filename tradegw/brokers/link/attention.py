"""Time as watchdogs count it. Pure; seconds are monotonic.

A process may be held up: by a debugger, a slow disk, a host that gives it no time. When it goes on,
timers are dealt with before sockets, so that what came meanwhile is not read yet when the next look
is taken. Whoever judges by the clock then blames a stream for what the process did not hear.
"""

from __future__ import annotations

from collections.abc import Callable


class Attention:
    """Counts *seconds*, but no more than *most* from one look to the next."""

    def __init__(self, seconds: Callable[[], float], most: float) -> None:
        self._clock = seconds
        self._most = most
        self._looked_at = seconds()
        self._counted = 0.0

    def seconds(self) -> float:
        """The time that counts, from some moment on."""
        return self._counted + min(self._clock() - self._looked_at, self._most)

    def look(self) -> None:
        """A look is taken now."""
        self._counted, self._looked_at = self.seconds(), self._clock()

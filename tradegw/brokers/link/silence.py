"""The heartbeat contract of one stream. Pure; times are monotonic seconds."""

from __future__ import annotations


class Silence:
    """Broken after *seconds* without a sign of life; never, if that is ``None``."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._since: float | None = None

    def begin(self, at: float) -> None:
        """The stream is live."""
        self._since = at

    def end(self) -> None:
        """It is not, and owes nothing."""
        self._since = None

    def look(self, at: float, *, heard: bool) -> bool:
        """Whether the contract is broken, *heard* being whether there was a sign since the last
        look.
        """
        if self._since is None or self._seconds is None:
            return False
        if heard:
            self._since = at
        return at - self._since >= self._seconds

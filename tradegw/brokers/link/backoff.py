"""How long to wait before a lost connection is tried again. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

FACTOR: Final = 2.0
JITTER: Final = 0.25
"""The most that is added to a pause, as a share of it: gateways that lost the same broker at the
same moment do not come back at the same moment.
"""

REFUSED_SECONDS: Final = 60.0
"""The least pause after refused credentials: brokers lock accounts that try again and again."""


class Backoff:
    """Doubles from *initial* to at most *most* seconds, plus jitter drawn from *random* (0 to 1).

    It forgets only when told to: what opens and never logs on is no success.
    """

    def __init__(self, initial: float, most: float, random: Callable[[], float]) -> None:
        self._initial = min(initial, most)
        self._most = most
        self._random = random
        self.failures = 0
        """In a row."""

    def failed(self) -> float:
        """One more try came to nothing: seconds before the next."""
        pause = self._initial
        for _ in range(self.failures):  # no power of two that large: floats end at 2 ** 1024
            if pause >= self._most:
                break
            pause *= FACTOR
        self.failures += 1
        return self._with_jitter(min(pause, self._most))

    def refused(self) -> float:
        """The credentials were refused: seconds before they are tried again."""
        self.failures += 1
        return self._with_jitter(max(self._most, REFUSED_SECONDS))

    def held(self) -> None:
        """A connection has lasted: the next loss is a first one again."""
        self.failures = 0

    def _with_jitter(self, pause: float) -> float:
        return pause * (1 + JITTER * self._random())

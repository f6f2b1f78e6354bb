"""What evidence against a stream leads to, step by step. Pure; times are monotonic seconds."""

from __future__ import annotations

import enum
from typing import Final

SETTLE_SECONDS: Final = 10.0
"""Evidence that comes so soon after a step was there before it: it says nothing of its effect."""

MEMORY_SECONDS: Final = 600.0
"""After so long without evidence the stream is trusted again."""


class Step(enum.IntEnum):
    """Ask how things stand; open the stream anew; trade as if it could not be relied on."""

    ASK = 1
    RENEW = 2
    DISTRUST = 3


class Ladder:
    """One step up for each time that the evidence goes on; the top is stayed on."""

    def __init__(self) -> None:
        self._step = 0
        self._taken_at = self._seen_at = float("-inf")

    def climb(self, at: float, least: Step = Step.ASK) -> Step | None:
        """There is evidence: what is to be done, *least* at the least; ``None``: wait for what was
        done to have its effect.
        """
        if not self.is_standing(at):
            self._step = 0
        elif at - self._taken_at < SETTLE_SECONDS:
            return None
        self._step = min(max(self._step + 1, least), Step.DISTRUST)
        self._taken_at = self._seen_at = at
        return Step(self._step)

    def is_standing(self, at: float) -> bool:
        """Whether there was evidence not long ago."""
        return at - self._seen_at < MEMORY_SECONDS

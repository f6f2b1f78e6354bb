"""How fast a tape is played: when the next thing is due, in seconds of the reactor's clock."""

from __future__ import annotations

from datetime import datetime
from typing import Final

LONGEST_PAUSE: Final = 1.0
"""Longer pauses of the tape (nights, weekends) are cut to this, in seconds."""

LARGEST_LAG: Final = 1.0
"""What cannot be caught up with is let go, so that a pause of the process is no burst."""


class Pace:
    """*speed* is seconds of the tape per second; the tape begins at *first*."""

    def __init__(self, speed: float, first: datetime) -> None:
        self._speed = speed
        self._time = first
        self._due = 0.0

    def start(self, seconds: float) -> None:
        """The tape begins to play now."""
        self._due = seconds

    def wait(self, time: datetime, seconds: float) -> float:
        """How long to wait for what happened at *time*; not above zero if it is due."""
        return self._due_at(time) - seconds

    def passed(self, time: datetime, seconds: float) -> None:
        """What happened at *time* is played now."""
        self._due = max(self._due_at(time), seconds - LARGEST_LAG)
        self._time = time

    def _due_at(self, time: datetime) -> float:
        pause = (time - self._time).total_seconds() / self._speed
        return self._due + min(max(0.0, pause), LONGEST_PAUSE)

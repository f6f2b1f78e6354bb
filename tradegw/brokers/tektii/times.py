"""Simulated time, as far as it has been seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment(milliseconds: int) -> datetime:
    """The time so many milliseconds after 1970."""
    return EPOCH + timedelta(milliseconds=milliseconds)


class SimulatedTime:
    """The latest time that the engine has told of anything; 1970 as long as it has told of none, so
    that nothing which it tells is older than what was asked for.
    """

    def __init__(self) -> None:
        self._latest = EPOCH

    @property
    def is_known(self) -> bool:
        """Whether the engine has told any time."""
        return self._latest > EPOCH

    def now(self) -> datetime:
        """What time it is there."""
        return self._latest

    def saw(self, milliseconds: int) -> datetime:
        """It is at least so late; how late it is now."""
        self._latest = max(self._latest, moment(milliseconds))
        return self._latest

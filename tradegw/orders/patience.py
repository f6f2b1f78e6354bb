"""How long a client waits for an outcome; what it waits for goes on all the same."""

from __future__ import annotations

from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ..deferreds import as_deferred, deadline, shield

T = TypeVar("T")


class Patience:
    """*seconds* by *clock*, which others use as well."""

    def __init__(self, clock: IReactorTime, seconds: float) -> None:
        self.clock = clock
        self.seconds = seconds

    @as_deferred
    async def within(self, work: Deferred[T]) -> T | None:
        """What *work* comes to, or ``None`` if that takes too long."""
        try:
            return await deadline(shield(work), self.seconds, self.clock)
        except TimeoutError:
            return None

"""The two breakers of the API, reset together or not at all."""

from __future__ import annotations

from collections.abc import Callable

from zope.interface import implementer

from ..errors import ResetCooldown
from ..interfaces import IBreakers
from ..model.health import BreakersStatus
from .breaker import Breaker


@implementer(IBreakers)
class Breakers:
    """``adapter`` counts outages of the broker, ``exit_order`` exit legs that could not be placed.

    *seconds* tells monotonic time; *on_reset* is called after each successful reset.
    """

    def __init__(self, seconds: Callable[[], float], on_reset: Callable[[], None]) -> None:
        self._seconds = seconds
        self._on_reset = on_reset
        self.adapter = Breaker()
        self.exit_order = Breaker()

    def snapshot(self) -> BreakersStatus:
        at = self._seconds()
        return BreakersStatus(
            adapter=self.adapter.snapshot(at), exit_order=self.exit_order.snapshot(at)
        )

    def reset(self) -> BreakersStatus:
        at = self._seconds()
        if not (self.adapter.may_reset(at) and self.exit_order.may_reset(at)):
            raise ResetCooldown("The breakers were reset less than 60 seconds ago")
        self.adapter.reset(at)
        self.exit_order.reset(at)
        self._on_reset()
        return self.snapshot()

"""Whether the gateway has anything under way, for a client or by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.internet.defer import Deferred

from ..model.journal import Verdict
from .attempt import Attempt


class Stillness:
    """Asked by a broker whose time must not go on before.

    *idle* are questions that fire at once if nothing is under way there, else when that has ended;
    *under_way* tells the attempts that are not settled. What is in doubt is not waited for: it may
    never be found out.
    """

    def __init__(
        self,
        idle: Iterable[Callable[[], Deferred[None]]],
        under_way: Callable[[], list[Attempt]],
    ) -> None:
        self._idle = tuple(idle)
        self._under_way = under_way

    def __call__(self) -> Deferred[None] | None:
        """``None`` if all is still, else what fires when that may have changed; never fails."""
        for ask in self._idle:
            idle = ask()
            if not idle.called:
                return idle
        for attempt in self._under_way():
            if attempt.verdict is not Verdict.UNKNOWN:
                return attempt.when_settled().addBoth(lambda _outcome: None)
        return None

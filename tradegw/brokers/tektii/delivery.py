"""Events on their way into the gateway, in the order in which the engine told them.

Prices overtake what waits for exit legs, which must not be here: a candle means that time went on.
So a candle waits until the gateway has nothing under way any more. What the gateway knows already
goes no further than its intake, and nobody would ever acknowledge it: that is noticed at the same
moment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from ...interfaces import IBrokerListener, Settled
from ...model.events import BacktestCompleteEvent, CandleEvent, Event

PATIENCE_SECONDS: Final = 2.5
"""A candle waits no longer, as the events before it do not: the engine goes on after five."""

AGAIN_SECONDS: Final = 0.001
"""What is under way may have no end of its own that can be waited for."""

_QUIET: Final = (CandleEvent, BacktestCompleteEvent)

Before: TypeAlias = Callable[[CandleEvent], "Deferred[list[Event]] | None"]
"""What it fails with is logged, and the candle goes on."""


class Delivery:
    """Tells *listener*. *swallowed* hears of ids that no client will hear of. *before* is asked at
    each candle whose turn it is: what else happened before that, if that must be found out first.
    """

    log = Logger()

    def __init__(
        self,
        listener: IBrokerListener,
        clock: IReactorTime,
        swallowed: Callable[[tuple[str, ...]], object],
        before: Before,
    ) -> None:
        self.settled: Settled = lambda: None
        self._listener = listener
        self._clock = clock
        self._swallowed = swallowed
        self._before = before
        self._asked: CandleEvent | None = None
        self._asking = False
        self._queue: deque[Event] = deque()
        self._under_way: dict[str, None] = {}
        self._stirred = False
        self._busy = False
        self._waiting = False
        self._patience: IDelayedCall | None = None
        self._overdue = False
        self._stopped = False

    def __len__(self) -> int:
        return len(self._queue) + len(self._under_way)

    def put(self, events: Iterable[Event]) -> None:
        """Tell *events*, now or when those before them are through."""
        self._queue.extend(events)
        self._go_on()

    def published(self, event_id: str) -> None:
        """It has come through."""
        self._under_way.pop(event_id, None)

    def stop(self) -> None:
        """Tell nothing more."""
        self._stopped = True
        self._queue.clear()
        self._under_way.clear()
        self._calm()

    def _go_on(self) -> None:
        if self._busy or self._stopped:
            return
        self._busy = True
        try:
            while self._queue and self._may_go(self._queue[0]):
                self._tell(self._queue.popleft())
        finally:
            self._busy = False
        if self._under_way and not self._queue:
            self._is_quiet()

    def _tell(self, event: Event) -> None:
        if event.event_id is not None:
            self._under_way[event.event_id] = None
        self._stirred = self._stirred or not isinstance(event, CandleEvent)
        self._listener.on_event(event)

    def _may_go(self, event: Event) -> bool:
        if self._asking or (isinstance(event, CandleEvent) and self._must_ask(event)):
            return False
        if not self._stirred or not isinstance(event, _QUIET):
            return True
        if self._is_quiet():
            return True
        is_overdue, self._overdue = self._overdue, False
        return is_overdue

    def _must_ask(self, candle: CandleEvent) -> bool:
        if candle is self._asked:
            return False
        self._asked = candle
        finding = self._before(candle)
        if finding is None:
            return False
        self._asking = True
        finding.addErrback(self._not_found).addCallback(self._found)
        return True

    def _not_found(self, failure: Failure) -> list[Event]:
        self.log.failure("what happened before a candle could not be found out", failure)
        return []

    def _found(self, events: list[Event]) -> None:
        self._queue.extendleft(reversed(events))
        self._asking = False
        self._clock.callLater(0, self._go_on)

    def _is_quiet(self) -> bool:
        """Whether nothing is under way; if something is, it is asked again when that has ended."""
        settled = self.settled()
        if settled is None:
            self._calm()
            self._stirred = False
            left, self._under_way = tuple(self._under_way), {}
            if left:
                self._swallowed(left)
            return True
        if not self._waiting:
            self._waiting = True
            settled.addBoth(lambda _ended: self._clock.callLater(AGAIN_SECONDS, self._again))
        if self._patience is None and self._queue:
            self._patience = self._clock.callLater(PATIENCE_SECONDS, self._lose_patience)
        return False

    def _again(self) -> None:
        self._waiting = False
        self._go_on()

    def _lose_patience(self) -> None:
        self._patience = None
        self._overdue = True
        self._go_on()

    def _calm(self) -> None:
        if self._patience is not None and self._patience.active():
            self._patience.cancel()
        self._patience = None
        self._overdue = False

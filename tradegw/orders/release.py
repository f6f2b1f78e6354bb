"""Events leave for the clients in the order in which the broker told them.

A client that sees a fill must find its exit legs placed, so a fill waits for its legs, and what
came after it waits behind it: but never longer than ``PATIENCE_SECONDS``, then it goes out as it is
(the exits raise their own alarm). Prices do not come this way: they are no consequence of a fill.
"""

from __future__ import annotations

from collections import deque
from typing import Final, TypeVar

from msgspec import Struct
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ..metrics.meters import Meters
from ..model.events import Event
from .chronicle import Chronicle

T = TypeVar("T")

PATIENCE_SECONDS: Final = 2.0


class Held(Struct, eq=False):
    """An event with its place in the queue."""

    event: Event
    waiting: bool
    patience: IDelayedCall | None = None


class Release:
    """The queue before the clients; empty and without cost as long as nothing has to wait."""

    log = Logger()

    def __init__(self, sink: Chronicle, clock: IReactorTime, meters: Meters) -> None:
        self._sink = sink
        self._clock = clock
        self._meters = meters
        self._queue: deque[Held] = deque()
        self._awaiting_empty: list[Deferred[None]] = []

    def empty(self) -> Deferred[None]:
        """Fires when nothing waits."""
        if not self._queue:
            return succeed(None)
        self._awaiting_empty.append(Deferred())
        return self._awaiting_empty[-1]

    def put(self, event: Event) -> None:
        """Let *event* go after all that came before it."""
        if self._queue:
            self._queue.append(Held(event, waiting=False))
            self._meters.release_depth(len(self._queue))
        else:
            self._sink.publish(event)

    def overtake(self, event: Event) -> None:
        """Let *event*, a price, go at once."""
        self._sink.overtake(event)

    def put_first(self, event: Event) -> None:
        """Let *event*, which is no consequence of anything that waits, go before that."""
        self._sink.publish(event)

    def hold(self, event: Event) -> Held:
        """Give *event* its place; what it causes comes behind it. :meth:`let_go` must follow."""
        held = Held(event, waiting=True)
        self._queue.append(held)
        return held

    def let_go(self, held: Held, settled: Deferred[T] | None) -> None:
        """Send *held* when its turn has come and *settled*, if given, has fired."""
        if settled is None:
            self._go(held)
            return
        held.patience = self._clock.callLater(PATIENCE_SECONDS, self._overdue, held)
        settled.addBoth(self._settled, held)
        self._meters.release_depth(len(self._queue))

    def flush(self) -> None:
        """Let everything go at once: the gateway is stopping."""
        for held in list(self._queue):
            self._go(held)

    def _settled(self, result: T, held: Held) -> T:
        self._go(held)
        return result

    def _overdue(self, held: Held) -> None:
        self.log.warn("an event goes out before its exit legs are settled")
        self._go(held)

    def _go(self, held: Held) -> None:
        held.waiting = False
        if held.patience is not None and held.patience.active():
            held.patience.cancel()
        while self._queue and not self._queue[0].waiting:
            self._sink.publish(self._queue.popleft().event)
        self._meters.release_depth(len(self._queue))
        if not self._queue:
            empty, self._awaiting_empty = self._awaiting_empty, []
            for deferred in empty:
                deferred.callback(None)

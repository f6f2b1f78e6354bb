"""Who has been told what, and which acknowledgements go on to the engine.

Ids leave as they are released: those of one acknowledgement in one frame, in the order in which
they were named. Simulated time goes on with that, so it waits, but not for long, until the gateway
itself has nothing under way: exits are placed, siblings cancelled, requests answered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from ...interfaces import IPacing, Settled
from ..pacing.acks import Acks, Pace
from .delivery import AGAIN_SECONDS

PATIENCE_SECONDS: Final = 2.0
"""Acknowledgements wait no longer; the engine gives up after five."""


@implementer(IPacing)
class Pacing:
    """Hands the ids that are released to *send*. *came* is called at each client that comes,
    *stirred* at each that is gone, and at each request that begins or ends.
    """

    log = Logger()

    def __init__(self, pace: Pace, clock: IReactorTime, send: Callable[[tuple[str, ...]], object]):
        self.settled: Settled = lambda: None
        self.came: Callable[[], object] = lambda: None
        self.stirred: Callable[[], object] = lambda: None
        self.absolved = 0
        """Events that are released because who had heard them went away."""
        self._acks = Acks(pace, self._released)
        self._clock = clock
        self._send = send
        self._held: deque[tuple[str, ...]] = deque()
        self.requests = 0
        """Under way over HTTP."""
        self._waiting = False
        self._patience: IDelayedCall | None = None

    # -- the engine's side

    def expect(self, event_id: str) -> None:
        """An event is on its way to the clients."""
        self._acks.expect(event_id)

    def forget(self, event_id: str) -> None:
        """No client will ever acknowledge it."""
        self._acks.forget(event_id)

    @property
    def expected(self) -> int:
        """How many events are on their way to the clients, or not acknowledged."""
        return len(self._acks)

    @property
    def owed(self) -> tuple[str, ...]:
        """The events that clients have heard and not acknowledged."""
        return self._acks.waiting_for

    @property
    def clients(self) -> int:
        """How many clients hear events."""
        return len(self._acks.clients)

    def stop(self) -> None:
        """Send nothing more; what is held is lost."""
        self._held.clear()
        self._calm()

    # -- the clients' side

    def joined(self, client_id: str) -> None:
        self._acks.joined(client_id)
        self.came()

    def left(self, client_id: str) -> None:
        is_news = client_id in self._acks.clients
        absolved = self._acks.left(client_id)
        if absolved:
            self.absolved += len(absolved)
            self.log.warn(
                "{client} left {count} events without an acknowledgement; they are released",
                client=client_id,
                count=len(absolved),
            )
        if is_news:
            self.stirred()

    def handed(self, event_id: str, client_ids: Sequence[str]) -> None:
        self._acks.handed(event_id, client_ids)

    def acknowledged(self, client_id: str, event_ids: Sequence[str]) -> None:
        self._acks.acknowledged(client_id, event_ids)

    def request_began(self) -> None:
        self.requests += 1
        self.stirred()

    def request_ended(self) -> None:
        self.requests -= 1
        self.stirred()
        if self._held:
            self._go_on()

    # -- what leaves

    def _released(self, event_ids: Sequence[str]) -> None:
        self._held.append(tuple(event_ids))
        self._go_on()

    def _go_on(self) -> None:
        if self._held and self._is_quiet():
            self._let_go()

    def _let_go(self) -> None:
        self._calm()
        while self._held:
            self._send(self._held.popleft())

    def _is_quiet(self) -> bool:
        settled = None if self.requests else self.settled()
        if settled is None and not self.requests:
            return True
        if settled is not None and not self._waiting:
            self._waiting = True
            settled.addBoth(lambda _ended: self._clock.callLater(AGAIN_SECONDS, self._again))
        if self._patience is None:
            self._patience = self._clock.callLater(PATIENCE_SECONDS, self._let_go)
        return False

    def _again(self) -> None:
        self._waiting = False
        self._go_on()

    def _calm(self) -> None:
        if self._patience is not None and self._patience.active():
            self._patience.cancel()
        self._patience = None

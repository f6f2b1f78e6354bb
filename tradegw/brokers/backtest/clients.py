"""The clients of a run: who is there, what they owe, and whether anybody is being answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from ...interfaces import IPacing
from ..pacing.acks import Acks, Pace

BEAT_SECONDS: Final = 1.0
"""How often it is looked whether anybody is still there and gets on."""

log = Logger()


@implementer(IPacing)
class Clients:
    """Tells *changed* when the run may perhaps go on, in the turn of the acknowledgement; of other
    changes *changed_later* is told, from where one must not go on at once.

    Of nobody is anything wanted unless *is_needed*. Wall seconds without the needed
    acknowledgement, or without anybody, are counted in beats of *clock*; after so many of them the
    run hears of it by *stalled* (with those who owe something) or *deserted*. 0 waits for ever.
    """

    def __init__(
        self,
        pace: Pace,
        clock: IReactorTime,
        *,
        is_needed: bool,
        ack_seconds: int,
        absent_seconds: int,
    ) -> None:
        self._acks = Acks(pace, self._released)
        self._clock = clock
        self._is_needed = is_needed
        self._ack_seconds = ack_seconds
        self._absent_seconds = absent_seconds
        self._observers: set[str] = set()
        self.taking_part = 0
        """How many clients are waited for."""
        self._requests = 0
        self._moves = 0
        self._seen_moves = 0
        self._idle_beats = 0
        self._absent_beats = 0
        self._beating: IDelayedCall | None = None
        self.changed: Callable[[], object] = _nothing
        self.changed_later: Callable[[], object] = _nothing
        self.stalled: Callable[[tuple[str, ...]], object] = lambda _debtors: None
        self.deserted: Callable[[], object] = _nothing
        self.returned: Callable[[], object] = _nothing
        """Somebody is there again after nobody was."""
        self.arrived: Callable[[], object] = _nothing
        """One more client is there."""
        self._is_deserted = False
        self.came = False
        """Somebody was there."""
        self.answered = 0
        """How many requests were answered."""

    @property
    def present(self) -> int:
        """How many clients there are."""
        return len(self._acks.clients)

    @property
    def is_asked(self) -> bool:
        """Whether somebody is being answered."""
        return self._requests > 0

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """The events whose acknowledgement is missing."""
        return self._acks.waiting_for

    @property
    def holds(self) -> bool:
        """Whether time has to stand still for them."""
        if self._requests:
            return True
        return self._is_needed and not (self.taking_part and self._acks.is_clear)

    def expect(self, event_id: str) -> None:
        """The event with that id is about to be handed on."""
        if self._is_needed:
            self._acks.expect(event_id)

    def watch(self) -> None:
        """From now on silence and absence count."""
        if self._is_needed and self._beating is None:
            self._beating = self._clock.callLater(BEAT_SECONDS, self._beat)

    def stop_watching(self) -> None:
        """They do not count any more."""
        if self._beating is not None and self._beating.active():
            self._beating.cancel()
        self._beating = None

    # -- what the stream tells

    def joined(self, client_id: str) -> None:
        self._acks.joined(client_id)
        self.came = True
        self.taking_part += 1
        self._absent_beats = 0
        if self._is_deserted:
            self._is_deserted = False
            self.returned()
        self.arrived()
        self.changed_later()

    def left(self, client_id: str) -> None:
        if client_id not in self._acks.clients:
            return
        if client_id in self._observers:
            self._observers.remove(client_id)
        else:
            self.taking_part -= 1
        unpaid = self._acks.left(client_id)
        if unpaid:
            log.info(
                "{client} left without acknowledging {count} events",
                client=client_id,
                count=len(unpaid),
            )
        self._is_deserted = self._beating is not None and not self.taking_part
        self.changed_later()

    def handed(self, event_id: str, client_ids: Sequence[str]) -> None:
        if not self._is_needed:
            return
        if client_ids:
            self._acks.handed(event_id, client_ids)
        else:
            self._acks.forget(event_id)  # nobody is there, or nobody wants to hear it

    def acknowledged(self, client_id: str, event_ids: Sequence[str]) -> None:
        moves = self._moves
        self._acks.acknowledged(client_id, event_ids)
        if self._moves != moves and self._acks.is_clear:
            self.changed()

    def request_began(self) -> None:
        self._requests += 1

    def request_ended(self) -> None:
        self._requests -= 1
        self.answered += 1
        if not self._requests:
            self.changed_later()

    # -- what comes of it

    def _released(self, _event_ids: Sequence[str]) -> None:
        self._moves += 1

    def _beat(self) -> None:
        self._beating = self._clock.callLater(BEAT_SECONDS, self._beat)
        if not self.taking_part:
            self._absent_beats += 1
            if self._absent_beats * BEAT_SECONDS >= self._absent_seconds > 0:
                self.deserted()
            return
        moved, self._seen_moves = self._moves != self._seen_moves, self._moves
        self._idle_beats = 0 if moved or self._acks.is_clear else self._idle_beats + 1
        if self._idle_beats * BEAT_SECONDS >= self._ack_seconds > 0:
            self._idle_beats = 0
            self._lose_patience()

    def _lose_patience(self) -> None:
        debtors = self._acks.debtors()
        others = [client for client in self._acks.clients if client not in debtors]
        strangers = not any(map(self._acks.has_acknowledged, debtors))
        if strangers and any(map(self._acks.has_acknowledged, others)):
            for client in debtors:
                log.warn("{client} acknowledges nothing: it only observes now", client=client)
                self._observers.add(client)
                self.taking_part -= 1
                self._acks.set_aside(client)
            self.changed_later()
        else:
            self.stalled(debtors)


def _nothing() -> None:
    """Nobody listens yet."""

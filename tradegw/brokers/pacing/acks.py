"""The ledger of acknowledgements: which events were handed to whom, and what is still owed.

An event is released by its exact id, never by its place: once it was handed to somebody and enough
of those have acknowledged it or gone. One that was handed to nobody is not released, and stands in
nobody's way.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence


class Pace(enum.StrEnum):
    """Whose acknowledgements count."""

    ALL = "all"
    """Of every client that the event was handed to."""
    ANY = "any"
    """The first, of whomever."""


class _Owed:
    """An event that is not released."""

    __slots__ = ("by", "early", "is_handed")

    def __init__(self) -> None:
        self.by: dict[str, None] = {}  # who has still to acknowledge it, in order
        self.early: set[str] = set()  # who did before it was handed to anybody
        self.is_handed = False


class Acks:
    """Tells *released* of the ids that one call has released, in the order in which they were
    named, if there are any.
    """

    def __init__(self, pace: Pace, released: Callable[[Sequence[str]], object]) -> None:
        self._pace = pace
        self._released = released
        self._owed: dict[str, _Owed] = {}
        self._here: dict[str, bool] = {}  # the clients, and who of them has acknowledged anything
        self._observers: set[str] = set()

    def __len__(self) -> int:
        return len(self._owed)

    @property
    def clients(self) -> tuple[str, ...]:
        """Who is here, in the order in which they came."""
        return tuple(self._here)

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """The events that were handed to somebody and are not released, oldest first."""
        return tuple(event_id for event_id, owed in self._owed.items() if owed.is_handed)

    @property
    def is_clear(self) -> bool:
        """Whether nothing that was handed to anybody is owed."""
        return not self._owed or not any(owed.is_handed for owed in self._owed.values())

    def joined(self, client_id: str) -> None:
        """From now on this client is here."""
        self._here.setdefault(client_id, False)

    def expect(self, event_id: str) -> None:
        """The event will be handed on; until then it cannot be released."""
        self._owed.setdefault(event_id, _Owed())

    def handed(self, event_id: str, client_ids: Iterable[str]) -> None:
        """It was put into the queues of these clients; of nobody: it stays as it is."""
        owed = self._owed.get(event_id)
        if owed is None:
            owed = self._owed[event_id] = _Owed()
        reached = False
        for client_id in client_ids:
            reached = True
            if client_id not in self._observers and client_id not in owed.early:
                owed.by[client_id] = None
        if not reached:
            return
        owed.is_handed = True
        if not owed.by or (owed.early and self._pace is Pace.ANY):
            self._release([event_id])

    def acknowledged(self, client_id: str, event_ids: Iterable[str]) -> None:
        """The client has dealt with the events of these ids; unknown ones change nothing."""
        free: list[str] = []
        for event_id in event_ids:
            owed = self._owed.get(event_id)
            if owed is None:
                continue
            if client_id in self._here:
                self._here[client_id] = True
            if not owed.is_handed:
                owed.early.add(client_id)
            elif self._pays(owed, client_id):
                free.append(event_id)
                del self._owed[event_id]
        if free:
            self._released(free)

    def left(self, client_id: str) -> tuple[str, ...]:
        """The client is gone; what it alone owed is released, and returned."""
        self._here.pop(client_id, None)
        self._observers.discard(client_id)
        return self._absolve(client_id)

    def set_aside(self, client_id: str) -> tuple[str, ...]:
        """From now on it only observes: nothing waits for it. As :meth:`left` otherwise."""
        self._observers.add(client_id)
        return self._absolve(client_id)

    def forget(self, event_id: str) -> None:
        """Nobody will be asked for it any more."""
        self._owed.pop(event_id, None)

    def debtors(self) -> tuple[str, ...]:
        """Who has not acknowledged something that is waited for."""
        found = {client: None for owed in self._owed.values() for client in owed.by}
        return tuple(found)

    def has_acknowledged(self, client_id: str) -> bool:
        """Whether this client, which is here, ever acknowledged an event that it owed."""
        return self._here.get(client_id, False)

    def _pays(self, owed: _Owed, client_id: str) -> bool:
        """Whether that released it."""
        if self._pace is Pace.ANY:
            return True
        if client_id not in owed.by:
            return False
        del owed.by[client_id]
        return not owed.by

    def _absolve(self, client_id: str) -> tuple[str, ...]:
        free: list[str] = []
        for event_id, owed in self._owed.items():
            if client_id in owed.by:
                del owed.by[client_id]
                if not owed.by:
                    free.append(event_id)
        self._release(free)
        return tuple(free)

    def _release(self, event_ids: list[str]) -> None:
        for event_id in event_ids:
            del self._owed[event_id]
        if event_ids:
            self._released(event_ids)

"""Events to all connected clients: encoded and framed once, in order, nobody waits for anybody.

One pass of the reactor is a *turn*. With few clients the first event of a turn is sent at once;
what else is published in the turn is joined and leaves at its end, or as soon as it is much. With
many clients a send to all costs more than the rest of a turn, so that all events of a turn are
joined (``bench/fanout.py`` has the figures).
"""

from __future__ import annotations

from typing import Final, Protocol, get_args

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from ..deferreds import as_deferred
from ..interfaces import IEventSink, WallClock
from ..model.events import Event, SequencedEvent
from ..model.wire import encode
from .farewell import say_farewell
from .filter import EventFilter
from .messages import MAX_MESSAGE_BYTES, framed, replacement
from .meters import StreamMeters
from .outlet import Outlet

JOIN_BYTES: Final = 64 * 1024
JOIN_MESSAGES: Final = 32
"""A turn's events are sent before its end when they are this much."""

EAGER_CLIENTS: Final = 16
"""Up to so many clients the first event of a turn does not wait for its end."""

TRY_AGAIN: Final = 1013

_SEQUENCED: Final = frozenset(get_args(SequencedEvent))

log = Logger()


class Listener(Protocol):
    """A connected client, as the fan-out sees it."""

    client_id: str
    outlet: Outlet

    def leave(self, code: int, reason: str) -> None:
        """Hand over what waits, say goodbye, and close."""

    def drop(self) -> None:
        """End the connection at once."""


@implementer(IEventSink)
class Fanout:
    """The clients, and the way to all of them."""

    def __init__(
        self, clock: IReactorTime, now: WallClock, wanted: EventFilter, meters: StreamMeters
    ) -> None:
        self.stopping = False
        self.eager_clients = EAGER_CLIENTS  # the bench tries others
        self._clock = clock
        self._now = now
        self._wanted = wanted
        self._meters = meters
        self._connected: dict[Listener, None] = {}  # in the order in which they came
        self._listening: dict[Outlet, Listener] = {}
        self._audience: tuple[Outlet, ...] | None = ()  # a stable copy of the outlets
        self._waiting: set[Outlet] = set()
        self._unnumbered = False  # an event that should have a number was published without
        self._owed: dict[Listener, int] = {}  # who came after it, and up to which number it heard
        self._joined: list[bytes] = []
        self._joined_bytes = 0
        self._turn: IDelayedCall | None = None
        self._sending = False
        self._awaiting_none: list[Deferred[None]] = []

    def publish(self, event: Event) -> int:
        """Hand *event* to every connected client that wants it; the number of those.

        An event that cannot be encoded is a defect: it is logged and reaches nobody.
        """
        if event.seq is None:
            self._unnumbered = self._unnumbered or type(event) in _SEQUENCED
        elif self._unnumbered:
            self.settle(event.seq - 1)
            self._owed.clear()
            self._unnumbered = False
        if not self._listening or not self._wanted.passes(event):
            return 0
        try:
            frame = frame_of(event)
        except Exception:
            log.failure("an event could not be encoded: {kind}", kind=type(event).__name__)
            return 0
        self._queue(frame)
        return len(self._listening)

    def audience(self) -> int:
        return len(self._listening)

    def _queue(self, frame: bytes) -> None:
        if self._turn is None:
            self._turn = self._clock.callLater(0, self._end_turn)
            if len(self._listening) <= self.eager_clients and not self._sending:
                self._send(frame, 1)
                return
        self._joined.append(frame)
        self._joined_bytes += len(frame)
        if self._joined_bytes >= JOIN_BYTES or len(self._joined) >= JOIN_MESSAGES:
            self.flush()

    def _end_turn(self) -> None:
        self._turn = None
        self.flush()

    def flush(self) -> None:
        """Send what was joined so far."""
        if self._joined and not self._sending:
            frames, messages = b"".join(self._joined), len(self._joined)
            self._joined.clear()
            self._joined_bytes = 0
            self._send(frames, messages)

    def _send(self, frames: bytes, messages: int) -> None:
        if self._audience is None:
            self._audience = tuple(self._listening)
        self._sending = True
        for outlet in self._audience:
            try:
                outlet.send(frames, messages)
            except Exception:  # whatever it is, it is this client's alone
                self._failed(outlet)
        self._sending = False
        if self._waiting:
            self._report_backlog()

    def _failed(self, outlet: Outlet) -> None:
        listener = self._listening.get(outlet)
        log.failure("sending to {client} failed", client=getattr(listener, "client_id", "nobody"))
        if listener is not None:
            listener.drop()

    def admit(self, listener: Listener) -> None:
        """*listener* is connected; it hears nothing yet."""
        if listener not in self._connected:
            self._connected[listener] = None
            self._meters.connected()

    def add(self, listener: Listener, at: int | None = None) -> None:
        """From now on *listener* hears what is published.

        One that resumes has been told all numbered events up to *at*, the newest by now.
        """
        self.flush()  # what was published before is not for it
        self.admit(listener)
        self._listening[listener.outlet] = listener
        self._audience = None
        if at is not None and self._unnumbered:
            self._owed[listener] = at

    def settle(self, newest: int | None) -> None:
        """Events up to *newest* can be told again, those that were published unnumbered included.

        Who resumed after these were published, but before they could be read, lacks them, and is
        closed so that it resumes once more.
        """
        for listener, at in tuple(self._owed.items()):
            if newest is not None and newest > at:
                listener.leave(TRY_AGAIN, "resume: there are events that could not be told")

    def retire(self, listener: Listener) -> None:
        """*listener* hears no more; its connection may live on for a while."""
        self._owed.pop(listener, None)
        if self._listening.pop(listener.outlet, None) is not None:
            self._audience = None

    def remove(self, listener: Listener) -> None:
        """The connection of *listener* is gone."""
        self.retire(listener)
        if self._connected.pop(listener, self) is self:
            return
        self._meters.disconnected()
        if not self._connected:
            awaiting, self._awaiting_none = self._awaiting_none, []
            for deferred in awaiting:
                deferred.callback(None)

    def when_empty(self) -> Deferred[None]:
        """Fires when no client is connected."""
        empty: Deferred[None] = Deferred()
        if self._connected:
            self._awaiting_none.append(empty)
        else:
            empty.callback(None)
        return empty

    @property
    def connections(self) -> tuple[Listener, ...]:
        """All clients that are connected, those being closed included."""
        return tuple(self._connected)

    def behind(self, outlet: Outlet) -> None:
        """*outlet* holds frames back from now on."""
        self._waiting.add(outlet)

    def caught_up(self, outlet: Outlet) -> None:
        """*outlet* holds nothing back any more."""
        if outlet in self._waiting:
            self._waiting.discard(outlet)
            self._report_backlog()

    def _report_backlog(self) -> None:
        self._meters.backlog(max((o.outbox.messages for o in self._waiting), default=0))

    @as_deferred
    async def close_all(self) -> None:
        """Tell every client that the gateway stops, and close its connection.

        Fires when all are gone, after 2.5 seconds at most; at once if there are none. No client is
        let in any more.
        """
        self.stopping = True
        await say_farewell(self, self._clock, self._now)


def frame_of(event: Event) -> bytes:
    """*event* as a frame, or what stands for it where it is too large."""
    text = encode(event)
    if len(text) > MAX_MESSAGE_BYTES:
        log.error(
            "a {kind} message of {size} bytes is too large for clients and was replaced",
            kind=type(event).__name__,
            size=len(text),
        )
        text = encode(replacement(event, len(text)))
    return framed(text)

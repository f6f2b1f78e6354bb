"""Clients that come back: what they missed is read from the event log, then they go live.

``/v1/ws?since=SEQ[&epoch=E]`` asks for the events after SEQ. They are told page by page, one page a
turn of the reactor for all such clients together, the next only when the client has taken the last.
What is published meanwhile is not queued for it: the reading goes on until it has reached the
newest event, and in that same turn the client joins the fan-out. So there is no gap and no
duplicate: at the end of every turn the log ends where publishing has got to.
"""

from __future__ import annotations

from typing import Final, Protocol

import msgspec
from msgspec import Struct
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ..errors import GatewayError, InternalError, InvalidRequest
from ..interfaces import IEventLog, WallClock
from ..model.enums import AlertCode
from ..model.events import AlertEvent, SequencedEvent
from ..model.wire import encode
from ..retelling import page_after, refused, starting_point
from .fanout import Listener
from .filter import EventFilter
from .messages import MAX_MESSAGE_BYTES, framed, replacement
from .outlet import PORTION
from .wish import wish_in

PAGE_MESSAGES: Final = 64
"""About as many as make a :data:`tradegw.stream.outlet.PORTION`."""

CANNOT_RESUME: Final = 1008
CANNOT_READ: Final = 1011

_decoder: msgspec.json.Decoder[SequencedEvent] = msgspec.json.Decoder(SequencedEvent)

log = Logger()


class Returning(Listener, Protocol):
    """A connected client that is not live yet."""

    def join(self, at: int | None) -> None:
        """Go live; it was told all numbered events up to *at*, ``None`` if it asked for none."""

    def turn_away(self, alert: AlertEvent, code: int, reason: str) -> None:
        """Tell *alert*, and close."""

    def evict(self) -> None:
        """Close, as a slow consumer is closed."""


class _Progress(Struct, kw_only=True):
    at: int
    patience: IDelayedCall


class Replays:
    """All replays under way. One that takes more than *seconds* is ended; what was told counts."""

    def __init__(
        self,
        clock: IReactorTime,
        now: WallClock,
        events: IEventLog | None,
        wanted: EventFilter,
        seconds: float,
    ) -> None:
        self._clock = clock
        self._now = now
        self._events = events
        self._wanted = wanted
        self._seconds = seconds
        self._running: dict[Returning, _Progress] = {}
        self._due: dict[Returning, None] = {}  # in the order in which they get their next page
        self._turn: IDelayedCall | None = None

    def begin(self, listener: Returning, query: bytes) -> None:
        """Let *listener* in as its *query* string wishes: live at once, or with a replay first."""
        try:
            at = self._starting_point(query)
        except GatewayError as error:
            self._refuse(listener, error)
            return
        if at is None:
            listener.join(None)
            return
        log.info("{client} asks for the events after {seq}", client=listener.client_id, seq=at)
        patience = self._clock.callLater(self._seconds, listener.evict)
        self._running[listener] = _Progress(at=at, patience=patience)
        self.go_on(listener)

    def go_on(self, listener: Returning) -> None:
        """*listener* can take more; nothing happens if it is not being told the past."""
        if listener in self._running:
            self._due[listener] = None
            if self._turn is None:
                self._turn = self._clock.callLater(0, self._tell_next)

    def stop(self, listener: Returning) -> None:
        """*listener* is live, or leaves."""
        self._due.pop(listener, None)
        progress = self._running.pop(listener, None)
        if progress is not None and progress.patience.active():
            progress.patience.cancel()

    def newest(self) -> int | None:
        """The number of the newest event that can be told again."""
        return None if self._events is None else self._events.span().newest

    def _starting_point(self, query: bytes) -> int | None:
        if self._events is None:
            if wish_in(query) is not None:
                raise InvalidRequest("No events are kept here: connect without since", "since")
            return None
        try:
            wish = wish_in(query)
        except InvalidRequest as error:
            raise refused(error.message, self._events.span()) from None
        if wish is None:
            return None
        return starting_point(self._events.span(), wish.since, wish.epoch)

    def _tell_next(self) -> None:
        self._turn = None
        listener = next(iter(self._due), None)
        if listener is None:
            return
        del self._due[listener]
        if self._due:
            self._turn = self._clock.callLater(0, self._tell_next)
        try:
            self._tell_page(listener, self._running[listener])
        except GatewayError as error:
            self._refuse(listener, error)
        except Exception:
            log.failure("{client} could not be told the past", client=listener.client_id)
            self._refuse(listener, InternalError("Events could not be read"))

    def _tell_page(self, listener: Returning, progress: _Progress) -> None:
        if listener.outlet.is_paused:
            return  # it will call when it can take more
        assert self._events is not None
        page = page_after(self._events, progress.at, PAGE_MESSAGES, PORTION)
        texts = [sendable(message) for message in page.messages if self._passes(message)]
        if texts:
            listener.outlet.send(b"".join(map(framed, texts)), len(texts))
        progress.at = page.last
        if page.last >= page.span.newest:
            self.stop(listener)
            listener.join(page.last)
        elif not listener.outlet.is_paused:
            self.go_on(listener)

    def _passes(self, message: bytes) -> bool:
        if self._wanted.passes_all:
            return True
        try:
            return self._wanted.passes(_decoder.decode(message))
        except msgspec.MsgspecError:  # of another version: better told than lost
            return True

    def _refuse(self, listener: Returning, error: GatewayError) -> None:
        self.stop(listener)
        log.info(
            "{client} cannot resume: {reason}", client=listener.client_id, reason=error.message
        )
        is_theirs = isinstance(error, InvalidRequest)
        alert = AlertEvent(
            timestamp=self._now(),
            code=AlertCode.INVALID_MESSAGE if is_theirs else AlertCode.INTERNAL_ERROR,
            message=error.message,
            details=dict(error.details) if error.details else None,
        )
        if is_theirs:
            listener.turn_away(alert, CANNOT_RESUME, "cannot resume from there")
        else:
            listener.turn_away(alert, CANNOT_READ, "events cannot be read now")


def sendable(message: bytes) -> bytes:
    """*message* of the log as it was sent live: what is too large for clients was replaced."""
    if len(message) <= MAX_MESSAGE_BYTES:
        return message
    return encode(replacement(_decoder.decode(message), len(message)))

"""A client's WebSocket: autobahn does RFC 6455, this class the rules of protocol section 5.

* Nothing is negotiated: no subprotocol, no extension; the resource forwards no such wish.
* Every way to a Close frame leads through :meth:`ListenerProtocol.sendCloseFrame`, and every way to the
  end of the connection through :meth:`~ListenerProtocol.dropConnection` or
  :meth:`~ListenerProtocol.drop`: no event follows a Close frame, and no connection outlives it for long.
* Autobahn's own timers use the global reactor, so they are off and ours run on the given clock.
* Autobahn swallows or misplaces exceptions of ``onOpen``, ``onMessage`` and ``onClose``: ours are logged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from autobahn.twisted.websocket import WebSocketServerProtocol
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from ..model.enums import AlertCode
from ..model.events import AlertEvent, Event
from . import frames
from .fanout import frame_of
from .house import House
from .messages import EventAck, Unreadable, read
from .outbox import Outbox
from .outlet import Outlet

CLOSE_SECONDS: Final = 5.0
"""From our Close frame to the abort of a connection that is still there."""

FAILED_SECONDS: Final = 1.0
"""The same, for a client that broke RFC 6455: nothing it says is listened to any more."""

COMPLAINT_SECONDS: Final = 10.0
"""Between two ``INVALID_MESSAGE`` answers to one client."""

MAX_PONGS_OWED: Final = 1024
"""Pings answered while the client reads nothing."""

POLICY_VIOLATION: Final = 1008

# ``log`` is autobahn's name in its classes, hence never ``self.log`` here.
_log = Logger()


class ListenerProtocol(WebSocketServerProtocol):
    """One connection of one client."""

    house: House
    outlet: Outlet | None = None
    client_id = "unknown"

    def __init__(self, house: House) -> None:
        super().__init__()
        self.house = house
        self._awaited = b""
        self._heard = True
        self._silent_seconds = 0.0
        self._pongs_owed = 0
        self._next_complaint = float("-inf")
        self._pulse: IDelayedCall | None = None
        self._end: IDelayedCall | None = None

    # -- coming and going

    def onOpen(self) -> None:
        self._guarded(self._enter)

    def _enter(self) -> None:
        house = self.house
        self.client_id = house.next_client_id()
        _log.info("{client} connected from {peer}", client=self.client_id, peer=self.peer)
        outbox = Outbox(house.limits.backlog_messages, house.limits.backlog_bytes)
        self.outlet = Outlet(self.transport, outbox, self._evict, self._waiting)
        self.transport.registerProducer(self.outlet, True)
        self._guarded(self._greet)
        house.fanout.add(self)
        self._pulse = house.clock.callLater(house.limits.ping_seconds, self._beat)

    def _greet(self) -> None:
        for event in self.house.greeting():
            self.tell(event)

    def leave(self, code: int, reason: str) -> None:
        """Hand over what waits, say goodbye, and close."""
        if self.outlet is not None:
            self.outlet.release()
        self.sendCloseFrame(code, reason.encode())

    def drop(self) -> None:
        """End the connection at once."""
        self._retire()
        self.transport.abortConnection()

    def sendCloseFrame(
        self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False
    ) -> None:
        self._retire()
        super().sendCloseFrame(code, reasonUtf8, isReply)
        self._end_within(FAILED_SECONDS if self.failedByMe else CLOSE_SECONDS)

    def dropConnection(self, abort: bool = False) -> None:
        """Close in good order, whatever autobahn asks for; the time for it is limited anyway."""
        self._retire()
        super().dropConnection(abort=False)
        self._end_within(CLOSE_SECONDS)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        self._guarded(self._gone)

    def _gone(self) -> None:
        for timer in (self._pulse, self._end):
            if timer is not None and timer.active():
                timer.cancel()
        if self.outlet is not None:
            self._retire()
            self.house.fanout.remove(self)
            _log.info("{client} is gone", client=self.client_id)

    def _retire(self) -> None:
        if self.outlet is not None:
            self.house.fanout.retire(self)
            self.outlet.shut()

    def _end_within(self, seconds: float) -> None:
        if self._end is None:
            self._end = self.house.clock.callLater(seconds, self.drop)

    # -- what we send

    def tell(self, event: Event) -> None:
        """Send *event* to this client alone, whatever the subscriptions."""
        if self.outlet is not None:
            self.outlet.send(frame_of(event), 1)

    def _waiting(self, is_behind: bool) -> None:  # noqa: FBT001  a callback with one meaning
        if self.outlet is not None:
            self.house.fanout.waiting(self.outlet, is_behind=is_behind)

    def _evict(self) -> None:
        _log.warn("{client} reads too slowly and is closed", client=self.client_id)
        self.house.meters.evicted()
        self.sendCloseFrame(POLICY_VIOLATION, b"slow consumer")

    def _beat(self) -> None:
        """Ping, and look whether anything at all was heard since the last time.

        Beats are counted, not seconds: the reactor's clock jumps when the wall clock is set.
        """
        limits = self.house.limits
        self._silent_seconds = 0.0 if self._heard else self._silent_seconds + limits.ping_seconds
        self._heard = False
        if limits.silence_seconds is not None and self._silent_seconds >= limits.silence_seconds:
            _log.info("{client} has been silent too long", client=self.client_id)
            self.sendCloseFrame(POLICY_VIOLATION, b"no sign of life")
            return
        self._pulse = self.house.clock.callLater(limits.ping_seconds, self._beat)
        self.sendPing()

    # -- what we hear

    def dataReceived(self, data: bytes) -> None:
        self._heard = True
        if self.state == self.STATE_OPEN:
            data = self._take_ordinary(self._awaited + data)
        if data and not self.failedByMe:
            super().dataReceived(data)

    def _take_ordinary(self, data: bytes) -> bytes:
        """Deal with what is ordinary at the front of *data*; what is left is for autobahn."""
        at = 0
        self._awaited = b""
        while self._is_between_messages():
            texts, at = frames.take_texts(data, at)
            for text in texts:
                self.onMessage(text, isBinary=False)
            end = frames.control_end(data, at)
            if end == at:
                break
            super().dataReceived(data[at:end])
            at = end
        if frames.is_beginning(data, at) and self._is_between_messages():
            self._awaited = data[at:]
            return b""
        return data[at:]

    def _is_between_messages(self) -> bool:
        return (
            self.state == self.STATE_OPEN
            and self.current_frame is None
            and not self.inside_message
            and not self.data
        )

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if not isBinary:
            self._guarded(lambda: self._heed(payload))

    def _heed(self, payload: bytes) -> None:
        message = read(payload)
        if isinstance(message, EventAck):
            self.house.on_ack(self.client_id, message.events_processed)
        elif isinstance(message, Unreadable):
            self._complain(message.reason)

    def _complain(self, reason: str) -> None:
        seconds = self.house.clock.seconds()
        if seconds >= self._next_complaint:
            self._next_complaint = seconds + COMPLAINT_SECONDS
            self.tell(
                AlertEvent(
                    timestamp=self.house.now(),
                    code=AlertCode.INVALID_MESSAGE,
                    message=f"Message not understood: {reason}",
                )
            )

    def onPing(self, payload: bytes) -> None:
        """Answer at once: a pong does not queue behind events that are held back."""
        if self.outlet is None or not self.outlet.is_paused:
            self._pongs_owed = 0
        elif self._pongs_owed == MAX_PONGS_OWED:
            self._evict()
            return
        else:
            self._pongs_owed += 1
        self.sendPong(payload)

    def _guarded(self, action: Callable[[], Any]) -> None:
        try:
            action()
        except Exception:
            _log.failure("a defect while serving {client}", client=self.client_id)

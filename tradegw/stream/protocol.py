"""A client's WebSocket: autobahn does RFC 6455, this class the rules of protocol section 5.

* Nothing is negotiated: no subprotocol, no extension. The resource forwards no such wish.
* No event follows a Close frame, and no connection outlives its Close frame for long: every such
  frame leaves through ``sendCloseFrame``, every connection ends by ``dropConnection`` or ``drop``.
* Autobahn's own timers use the global reactor: they are off, and ours run on the given clock.
* Autobahn swallows or misplaces exceptions of the ``on...`` methods: ours are caught and logged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall, ITCPTransport
from twisted.logger import Logger

from ..model.enums import AlertCode
from ..model.events import AlertEvent, Event
from .door import Door
from .fanout import frame_of
from .fastlane import FastLane
from .messages import EventAck, Unreadable, read
from .outbox import Outbox
from .outlet import Outlet

CLOSE_SECONDS: Final = 5.0
"""From a Close frame to the abort of a connection that is still there."""

FAILED_SECONDS: Final = 1.0
"""The same for a client that broke RFC 6455: its answer cannot be waited for, as nothing it says is
listened to any more."""

COMPLAINT_SECONDS: Final = 10.0
"""Between two ``INVALID_MESSAGE`` answers to one client."""

MAX_PONGS_OWED: Final = 1024
"""Pings answered while the client reads nothing."""

POLICY_VIOLATION: Final = 1008

_log = Logger()  # ``self.log`` is autobahn's


class ListenerProtocol(FastLane):
    """One connection of one client."""

    transport: Any  # Twisted declares less than what it gives
    outlet: Outlet
    client_id = "nobody"
    query = b""
    """The raw query string of the handshake."""

    def __init__(self, door: Door) -> None:
        super().__init__()
        self._door = door
        self._heard = True
        self._silent_seconds = 0.0
        self._pongs_owed = 0
        self._next_complaint = float("-inf")
        self._beat_call: IDelayedCall | None = None
        self._end_call: IDelayedCall | None = None

    # -- coming and going

    def connectionMade(self) -> None:
        limits, fanout = self._door.limits, self._door.fanout
        outbox = Outbox(limits.backlog_messages, limits.backlog_bytes)
        self.outlet = Outlet(self.transport, outbox, self.evict, fanout.behind, self._caught_up)
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)  # autobahn's own attempt comes too early to succeed
        super().connectionMade()

    def onOpen(self) -> None:
        if not self._guarded(self._enter):
            self.drop()

    def _enter(self) -> None:
        self.client_id = self._door.next_client_id()
        _log.info("{client} connected from {peer}", client=self.client_id, peer=self.peer)
        self.transport.registerProducer(self.outlet, streaming=True)
        self._beat_call = self._door.clock.callLater(self._door.limits.ping_seconds, self._beat)
        self._door.fanout.admit(self)
        self._door.replays.begin(self, self.query)

    def join(self, at: int | None) -> None:
        """Go live, having been told all numbered events up to *at*, if any were asked for."""
        self._guarded(self._greet)  # what is stale now, not when a replay began
        self._door.fanout.add(self, at)

    def _greet(self) -> None:
        for event in self._door.greeting():
            self.tell(event)

    def turn_away(self, alert: AlertEvent, code: int, reason: str) -> None:
        """Tell *alert*, and close."""
        self.tell(alert)
        self.leave(code, reason)

    def leave(self, code: int, reason: str) -> None:
        """Hand over what waits, say goodbye, and close."""
        self.outlet.release()
        self.sendCloseFrame(code, reason.encode())

    def drop(self) -> None:
        """End the connection at once."""
        self._retire()
        self.transport.abortConnection()

    def sendCloseFrame(
        self,
        code: int | None = None,
        reasonUtf8: bytes | None = None,  # noqa: N803  autobahn's name
        isReply: bool = False,  # noqa: N803  autobahn's name
    ) -> None:
        """Autobahn's, for its closes and ours: the last that is sent."""
        self._retire()
        super().sendCloseFrame(code, reasonUtf8, isReply)
        if self.failedByMe:
            self._end_within(FAILED_SECONDS, self.dropConnection)
        else:
            self._end_within(CLOSE_SECONDS, self.drop)

    def dropConnection(self, abort: bool = False) -> None:  # noqa: ARG002  autobahn's signature
        """Close in good order, whatever autobahn asks for; the time for it is limited."""
        self._retire()
        super().dropConnection(abort=False)
        self._end_within(CLOSE_SECONDS, self.drop)

    def onClose(self, *_told: object) -> None:
        self._guarded(self._gone)

    def _gone(self) -> None:
        for call in (self._beat_call, self._end_call):
            if call is not None and call.active():
                call.cancel()
        self._retire()
        self._door.fanout.remove(self)
        _log.info("{client} is gone", client=self.client_id)

    def _retire(self) -> None:
        self._door.replays.stop(self)
        self._door.fanout.retire(self)
        self.outlet.shut()

    def _end_within(self, seconds: float, how: Callable[[], None]) -> None:
        if self._end_call is None or not self._end_call.active():
            self._end_call = self._door.clock.callLater(seconds, how)

    # -- what is sent

    def tell(self, event: Event) -> None:
        """Send *event* to this client alone, whatever the subscriptions."""
        self.outlet.send(frame_of(event), 1)

    def _caught_up(self, outlet: Outlet) -> None:
        self._door.fanout.caught_up(outlet)
        self._door.replays.go_on(self)

    def evict(self) -> None:
        """Close, as one that reads too slowly."""
        _log.warn("{client} reads too slowly and is closed", client=self.client_id)
        self._door.meters.evicted()
        self.sendCloseFrame(POLICY_VIOLATION, b"slow consumer")

    def _beat(self) -> None:
        """Ping, and look whether anything at all was heard since the last time.

        Beats are counted, not seconds: the reactor's clock jumps when the wall clock is set.
        """
        self._guarded(lambda: self._door.fanout.settle(self._door.replays.newest()))
        limits = self._door.limits
        self._silent_seconds = 0.0 if self._heard else self._silent_seconds + limits.ping_seconds
        self._heard = False
        if limits.silence_seconds is not None and self._silent_seconds >= limits.silence_seconds:
            _log.info("{client} has been silent for too long", client=self.client_id)
            self.sendCloseFrame(POLICY_VIOLATION, b"no sign of life")
            return
        self._beat_call = self._door.clock.callLater(limits.ping_seconds, self._beat)
        self.sendPing()

    # -- what is heard

    def dataReceived(self, data: bytes) -> None:
        self._heard = True
        super().dataReceived(data)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N803  autobahn's name
        if not isBinary:
            self._guarded(lambda: self._heed(payload))

    def _heed(self, payload: bytes) -> None:
        message = read(payload)
        if isinstance(message, EventAck):
            self._door.on_ack(self.client_id, message.events_processed)
        elif isinstance(message, Unreadable):
            self._complain(message.reason)

    def _complain(self, reason: str) -> None:
        seconds = self._door.clock.seconds()
        if seconds >= self._next_complaint:
            self._next_complaint = seconds + COMPLAINT_SECONDS
            complaint = AlertEvent(
                timestamp=self._door.now(),
                code=AlertCode.INVALID_MESSAGE,
                message=f"Message not understood: {reason}",
            )
            self.tell(complaint)

    def onPing(self, payload: bytes) -> None:
        """Answer at once: a pong does not queue behind events that are held back."""
        if self.state != self.STATE_OPEN:
            return
        self._pongs_owed = self._pongs_owed + 1 if self.outlet.is_paused else 0
        if self._pongs_owed > MAX_PONGS_OWED:
            self.evict()
        else:
            self.sendPong(payload)

    def _guarded(self, action: Callable[[], Any]) -> bool:
        try:
            action()
        except Exception:
            _log.failure("a defect while serving {client}", client=self.client_id)
            return False
        return True

"""One client's socket: what it may send, how long it may take, how it is closed.

twisted.web bounds a request's head, not its body, and its time-out starts anew with every byte, so
a client that sends one byte a minute is served for ever. Here every phase has one deadline::

    IDLE        no byte of the next request yet       -> closed
    RECEIVING   from the first byte to the last       -> 408, closed
    ANSWERING   from the last byte to the answer      -> 500, the work goes on
    LEAVING     all is said; what still comes in is dropped until the client closes  -> aborted

and an answer that is not read for too long aborts the connection. The site looks at the deadlines
once a second, so a request costs no timer.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web import http

from .answer import Answer
from .problems import refusal

if TYPE_CHECKING:
    from .site import Site

TOO_SLOW: Final = refusal(408, "The request did not arrive in time")
MALFORMED: Final = refusal(400, "Not a well-formed HTTP/1.1 request, or its head is too large")


class Phase(enum.Enum):
    """What a connection is waiting for."""

    IDLE = "idle"
    RECEIVING = "receiving"
    ANSWERING = "answering"
    LEAVING = "leaving"


class Connection(http.HTTPChannel):
    """The HTTP/1.1 side of one socket; requests on it are answered one after another."""

    site: Site
    timeOut = None  # the deadlines here replace twisted's time-out
    phase = Phase.IDLE
    deadline = 0.0
    is_asked = False
    """Whether a request is under way, from its first byte until its answer is written."""
    stalled_until: float | None = None

    @property
    def target(self) -> bytes:
        """What the request being received asks for, as it stands in its first line."""
        target: bytes = self._path
        return target

    def connectionMade(self) -> None:
        super().connectionMade()
        self._enter(Phase.IDLE)
        self.site.admit(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.site.forget(self)
        super().connectionLost(reason)

    def dataReceived(self, data: bytes) -> None:
        if self.phase is Phase.LEAVING:
            return
        if self.phase is Phase.IDLE:
            self._enter(Phase.RECEIVING)
        super().dataReceived(data)

    def lineReceived(self, line: bytes) -> None:
        if self.phase is not Phase.LEAVING:
            super().lineReceived(line)

    def lineLengthExceeded(self, _line: bytes) -> None:
        self.refuse(MALFORMED)

    def allContentReceived(self) -> None:
        if self.phase is not Phase.LEAVING:
            self._enter(Phase.ANSWERING)
            super().allContentReceived()

    def requestDone(self, request: http.Request) -> None:
        # Pipelined requests may already wait: beside the answered one, or behind its line.
        self._enter(Phase.RECEIVING if self._buffer else Phase.IDLE)
        if self.site.closing:
            self.persistent = False
        super().requestDone(request)

    def loseConnection(self) -> None:
        self._enter(Phase.LEAVING)
        super().loseConnection()

    def pauseProducing(self) -> None:
        """The client reads slower than it asks: parse no more requests until it has caught up."""
        super().pauseProducing()
        self._networkProducer.pauseProducing()
        self.paused = True
        self.stalled_until = self.site.clock.seconds() + self.site.settings.unread_seconds

    def resumeProducing(self) -> None:
        super().resumeProducing()
        self.paused = False
        self.stalled_until = None
        self._enter(self.phase)
        if self._buffer:
            super().dataReceived(b"")

    def refuse(self, answer: Answer) -> None:
        """Answer at once, whatever is still coming in, and close without losing the answer.

        Closing while bytes come in would reset the connection and might destroy the answer on its
        way; so only the sending side is closed, and what comes in is dropped for a while.
        """
        if self.phase is Phase.LEAVING:
            return
        self._enter(Phase.LEAVING)
        self.site.observed("refused", answer.status, 0.0)
        half_closes = ITCPTransport.providedBy(self.transport)
        transport = self._socket()
        transport.write(answer.written(self.site.date(), close=True))
        if half_closes:
            transport.unregisterProducer()
            transport.loseWriteConnection()
        else:
            self.loseConnection()

    def leave(self) -> None:
        """Close at once unless a request is under way."""
        if self.phase is Phase.IDLE:
            self.loseConnection()
        elif self.phase is Phase.LEAVING:
            self._socket().loseConnection()

    def look(self, now: float) -> None:
        """Act if a deadline has passed."""
        if self.stalled_until is not None:
            if now >= self.stalled_until:
                self._socket().abortConnection()
        elif now >= self.deadline:
            self._overdue()

    def _overdue(self) -> None:
        if self.phase is Phase.IDLE:
            self.loseConnection()
        elif self.phase is Phase.RECEIVING:
            self.refuse(TOO_SLOW)
        elif self.phase is Phase.ANSWERING:
            self.requests[0].overdue()
        else:
            self._socket().abortConnection()

    def _socket(self) -> Any:
        """The transport; wider than twisted's annotation, which knows no more than ``write``."""
        return self.transport

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        if self.site.pacing is not None:
            self._pace(phase in (Phase.RECEIVING, Phase.ANSWERING))
        self.deadline = self.site.clock.seconds() + self.site.seconds_in[phase]

    def unasked(self) -> None:
        """Nobody waits for an answer here any more."""
        if self.site.pacing is not None:
            self._pace(False)  # noqa: FBT003  (there is no other reading)

    def _pace(self, is_asked: bool) -> None:
        if is_asked is self.is_asked or self.site.pacing is None:
            return
        self.is_asked = is_asked
        if is_asked:
            self.site.pacing.request_began()
        else:
            self.site.pacing.request_ended()

    # Two of twisted's own methods, replaced: there is no public way to change what they send.

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(MALFORMED)

    def _send100Continue(self) -> None:
        if self.phase is not Phase.LEAVING:
            super()._send100Continue()

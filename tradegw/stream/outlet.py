"""One client's way out: straight to its socket, and held back in bounds when it reads slowly.

The limit of a fan-out is the system call, so an ordinary TCP connection is written to by
``socket.send`` itself as long as its transport holds nothing back. Whatever the kernel does not
take goes to the transport, in order, and so does everything while the transport still holds
something. TLS, and transports not laid out as expected, are always written to the ordinary way.

Back-pressure is the transport's own: the outlet is registered with it as a push producer. Paused,
it holds frames in its outbox, so that the transport never buffers much, and a pong or a Close frame
written past the outbox is not behind megabytes of prices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet import tcp
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from .outbox import Outbox

PORTION = 64 * 1024
"""Bytes handed on at once when a client reads again."""


@implementer(IPushProducer)
class Outlet:
    """Takes frames for one client, in order, until it is shut.

    *on_full* is called once, when more would have to be held than the *outbox* may; the outlet is
    shut by then. *on_pause* and *on_resume* are called when the client falls behind, and when it
    has caught up or no longer matters.
    """

    __slots__ = (
        "_connection",
        "_on_full",
        "_on_pause",
        "_on_resume",
        "_open",
        "_paused",
        "_to_socket",
        "_transport",
        "outbox",
    )

    def __init__(
        self,
        transport: Any,
        outbox: Outbox,
        on_full: Callable[[], None],
        on_pause: Callable[[Outlet], None],
        on_resume: Callable[[Outlet], None],
    ) -> None:
        self.outbox = outbox
        self._transport = transport
        self._connection = transport if _may_bypass(transport) else None
        self._to_socket: Any = self._connection and transport.socket.send
        self._on_full = on_full
        self._on_pause = on_pause
        self._on_resume = on_resume
        self._open = True
        self._paused = False

    @property
    def is_paused(self) -> bool:
        """Whether the client is behind: what is sent now is held."""
        return self._paused

    def send(self, frames: bytes, messages: int) -> None:
        """Send *messages* whole frames, or hold them; nothing happens on an outlet that is shut."""
        if self._paused:
            self._hold(frames, messages)
            return
        connection = self._connection
        if connection is None:
            self._transport.write(frames)
            return
        if connection.dataBuffer or connection._tempDataLen:  # noqa: SLF001  seen by _may_bypass
            connection.write(frames)
            return
        try:
            sent = self._to_socket(frames)
        except OSError:  # the kernel is full; or the transport will meet the same error and end
            sent = 0
        if sent < len(frames):
            connection.write(frames[sent:])

    def _hold(self, frames: bytes, messages: int) -> None:
        if self._open and not self.outbox.add(frames, messages):
            self.shut()
            self._on_full()

    def pauseProducing(self) -> None:
        """The transport holds enough: hold back from now on."""
        if not self._paused:
            self._paused = True
            self._on_pause(self)

    def resumeProducing(self) -> None:
        """The transport has handed on all it held: go on with what waits."""
        if not self._open:
            return
        self._paused = False
        while self.outbox and not self._paused:
            self.send(self.outbox.take(PORTION), 0)
        if not self._paused:
            self._on_resume(self)

    def stopProducing(self) -> None:
        """The connection is gone."""
        self.shut()

    def release(self) -> None:
        """Hand all that waits to the transport, whatever it says, and shut: a goodbye follows."""
        while self.outbox:
            self._transport.write(self.outbox.take(PORTION))
        self.shut()

    def shut(self) -> None:
        """Take no more, and forget what waits."""
        self._open = False
        self._paused = True  # so that send, which is fast, need not ask more than this
        self.outbox.clear()
        self._connection = self._to_socket = None
        self._on_resume(self)


def _may_bypass(transport: Any) -> bool:
    """Whether *transport* is plain TCP and its buffers are where they are looked for."""
    return (
        isinstance(transport, tcp.Connection)
        and not transport.TLS
        and type(transport).writeSomeData is tcp.Connection.writeSomeData
        and type(transport).write is tcp.Connection.write
        and isinstance(getattr(transport, "dataBuffer", None), bytes)
        and isinstance(getattr(transport, "_tempDataLen", None), int)
        and hasattr(transport, "socket")
    )

"""The two faces of a connection to a broker: the wire, which moves bytes, and the conversation,
which knows the broker's protocol and keeps no business state.

One connection, in the order of its calls::

    wire                            conversation                    stream (Progress)
      | opened(wire)  ----------------->|
      |<---------------- send(logon) ---|
      | received(answer, False) ------->|
      |                                 |-- logged_on() ---------------->|  or refused(error)
      | received(payload, True) ------->|-- alive(), at each heartbeat ->|
      | closed(reason) ---------------->|

A stream makes a new conversation for each connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from twisted.internet.defer import Deferred

from ...errors import GatewayError


class Wire(Protocol):
    """An open connection, seen from the conversation."""

    def send(self, payload: bytes, *, is_binary: bool = False) -> None:
        """Send one message: a text in UTF-8, or else *is_binary*. Does nothing once it is closed,
        and closes it if the far end does not take what is sent.
        """

    def close(self) -> None:
        """Say goodbye and close, within a limited time. No message is delivered any more."""

    def abort(self) -> None:
        """End the connection at once. No message is delivered any more."""


class Conversation(Protocol):
    """What a broker's protocol implements. What it raises is logged, and ends the connection."""

    def opened(self, wire: Wire) -> None:
        """The connection is open: log on, if it is for us to begin. Called first, once."""

    def received(self, payload: bytes, is_binary: bool) -> None:
        """A message came, whole."""

    def closed(self, reason: str) -> None:
        """The connection ended, by whoever's doing. Called last, once."""


class Progress(Protocol):
    """What a conversation tells its stream. Ignored once the stream has left the connection."""

    def logged_on(self) -> None:
        """The broker accepted the logon and will tell what happens from now on."""

    def refused(self, error: GatewayError) -> None:
        """The broker refused the credentials, and will again: the connection is closed, and tried
        slowly.
        """

    def failed(self, reason: str) -> None:
        """It cannot go on: the connection is closed, and tried again like a lost one."""

    def alive(self) -> None:
        """A sign of life, as the stream's heartbeat contract counts them."""


Converse: TypeAlias = Callable[[Progress], Conversation]
"""Makes the conversation of one connection."""

Connect: TypeAlias = Callable[[Conversation], Deferred[None]]
"""Opens one connection, and fires when ``opened`` was called. Fails if it cannot be opened, with
:class:`UpgradeRefused` if the broker said so; ``opened`` and ``closed`` are never called then. Can
be cancelled.
"""


class UpgradeRefused(Exception):
    """The broker answered the wish for a connection with an HTTP *status*."""

    def __init__(self, status: int, reason: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(f"the connection was refused with HTTP {status} {reason}".rstrip())
        self.status = status
        self.retry_after_seconds = retry_after_seconds

    @property
    def is_about_credentials(self) -> bool:
        return self.status in (401, 403)

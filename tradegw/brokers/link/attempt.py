"""One connection of a stream, from the first try to the end: what goes through it while it is the
stream's, and what is left of it afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError, ConnectionClosed
from twisted.python.failure import Failure

from ...errors import GatewayError, Unauthorized
from .conversation import Connect, Conversation, Converse, UpgradeRefused, Wire


class Owner(Protocol):
    """The stream, as its connection sees it."""

    def opened(self) -> None:
        """The connection is open."""

    def logged_on(self) -> None:
        """The broker accepted the logon."""

    def refused(self, error: GatewayError) -> None:
        """The broker refused the credentials."""

    def lost(self, reason: str, at_least: float) -> None:
        """It could not be opened, or has ended; the next is not before *at_least* seconds."""


class Ear(Protocol):
    """Where signs of life are marked."""

    heard: bool


class Attempt:
    """Stands between the wire and the conversation, which takes it for its ``Progress``.

    *ear* is marked at whatever counts as a sign of life: each message, or, where the contract wants
    *beats*, what the conversation says is one. Once left, it tells its owner nothing more.
    """

    def __init__(
        self,
        owner: Owner,
        connect: Connect,
        converse: Converse,
        ear: Ear,
        *,
        beats: bool,
    ) -> None:
        self._owner: Owner | None = owner
        self._ear = ear
        self._wire: Wire | None = None
        self._gone: Callable[[], None] | None = None
        self._connect = connect
        self._conversation: Conversation = converse(self)
        self._receive = self._conversation.received
        self._connecting: Deferred[None] | None = None
        if beats:
            self.received = self._receive  # type: ignore[method-assign]  # every tick

    def begin(self) -> None:
        """Open the connection."""
        self._connecting = self._connect(self)
        self._connecting.addErrback(self._not_opened)

    def leave(self, gone: Callable[[], None] | None = None) -> None:
        """The stream goes on without it, and it is closed: politely, for some brokers let nobody in
        while they believe that we are there. *gone* is called when it is, which may be now.
        """
        self._owner, self._gone = None, gone
        if self._wire is not None:
            self._wire.close()
            return
        if self._connecting is not None and not self._connecting.called:
            self._connecting.cancel()
        self._ended()

    def hand_over(self, owner: Owner) -> None:
        """It is *owner*'s from now on."""
        self._owner = owner

    # -- the wire's side

    def opened(self, wire: Wire) -> None:
        self._wire = wire
        if self._owner is None:
            wire.abort()
            return
        self._owner.opened()
        self._conversation.opened(wire)

    def received(self, payload: bytes, is_binary: bool) -> None:
        self._ear.heard = True
        self._receive(payload, is_binary)

    def closed(self, reason: str) -> None:
        self._wire = None
        try:
            self._conversation.closed(reason)
        finally:
            self._lost(reason)
            self._ended()

    def _not_opened(self, failure: Failure) -> None:
        error = failure.value
        if not isinstance(error, UpgradeRefused):
            self._lost(_why(error))
        elif error.is_about_credentials:
            self.refused(Unauthorized(str(error), "BROKER_CREDENTIALS_REFUSED"))
        else:
            self._lost(str(error), error.retry_after_seconds or 0.0)

    def _lost(self, reason: str, at_least: float = 0.0) -> None:
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.lost(reason, at_least)

    def _ended(self) -> None:
        gone, self._gone = self._gone, None
        if gone is not None:
            gone()

    # -- the conversation's side

    def logged_on(self) -> None:
        if self._owner is not None:
            self._owner.logged_on()

    def refused(self, error: GatewayError) -> None:
        if self._owner is not None:
            self._owner.refused(error)

    def failed(self, reason: str) -> None:
        self._lost(reason)  # which leaves it

    def alive(self) -> None:
        self._ear.heard = True


def _why(error: BaseException | None) -> str:
    """For people. In the text of an error that is neither ours nor the network's there may be a
    credential that did not fit somewhere, so its name must do.
    """
    is_plain = isinstance(error, (GatewayError, OSError, ConnectError, ConnectionClosed))
    return (str(error) if is_plain else "") or type(error).__name__

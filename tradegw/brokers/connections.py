"""HTTP connections that are kept, and what happens on one of them.

Twisted's own pool repeats some requests unasked (a DELETE among them) when a kept connection turns
out to be dead; here that is off. Instead a kept connection is looked at before it is used: one that
the peer has closed, or on which it has said something unasked, is dropped for a fresh one, at a
moment when provably nothing has been sent.
"""

from __future__ import annotations

import math
import socket
from typing import Any, Final
from weakref import WeakSet

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.error import ConnectError, ConnectionClosed
from twisted.internet.interfaces import (
    IConsumer,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.web.client import URI, Agent, HTTPConnectionPool
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory, IBodyProducer, IResponse
from zope.interface import implementer

from .. import __version__
from ..deferreds import deadline
from ..errors import NotSent, ProviderError
from .bounded import MOST_HEAD_BYTES, Body, Cut, Metered, NoStatus, TooLong
from .call import Call, Reply
from .endpoint import Dial, Url

IDLE_SECONDS: Final = 50
"""A kept connection is dropped after so long: sooner than servers do."""

MOST_IDLE: Final = 10
_KEY: Final = "the broker"
_AGENT: Final = f"tradegw/{__version__}".encode()
_LONGEST_REASON: Final = 200


class Connections:
    """Those to *base*, which belongs to the broker *name*."""

    def __init__(self, base: Url, name: str, dial: Dial, clock: IReactorTime) -> None:
        self.name = name
        self.clock = clock
        self._base = base
        self._endpoint = Metered(dial(base))
        self._pool = HTTPConnectionPool(clock)
        self._pool.retryAutomatically = False
        self._pool.maxPersistentPerHost = MOST_IDLE
        self._pool.cachedConnectionTimeout = IDLE_SECONDS
        self._made: WeakSet[Any] = WeakSet()
        self._closed = False
        self._at_hand = _AtHand(clock)
        self._agent = Agent.usingEndpointFactory(clock, self._at_hand, self._at_hand)

    async def reach(self, ends: float) -> Connection:
        """A connection on which nothing is under way; ``NotSent`` if there is none by *ends*."""
        while True:
            if self._closed:
                raise NotSent(f"{self.name} is being left")
            left = max(0.0, ends - self.clock.seconds())
            found = self._pool.getConnection(_KEY, self._endpoint)
            try:
                protocol: Any = await (found if found.called else deadline(found, left, self.clock))
            except CancelledError:
                raise
            except Exception as error:
                raise NotSent(f"{self.name} cannot be reached: {_why(error)}") from error
            if protocol not in self._made or _is_quiet(protocol.transport):
                self._made.add(protocol)
                if self.clock.seconds() < ends:
                    return Connection(protocol, self)
                protocol.transport.abortConnection()
                raise NotSent(f"{self.name} could not be called: no time was left")
            protocol.transport.abortConnection()

    def request(self, protocol: Any, call: Call) -> Deferred[IResponse]:
        """Write *call* on the connection of *protocol*, now; fires when the headers are there."""
        headers = Headers({b"host": [self._base.authority.encode()], b"user-agent": [_AGENT]})
        for name, value in call.headers:
            headers.addRawHeader(name.encode("latin-1"), value.encode("latin-1"))
        self._at_hand.protocol = protocol
        uri = f"{self._base}{call.target}".encode("ascii")
        body = None if call.body is None else _Written(call.body)
        written: Deferred[IResponse] = self._agent.request(
            call.method.encode("ascii"), uri, headers, body
        )
        return written

    def drop_idle(self) -> None:
        """Connections that are not in use are not used any more."""
        for protocol in tuple(self._made):
            if protocol.state == "QUIESCENT":
                protocol.transport.abortConnection()
        self._pool.closeCachedConnections()

    def close(self) -> None:
        """Drop them, and make no more; those in use go when their answer is there."""
        self._closed = True
        self.drop_idle()

    def done(self) -> None:
        """One of them is not in use any more."""
        if self._closed:
            self.drop_idle()


class Connection:
    """One of them, lent for one call: for :meth:`exchange` or for :meth:`drop`."""

    def __init__(self, protocol: Any, owner: Connections) -> None:
        self._protocol = protocol
        self._owner = owner
        self._is_overdue = False

    async def exchange(self, call: Call, ends: float) -> Reply:
        """Send *call* and wait for the whole answer, until *ends*; fails with ``ProviderError``, or
        with ``NotSent`` if it is no HTTP.
        """
        meter = self._protocol.dataReceived
        meter.left = MOST_HEAD_BYTES
        answering = self._begun(call)
        clock = self._owner.clock
        overdue = clock.callLater(max(0.0, ends - clock.seconds()), self._expire)
        try:
            response = await answering
            meter.left = math.inf  # the body has a bound of its own
            body = await self._body(response, call.max_bytes)
        except Exception as error:
            self.drop()
            if not self._is_overdue and _was_cancelled(error):
                raise CancelledError from error
            reason = "no answer in time" if self._is_overdue else _why(error)
            name = self._owner.name
            raise ProviderError(f"{name} left no whole answer: {reason}", name) from error
        finally:
            if overdue.active():
                overdue.cancel()
            self._owner.done()
        return Reply(status=response.code, headers=_plain(response.headers), body=body)

    def _begun(self, call: Call) -> Deferred[IResponse]:
        try:
            return self._owner.request(self._protocol, call)
        except ValueError as error:  # a letter that is not allowed; it is found before writing
            self.drop()
            raise NotSent(f"{call!r} cannot be written") from error

    def drop(self) -> None:
        """Use it no more, whatever is under way on it."""
        self._protocol.transport.abortConnection()

    async def _body(self, response: IResponse, most: int) -> bytes:
        if not 200 <= response.code <= 599:
            raise NoStatus
        if isinstance(response.length, int) and response.length > most:
            raise TooLong
        body = Body(most)
        response.deliverBody(body)
        whole, is_whole = await body.all
        if not is_whole and response.code < 400:
            raise Cut
        return whole

    def _expire(self) -> None:
        """No answer in time: if the way to the broker is broken, it is so for the others, too."""
        self._is_overdue = True
        self.drop()
        self._owner.drop_idle()


@implementer(IAgentEndpointFactory)
class _AtHand(HTTPConnectionPool):
    """For an ``Agent`` that is given its connection, so that it can be signed after it stands."""

    protocol: Any

    def getConnection(self, _key: object, _endpoint: object) -> Deferred[Any]:
        return succeed(self.protocol)

    def endpointForURI(self, _uri: URI) -> IStreamClientEndpoint | None:
        return None


@implementer(IBodyProducer)
class _Written:
    """A body that is written in one go."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.length = len(body)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        consumer.write(self._body)
        return succeed(None)

    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...
    def stopProducing(self) -> None: ...


def _is_quiet(transport: Any) -> bool:
    """Whether nothing came on a connection since its last answer, the peer's goodbye included."""
    if getattr(transport, "disconnecting", False):
        return False
    while transport is not None:
        handle = transport.getHandle() if hasattr(transport, "getHandle") else None
        if isinstance(handle, socket.socket):
            return _has_nothing_to_read(handle)
        transport = getattr(transport, "transport", None)  # TLS is a transport over another one
    return True


def _has_nothing_to_read(connected: socket.socket) -> bool:
    try:
        connected.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _plain(headers: Headers) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
        for name, values in headers.getAllRawHeaders()
    }


def _reasons(error: BaseException) -> list[BaseException]:
    """*error* and what Twisted says is behind it."""
    found = [error]
    for each in found:
        found.extend(failure.value for failure in getattr(each, "reasons", None) or ())
    return found


def _was_cancelled(error: BaseException) -> bool:
    return any(isinstance(each, CancelledError) for each in _reasons(error))


def _why(error: BaseException) -> str:
    """For people: the innermost reason. What the peer sent may be in the text of a parsing error,
    so of errors that are neither ours nor the connection's the name must do.
    """
    last = _reasons(error)[-1]
    if isinstance(last, (ConnectionClosed, ConnectError, OSError, TooLong, NoStatus, Cut)):
        return str(last)[:_LONGEST_REASON]
    return type(last).__name__

"""A broker's end of HTTP connections, in memory and by a clock of the test's."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint, ITransport
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from tradegw.brokers.budget import Budget, Rules
from tradegw.brokers.call import Call, Reply
from tradegw.brokers.clock import BrokerClock
from tradegw.brokers.endpoint import Url
from tradegw.brokers.http import Http, Site
from tradegw.brokers.memory import Memory
from tradegw.brokers.ratelimit import Told
from tradegw.model.limits import Lane

T = TypeVar("T")

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BASE = Url.parse("http://127.0.0.1:9000/api")


def reply(body: bytes = b"{}", status: int = 200, *headers: str) -> bytes:
    """A whole reply with a length."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@implementer(ITransport)
class Wire:
    """One connection; ``written`` is what the gateway wrote on it."""

    def __init__(self, peer: Peer, protocol: Any) -> None:
        self._peer = peer
        self._protocol = protocol
        self.written = b""
        self.is_open = True
        self.disconnecting = False

    # -- what the test does

    def answer(self, data: bytes) -> None:
        """The peer sends *data*."""
        if self.is_open:
            self._protocol.dataReceived(data)

    def lose(self, error: Exception | None = None) -> None:
        """The connection ends, as the gateway notices at once; in order without an *error*."""
        if self.is_open:
            self.is_open = False
            self._protocol.connectionLost(Failure(error or ConnectionDone()))

    @property
    def requests(self) -> list[str]:
        """The request lines."""
        lines = self.written.decode().split("\r\n")
        return [line.removesuffix(" HTTP/1.1") for line in lines if line.endswith(" HTTP/1.1")]

    # -- what the gateway does

    def write(self, data: bytes) -> None:
        assert self.is_open
        self.written += data
        if self._peer.on_write is not None:
            self._peer.on_write(self, data)

    def writeSequence(self, data: Any) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        self.disconnecting = True
        self._peer.clock.callLater(0, self.lose)

    def abortConnection(self) -> None:
        self.disconnecting = True
        self._peer.clock.callLater(0, self.lose, ConnectionLost())

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", BASE.host, BASE.port)

    getHost = getPeer

    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...
    def stopProducing(self) -> None: ...
    def registerProducer(self, producer: Any, streaming: bool) -> None: ...
    def unregisterProducer(self) -> None: ...


@implementer(IStreamClientEndpoint)
class Peer:
    """All connections to it; ``fails`` are the errors of the next tries to connect, and while it
    ``stalls`` a try does not end. ``on_write`` is called with whatever is written.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.wires: list[Wire] = []
        self.fails: deque[Exception] = deque()
        self.stalls = False
        self.on_write: Callable[[Wire, bytes], None] | None = None

    def dial(self, url: Url) -> IStreamClientEndpoint:
        assert url == BASE
        return self

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:  # noqa: N803
        made: Deferred[Any] = Deferred()
        self.clock.callLater(0.01, self._settle, made, protocolFactory)
        return made

    def _settle(self, made: Deferred[Any], factory: IProtocolFactory) -> None:
        if self.stalls or made.called:
            return
        if self.fails:
            made.errback(self.fails.popleft())
            return
        protocol: Any = factory.buildProtocol(IPv4Address("TCP", BASE.host, BASE.port))
        wire = Wire(self, protocol)
        self.wires.append(wire)
        protocol.makeConnection(wire)
        made.callback(protocol)

    @property
    def requests(self) -> list[str]:
        """The request lines on all connections."""
        return [line for wire in self.wires for line in wire.requests]


class Stand:
    """An :class:`Http` that speaks to a :class:`Peer`."""

    def __init__(self, rules: Rules | None = None, **site: Any) -> None:
        self.clock = Clock()
        self.peer = Peer(self.clock)
        self.rules = rules or Rules(name="testing")
        self.memory = Memory(self.now)
        self.budget = Budget(self.rules, self.clock, self.clock.seconds, self.now, self.memory)
        self.time = BrokerClock(self.now, self.clock.seconds)
        ways: dict[str, Any] = {
            "name": "testing",
            "base": BASE,
            "sign": lambda call: call,
            "random": lambda: 0.5,
            "limits": tuple(limit.name for limit in self.rules.limits),
            "time": self.time,
        }
        self.http = Http(Site(**(ways | site)), self.budget, self.peer.dial, self.clock)

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.clock.seconds())

    def send(self, method: str = "GET", path: str = "/v2/orders", **members: Any) -> Result[Reply]:
        """Start a call; the connection is made, if one is needed."""
        call = Call(method=method, path=path, **({"lane": Lane.QUERY} | members))
        result = Result(self.http.send(call))
        self.clock.advance(0.02)
        return result

    @property
    def wire(self) -> Wire:
        """The newest connection."""
        return self.peer.wires[-1]


class Result(Generic[T]):
    """What *work* came to; false before that."""

    def __init__(self, work: Deferred[T]) -> None:
        self.work: Deferred[Any] = work
        self._came: list[Any] = []
        self.work.addBoth(self._came.append)

    def __bool__(self) -> bool:
        return bool(self._came)

    @property
    def failed(self) -> bool:
        return bool(self._came) and isinstance(self._came[0], Failure)

    @property
    def value(self) -> T:
        assert self, "still under way"
        assert not self.failed, self._came[0]
        value: T = self._came[0]
        return value

    @property
    def error(self) -> Any:
        assert self.failed, self._came
        return self._came[0].value


def told(*readings: Any, pause: float = 0.0, banned: bool = False) -> Told:
    return Told(readings=readings, pause=pause, banned=banned)

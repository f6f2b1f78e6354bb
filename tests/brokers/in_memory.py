"""A network in memory, on a fake clock: what is written arrives a moment later, in order.

A broker and its double are joined by it in one process, without a port, and time passes only when
the test lets it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectError, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IStreamClientEndpoint, ITransport
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from tradegw.brokers.endpoint import Url

T = TypeVar("T")

HOP_SECONDS = 0.001


@implementer(ITransport)
class End:
    """One end of a connection, as Twisted's protocols want a transport."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.protocol: Any = None
        self.other: End
        self.connected = True
        self.disconnecting = False
        self.deaf = False
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> None:
        if self.connected and not self.disconnecting:
            self._clock.callLater(HOP_SECONDS, self.other.arrive, bytes(data))

    def writeSequence(self, chunks: Iterable[bytes]) -> None:
        self.write(b"".join(chunks))

    def arrive(self, data: bytes) -> None:
        if self.deaf:
            self._waiting.append(data)
        elif self.connected:
            self.protocol.dataReceived(data)

    def loseConnection(self) -> None:
        if not self.disconnecting:
            self.disconnecting = True
            self._clock.callLater(HOP_SECONDS, self._end, ConnectionDone())

    def abortConnection(self) -> None:
        self.disconnecting = True
        self._end(ConnectionLost())

    def _end(self, why: Exception) -> None:
        if self.connected:
            self.connected = False
            self._clock.callLater(HOP_SECONDS, self.other.ended, why)
            self.protocol.connectionLost(Failure(why))

    def ended(self, why: Exception) -> None:
        if self.connected:
            self.connected = False
            self.protocol.connectionLost(Failure(why))

    def pauseProducing(self) -> None:
        self.deaf = True

    def resumeProducing(self) -> None:
        self.deaf = False
        while self._waiting and not self.deaf:
            self.arrive(self._waiting.pop(0))

    def stopProducing(self) -> None:
        self.loseConnection()

    def registerProducer(self, producer: object, streaming: bool) -> None:
        pass

    def unregisterProducer(self) -> None:
        pass

    def setTcpNoDelay(self, enabled: bool) -> None:
        pass

    def setTcpKeepAlive(self, enabled: bool) -> None:
        pass

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", "127.0.0.1", 40_000)

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "127.0.0.1", 40_001)


class Network:
    """Leads every address to the factory that *served* gives for it; ``None`` refuses.

    ``down`` refuses everything; :meth:`cut` ends every connection at once.
    """

    def __init__(self, clock: Clock, served: Callable[[Url], Any]) -> None:
        self.clock = clock
        self.down = False
        self.ends: list[End] = []
        self._served = served

    def dial(self, url: Url) -> IStreamClientEndpoint:
        return _Endpoint(self, url)

    def connect(self, url: Url, factory: Any) -> Deferred[Any]:
        server_factory = None if self.down else self._served(url)
        if server_factory is None:
            return fail(ConnectError())
        ours, theirs = End(self.clock), End(self.clock)
        ours.other, theirs.other = theirs, ours
        ours.protocol = factory.buildProtocol(theirs.getHost())
        theirs.protocol = server_factory.buildProtocol(ours.getPeer())
        self.ends += [ours, theirs]
        theirs.protocol.makeConnection(theirs)
        ours.protocol.makeConnection(ours)
        made: Deferred[Any] = Deferred()
        made.callback(ours.protocol)
        return made

    def cut(self) -> None:
        for end in self.ends:
            if end.connected:
                end.abortConnection()
        self.ends.clear()


@implementer(IStreamClientEndpoint)
class _Endpoint:
    def __init__(self, network: Network, url: Url) -> None:
        self._network = network
        self._url = url

    def connect(self, protocolFactory: Any) -> Deferred[Any]:  # noqa: N803  Twisted's name
        return self._network.connect(self._url, protocolFactory)


def pass_time(clock: Clock, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
    """Let *seconds* pass, every timer when it is due, unless *until* comes true before."""
    end = clock.seconds() + seconds
    while not until():
        due = min((call.getTime() for call in clock.getDelayedCalls()), default=end)
        clock.advance(max(0.0, min(end, due) - clock.seconds()))
        if due > end:
            return


def outcome(clock: Clock, work: Deferred[T], seconds: float = 60.0) -> T:
    """What *work* comes to within *seconds*; raises what it fails with."""
    results: list[Any] = []
    work.addBoth(results.append)
    pass_time(clock, seconds, lambda: bool(results))
    assert results, f"nothing came of it within {seconds:g} seconds"
    if isinstance(results[0], Failure):
        results[0].raiseException()
    found: T = results[0]
    return found

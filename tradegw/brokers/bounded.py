"""What is read of a broker's replies at most, headers and bodies alike."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from zope.interface import implementer

MOST_HEAD_BYTES: Final = 128 * 1024
"""What may come until the headers are whole, the beginning of the body included."""


@implementer(IStreamClientEndpoint)
class Metered:
    """Twisted bounds the length of a header, but not the number of headers."""

    def __init__(self, endpoint: IStreamClientEndpoint) -> None:
        self._endpoint = endpoint

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803
        return self._endpoint.connect(_MeteredFactory(protocolFactory))


class _MeteredFactory(Factory):
    noisy = False

    def __init__(self, wrapped: IProtocolFactory) -> None:
        self._wrapped = wrapped

    def buildProtocol(self, addr: Any) -> Any:
        protocol: Any = self._wrapped.buildProtocol(addr)
        protocol.dataReceived = _Meter(protocol)
        return protocol


class _Meter:
    """Stands before a protocol's ``dataReceived``; more than is ``left`` ends the connection."""

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._received = protocol.dataReceived
        self.left: float = MOST_HEAD_BYTES

    def __call__(self, data: bytes) -> None:
        self.left -= len(data)
        if self.left < 0:
            self._protocol.transport.abortConnection()
        else:
            self._received(data)


class Body(Protocol):
    """``all`` fires with the body and whether it is known to be whole."""

    def __init__(self, most: int) -> None:
        self.all: Deferred[tuple[bytes, bool]] = Deferred()
        self._most = most
        self._body = bytearray()  # not in pieces, which may be tiny

    def dataReceived(self, data: bytes) -> None:
        self._most -= len(data)
        if self._most >= 0:
            self._body += data
        elif not self.all.called:
            self.all.errback(TooLong())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.all.called:
            return
        if reason.check(ResponseDone, PotentialDataLoss):
            self.all.callback((bytes(self._body), reason.check(ResponseDone) is not None))
        else:
            self.all.errback(reason)


class TooLong(Exception):
    def __init__(self) -> None:
        super().__init__("it is longer than it may be")


class NoStatus(Exception):
    def __init__(self) -> None:
        super().__init__("its status is none")


class Cut(Exception):
    def __init__(self) -> None:
        super().__init__("it has no end")

"""``GET /v1/ws``: the HTTP request that becomes a WebSocket. Who may ask is decided before."""

from __future__ import annotations

from typing import Any

from autobahn.twisted.websocket import WebSocketServerFactory
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IProtocol
from twisted.protocols.policies import ProtocolWrapper
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from ..model.wire import encode
from . import handshake
from .door import Door
from .handshake import Refusal
from .protocol import ListenerProtocol


class ListenerFactory(WebSocketServerFactory):
    """Builds the protocol of one connection. Nothing is announced, nothing negotiated."""

    def __init__(self, door: Door) -> None:
        super().__init__(server="", reactor=door.clock)
        self._door = door
        self.setProtocolOptions(
            versions=[13],
            webStatus=False,
            failByDrop=False,
            maxMessagePayloadSize=door.limits.message_bytes,
            openHandshakeTimeout=0,
            closeHandshakeTimeout=0,
            autoPingInterval=0,
        )

    def buildProtocol(self, addr: object) -> ListenerProtocol:  # noqa: ARG002  Twisted's signature
        protocol = ListenerProtocol(self._door)
        protocol.factory = self
        return protocol


class ListenResource(Resource):
    """Upgrades a request to a WebSocket, or says in an error envelope why not."""

    isLeaf = True

    def __init__(self, door: Door) -> None:
        super().__init__()
        self._door = door
        self._factory = ListenerFactory(door)

    def render(self, request: Request) -> bytes | int:
        refusal = self._refusal(request)
        if refusal is not None:
            return _refused(request, refusal)
        key = handshake.key_in(request.requestHeaders)
        protocol = self._factory.buildProtocol(request.client)
        protocol.query = request.uri.partition(b"?")[2]
        _take_over(request, protocol)
        protocol.dataReceived(handshake.request_for(key or b""))
        return NOT_DONE_YET

    def _refusal(self, request: Request) -> Refusal | None:
        if request.method == b"HEAD":
            return handshake.NOT_AN_UPGRADE
        if request.method != b"GET":
            return handshake.WRONG_METHOD
        objection = handshake.objection(request.requestHeaders)
        if objection is not None:
            return objection
        if request.clientproto != b"HTTP/1.1" or request.channel.transport is None:
            return handshake.NO_UPGRADE_HERE
        if self._door.fanout.stopping:
            return handshake.SHUTTING_DOWN
        if len(self._door.fanout.connections) >= self._door.limits.connections:
            return handshake.FULL
        return None


def _refused(request: Request, refusal: Refusal) -> bytes:
    body = encode({"code": refusal.code, "message": refusal.message})
    request.setResponseCode(refusal.status)
    request.setHeader(b"Content-Type", b"application/json")
    request.setHeader(b"Content-Length", b"%d" % len(body))
    for name, value in refusal.headers:
        request.setHeader(name, value)
    return b"" if request.method == b"HEAD" else body


def _take_over(request: Request, protocol: IProtocol) -> None:
    """Give the connection under *request* to *protocol*.

    The HTTP channel is a producer of its transport; left there, back-pressure would pause its
    reading and never reach us. What a client sent right behind its request is on its way through
    the channel and goes to *protocol*. The request ends here: whoever waits for that hears of it.
    """
    channel: Any = request.channel
    transport, channel.transport = channel.transport, None
    transport.unregisterProducer()
    if isinstance(transport, ProtocolWrapper):  # TLS
        transport.wrappedProtocol = protocol
    else:
        transport.protocol = protocol
    channel.rawDataReceived = protocol.dataReceived
    request.connectionLost(Failure(ConnectionDone("the connection became a WebSocket")))
    protocol.makeConnection(transport)
    transport.resumeProducing()

"""A gateway and its client, joined in memory: raw bytes in, raw bytes out, a clock that is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import Message
from http.client import HTTPResponse
from io import BytesIO
from typing import Any, NamedTuple, cast

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.resource import IResource
from zope.interface import implementer

from tests.rest.fakes import (
    FakeBacktest,
    FakeBreakers,
    FakeEnquiry,
    FakeEvents,
    FakeHealth,
    FakeProtection,
    FakeTimelines,
    FakeTrading,
    FakeTradingState,
)
from tradegw.interfaces import IPacing
from tradegw.rest.connection import Connection
from tradegw.rest.rooms import Rooms
from tradegw.rest.settings import RestSettings
from tradegw.rest.tree import build_site

START = datetime(2025, 1, 15, 12, tzinfo=UTC)


class Reply(NamedTuple):
    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.body)

    @property
    def code(self) -> str:
        assert set(self.json) <= {"code", "message", "details"}
        return str(self.json["code"])

    @property
    def field(self) -> str | None:
        details = self.json.get("details")
        return None if details is None else details["field"]


@implementer(ITCPTransport)
class Wire(StringTransport):
    """A socket that remembers how it was treated."""

    no_delay = False
    half_closed = False
    aborted = False
    full = False

    def write(self, data: bytes) -> None:
        super().write(data)
        if self.full and self.producer is not None:
            self.producer.pauseProducing()

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.no_delay = enabled

    def getTcpNoDelay(self) -> bool:
        return self.no_delay

    def setTcpKeepAlive(self, enabled: bool) -> None:
        raise NotImplementedError

    def getTcpKeepAlive(self) -> bool:
        raise NotImplementedError

    def loseWriteConnection(self) -> None:
        self.half_closed = True

    def abortConnection(self) -> None:
        self.aborted = True
        self.loseConnection()


class _Socket:
    """What ``http.client`` wants to read from."""

    def __init__(self, stream: BytesIO) -> None:
        self.stream = stream

    def makefile(self, _mode: str) -> BytesIO:
        return self.stream


class _Unclosed(BytesIO):
    """``http.client`` closes what it read an answer from; the next answer is behind it."""

    def close(self) -> None:
        pass


class Client:
    """One connection to the gateway."""

    def __init__(self, gateway: Gateway) -> None:
        protocol = gateway.site.buildProtocol(IPv4Address("TCP", "127.0.0.1", 4711))
        self.connection = cast("Connection", protocol)
        self.wire = Wire()
        self.connection.makeConnection(self.wire)
        self.seen = 0

    def send(self, raw: bytes) -> None:
        self.connection.dataReceived(raw)

    def hang_up(self) -> None:
        self.connection.connectionLost(Failure(ConnectionDone()))

    def replies(self, methods: str = "") -> list[Reply]:
        """All answers since the last look; *methods* names those of the requests, for HEAD."""
        stream = _Unclosed(self.wire.value()[self.seen :])
        self.seen = len(self.wire.value())
        expected = methods.split()
        found: list[Reply] = []
        while stream.tell() < len(stream.getvalue()):
            method = expected[len(found)] if expected else "GET"
            response = HTTPResponse(_Socket(stream), method=method)  # type: ignore[arg-type]
            response.begin()
            found.append(Reply(response.status, response.headers, response.read()))
        return found

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Mapping[str, Any] | None = None,
        **headers: str,
    ) -> Reply:
        """Send a whole request and take its one answer."""
        self.send(written(method, path, body, **headers))
        (reply,) = self.replies(method)
        return reply


class Gateway:
    """The HTTP side over fakes."""

    def __init__(
        self,
        settings: RestSettings | None = None,
        *,
        websocket: IResource | None = None,
        metrics: IResource | None = None,
        pacing: IPacing | None = None,
    ) -> None:
        self.trading = FakeTrading()
        self.enquiry = FakeEnquiry()
        self.breakers = FakeBreakers()
        self.health = FakeHealth()
        self.trading_state = FakeTradingState()
        self.timelines = FakeTimelines()
        self.protection = FakeProtection()
        self.events = FakeEvents()
        self.backtest = FakeBacktest()
        self.clock = Clock()
        self.observed: list[tuple[str, int, float]] = []
        rooms = Rooms(
            trading=self.trading,
            enquiry=self.enquiry,
            breakers=self.breakers,
            health=self.health,
            trading_state=self.trading_state,
            timelines=self.timelines,
            protection=self.protection,
            events=self.events,
            backtest=self.backtest,
        )
        self.site = build_site(
            rooms,
            settings or RestSettings(),
            self.clock,
            lambda: START,
            websocket=websocket,
            metrics=metrics,
            observe=lambda *seen: self.observed.append(seen),
            pacing=pacing,
        )

    def connect(self) -> Client:
        return Client(self)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Mapping[str, Any] | None = None,
        **headers: str,
    ) -> Reply:
        """One request on a connection of its own."""
        return self.connect().ask(method, path, body, **headers)

    def pass_seconds(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1)

    @property
    def calls(self) -> list[tuple[Any, ...]]:
        """What the rooms were asked to do or tell."""
        rooms = (
            self.trading,
            self.enquiry,
            self.breakers,
            self.trading_state,
            self.timelines,
            self.protection,
            self.events,
        )
        return [call for room in rooms for call in room.calls]


def written(
    method: str, path: str, body: bytes | Mapping[str, Any] | None = None, **headers: str
) -> bytes:
    """A request as it goes over the wire; underscores in header names are dashes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: gateway"]
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = {"Content-Type": "application/json", "Content-Length": str(len(raw)), **fields}
    else:
        raw = b""
    lines += [f"{name}: {value}" for name, value in fields.items() if value]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw

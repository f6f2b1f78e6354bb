"""The HTTP side of a double: every call written down, faults, and the upgrades to streams."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl
from weakref import WeakSet

from autobahn.twisted.resource import WebSocketResource
from msgspec import Struct
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.web import http
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from .answers import Answer, as_bytes
from .endpoints import Endpoint
from .faults import Fault, Faults, Way
from .wires import reset


class Heard(Struct, kw_only=True):
    """A call that arrived. ``status`` is what it was answered, ``None`` if it was not (yet);
    ``accepted`` is whether the work was done, whatever its caller saw.
    """

    verb: str
    path: str
    query: dict[str, str]
    body: bytes
    raw_query: str = ""
    fault: Fault | None = None
    accepted: bool = False
    status: int | None = None


class Door(Resource, ABC):
    """All of HTTP. ``calls`` are those that came; what they do, a broker's own door knows."""

    isLeaf = True

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__()
        self.faults = Faults()
        self.calls: list[Heard] = []
        self._clock = clock

    # -- what differs from broker to broker

    @abstractmethod
    def entrance(self, request: Request, heard: Heard) -> Endpoint | Answer:
        """Where an upgrade leads, or why it does not."""

    @abstractmethod
    def answer(self, request: Request, heard: Heard) -> Answer:
        """Do what is asked for, and say in *heard* whether it was done."""

    @abstractmethod
    def headers(self, heard: Heard) -> dict[str, str]:
        """What every answer carries."""

    # -- what does not

    def render(self, request: Request) -> Any:
        """Answer, now or later or never."""
        raw_path, _, query = request.uri.decode("latin-1").partition("?")
        heard = Heard(
            verb=request.method.decode("latin-1"),
            path=raw_path,
            query=dict(parse_qsl(query, keep_blank_values=True)),
            body=request.content.read() if request.content else b"",
            raw_query=query,
        )
        self.calls.append(heard)
        heard.fault = fault = self.faults.next_for(heard.verb, heard.path)
        if request.getHeader("upgrade") is not None and (fault is None or fault.accepted):
            return self._upgrade(request, heard)
        if fault is None:
            self._send(request, heard, self.answer(request, heard))
        else:
            self._fail(request, heard, fault)
        return NOT_DONE_YET

    def _upgrade(self, request: Request, heard: Heard) -> Any:
        found = self.entrance(request, heard)
        if isinstance(found, Answer):
            self._send(request, heard, found)
            return NOT_DONE_YET
        heard.status, heard.accepted = http.SWITCHING, True
        return WebSocketResource(found.factory).render(request)

    def _fail(self, request: Request, heard: Heard, fault: Fault) -> None:
        true = self.answer(request, heard) if fault.accepted else Answer(500, {"message": ""})
        answer = fault.answer or true

        def go_on() -> None:
            if fault.way is Way.ANSWER:
                self._send(request, heard, answer)
            elif fault.way is Way.TRUNCATE:
                self._send_half(request, heard, answer)
            elif fault.way is Way.RESET:
                reset(_transport(request))
            elif fault.way is Way.CLOSE:
                _transport(request).loseConnection()

        if fault.seconds:
            self._clock.callLater(fault.seconds, _unless_gone(request, go_on))
        else:
            go_on()

    def _send(self, request: Request, heard: Heard, answer: Answer) -> None:
        heard.status = answer.status
        body = self._head(request, heard, answer)
        request.write(body)
        request.finish()

    def _send_half(self, request: Request, heard: Heard, answer: Answer) -> None:
        body = self._head(request, heard, answer)
        request.write(body[: len(body) // 2])
        _transport(request).loseConnection()

    def _head(self, request: Request, heard: Heard, answer: Answer) -> bytes:
        body = as_bytes(answer)
        headers = self.headers(heard) | answer.headers
        if answer.status != http.NO_CONTENT:
            headers["Content-Type"] = answer.content_type
            headers["Content-Length"] = str(len(body))
        request.setResponseCode(answer.status)
        for name, value in headers.items():
            request.setHeader(name, value)
        return body


class DoubleSite(Site):
    """Serves a door, and can close what is open."""

    noisy = False
    protocol = http.HTTPChannel  # type: ignore[assignment]  # twisted names its proxy for HTTP/2

    def __init__(self, door: Door, clock: IReactorTime) -> None:
        super().__init__(door, reactor=clock, timeout=None, parsePOSTFormSubmission=False)
        self._channels: WeakSet[Any] = WeakSet()

    def buildProtocol(self, addr: IAddress | None) -> Any:
        channel = super().buildProtocol(addr)
        self._channels.add(channel)
        return channel

    def abort(self) -> None:
        """Nobody is connected any more."""
        for channel in tuple(self._channels):
            if channel.transport is not None:
                channel.transport.abortConnection()

    def log(self, request: http.Request) -> None:
        """No access log: :attr:`Door.calls` has it."""


def _transport(request: Request) -> Any:
    return request.channel.transport


def _unless_gone(request: Request, action: Callable[[], None]) -> Callable[[], None]:
    gone: list[object] = []
    request.notifyFinish().addErrback(gone.append)

    def act() -> None:
        if not gone:
            action()

    return act

"""The HTTP side: credentials, rate limits, faults, and the upgrades to streams."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl
from weakref import WeakSet

from autobahn.twisted.resource import WebSocketResource
from msgspec import Struct
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.logger import Logger
from twisted.web import http
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from .budget import Budget
from .calls import Answer, Call, Routes
from .endpoints import Endpoint
from .faults import Fault, Faults, Way, as_bytes
from .refusals import Refused, plain, too_many_requests
from .stamps import Stamps
from .trading_stream import TradingStream
from .wires import reset

_DATA: Final = ("/v2/stocks", "/v1beta3/")
_KEYLESS: Final = "/v1beta3/crypto/"
_BEHIND_A_PROXY: Final = ("/v2/clock", "/v2/calendar", *_DATA)
_PAGE: Final = b"<html><head><title>401 Authorization Required</title></head></html>"

_log = Logger()


class Heard(Struct, kw_only=True):
    """A call that arrived. ``status`` is what it was answered, ``None`` if it was not (yet);
    ``accepted`` is whether the work was done, whatever its caller saw.
    """

    verb: str
    path: str
    query: dict[str, str]
    body: bytes
    fault: Fault | None = None
    accepted: bool = False
    status: int | None = None


class Door(Resource):
    """All of HTTP. ``calls`` are those that came."""

    isLeaf = True

    def __init__(
        self,
        clock: IReactorTime,
        stamps: Stamps,
        routes: Routes,
        streams: dict[str, Endpoint],
        credentials: tuple[str, str],
        budgets: tuple[Budget, Budget],
    ) -> None:
        super().__init__()
        self.faults = Faults()
        self.calls: list[Heard] = []
        self._clock = clock
        self._stamps = stamps
        self._routes = routes
        self._streams = streams
        self._credentials = credentials
        self._trading_budget, self._data_budget = budgets

    def render(self, request: Request) -> Any:
        """Answer, now or later or never."""
        raw_path, _, query = request.uri.decode("latin-1").partition("?")
        heard = Heard(
            verb=request.method.decode("latin-1"),
            path=raw_path,
            query=dict(parse_qsl(query, keep_blank_values=True)),
            body=request.content.read() if request.content else b"",
        )
        self.calls.append(heard)
        heard.fault = fault = self.faults.next_for(heard.verb, heard.path)
        if request.getHeader("upgrade") is not None and (fault is None or fault.accepted):
            return self._upgrade(request, heard)
        if fault is None:
            self._send(request, heard, self._answer(request, heard))
        else:
            self._fail(request, heard, fault)
        return NOT_DONE_YET

    def _upgrade(self, request: Request, heard: Heard) -> Any:
        endpoint = self._streams.get(heard.path.rstrip("/"))
        if endpoint is None:
            answer = Answer(404, {"message": "endpoint not found."})
        elif isinstance(endpoint, TradingStream) and endpoint.taken():
            answer = _refusal(too_many_requests(data=False))
        else:
            heard.status, heard.accepted = http.SWITCHING, True
            return WebSocketResource(endpoint.factory).render(request)
        self._send(request, heard, answer)
        return NOT_DONE_YET

    def _fail(self, request: Request, heard: Heard, fault: Fault) -> None:
        true = self._answer(request, heard) if fault.accepted else Answer(500, {"message": ""})
        answer = fault.answer or true

        def go_on() -> None:
            if fault.way is Way.ANSWER:
                self._send(request, heard, answer)
            elif fault.way is Way.TRUNCATE:
                self._send_half(request, answer)
            elif fault.way is Way.RESET:
                reset(_transport(request))
            elif fault.way is Way.CLOSE:
                _transport(request).loseConnection()

        if fault.seconds:
            self._clock.callLater(fault.seconds, _unless_gone(request, go_on))
        else:
            go_on()

    def _answer(self, request: Request, heard: Heard) -> Answer:
        """Do what is asked for."""
        call = Call(verb=heard.verb, path=heard.path, query=heard.query, raw_body=heard.body)
        refusal = self._refusal(request, heard.path)
        if refusal is not None:
            return refusal
        try:
            answer = self._routes.answer(call)
        except Refused as refused:
            return _refusal(refused)
        except Exception:
            _log.failure("a defect of the double at {path}", path=heard.path)
            return Answer(500, {"code": 50010000, "message": "internal server error occurred"})
        heard.accepted = True
        return answer

    def _refusal(self, request: Request, path: str) -> Answer | None:
        data = path.startswith(_DATA)
        if not (self._data_budget if data else self._trading_budget).take():
            return _refusal(too_many_requests(data=data))
        given = _credentials(request)
        if given == self._credentials or (given is None and path.startswith(_KEYLESS)):
            return None
        if given is None:
            return _refusal(plain(403, "forbidden."))
        if path.startswith(_BEHIND_A_PROXY):
            return Answer(401, _PAGE, "text/html")
        return _refusal(plain(401, "unauthorized."))

    def _send(self, request: Request, heard: Heard, answer: Answer) -> None:
        heard.status = answer.status
        body = self._head(request, answer)
        request.write(body)
        request.finish()

    def _send_half(self, request: Request, answer: Answer) -> None:
        body = self._head(request, answer)
        request.write(body[: len(body) // 2])
        _transport(request).loseConnection()

    def _head(self, request: Request, answer: Answer) -> bytes:
        body = as_bytes(answer)
        budget = self._data_budget if request.path.decode().startswith(_DATA) else None
        headers = (budget or self._trading_budget).headers()
        headers["X-Request-ID"] = self._stamps.uuid().replace("-", "")
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


def _refusal(refused: Refused) -> Answer:
    return Answer(refused.status, refused.body)


def _credentials(request: Request) -> tuple[str, str] | None:
    """Key and secret, from Alpaca's own headers or from Basic."""
    key = request.getHeader("apca-api-key-id")
    if key is not None:
        return key, request.getHeader("apca-api-secret-key") or ""
    scheme, _, token = (request.getHeader("authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = b64decode(token, validate=True).decode().partition(":")
    except ValueError:
        return None
    return user, password


def _transport(request: Request) -> Any:
    return request.channel.transport


def _unless_gone(request: Request, action: Callable[[], None]) -> Callable[[], None]:
    gone: list[object] = []
    request.notifyFinish().addErrback(gone.append)

    def act() -> None:
        if not gone:
            action()

    return act

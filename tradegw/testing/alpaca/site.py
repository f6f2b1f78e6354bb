"""The HTTP side: credentials, rate limits, and where the streams are."""

from __future__ import annotations

from base64 import b64decode
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.server import Request

from ..doubles.answers import Answer
from ..doubles.site import Door as AnyDoor
from ..doubles.site import Heard
from .budget import Budget
from .calls import Call, Routes
from .endpoints import Endpoint
from .refusals import Refused, plain, too_many_requests
from .stamps import Stamps
from .trading_stream import TradingStream

_DATA: Final = ("/v2/stocks", "/v1beta3/")
_KEYLESS: Final = "/v1beta3/crypto/"
_BEHIND_A_PROXY: Final = ("/v2/clock", "/v2/calendar", *_DATA)
_PAGE: Final = b"<html><head><title>401 Authorization Required</title></head></html>"

_log = Logger()


class Door(AnyDoor):
    """All of HTTP. ``calls`` are those that came."""

    def __init__(
        self,
        clock: IReactorTime,
        stamps: Stamps,
        routes: Routes,
        streams: dict[str, Endpoint],
        credentials: tuple[str, str],
        budgets: tuple[Budget, Budget],
    ) -> None:
        super().__init__(clock)
        self._stamps = stamps
        self._routes = routes
        self._streams = streams
        self._credentials = credentials
        self._trading_budget, self._data_budget = budgets

    def entrance(self, request: Request, heard: Heard) -> Endpoint | Answer:
        del request
        endpoint = self._streams.get(heard.path.rstrip("/"))
        if endpoint is None:
            return Answer(404, {"message": "endpoint not found."})
        if isinstance(endpoint, TradingStream) and endpoint.taken():
            return _refusal(too_many_requests(data=False))
        return endpoint

    def answer(self, request: Request, heard: Heard) -> Answer:
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
        if not self._budget(path).take():
            return _refusal(too_many_requests(data=data))
        given = _credentials(request)
        if given == self._credentials or (given is None and path.startswith(_KEYLESS)):
            return None
        if given is None:
            return _refusal(plain(403, "forbidden."))
        if path.startswith(_BEHIND_A_PROXY):
            return Answer(401, _PAGE, "text/html")
        return _refusal(plain(401, "unauthorized."))

    def headers(self, heard: Heard) -> dict[str, str]:
        request_id = self._stamps.uuid().replace("-", "")
        return {**self._budget(heard.path).headers(), "X-Request-ID": request_id}

    def _budget(self, path: str) -> Budget:
        return self._data_budget if path.startswith(_DATA) else self._trading_budget


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

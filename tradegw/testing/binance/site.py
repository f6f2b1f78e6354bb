"""The HTTP side: all products behind one port, told apart by their paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.server import Request

from ..doubles.answers import Answer
from ..doubles.endpoints import Endpoint
from ..doubles.site import Door as AnyDoor
from ..doubles.site import Heard
from .calls import Call
from .gate import Gate
from .limits import Pool
from .refusals import Refused

T = TypeVar("T")
_SIGNATURE: Final = "signature="

_log = Logger()


class Door(AnyDoor):
    """All of HTTP. *pools* are the limits by the beginning of a path, *streams* likewise."""

    def __init__(
        self,
        clock: IReactorTime,
        gate: Gate,
        pools: Mapping[str, Pool],
        streams: Mapping[str, Endpoint],
    ) -> None:
        super().__init__(clock)
        self._gate = gate
        self._pools = pools
        self._streams = streams

    def entrance(self, request: Request, heard: Heard) -> Endpoint | Answer:
        del request
        found = _by_beginning(self._streams, heard.path)
        return Answer(404, {"code": -1099, "msg": "Not found."}) if found is None else found

    def answer(self, request: Request, heard: Heard) -> Answer:
        body = heard.body.decode("utf-8", "replace")
        params = dict(parse_qsl(body, keep_blank_values=True)) | heard.query
        call = Call(
            verb=heard.verb,
            path=heard.path,
            params=params,
            payload=(_unsigned(heard.raw_query) + _unsigned(body)).encode(),
            key=request.getHeader("x-mbx-apikey"),
        )
        try:
            answered = self._gate.pass_on(call)
        except Refused as refused:
            return refused.answer()
        except Exception:
            _log.failure("a defect of the double at {path}", path=heard.path)
            return Answer(500, {"code": -1000, "msg": "A defect of the double."})
        heard.accepted = True
        return Answer(200, answered)

    def headers(self, heard: Heard) -> dict[str, str]:
        pool = _by_beginning(self._pools, heard.path)
        if pool is None:
            return {}
        told = pool.headers()
        route = self._gate.routes.find(heard.verb, heard.path)
        return told | pool.order_headers() if route is not None and route.is_order else told


def _unsigned(text: str) -> str:
    """*text* as it was signed: the signature is taken out, wherever it is."""
    return "&".join(each for each in text.split("&") if not each.startswith(_SIGNATURE))


def _by_beginning(of: Mapping[str, T], path: str) -> T | None:
    found = [each for each in of if path == each or path.startswith(each.rstrip("/") + "/")]
    return of[max(found, key=len)] if found else None

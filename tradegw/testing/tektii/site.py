"""The two doors: REST, and the WebSocket on a port of its own."""

from __future__ import annotations

from urllib.parse import unquote

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.server import Request

from ..doubles.answers import Answer
from ..doubles.endpoints import Endpoint
from ..doubles.site import Door, Heard
from .calls import Calls
from .refusals import Refused
from .stream import Stream

_log = Logger()


class _Locked(Door):
    """Opens to who bears *key*, or to all if there is none."""

    def __init__(self, clock: IReactorTime, key: str | None) -> None:
        super().__init__(clock)
        self._key = key
        self.credentials: list[str | None] = []

    def refusal(self, request: Request) -> Answer | None:
        """Why it does not open."""
        given = request.getHeader("authorization")
        self.credentials.append(given)
        if self._key is None or given == f"Bearer {self._key}":
            return None
        return Answer(401, Refused(401, "unauthorized", "unknown key").body)

    def headers(self, _heard: Heard) -> dict[str, str]:
        return {}


class RestDoor(_Locked):
    """Orders, account, prices."""

    def __init__(self, clock: IReactorTime, key: str | None, calls: Calls) -> None:
        super().__init__(clock, key)
        self._calls = calls

    def entrance(self, _request: Request, _heard: Heard) -> Endpoint | Answer:
        return Answer(404)

    def answer(self, request: Request, heard: Heard) -> Answer:
        refusal = self.refusal(request)
        if refusal is not None:
            return refusal
        try:
            answer = self._calls.answer(heard.verb, unquote(heard.path), heard)
        except Refused as refused:
            return Answer(refused.status, refused.body)
        except Exception:
            _log.failure("a defect of the double at {path}", path=heard.path)
            return Answer(500, {"error": "a defect of the double"})
        heard.accepted = True
        return answer


class StreamDoor(_Locked):
    """``/ws``, once."""

    def __init__(self, clock: IReactorTime, key: str | None, stream: Stream) -> None:
        super().__init__(clock, key)
        self._stream = stream

    def entrance(self, request: Request, heard: Heard) -> Endpoint | Answer:
        refusal = self.refusal(request)
        if refusal is not None:
            return refusal
        if heard.path != "/ws":
            return Answer(404)
        return Answer(409) if self._stream.joins else self._stream

    def answer(self, _request: Request, _heard: Heard) -> Answer:
        return Answer(404)

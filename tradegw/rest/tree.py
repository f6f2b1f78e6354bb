"""From a received request to its answer: key, path, arguments, action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.resource import IResource

from ..errors import GatewayError
from ..interfaces import IPacing, WallClock
from ..model import wire
from . import auth, docs_page
from .answer import Answer
from .problems import UNEXPECTED, answer_to, refusal
from .request import Request
from .rooms import Rooms
from .routes import ROUTES
from .routing import Match, Reply, Route, Table
from .settings import MAX_ANSWER_BYTES, RestSettings
from .site import Observe, Site

WEBSOCKET_PATH: Final = b"/v1/ws"
METRICS_PATH: Final = b"/metrics"

log = Logger()


def build_site(  # noqa: PLR0913  (most have a default)
    rooms: Rooms,
    settings: RestSettings,
    clock: IReactorTime,
    now: WallClock,
    *,
    websocket: IResource | None = None,
    metrics: IResource | None = None,
    observe: Observe | None = None,
    pacing: IPacing | None = None,
) -> Site:
    """The whole HTTP side, ready to listen.

    *websocket* is mounted at ``/v1/ws`` and *metrics* at ``/metrics``; each is reached only after
    the key was checked, where its path needs one. *observe* is told of every answer of a route,
    *pacing* of all requests as they come and are answered.
    """
    mounts = {WEBSOCKET_PATH: websocket, METRICS_PATH: metrics}
    pages = docs_page.pages(ROUTES) if settings.enable_swagger else {}
    mounted = {path: resource for path, resource in mounts.items() if resource is not None}
    tree = Tree(rooms, settings, mounted, pages)
    return Site(tree, settings, clock, now, observe, pacing)


class Tree:
    """All paths of the server, in one flat look-up each: routes, mounted resources, fixed pages."""

    def __init__(
        self,
        rooms: Rooms,
        settings: RestSettings,
        mounts: Mapping[bytes, IResource],
        pages: Mapping[bytes, Answer],
    ) -> None:
        self._rooms = rooms
        self._key = settings.api_key
        self._table = Table(ROUTES)
        self._mounts = mounts
        self._pages = pages

    def serve(self, request: Request) -> None:
        """Answer *request*, now or later; its client going away changes nothing but the writing."""
        refused = auth.refused(self._key, request.path, request.requestHeaders)
        if refused is not None:
            request.answer(answer_to(refused))
            return
        match = self._table.find(request.path)
        if match is None:
            self._serve_other(request)
            return
        method = b"GET" if request.method == b"HEAD" else request.method
        route = match.methods.get(method)
        if route is None:
            request.answer(_wrong_method(request, allowed(match)))
            return
        request.route = route.label
        Deferred.fromCoroutine(self._act(request, route, match.segments)).addErrback(
            lambda failure: log.failure("{route} not answered", failure, route=route.label)
        )

    async def _act(self, request: Request, route: Route, segments: tuple[bytes, ...]) -> None:
        try:
            arguments = route.arguments(
                segments, request.query, request.body.getvalue(), request.requestHeaders
            )
            answer = _success(route, await route.action(self._rooms, **arguments))
        except GatewayError as error:
            answer = answer_to(error)
        except Exception:
            log.failure("{route} failed", route=route.label)
            answer = UNEXPECTED
        request.answer(answer)

    def _serve_other(self, request: Request) -> None:
        path, method = request.path, request.method
        resource, page = self._mounts.get(path), self._pages.get(path)
        if resource is None and page is None:
            shown = path[:200].decode("latin-1")
            request.answer(refusal(404, f"No such path: {shown}"))
        elif method != b"GET" and (method != b"HEAD" or path == WEBSOCKET_PATH):
            allow = b"GET" if path == WEBSOCKET_PATH else b"GET, HEAD"
            request.answer(_wrong_method(request, allow))
        elif page is not None:
            request.answer(page)
        elif resource is not None:
            request.hand_over(resource)


def allowed(match: Match) -> bytes:
    """The ``Allow`` header of a path."""
    methods = list(match.methods)
    if b"GET" in methods:
        methods.append(b"HEAD")
    return b", ".join(methods)


def _wrong_method(request: Request, allow: bytes) -> Answer:
    method = request.method.decode("latin-1")[:20]
    return refusal(405, f"{method} is not allowed here", b"Allow: %s\r\n" % allow)


def _success(route: Route, value: Any) -> Answer:
    status = route.status
    if isinstance(value, Reply):
        status, value = value
    body = wire.encode(value)
    if len(body) > MAX_ANSWER_BYTES:
        return refusal(400, "The answer would be too large; narrow it with limit, since or until")
    return Answer(status, body)

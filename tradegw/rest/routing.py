"""Routes as decorators, and the table they are looked up in::

    routes = Routes("orders")

    @routes.get("/v1/orders/<order_id>", operation_id="get_order", answer=Order)
    async def get_order(rooms: Rooms, order_id: str) -> Order: ...

The raw path is matched, segment by segment and before percent-decoding, so that ``%2F`` never
splits a symbol. A fixed segment wins over a parameter. A path with one slash more is another path.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final, NamedTuple, TypeAlias, TypedDict, TypeVar, Unpack

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.web.http_headers import Headers

from ..errors import GatewayError
from .bodies import BodyReader
from .idempotency import idempotency_key
from .queries import QueryReader, percent_decoded

Action: TypeAlias = Callable[..., Coroutine[Deferred[Any], Any, Any]]
"""``async def action(rooms, *, <parameters of the path>, query, body, idempotency_key)``."""

A = TypeVar("A", bound=Action)


class Facts(TypedDict, total=False):
    """What is said about a route beside its path. Of one that is ``idempotent`` the action is given
    the ``Idempotency-Key``, or ``None``.
    """

    operation_id: str
    answer: Any
    status: int
    others: dict[int, Any]
    query: type[Struct]
    body: type[Struct]
    optional_body: bool
    idempotent: bool
    errors: tuple[type[GatewayError], ...]


class Reply(NamedTuple):
    """What an action returns when the status is not the route's own."""

    status: int
    value: Any


class Route:
    """One operation: how it is asked, what it answers, and the function that does it."""

    def __init__(self, tag: str, method: str, path: str, action: Action, facts: Facts) -> None:
        self.tag = tag
        self.method = method
        self.path = path
        self.action = action
        self.template = path.replace("<", "{").replace(">", "}")
        self.label = f"{method} {self.template}"
        self.parameters = tuple(n for n in map(_parameter, path.split("/")) if n)
        self.operation_id = facts["operation_id"]
        self.answer = facts["answer"]
        self.status = facts.get("status", 200)
        self.others = facts.get("others", {})
        self.errors = facts.get("errors", ())
        self.idempotent = facts.get("idempotent", False)
        self.doc = inspect.getdoc(action) or ""
        query, body = facts.get("query"), facts.get("body")
        self.query = None if query is None else QueryReader(query)
        self.body = (
            None if body is None else BodyReader(body, optional=facts.get("optional_body", False))
        )

    def arguments(
        self, segments: tuple[bytes, ...], query: bytes, body: bytes, headers: Headers
    ) -> dict[str, Any]:
        """The action's keyword arguments; raises ``InvalidRequest`` or ``InvalidValue``."""
        found: dict[str, Any] = {}
        if segments:
            for name, segment in zip(self.parameters, segments, strict=True):
                found[name] = percent_decoded(segment, name)
        if self.query is not None:
            found["query"] = self.query.read(query)
        if self.body is not None:
            content_type = headers.getRawHeaders(b"Content-Type", (None,))[0]
            found["body"] = self.body.read(body, content_type)
        if self.idempotent:
            found["idempotency_key"] = idempotency_key(headers)
        return found


class Routes:
    """The routes of one resource, all under one *tag*."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.all: list[Route] = []

    def get(self, path: str, **facts: Unpack[Facts]) -> Callable[[A], A]:
        return self._on("GET", path, facts)

    def post(self, path: str, **facts: Unpack[Facts]) -> Callable[[A], A]:
        return self._on("POST", path, facts)

    def put(self, path: str, **facts: Unpack[Facts]) -> Callable[[A], A]:
        return self._on("PUT", path, facts)

    def patch(self, path: str, **facts: Unpack[Facts]) -> Callable[[A], A]:
        return self._on("PATCH", path, facts)

    def delete(self, path: str, **facts: Unpack[Facts]) -> Callable[[A], A]:
        return self._on("DELETE", path, facts)

    def _on(self, method: str, path: str, facts: Facts) -> Callable[[A], A]:
        def register(action: A) -> A:
            self.all.append(Route(self.tag, method, path, action, facts))
            return action

        return register


class Match(NamedTuple):
    """Whose path it is, by method, and what stood for the parameters."""

    methods: dict[bytes, Route]
    segments: tuple[bytes, ...] = ()


class _Node:
    """One segment of the paths: the fixed ones below it, the variable one, and what ends here."""

    def __init__(self) -> None:
        self.fixed: dict[bytes, _Node] = {}
        self.variable: _Node | None = None
        self.methods: dict[bytes, Route] = {}

    def find(self, segments: list[bytes], taken: tuple[bytes, ...]) -> Match | None:
        if not segments:
            return Match(self.methods, taken) if self.methods else None
        first, rest = segments[0], segments[1:]
        below = self.fixed.get(first)
        found = None if below is None else below.find(rest, taken)
        if found is None and self.variable is not None and first:
            found = self.variable.find(rest, (*taken, first))
        return found


class Table:
    """All routes, compiled. A second route for the same method and path raises ``ValueError``."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes: Final = tuple(routes)
        self._root = _Node()
        self._exact: dict[bytes, Match] = {}
        for route in self.routes:
            node = self._leaf(route.path)
            method = route.method.encode()
            if method in node.methods:
                raise ValueError(f"two routes for {route.label}")
            node.methods[method] = route
            if not route.parameters:
                self._exact[route.path.encode()] = Match(node.methods)

    def find(self, path: bytes) -> Match | None:
        """Who answers the raw *path*, if anyone does."""
        return self._exact.get(path) or self._root.find(path.split(b"/"), ())

    def _leaf(self, path: str) -> _Node:
        node = self._root
        for segment in path.split("/"):
            if _parameter(segment):
                node.variable = node.variable or _Node()
                node = node.variable
            else:
                node = node.fixed.setdefault(segment.encode(), _Node())
        return node


def _parameter(segment: str) -> str | None:
    return segment[1:-1] if segment.startswith("<") and segment.endswith(">") else None

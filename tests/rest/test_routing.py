"""Paths and their routes."""

from __future__ import annotations

import pytest

from tests.rest.memory import Gateway
from tradegw.model.health import Alive
from tradegw.rest.routes import ROUTES
from tradegw.rest.routing import Match, Routes, Table

KNOWN = sorted({route.template for route in ROUTES})


def table() -> Table:
    routes = Routes("test")

    async def action(_rooms: object, **_found: object) -> Alive:
        return Alive()

    for path in ("/a", "/a/<x>", "/a/fixed", "/a/<x>/b", "/a/fixed/c", "/<top>/<x>/<y>/d"):
        routes.get(path, operation_id=path, answer=Alive)(action)
    routes.delete("/a/<x>", operation_id="delete", answer=Alive)(action)
    return Table(routes.all)


def found(path: str) -> tuple[str, tuple[bytes, ...]] | None:
    match: Match | None = table().find(path.encode())
    return match and (match.methods[b"GET"].path, match.segments)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a", ("/a", ())),
        ("/a/1", ("/a/<x>", (b"1",))),
        ("/a/fixed", ("/a/fixed", ())),
        ("/a/fixedly", ("/a/<x>", (b"fixedly",))),
        ("/a/1/b", ("/a/<x>/b", (b"1",))),
        ("/a/fixed/b", ("/a/<x>/b", (b"fixed",))),
        ("/a/fixed/c", ("/a/fixed/c", ())),
        ("/a/1/c", None),
        ("/a/1%2Fb", ("/a/<x>", (b"1%2Fb",))),
        ("/a/f%69xed", ("/a/<x>", (b"f%69xed",))),
        ("/a/x/y/d", ("/<top>/<x>/<y>/d", (b"a", b"x", b"y"))),
        ("/a/fixed/y/d", ("/<top>/<x>/<y>/d", (b"a", b"fixed", b"y"))),
        ("/a/", None),
        ("/a//b", None),
        ("//a", None),
        ("a", None),
        ("/", None),
        ("", None),
        ("/A", None),
        ("/a/1/b/", None),
        ("/%61", None),
    ],
)
def test_a_path_is_matched_by_its_raw_segments_fixed_ones_first(
    path: str, expected: tuple[str, tuple[bytes, ...]] | None
) -> None:
    assert found(path) == expected


def test_methods_of_one_path_are_kept_apart() -> None:
    match = table().find(b"/a/1")
    assert match is not None
    assert set(match.methods) == {b"GET", b"DELETE"}


def test_two_routes_for_one_method_and_path_are_a_defect() -> None:
    routes = Routes("test")

    async def action(_rooms: object, **_found: object) -> Alive:
        return Alive()

    for path in ("/a/<x>", "/a/<y>"):
        routes.get(path, operation_id=path, answer=Alive)(action)
    with pytest.raises(ValueError, match="two routes"):
        Table(routes.all)


def test_an_encoded_slash_does_not_split_a_symbol(gateway: Gateway) -> None:
    assert gateway.ask("GET", "/v1/quotes/BTC%2FUSD").status == 200
    assert gateway.ask("GET", "/v1/quotes/BTC%252FUSD").status == 200
    assert gateway.ask("GET", "/v1/quotes/F:EURUSD").status == 200
    assert gateway.ask("GET", "/v1/quotes/EUR+USD%20%E2%82%AC").status == 200
    assert gateway.calls == [
        ("quote", "BTC/USD"),
        ("quote", "BTC%2FUSD"),
        ("quote", "F:EURUSD"),
        ("quote", "EUR+USD €"),
    ]


def test_history_is_not_an_order_id(gateway: Gateway) -> None:
    gateway.ask("GET", "/v1/orders/history")
    gateway.ask("GET", "/v1/orders/History")
    assert [call[0] for call in gateway.calls] == ["order_history", "order"]


@pytest.mark.parametrize("segment", ["%", "%4", "%zz", "%FF", "%C3%28", "%e2%82"])
@pytest.mark.parametrize(
    ("path", "field"),
    [("/v1/orders/", "order_id"), ("/v1/positions/", "position_id"), ("/v1/quotes/", "symbol")],
)
def test_a_segment_that_is_not_encoded_text_is_refused_by_name(
    gateway: Gateway, path: str, field: str, segment: str
) -> None:
    reply = gateway.ask("GET", path + segment)
    assert (reply.status, reply.code, reply.field) == (400, "INVALID_REQUEST", field)
    assert gateway.calls == []


@pytest.mark.parametrize("path", KNOWN)
def test_a_slash_more_is_another_path(gateway: Gateway, path: str) -> None:
    reply = gateway.ask("GET", f"{path}/")
    assert (reply.status, reply.code) == (404, "INVALID_REQUEST")


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v2/orders", "//v1/orders", "*", "/v1/ws"])
def test_an_unknown_path_is_an_envelope_with_404(gateway: Gateway, path: str) -> None:
    reply = gateway.ask("GET", path)
    assert reply.status == 404
    assert reply.json == {"code": "INVALID_REQUEST", "message": f"No such path: {path}"}


@pytest.mark.parametrize("path", KNOWN)
@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE", "BREW", "get"])
def test_a_wrong_method_is_405_and_says_what_is_allowed(
    gateway: Gateway, path: str, method: str
) -> None:
    methods = {route.method for route in ROUTES if route.template == path}
    if method in methods:
        pytest.skip("that one is right here")
    reply = gateway.ask(method, path)
    if "GET" in methods:
        methods.add("HEAD")
    assert (reply.status, reply.code) == (405, "INVALID_REQUEST")
    assert set(reply.headers["Allow"].split(", ")) == methods
    assert not [name for name in reply.headers if name.lower().startswith("access-control")]
    assert gateway.calls == []


def test_head_is_get_without_the_body(gateway: Gateway) -> None:
    client = gateway.connect()
    for route in ROUTES:
        if route.method == "GET":
            path = route.template.replace("{", "").replace("}", "") + "?timeframe=1m"
            whole, head = client.ask("GET", path), client.ask("HEAD", path)
            assert (head.status, head.body) == (whole.status, b"")
            assert head.headers.items() == whole.headers.items()
    assert client.ask("HEAD", "/v1/circuit-breakers/reset").status == 405
    assert client.ask("HEAD", "/nowhere").status == 404

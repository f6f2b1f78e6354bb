"""Whatever a client sends, it gets an answer it can read, and the next request is served."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rest.memory import Client, Gateway, Reply, written
from tradegw.rest.problems import ErrorCode

CODES = {code.value for code in ErrorCode}
MEMBERS = [
    "symbol",
    "side",
    "quantity",
    "order_type",
    "limit_price",
    "stop_price",
    "trailing_distance",
    "trailing_type",
    "stop_loss",
    "take_profit",
    "position_id",
    "reduce_only",
    "display_quantity",
    "leverage",
    "client_order_id",
    "time_in_force",
    "state",
    "reason",
]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["buy", "MARKET", "limit", "AAPL", "1", "-1", "0", "1e9", "NaN", "percent"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
bodies = st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=5), values).map(
    lambda value: json.dumps(value).encode()
) | st.binary(max_size=60)
targets = st.sampled_from(
    [
        ("POST", "/v1/orders"),
        ("PATCH", "/v1/orders/1"),
        ("PATCH", "/v1/positions/1"),
        ("PUT", "/v1/trading-state"),
    ]
)
printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)


@pytest.fixture(scope="module")
def client() -> Client:
    """One connection for all examples: were it spoilt, the rest would fail."""
    return Gateway().connect()


def assert_told(reply: Reply) -> None:
    assert reply.status < 500
    if reply.status >= 400:
        assert reply.code in CODES
        assert isinstance(reply.json["message"], str)


def assert_usable(client: Client) -> None:
    assert client.ask("GET", "/livez").status == 200


@given(target=targets, body=bodies)
def test_bodies(client: Client, target: tuple[str, str], body: bytes) -> None:
    assert_told(client.ask(*target, body))
    assert_usable(client)


@given(body=bodies, kind=printable)
def test_optional_bodies_and_content_types(client: Client, body: bytes, kind: str) -> None:
    assert_told(client.ask("DELETE", "/v1/positions/1", body, Content_Type=kind))
    assert_usable(client)


@given(
    path=st.sampled_from(["/v1/orders", "/v1/trades", "/v1/bars/A", "/v1/positions", "/livez"]),
    names=st.lists(
        st.sampled_from(["symbol", "status", "side", "since", "until", "limit", "timeframe"])
    ),
    texts=st.lists(printable),
    rest=printable,
)
def test_queries(client: Client, path: str, names: list[str], texts: list[str], rest: str) -> None:
    pairs = [f"{name}={text}" for name, text in zip(names, texts, strict=False)]
    assert_told(client.ask("GET", f"{path}?{'&'.join([*pairs, rest])}"))
    assert_usable(client)


@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS"]),
    path=st.sampled_from(["/", "/v1/", "/v1/orders/", "/v1/quotes/", "/v1/positions/"]),
    rest=printable,
)
def test_paths(client: Client, method: str, path: str, rest: str) -> None:
    client.send(written(method, path + rest))
    (reply,) = client.replies(method)
    assert reply.status < 500
    if method != "HEAD":
        assert_told(reply)
    assert_usable(client)


@given(
    name=st.sampled_from(["Authorization", "X-API-Key", "Content-Type", "Accept", "Cookie"]),
    value=printable,
)
def test_headers(client: Client, name: str, value: str) -> None:
    client.send(f"GET /v1/account HTTP/1.1\r\n{name}: {value}\r\n\r\n".encode())
    (reply,) = client.replies()
    assert_told(reply)
    assert_usable(client)


raw_bytes = st.binary(max_size=80) | st.lists(
    st.sampled_from(
        [
            b"GET ",
            b"POST ",
            b"/v1/orders ",
            b"/ ",
            b"HTTP/1.1",
            b"\r\n",
            b"\r\n\r\n",
            b"Content-Length: 3",
            b"Content-Length: 0",
            b"Transfer-Encoding: chunked",
            b"Expect: 100-continue",
            b"3\r\nabc\r\n",
            b"0\r\n\r\n",
            b"{}",
            b"\x00",
        ]
    ),
    max_size=14,
).map(b"".join)


@given(first=raw_bytes, second=raw_bytes)
def test_raw_bytes(first: bytes, second: bytes) -> None:
    gateway = Gateway()
    client = gateway.connect()
    client.send(first)
    client.send(second)
    client.wire.io.seek(0)
    seen = client.wire.value().replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")
    client.wire.clear()
    client.wire.write(seen)
    for reply in client.replies():
        assert_told(reply)
    gateway.pass_seconds(200)
    assert client.wire.disconnecting


@given(st.lists(st.integers(1, 60), min_size=1, max_size=20), values)
def test_any_cut_of_the_same_bytes_is_the_same_request(cuts: list[int], value: Any) -> None:
    raw = b"".join(
        written("POST", "/v1/orders", json.dumps(body).encode())
        for body in ({"symbol": value}, {"symbol": "A", "side": "buy"})
    )
    whole, cut = Gateway().connect(), Gateway().connect()
    whole.send(raw)
    while raw:
        size = cuts[len(raw) % len(cuts)]
        cut.send(raw[:size])
        raw = raw[size:]
    assert cut.wire.value() == whole.wire.value()

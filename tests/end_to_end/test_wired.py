"""What clients are promised of the gateway as a whole, asked of the running daemon."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from .daemon import PATIENCE, Daemon, wait_until

MARKET = {"symbol": "AAPL", "side": "buy", "quantity": "1", "order_type": "market"}
FAR = {**MARKET, "order_type": "limit", "limit_price": "1.00"}
SAMPLE = re.compile(r"^(\w+(?:\{.*\})?) (\S+)$", re.MULTILINE)


def call(url: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """Status and decoded body of one request."""
    request = Request(  # noqa: S310  (the daemon's own address)
        url + path,
        None if body is None else json.dumps(body).encode(),
        {} if body is None else {"Content-Type": "application/json"},
        method=method,
    )
    try:
        with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def metrics(daemon: Daemon) -> dict[str, float]:
    """Each series of ``/metrics`` by its name and labels."""
    with urlopen(daemon.url + "/metrics", timeout=PATIENCE) as answer:  # noqa: S310
        assert answer.status == 200
        assert answer.headers.get_content_type() == "text/plain"
        return {name: float(value) for name, value in SAMPLE.findall(answer.read().decode())}


def metric(daemon: Daemon, name: str) -> float:
    return metrics(daemon)[name]


def listening(daemon: Daemon) -> Connection:
    """A WebSocket client, as soon as the gateway counts it."""
    already = metric(daemon, "gateway_ws_connections_active")
    client = connect(daemon.url.replace("http", "ws") + "/v1/ws", open_timeout=PATIENCE)
    wait_until(
        lambda: metric(daemon, "gateway_ws_connections_active") == already + 1, "the connection"
    )
    return client


def heard(client: Connection, wanted: Callable[[Any], bool], count: int) -> list[str]:
    """The next *count* messages that are *wanted*, as they came."""
    found: list[str] = []
    deadline = time.monotonic() + PATIENCE
    while len(found) < count:
        text = client.recv(timeout=max(0.01, deadline - time.monotonic()))
        assert isinstance(text, str)
        if wanted(json.loads(text)):
            found.append(text)
    return found


def is_order(message: Any) -> bool:
    return bool(message["type"] == "order")


def is_fill(message: Any) -> bool:
    return is_order(message) and message["event"] == "ORDER_FILLED"


def is_connection(message: Any) -> bool:
    return bool(message["type"] == "connection")


# -- probes and observability --------------------------------------------------------------------


def test_one_order_is_counted_and_timed(daemon: Daemon) -> None:
    submitted = 'gateway_orders_submitted_total{platform="mock"}'
    took = 'gateway_order_submit_duration_seconds_count{platform="mock"}'
    filled = 'gateway_order_events_total{event_type="filled",platform="mock"}'
    before = metrics(daemon)
    assert (before[submitted], before[took], before[filled]) == (0, 0, 0)
    assert call(daemon.url, "POST", "/v1/orders", MARKET)[0] == 201
    wait_until(lambda: metric(daemon, filled) == 1, "the fill to be counted")
    assert call(daemon.url, "POST", "/v1/orders", {})[0] == 400
    after = metrics(daemon)
    assert (after[submitted], after[took]) == (1, 1)
    buckets = [
        value
        for name, value in after.items()
        if name.startswith("gateway_order_submit_duration_seconds_bucket")
    ]
    assert len(buckets) == 13
    assert buckets == sorted(buckets)
    assert buckets[-1] == 1
    assert after['gateway_order_events_total{event_type="cancelled",platform="mock"}'] == 0


def test_requests_are_timed_by_route_and_status(daemon: Daemon) -> None:
    """The route is the pattern, so that an id does not make a series of its own."""
    assert call(daemon.url, "POST", "/v1/orders", MARKET)[0] == 201
    for order_id in ("nobody", "no-one"):
        assert call(daemon.url, "GET", f"/v1/orders/{order_id}")[0] == 404
    timed = {
        (route, status): value
        for name, value in metrics(daemon).items()
        for route, status in re.findall(
            r'^http_request_duration_seconds_count\{route="(.*)",status="(\d+)"\}$', name
        )
    }
    orders = {key: value for key, value in timed.items() if "/v1/orders" in key[0]}
    assert sorted(orders.values()) == [1, 2]
    [(created, status)] = [key for key, value in orders.items() if value == 1]
    assert (created.endswith("/v1/orders"), status) == (True, "201")
    [(looked_up, status)] = [key for key, value in orders.items() if value == 2]
    assert (looked_up.endswith("/v1/orders/{order_id}"), status) == (True, "404")


def test_open_websockets_are_counted(daemon: Daemon) -> None:
    gauge = "gateway_ws_connections_active"
    assert metric(daemon, gauge) == 0
    with listening(daemon):
        assert metric(daemon, gauge) == 1
    wait_until(lambda: metric(daemon, gauge) == 0, "the end of the connection")


# -- orders --------------------------------------------------------------------------------------


def test_a_burst_of_orders_is_taken_whole_while_reads_go_on(daemon: Daemon) -> None:
    """Twenty at once: all accepted, told apart, filled, and every fill told."""
    together, all_told = threading.Barrier(20), threading.Event()

    def submit(number: int) -> tuple[int, Any]:
        together.wait(PATIENCE)
        return call(daemon.url, "POST", "/v1/orders", MARKET | {"client_order_id": f"c{number}"})

    def read(path: str) -> list[tuple[int, type]]:
        answers: list[tuple[int, type]] = []
        while not (answers and all_told.is_set()):
            status, body = call(daemon.url, "GET", path)
            answers.append((status, type(body)))
        return answers

    with listening(daemon) as client, ThreadPoolExecutor(24) as pool:
        try:
            readings = [
                pool.submit(read, f"/v1/{name}") for name in ("orders", "positions", "trades")
            ]
            submits = [pool.submit(submit, number) for number in range(20)]
            fills = [json.loads(text)["order"] for text in heard(client, is_fill, 20)]
        finally:
            all_told.set()
        answers = [done.result() for done in submits]
        for reading in readings:
            assert set(reading.result()) == {(200, list)}
    assert [status for status, _ in answers] == [201] * 20
    handles = [handle for _, handle in answers]
    assert {handle["client_order_id"] for handle in handles} == {f"c{n}" for n in range(20)}
    assert len({handle["id"] for handle in handles}) == 20
    correlations = {handle["id"]: handle["correlation_id"] for handle in handles}
    assert len(set(correlations.values())) == 20
    assert {order["id"]: order["correlation_id"] for order in fills} == correlations
    [held] = daemon.get("/v1/positions")
    assert held["quantity"] == "20"
    assert {trade["order_id"] for trade in daemon.get("/v1/trades")} == set(correlations)


# -- market data ---------------------------------------------------------------------------------


def test_a_quote_is_seen_by_request_and_in_the_stream(tmp_path: Path) -> None:
    """A symbol with a slash, written ``%2F`` in paths, is the same one everywhere."""
    symbol, wanted = "EUR/USD", [{"platform": "mock", "instrument": "EUR/USD", "events": ["quote"]}]

    def moment(shown: Any) -> datetime:
        assert (shown["symbol"], shown["provider"]) == (symbol, "mock")
        assert Decimal(0) < Decimal(shown["bid"]) < Decimal(shown["ask"])
        return datetime.fromisoformat(shown["timestamp"])

    with Daemon(tmp_path, SUBSCRIPTIONS=json.dumps(wanted)) as daemon:
        asked = moment(daemon.get("/v1/quotes/EUR%2FUSD"))
        with listening(daemon) as client:
            messages = [json.loads(t) for t in heard(client, lambda m: m["type"] == "quote", 2)]
        streamed = [moment(message["quote"]) for message in messages]
        assert asked < streamed[0] < streamed[1] <= moment(daemon.get("/v1/quotes/EUR%2FUSD"))
        bars = daemon.get("/v1/bars/EUR%2FUSD?timeframe=1m&limit=3")
        assert [bar["symbol"] for bar in bars] == [symbol] * 3
        assert call(daemon.url, "POST", "/v1/orders", MARKET | {"symbol": symbol})[0] == 201
        held = wait_until(lambda: daemon.get("/v1/positions?symbol=EUR%2FUSD"), "the position")
        path = f"/v1/positions/{quote(held[0]['id'], safe='')}"
        assert "%2F" in path
        assert daemon.get(path)["symbol"] == symbol
        assert call(daemon.url, "DELETE", path)[0] == 200


# -- clients that come and go --------------------------------------------------------------------


@pytest.mark.parametrize("politely", [True, False], ids=["closes", "vanishes"])
def test_a_client_that_leaves_changes_nothing_and_finds_all_when_it_is_back(
    daemon: Daemon, politely: bool
) -> None:
    gauge = "gateway_ws_connections_active"
    with listening(daemon) as client:
        order_id = call(daemon.url, "POST", "/v1/orders", FAR)[1]["id"]
        heard(client, is_order, 1)
        orders, counted = daemon.get("/v1/orders"), event_counts(daemon)
        assert [order["id"] for order in orders] == [order_id]
        if not politely:
            client.socket.shutdown(socket.SHUT_RDWR)
    wait_until(lambda: metric(daemon, gauge) == 0, "the end of the connection")
    assert daemon.get("/v1/orders") == orders
    with listening(daemon) as client:
        assert daemon.get("/v1/orders") == orders
        assert event_counts(daemon) == counted
        assert call(daemon.url, "DELETE", f"/v1/orders/{order_id}")[0] == 200
        [cancelled] = [json.loads(text) for text in heard(client, is_order, 1)]
        assert (cancelled["event"], cancelled["order"]["id"]) == ("ORDER_CANCELLED", order_id)


def event_counts(daemon: Daemon) -> dict[str, float]:
    """How many order events of each type the broker has sent."""
    return {
        name: value
        for name, value in metrics(daemon).items()
        if name.startswith("gateway_order_events_total")
    }


def test_five_clients_hear_the_same_events_in_the_same_order(daemon: Daemon) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(listening(daemon)) for _ in range(5)]
        ids = [call(daemon.url, "POST", "/v1/orders", MARKET)[1]["id"] for _ in range(10)]
        told = [heard(client, is_order, 20) for client in clients]
    assert all(one == told[0] for one in told)
    events = [json.loads(text) for text in told[0]]
    for kind in ("ORDER_CREATED", "ORDER_FILLED"):
        assert [e["order"]["id"] for e in events if e["event"] == kind] == ids


def test_a_stop_takes_less_than_two_seconds_with_a_client_that_answers(daemon: Daemon) -> None:
    with listening(daemon) as client:
        began = time.monotonic()
        assert daemon.stop() == 0
        took = time.monotonic() - began
        last = [json.loads(text) for text in heard(client, is_connection, 1)]
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=PATIENCE)
    assert [message["event"] for message in last] == ["DISCONNECTING"]
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "Gateway shutting down")
    assert took < 2


# -- any provider --------------------------------------------------------------------------------


@pytest.fixture
def url(daemon: Daemon) -> str:
    """Where a gateway is; nothing below knows its provider."""
    return daemon.url


def got(url: str, path: str, **query: str) -> Any:
    status, body = call(url, "GET", path + ("?" + urlencode(query) if query else ""))
    assert status == 200, f"{path}: {body}"
    return body


def test_smoke_the_probes_answer(url: str) -> None:
    assert got(url, "/livez")["status"] == "ok"
    ready, health = got(url, "/readyz"), got(url, "/health")
    assert ready["ready"] is True
    assert ready["provider_count"] == len(ready["providers"]) == 1
    assert health["status"] == "connected"
    assert [one["platform"] for one in health["providers"]] == ready["providers"]
    assert all(isinstance(health[name], str) for name in ("version", "git_sha"))


def test_smoke_account_and_broker_are_described(url: str) -> None:
    account = got(url, "/v1/account")
    assert Decimal(account["balance"]).is_finite()
    assert Decimal(account["equity"]).is_finite()
    assert re.fullmatch(r"[A-Z]{3,}", account["currency"])
    capabilities = got(url, "/v1/capabilities")
    assert "LIMIT" in capabilities["supported_order_types"]
    assert capabilities["position_mode"] in ("NETTING", "HEDGING")
    assert got(url, "/v1/limits")["limits"] == []
    status = got(url, "/v1/status")
    assert status["connected"] is True
    assert status["latency_ms"] >= 0


def test_smoke_market_data_and_lists_answer(url: str) -> None:
    symbol = "AAPL"
    shown = got(url, f"/v1/quotes/{symbol}")
    assert shown["symbol"] == symbol
    assert Decimal(0) < Decimal(shown["bid"]) <= Decimal(shown["ask"])
    day = {"start": "2025-01-15T00:00:00Z", "end": "2025-01-15T23:59:59Z"}
    bars = got(url, f"/v1/bars/{symbol}", timeframe="1h", **day)
    assert isinstance(bars, list)
    assert all(bar["timestamp"].startswith("2025-01-15T") for bar in bars)
    for path in ("/v1/orders", "/v1/orders/history"):
        assert isinstance(got(url, path, symbol=symbol), list)
    for path in ("/v1/positions", "/v1/trades"):
        assert isinstance(got(url, path), list)


def test_smoke_a_limit_order_far_from_the_market_rests_and_is_cancelled(url: str) -> None:
    bid = Decimal(got(url, "/v1/quotes/AAPL")["bid"])
    order = FAR | {"limit_price": str((bid / 2).quantize(Decimal("0.01")))}
    status, handle = call(url, "POST", "/v1/orders", order)
    assert status == 201
    resting = got(url, f"/v1/orders/{handle['id']}")
    assert (resting["id"], resting["status"]) == (handle["id"], "OPEN")
    assert (resting["order_type"], resting["side"]) == ("LIMIT", "BUY")
    assert Decimal(resting["limit_price"]) == Decimal(order["limit_price"])
    assert handle["id"] in [one["id"] for one in got(url, "/v1/orders", symbol="AAPL")]
    status, cancelled = call(url, "DELETE", f"/v1/orders/{handle['id']}")
    assert (status, cancelled["success"]) == (200, True)
    assert cancelled["order"]["id"] == handle["id"]

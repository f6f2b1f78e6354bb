"""Limits, deadlines and the end of a connection, in the bytes that a client sends and sees."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from twisted.internet.defer import Deferred

from tests.rest.fakes import ACCOUNT, HANDLE
from tests.rest.memory import Client, Gateway, written
from tradegw.model.account import Account
from tradegw.model.order import OrderHandle
from tradegw.rest.connection import Phase
from tradegw.rest.settings import RestSettings
from tradegw.secrecy import Secret

MARKET = {"symbol": "AAPL", "side": "buy", "quantity": "100", "order_type": "market"}
LIMIT = 2 * 1024 * 1024
KEY = "0123456789abcdef0123456789abcdef"
GET = written("GET", "/v1/account")
POST = written("POST", "/v1/orders", MARKET)


def padded(size: int) -> bytes:
    """An order of exactly *size* bytes."""
    body = json.dumps(MARKET).encode()
    return body + b" " * (size - len(body))


def chunked(*chunks: bytes, path: str = "/v1/orders") -> bytes:
    head = written("POST", path, Content_Type="application/json", Transfer_Encoding="chunked")
    return head + b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks) + b"0\r\n\r\n"


def assert_refused(client: Client, status: int, code: str = "INVALID_REQUEST") -> None:
    """One answer, and then the end: what still comes in is dropped, and nothing was done."""
    (reply,) = client.replies()
    assert (reply.status, reply.code) == (status, code)
    assert reply.headers["Connection"] == "close"
    assert client.wire.half_closed
    assert client.wire.producerState == "producing"
    client.send(GET + POST)
    assert client.replies() == []


def assert_usable(client: Client) -> None:
    assert client.ask("GET", "/v1/account").status == 200


# Sizes


def test_a_body_of_exactly_the_limit_is_read(gateway: Gateway) -> None:
    client = gateway.connect()
    assert client.ask("POST", "/v1/orders", padded(LIMIT)).status == 201
    client.send(chunked(padded(LIMIT)[: LIMIT - 7], padded(LIMIT)[LIMIT - 7 :]))
    assert [reply.status for reply in client.replies()] == [201]
    assert_usable(client)


def test_a_body_announced_over_the_limit_is_refused_before_it_comes(gateway: Gateway) -> None:
    client = gateway.connect()
    head = written("POST", "/v1/orders", Content_Length=str(LIMIT + 1))
    client.send(head[:-4])
    assert client.replies() == []
    client.send(head[-4:] + b"{" * 100)
    client.send(b"{" * 100_000)
    (request,) = client.connection.requests
    assert len(request.content.getvalue()) <= 100
    assert_refused(client, 413)
    assert gateway.calls == []


def test_a_client_that_asks_first_is_told_no_instead_of_go_on(gateway: Gateway) -> None:
    client = gateway.connect()
    client.send(
        b"POST /v1/orders HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"
    )
    assert_refused(client, 413)


def test_a_client_that_asks_first_may_go_on(gateway: Gateway) -> None:
    client = gateway.connect()
    head, _, body = POST.partition(b"\r\n\r\n")
    client.send(head + b"\r\nExpect: 100-continue\r\n\r\n")
    assert client.wire.value() == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.wire.clear()
    client.send(body)
    assert [reply.status for reply in client.replies()] == [201]


@pytest.mark.parametrize("pieces", [1, 3, 2000])
def test_a_chunked_body_is_refused_when_it_passes_the_limit(gateway: Gateway, pieces: int) -> None:
    size = LIMIT // pieces + 1
    client = gateway.connect()
    client.send(chunked(*[b" " * size] * pieces))
    assert_refused(client, 413)
    assert gateway.calls == []


def test_a_chunked_body_over_the_limit_is_refused_while_it_comes(gateway: Gateway) -> None:
    client = gateway.connect()
    raw = chunked(b" " * (LIMIT + 1))
    for start in range(0, len(raw), 65_536):
        client.send(raw[start : start + 65_536])
        if client.wire.value():
            break
    assert start < len(raw) - 65_536 or start <= LIMIT
    assert_refused(client, 413)


def test_a_valid_order_followed_by_too_much_is_not_submitted(gateway: Gateway) -> None:
    client = gateway.connect()
    client.send(chunked(json.dumps(MARKET).encode(), b" " * LIMIT))
    assert_refused(client, 413)
    assert gateway.calls == []


def test_the_key_is_asked_for_before_the_size_is_told() -> None:
    gateway = Gateway(RestSettings(api_key=Secret(KEY)))
    client = gateway.connect()
    client.send(written("POST", "/v1/orders", Content_Length="99999999"))
    assert_refused(client, 401, "UNAUTHORIZED")
    client = gateway.connect()
    client.send(written("POST", "/v1/orders", Content_Length="99999999", X_API_Key=KEY))
    assert_refused(client, 413)


def test_a_large_body_stays_in_memory(gateway: Gateway) -> None:
    client = gateway.connect()
    client.send(written("POST", "/v1/orders", Content_Length="1000000") + b" " * 500_000)
    (request,) = client.connection.requests
    assert type(request.content) is BytesIO
    assert len(request.content.getvalue()) == 500_000


# Malformed requests


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n",
        b"GET\r\n",
        b"GET /v1/account\r\n",
        b"GET /v1/account HTTP/2.0\r\n",
        b"GET /v1/account HTTP/0.9\r\n",
        b"GET  /v1/account HTTP/1.1\r\n",
        b"G\x00T /v1/account HTTP/1.1\r\n",
        b"GET /v1/account HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /v1/account HTTP/1.1\r\nno colon\r\nHost: x\r\n\r\n",
        b"GET /v1/account HTTP/1.1\r\nbad name : x\r\n\r\n",
        b"GET /v1/account HTTP/1.1\r\nX: a\x00b\r\n\r\n",
        b"GET /" + b"a" * 16_500 + b" HTTP/1.1\r\n",
        b"GET /" + b"a" * 40_000,
        b"GET / HTTP/1.1\r\nX: " + b"a" * 16_500 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(600)) + b"\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 450 + b"\r\n",
        b"POST /v1/orders HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/orders HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /v1/orders HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /v1/orders HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST /v1/orders HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"POST /v1/orders HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
        b"POST /v1/orders HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
    ],
)
def test_what_is_not_http_gets_400_and_the_end(gateway: Gateway, raw: bytes) -> None:
    client = gateway.connect()
    client.send(raw)
    assert_refused(client, 400)
    assert gateway.calls == []


def test_a_bad_header_before_a_good_body_submits_nothing(gateway: Gateway) -> None:
    client = gateway.connect()
    client.send(POST.replace(b"Host: gateway", b"broken"))
    assert_refused(client, 400)
    assert gateway.calls == []


# Deadlines


def test_a_client_that_never_sends_is_closed_when_idle_too_long(gateway: Gateway) -> None:
    client = gateway.connect()
    gateway.pass_seconds(74)
    assert not client.wire.disconnecting
    gateway.pass_seconds(2)
    assert client.wire.disconnecting
    assert client.wire.value() == b""


def test_an_idle_kept_connection_is_closed_too(gateway: Gateway) -> None:
    client = gateway.connect()
    gateway.pass_seconds(70)
    assert_usable(client)
    gateway.pass_seconds(74)
    assert_usable(client)
    gateway.pass_seconds(76)
    assert client.wire.disconnecting


@pytest.mark.parametrize("raw", [POST[:-1], written("POST", "/v1/orders", Content_Length="90")])
def test_a_request_that_trickles_in_is_cut_off(gateway: Gateway, raw: bytes) -> None:
    client = gateway.connect()
    for start in range(29):
        client.send(raw[start : start + 1])
        gateway.pass_seconds(1)
    assert client.wire.value() == b""
    gateway.pass_seconds(2)
    assert_refused(client, 408)


def test_the_deadline_is_for_each_request_anew(gateway: Gateway) -> None:
    client = gateway.connect()
    for _ in range(3):
        client.send(POST[:20])
        gateway.pass_seconds(25)
        client.send(POST[20:])
        assert [reply.status for reply in client.replies()] == [201]


def test_the_rest_of_a_pipelined_request_has_the_deadline_of_a_request(gateway: Gateway) -> None:
    client = gateway.connect()
    client.send(GET + POST[:20])
    assert len(client.replies()) == 1
    assert client.connection.phase is Phase.RECEIVING
    gateway.pass_seconds(31)
    assert_refused(client, 408)


def test_what_is_left_of_a_refused_connection_is_aborted(gateway: Gateway) -> None:
    client = gateway.connect()
    client.send(b"nonsense\r\n")
    gateway.pass_seconds(29)
    client.send(b"more and more")
    assert not client.wire.aborted
    gateway.pass_seconds(2)
    assert client.wire.aborted


def test_an_overdue_answer_is_500_and_the_work_goes_on(gateway: Gateway) -> None:
    cancelled: list[object] = []
    outcome: Deferred[OrderHandle] = Deferred(cancelled.append)
    gateway.trading.will["submit"] = outcome
    client = gateway.connect()
    client.send(POST)
    gateway.pass_seconds(27)
    assert client.replies() == []
    gateway.pass_seconds(2)
    (reply,) = client.replies()
    assert (reply.status, reply.code) == (500, "INTERNAL_ERROR")
    assert cancelled == []
    assert_usable(client)
    outcome.callback(HANDLE)
    assert client.replies() == []
    assert_usable(client)


def test_a_defect_in_one_connection_does_not_keep_the_others_open(
    gateway: Gateway, logged: list[str]
) -> None:
    broken, idle = gateway.connect(), gateway.connect()
    broken.send(GET[:10])
    broken.connection._networkProducer = None  # type: ignore[assignment]  # breaks its end
    broken.connection.transport = object()  # type: ignore[assignment]
    gateway.pass_seconds(76)
    assert idle.wire.disconnecting
    assert logged


def test_connections_that_are_gone_leave_nothing_behind(gateway: Gateway) -> None:
    clients = [gateway.connect() for _ in range(3)]
    clients[0].send(POST[:10])
    clients[1].send(GET)
    for client in clients:
        client.hang_up()
    gateway.pass_seconds(1)
    assert gateway.site.connections == set()
    assert gateway.clock.getDelayedCalls() == []


# Many requests on one connection


def test_pipelined_requests_are_answered_in_order(gateway: Gateway) -> None:
    client = gateway.connect()
    client.send(GET + POST + written("HEAD", "/livez") + written("GET", "/nowhere") + GET)
    statuses = [reply.status for reply in client.replies("GET POST HEAD GET GET")]
    assert statuses == [200, 201, 200, 404, 200]


@pytest.mark.parametrize("step", [1, 7, 50])
def test_requests_may_be_cut_anywhere(gateway: Gateway, step: int) -> None:
    client = gateway.connect()
    raw = POST + GET + chunked(json.dumps(MARKET).encode()) + b"\r\n" + GET
    for start in range(0, len(raw), step):
        client.send(raw[start : start + step])
    assert [reply.status for reply in client.replies()] == [201, 200, 201, 200]


def test_a_pipelined_request_waits_for_the_one_before(gateway: Gateway) -> None:
    outcome: Deferred[OrderHandle] = Deferred()
    gateway.trading.will["submit"] = outcome
    client = gateway.connect()
    client.send(POST + GET)
    client.send(GET)
    assert client.replies() == []
    assert [call[0] for call in gateway.calls] == ["submit"]
    outcome.callback(HANDLE)
    assert [reply.status for reply in client.replies()] == [201, 200, 200]


@pytest.mark.parametrize(
    "bad",
    [
        written("GET", "/nowhere"),
        written("PUT", "/v1/orders", MARKET),
        written("POST", "/v1/orders", b"{"),
        written("POST", "/v1/orders", b"x" * 50_000),
        written("GET", "/v1/orders?limit=x"),
        written("GET", "/v1/orders/%zz"),
        written("GET", "/v1/account", MARKET),
        written("DELETE", "/v1/positions/p", b"{"),
    ],
)
def test_the_connection_is_usable_after_an_error(gateway: Gateway, bad: bytes) -> None:
    client = gateway.connect()
    client.send(bad + GET)
    assert [reply.status for reply in client.replies()][-1] == 200
    assert_usable(client)


@pytest.mark.parametrize(
    "head",
    [b"GET /v1/account HTTP/1.0\r\n\r\n", b"GET /v1/account HTTP/1.1\r\nConnection: close\r\n\r\n"],
)
def test_a_client_that_wants_one_answer_gets_one(gateway: Gateway, head: bytes) -> None:
    client = gateway.connect()
    client.send(head + GET)
    (reply,) = client.replies()
    assert (reply.status, reply.headers["Connection"]) == (200, "close")
    assert client.wire.disconnecting


def test_a_client_that_does_not_read_is_asked_no_more_until_it_has(gateway: Gateway) -> None:
    client = gateway.connect()
    client.wire.full = True
    client.send(GET * 1001)
    client.send(GET * 1000)
    assert len(client.replies()) == 1
    assert client.wire.producerState == "paused"
    gateway.pass_seconds(100)
    client.wire.full = False
    client.connection.resumeProducing()
    assert client.wire.producerState == "producing"
    assert len(client.replies()) == 2000
    gateway.pass_seconds(74)
    assert not client.wire.disconnecting
    gateway.pass_seconds(2)
    assert client.wire.disconnecting


def test_a_slow_reader_has_its_idle_time_after_it_has_read(gateway: Gateway) -> None:
    client = gateway.connect()
    client.wire.full = True
    client.send(GET)
    gateway.pass_seconds(100)
    client.connection.resumeProducing()
    gateway.pass_seconds(74)
    assert not client.wire.disconnecting
    gateway.pass_seconds(2)
    assert client.wire.disconnecting


def test_an_answer_that_nobody_reads_aborts_the_connection(gateway: Gateway) -> None:
    outcome: Deferred[Account] = Deferred()
    gateway.enquiry.will["account"] = outcome
    client = gateway.connect()
    client.connection.site.settings = RestSettings(unread_seconds=40)
    client.wire.full = True
    client.send(GET)
    outcome.callback(ACCOUNT)
    gateway.pass_seconds(39)
    assert not client.wire.aborted
    gateway.pass_seconds(2)
    assert client.wire.aborted


def test_small_answers_are_not_delayed(gateway: Gateway) -> None:
    assert gateway.connect().wire.no_delay


# The end


def test_a_gentle_close_leaves_no_request_unanswered(gateway: Gateway) -> None:
    outcome: Deferred[OrderHandle] = Deferred()
    gateway.trading.will["submit"] = outcome
    idle, refused, receiving, waiting = (gateway.connect() for _ in range(4))
    refused.send(b"nonsense\r\n")
    receiving.send(GET[:10])
    waiting.send(POST)
    closed = gateway.site.close_gently()
    for client in (idle, refused):
        assert client.wire.disconnecting
        client.hang_up()
    receiving.send(GET[10:])
    outcome.callback(HANDLE)
    for client, status in ((receiving, 200), (waiting, 201)):
        (reply,) = client.replies()
        assert (reply.status, reply.headers["Connection"]) == (status, "close")
        assert client.wire.disconnecting
        assert not closed.called
        client.hang_up()
    assert closed.called


def test_a_gentle_close_of_nothing_is_done_at_once(gateway: Gateway) -> None:
    assert gateway.site.close_gently().called

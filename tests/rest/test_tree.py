"""From a request to its answer: what is mounted, what goes wrong inside, who is told."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from tests.rest.fakes import ACCOUNT, HANDLE
from tests.rest.memory import Client, Gateway, written
from tradegw import errors
from tradegw.model.order import OrderHandle
from tradegw.rest.request import Request

MARKET = {"symbol": "AAPL", "side": "buy", "quantity": "100", "order_type": "market"}


class Page(Resource):
    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        request.setHeader(b"Content-Type", b"text/plain")
        return b"args %d" % len(request.args[b"name"])


class Broken(Resource):
    isLeaf = True

    def render_GET(self, _request: Request) -> bytes:
        raise RuntimeError("inner workings")


class Upgrade(Resource):
    """Takes the socket over, as Autobahn's resource does."""

    isLeaf = True

    def render_GET(self, request: Request) -> int:
        transport, request.channel.transport = request.channel.transport, None
        assert transport is not None
        transport.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        return NOT_DONE_YET


def test_answers_carry_what_clients_need_and_no_more(gateway: Gateway) -> None:
    reply = gateway.ask("GET", "/v1/account")
    assert dict(reply.headers) == {
        "Server": "tradegw",
        "Content-Type": "application/json",
        "Date": "Wed, 15 Jan 2025 12:00:00 GMT",
        "Content-Length": str(len(reply.body)),
    }
    assert b" " not in reply.body


def test_a_defect_is_an_internal_error_that_tells_nothing(
    gateway: Gateway, logged: list[str]
) -> None:
    client = gateway.connect()
    for defect in (RuntimeError("inner workings"), ZeroDivisionError(), KeyError("k")):
        gateway.enquiry.will["account"] = defect
        gateway.enquiry.will["capabilities"] = defect
        for path in ("/v1/account", "/v1/capabilities"):
            reply = client.ask("GET", path)
            assert reply.status == 500
            assert reply.json == {"code": "INTERNAL_ERROR", "message": "Internal error"}
    assert len(logged) == 6
    del gateway.enquiry.will["account"]
    assert client.ask("GET", "/v1/account").status == 200


def test_a_value_that_cannot_be_written_is_an_internal_error(
    gateway: Gateway, logged: list[str]
) -> None:
    gateway.enquiry.will["account"] = object()
    assert gateway.ask("GET", "/v1/account").code == "INTERNAL_ERROR"
    assert len(logged) == 1


def test_an_answer_larger_than_the_client_reads_is_refused(gateway: Gateway) -> None:
    gateway.enquiry.will["open_orders"] = ["x" * 1024] * 17_000
    reply = gateway.ask("GET", "/v1/orders")
    assert (reply.status, reply.code) == (400, "INVALID_REQUEST")
    assert "limit" in reply.json["message"]


def test_a_late_answer_is_an_answer(gateway: Gateway) -> None:
    outcome: Deferred[OrderHandle] = Deferred()
    gateway.trading.will["submit"] = outcome
    client = gateway.connect()
    client.send(written("POST", "/v1/orders", MARKET))
    assert client.replies() == []
    outcome.callback(HANDLE)
    (reply,) = client.replies()
    assert reply.status == 201


@pytest.mark.parametrize("good", [True, False])
def test_a_client_that_hangs_up_cancels_nothing(gateway: Gateway, good: bool) -> None:
    cancelled: list[object] = []
    outcome: Deferred[OrderHandle] = Deferred(cancelled.append)
    gateway.trading.will["submit"] = outcome
    client = gateway.connect()
    client.send(written("POST", "/v1/orders", MARKET))
    client.hang_up()
    assert cancelled == []
    if good:
        outcome.callback(HANDLE)
    else:
        outcome.errback(errors.ProviderError("lost"))
    assert client.wire.value() == b""
    assert gateway.ask("GET", "/v1/account").status == 200


def test_a_defect_after_the_client_hung_up_is_still_logged(
    gateway: Gateway, logged: list[str]
) -> None:
    outcome: Deferred[OrderHandle] = Deferred()
    gateway.trading.will["submit"] = outcome
    client = gateway.connect()
    client.send(written("POST", "/v1/orders", MARKET))
    client.hang_up()
    outcome.errback(RuntimeError("inner workings"))
    assert len(logged) == 1


def test_answers_are_observed_by_route_and_status(gateway: Gateway) -> None:
    outcome: Deferred[object] = Deferred()
    gateway.enquiry.will["order"] = outcome
    client = gateway.connect()
    client.send(written("GET", "/v1/orders/7"))
    gateway.pass_seconds(2)
    outcome.errback(errors.OrderNotFound("7"))
    gateway.ask("GET", "/nowhere")
    gateway.ask("POST", "/v1/orders", {})
    assert gateway.observed == [
        ("GET /v1/orders/{order_id}", 404, 2.0),
        ("none", 404, 0.0),
        ("POST /v1/orders", 400, 0.0),
    ]


def test_the_metrics_page_is_mounted_at_its_path_alone() -> None:
    gateway = Gateway(metrics=Page())
    client = gateway.connect()
    reply = client.ask("GET", "/metrics?name=a&name=b")
    assert (reply.status, reply.body) == (200, b"args 2")
    assert reply.headers["Server"] == "tradegw"
    assert reply.headers["Content-Type"] == "text/plain"
    assert client.ask("HEAD", "/metrics?name=a").body == b""
    assert client.ask("POST", "/metrics").status == 405
    assert client.ask("GET", "/metrics/").status == 404
    assert client.ask("GET", "/metricsx").status == 404


def test_a_broken_mounted_page_is_an_internal_error(logged: list[str]) -> None:
    gateway = Gateway(metrics=Broken())
    reply = gateway.ask("GET", "/metrics")
    assert reply.json == {"code": "INTERNAL_ERROR", "message": "Internal error"}
    assert len(logged) == 1


def test_the_websocket_takes_the_socket_over_and_is_left_alone() -> None:
    gateway = Gateway(websocket=Upgrade())
    client = gateway.connect()
    client.send(written("GET", "/v1/ws", Upgrade="websocket", Connection="Upgrade"))
    assert client.wire.value().startswith(b"HTTP/1.1 101 ")
    gateway.pass_seconds(1000)
    assert not client.wire.disconnecting
    assert not client.wire.aborted
    assert gateway.site.connections == set()


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
def test_the_websocket_is_reached_with_get_only(method: str) -> None:
    gateway = Gateway(websocket=Upgrade())
    reply = gateway.ask(method, "/v1/ws")
    assert (reply.status, reply.headers["Allow"]) == (405, "GET")


def test_one_client_after_another_is_served_on_one_site(gateway: Gateway) -> None:
    clients: list[Client] = [gateway.connect() for _ in range(3)]
    for client in clients * 2:
        assert client.ask("GET", "/v1/account").json["currency"] == ACCOUNT.currency

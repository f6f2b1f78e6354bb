"""Clients that leave and come back, and a gateway that stops, in memory with a scripted broker."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure

from tests.test_order_journey import HANDSHAKE, Journey, Wire

RESTING = {
    "symbol": "AAPL",
    "side": "buy",
    "quantity": "1",
    "order_type": "limit",
    "limit_price": "1",
}


class Visited(Journey):
    """A journey whose orders need not be answered at once."""

    def submit(self, **members: str) -> Wire:
        """Send an order and do not wait for its answer."""
        content = json.dumps(RESTING | members).encode()
        transport = self.connected()
        self.send(
            transport,
            b"POST /v1/orders HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(content), content),
        )
        return transport


@pytest.fixture
def journey() -> Iterator[Visited]:
    made = Visited()
    yield made
    made.gateway.stopService()
    for _ in range(30):
        made.reactor.advance(1)
    assert made.reactor.getDelayedCalls() == []


@pytest.mark.parametrize("politely", [True, False], ids=["closed", "lost"])
def test_a_client_that_leaves_causes_no_call_to_the_broker(
    journey: Visited, politely: bool
) -> None:
    """What rests goes on resting, and a client that comes back finds it and hears of it."""
    _, handle = journey.ask("POST", "/v1/orders", RESTING)
    journey.heard()
    calls = list(journey.broker.calls)
    if politely:
        masked_close = b"\x88\x82\x00\x00\x00\x00\x03\xe8"
        journey.send(journey.listener, masked_close)
        assert journey.listener.disconnecting
    else:
        journey.listener.protocol.connectionLost(Failure(ConnectionLost()))
    for _ in range(5):
        journey.reactor.advance(1)
    assert journey.broker.calls == calls

    journey.listener = journey.connected()
    journey.send(journey.listener, HANDSHAKE)
    journey.listener.clear()
    assert [order["id"] for order in journey.ask("GET", "/v1/orders")[1]] == [handle["id"]]
    journey.broker.fill(handle["id"], "1")
    assert [event["event"] for event in journey.heard()] == ["ORDER_FILLED"]


def test_an_order_under_way_is_finished_before_clients_are_told_of_the_stop(
    journey: Visited,
) -> None:
    """Meanwhile new orders are refused and the gateway is not ready, but alive."""
    accepted: Deferred[None] = Deferred()
    journey.broker.plan("submit", accepted)
    under_way = journey.submit(client_order_id="early")
    assert under_way.value() == b""
    stopped: list[object] = []
    journey.gateway.stopService().addCallback(stopped.append)
    for _ in range(5):
        journey.reactor.advance(1)
        status, body = journey.ask("POST", "/v1/orders", RESTING)
        assert (status, body["code"]) == (503, "SHUTTING_DOWN")
        status, body = journey.ask("GET", "/readyz")
        assert (status, body["ready"]) == (503, False)
        assert journey.ask("GET", "/livez")[0] == journey.ask("GET", "/health")[0] == 200
    assert journey.heard() == []
    assert len(journey.broker.asked("submit")) == 1

    accepted.callback(None)
    head, _, answer = under_way.value().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 201")
    told = [event["event"] for event in journey.heard()]
    assert told == ["ORDER_CREATED", "DISCONNECTING"]
    assert json.loads(answer)["client_order_id"] == "early"
    assert not journey.listener.disconnecting
    assert stopped == []
    for _ in range(4):
        journey.reactor.advance(1)
    assert stopped == [None]


def test_an_order_that_is_never_answered_does_not_hold_up_the_stop_for_ever(
    journey: Visited,
) -> None:
    journey.broker.plan("submit", Deferred())
    journey.submit()
    stopped: list[object] = []
    journey.gateway.stopService().addCallback(stopped.append)
    for _ in range(9):
        journey.reactor.advance(1)
    assert journey.heard() == []
    journey.reactor.advance(1)
    assert [event["event"] for event in journey.heard()] == ["DISCONNECTING"]
    for _ in range(6):
        journey.reactor.advance(1)
    assert stopped == [None]

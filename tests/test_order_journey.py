"""An order's whole journey in memory: HTTP in, a scripted broker, WebSocket out, a fake clock.

Read this to see how the rooms work together.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from tradegw.config.settings import Mode, Provider, Settings
from tradegw.errors import OrderRejected
from tradegw.model.enums import OrderType, Platform
from tradegw.service import Gateway
from tradegw.testing.broker import ScriptedBroker
from tradegw.testing.journal import MemoryJournal

HANDSHAKE = (
    b"GET /v1/ws HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(b"k" * 16) + b"\r\n\r\n"
)


class Wire(StringTransport):
    """A connection in memory, which ends when our side ends it."""

    protocol: Any

    def loseConnection(self) -> None:
        if not self.disconnecting:
            self.disconnecting = True
            self.protocol.connectionLost(Failure(ConnectionDone()))

    abortConnection = loseConnection


class Journey:
    """A gateway in memory, one HTTP client and one WebSocket client."""

    def __init__(self) -> None:
        self.reactor = MemoryReactorClock()
        self.broker = ScriptedBroker()
        settings = Settings(
            provider=Provider.MOCK,
            platform=Platform.MOCK,
            mode=Mode.PAPER,
            state_dir=Path("unused"),
        )
        started = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)
        self.gateway = Gateway(
            settings,
            self,
            None,
            self.reactor,
            now=lambda: started + timedelta(seconds=self.reactor.seconds()),
            seconds=self.reactor.seconds,
            open_journal=lambda account: MemoryJournal(),
        )
        self.gateway.startService()
        self.broker.listener.on_link_up()
        self.listener = self.connected()
        self.send(self.listener, HANDSHAKE)
        assert self.listener.value().startswith(b"HTTP/1.1 101")
        self.listener.clear()

    # The journey is its own broker plugin.

    def configure(self, environ: Any, settings: Any) -> None:
        """Nothing to configure."""

    def build(self, own: Any, parts: Any) -> ScriptedBroker:
        self.broker.listener = parts.listener
        return self.broker

    def connected(self) -> Wire:
        factory: Any = self.reactor.tcpServers[0][1]
        protocol = factory.buildProtocol(None)
        transport = Wire()
        transport.protocol = protocol
        protocol.makeConnection(transport)
        return transport

    def send(self, transport: Wire, data: bytes) -> None:
        transport.protocol.dataReceived(data)
        self.reactor.advance(0)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One HTTP request on a connection of its own: status and decoded body."""
        content = b"" if body is None else json.dumps(body).encode()
        transport = self.connected()
        self.send(
            transport,
            f"{method} {path} HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n".encode()
            + content,
        )
        head, _, answer = transport.value().partition(b"\r\n\r\n")
        return int(head.split()[1]), json.loads(answer)

    def heard(self) -> list[Any]:
        """The WebSocket messages since the last call."""
        self.reactor.advance(0)
        data, messages = self.listener.value(), []
        self.listener.clear()
        while data:
            length, at = data[1], 2
            if length == 126:
                length, at = int.from_bytes(data[2:4]), 4
            messages.append(json.loads(data[at : at + length]))
            data = data[at + length :]
        return messages


@pytest.fixture
def journey() -> Iterator[Journey]:
    made = Journey()
    yield made
    made.gateway.stopService()
    for _ in range(30):
        made.reactor.advance(1)
    assert made.reactor.getDelayedCalls() == []


BRACKET = {
    "symbol": "AAPL",
    "side": "buy",
    "quantity": "10",
    "order_type": "market",
    "stop_loss": "95",
    "take_profit": "110",
    "client_order_id": "c1",
}


def test_an_entry_is_filled_protected_and_closed_by_its_take_profit(journey: Journey) -> None:
    status, handle = journey.ask("POST", "/v1/orders", BRACKET)
    assert status == 201
    assert handle["status"] == "OPEN"
    [created] = journey.heard()
    assert (created["event"], created["order"]["id"]) == ("ORDER_CREATED", handle["id"])
    assert created["order"]["correlation_id"] == handle["correlation_id"]

    journey.broker.fill(handle["id"], "10")
    filled, stop, profit = journey.heard()
    assert filled["event"] == "ORDER_FILLED"
    assert [leg["parent_order_id"] for leg in (stop, profit)] == [handle["id"]] * 2
    legs = journey.broker.asked("submit")[1:]
    assert [(leg.order_type, leg.client_order_id) for leg in legs] == [
        (OrderType.STOP, "c1-sl"),
        (OrderType.LIMIT, "c1-tp"),
    ]
    assert {leg.quantity for leg in legs} == {Decimal(10)}

    status, resting = journey.ask("GET", "/v1/orders")
    assert {order["parent_order_id"] for order in resting} == {handle["id"]}

    journey.broker.fill(profit["order"]["id"], "10")
    told = [(event["event"], event["order"]["id"]) for event in journey.heard()]
    assert told == [
        ("ORDER_FILLED", profit["order"]["id"]),
        ("ORDER_CANCELLED", stop["order"]["id"]),
    ]


def test_a_fill_that_overtakes_the_answer_is_protected(journey: Journey) -> None:
    """The broker fills the order while its answer to the submit is still under way."""
    accept = journey.broker._accept

    def accept_and_fill(request: Any) -> Any:
        order = accept(request)
        if request.order_type is OrderType.MARKET:
            journey.broker.fill(order.id, "10")
        return order

    journey.broker._accept = accept_and_fill  # type: ignore[method-assign]
    status, handle = journey.ask("POST", "/v1/orders", BRACKET)
    assert status == 201
    assert [leg.client_order_id for leg in journey.broker.asked("submit")] == [
        "c1",
        "c1-sl",
        "c1-tp",
    ]
    filled = [e for e in journey.heard() if e["event"] == "ORDER_FILLED"]
    assert filled[0]["order"]["correlation_id"] == handle["correlation_id"]


def test_a_refusal_is_told_and_leaves_nothing_behind(journey: Journey) -> None:
    journey.broker.plan("submit", OrderRejected("insufficient balance", "INSUFFICIENT_FUNDS"))
    status, body = journey.ask("POST", "/v1/orders", BRACKET)
    assert status == 422
    assert body["details"]["reject_code"] == "INSUFFICIENT_FUNDS"
    assert journey.ask("GET", f"/v1/orders/{body['details']['correlation_id']}/timeline")[0] == 200
    assert journey.heard() == []
    assert journey.ask("POST", "/v1/orders", BRACKET) == (status, body)  # the same: the same answer
    assert len(journey.broker.asked("submit")) == 1
    assert journey.ask("POST", "/v1/orders", BRACKET | {"quantity": "5"})[0] == 409
    assert journey.ask("POST", "/v1/orders", BRACKET | {"client_order_id": "c2"})[0] == 201


def test_w04_an_exit_that_cannot_be_placed_is_shouted_about_before_the_fill_and_repaired(
    journey: Journey,
) -> None:
    _, handle = journey.ask("POST", "/v1/orders", BRACKET)
    journey.heard()
    journey.broker.plan("submit", OrderRejected("price too far"))
    journey.broker.fill(handle["id"], "10")
    alert, filled, profit = journey.heard()
    assert (alert["type"], alert["code"]) == ("error", "POSITION_UNPROTECTED")
    assert alert["details"]["failed_exits"][0]["type"] == "StopLoss"
    assert filled["event"] == "ORDER_FILLED"
    assert profit["order"]["client_order_id"] == "c1-tp"
    journey.reactor.advance(1)
    [repaired] = journey.heard()
    assert repaired["order"]["order_type"] == "STOP"


def test_a_stopping_gateway_refuses_orders_and_says_goodbye(journey: Journey) -> None:
    journey.gateway.stopService()
    assert journey.ask("GET", "/readyz")[0] == 503
    status, body = journey.ask("POST", "/v1/orders", BRACKET)
    assert (status, body["code"]) == (503, "SHUTTING_DOWN")
    assert [event["event"] for event in journey.heard()] == ["DISCONNECTING"]
    journey.reactor.advance(0.5)
    close = journey.listener.value()
    assert close[0] == 0x88
    assert int.from_bytes(close[2:4]) == 1001


def test_a_fill_while_the_gateway_says_goodbye_is_protected(journey: Journey) -> None:
    """The guardian works as long as the broker tells of fills."""
    _, handle = journey.ask("POST", "/v1/orders", BRACKET)
    journey.gateway.stopService()
    journey.reactor.advance(0.1)
    journey.broker.fill(handle["id"], "10")
    assert len(journey.broker.asked("submit")) == 3

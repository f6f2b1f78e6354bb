"""Stops that follow the market, through the wired gateway: what a client asks and sees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.orders.core import POSITION_ID, a_position
from tests.test_order_journey import Journey
from tradegw.brokers.mock.config import read_settings
from tradegw.brokers.mock.plugin import MockPlugin
from tradegw.config.settings import Mode, Provider, Settings
from tradegw.model.enums import OrderType, Platform
from tradegw.model.events import QuoteEvent
from tradegw.model.market import Quote

ENTRY = {
    "symbol": "AAPL",
    "side": "buy",
    "quantity": "1",
    "order_type": "market",
    "trailing_stop": {"distance": "5", "type": "absolute"},
    "client_order_id": "c1",
}


@pytest.fixture
def journey() -> Iterator[Journey]:
    yield from left_clean(Journey())


def left_clean(made: Journey) -> Iterator[Journey]:
    yield made
    made.gateway.stopService()
    for _ in range(30):
        made.reactor.advance(1)
    assert made.reactor.getDelayedCalls() == []


def tick(journey: Journey, price: str) -> None:
    now = datetime(2025, 1, 15, 10, 30, tzinfo=UTC) + timedelta(seconds=journey.reactor.seconds())
    last = Decimal(price)
    quote = Quote(symbol="AAPL", provider="scripted", bid=last, ask=last, last=last, timestamp=now)
    journey.broker.listener.on_event(QuoteEvent(timestamp=now, quote=quote))


def resting(journey: Journey) -> dict[str, str]:
    """Client order id and trigger price of what clients see resting."""
    status, orders = journey.ask("GET", "/v1/orders")
    assert status == 200
    return {order["client_order_id"]: order["stop_price"] for order in orders}


def entered(journey: Journey, **entry: Any) -> str:
    wanted = {name: value for name, value in (ENTRY | entry).items() if value is not None}
    status, handle = journey.ask("POST", "/v1/orders", wanted)
    assert status == 201
    journey.broker.held[POSITION_ID] = a_position()
    journey.broker.fill(handle["id"], "1", position_id=POSITION_ID)
    return str(handle["id"])


def test_w24_a_stop_follows_the_market_and_closes_the_position(journey: Journey) -> None:
    entered(journey)
    assert resting(journey) == {"c1-sl": "95"}
    tick(journey, "110")
    journey.reactor.advance(1)
    assert resting(journey) == {"c1-sl": "105"}
    _, shown = journey.ask("GET", "/v1/protection/AAPL")
    [plan] = shown["plans"]
    assert plan["trailing"] == {"distance": "5", "type": "ABSOLUTE", "mark": "110"}
    assert plan["targets"] == {"stop_loss": "105"}


def test_the_same_order_again_gets_the_same_answer_and_another_trail_is_another(
    journey: Journey,
) -> None:
    first = journey.ask("POST", "/v1/orders", ENTRY)
    assert journey.ask("POST", "/v1/orders", ENTRY) == first
    other = ENTRY | {"trailing_stop": {"distance": "6", "type": "ABSOLUTE"}}
    assert journey.ask("POST", "/v1/orders", other)[0] == 409


@pytest.mark.parametrize(
    "trail",
    [
        {"distance": "0", "type": "PERCENT"},
        {"distance": "-1", "type": "ABSOLUTE"},
        {"distance": "100", "type": "PERCENT"},
        {"distance": "5"},
        {"type": "PERCENT"},
        {"distance": "5", "type": "STEPS"},
        {"distance": "NaN", "type": "PERCENT"},
        {"distance": "1_0", "type": "PERCENT"},
        5,
    ],
)
def test_ts06_a_trail_that_cannot_be_is_refused(journey: Journey, trail: Any) -> None:
    status, _ = journey.ask("POST", "/v1/orders", ENTRY | {"trailing_stop": trail})
    assert status == 400
    assert journey.broker.asked("submit") == []


def test_a_distance_that_is_named_twice_is_refused(journey: Journey) -> None:
    content = json.dumps(ENTRY).replace('"distance": "5"', '"distance": "5", "distance": "9"')
    transport = journey.connected()
    head = (
        "POST /v1/orders HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    journey.send(transport, (head + content).encode())
    assert transport.value().startswith(b"HTTP/1.1 400")
    assert journey.broker.asked("submit") == []


def test_a_distance_beyond_the_limit_price_is_refused(journey: Journey) -> None:
    order = ENTRY | {"order_type": "limit", "limit_price": "5"}
    assert journey.ask("POST", "/v1/orders", order)[0] == 400


def test_a_looser_stop_is_refused(journey: Journey) -> None:
    entered(journey)
    status, body = journey.ask("PATCH", f"/v1/positions/{POSITION_ID}", {"stop_loss": "90"})
    assert status == 422
    assert body["details"]["reject_code"] == "STOP_LOOSENED"
    assert "95" in body["message"]
    assert resting(journey) == {"c1-sl": "95"}


def test_a_fixed_stop_begins_to_trail(journey: Journey) -> None:
    entered(journey, trailing_stop=None, stop_loss="90")
    tick(journey, "108")
    journey.broker.quotes["AAPL"] = Quote(
        symbol="AAPL",
        provider="scripted",
        bid=Decimal(108),
        ask=Decimal(108),
        last=Decimal(108),
        timestamp=datetime(2025, 1, 15, 10, 30, tzinfo=UTC),
    )
    change = {"trailing_distance": "10", "trailing_type": "PERCENT"}
    status, moved = journey.ask("PATCH", f"/v1/positions/{POSITION_ID}", change)
    assert status == 200
    assert moved["stop_loss"]["trigger_price"] == "97.2"


@pytest.mark.parametrize("member", ["trailing_distance", "trailing_type"])
def test_distance_and_type_come_together(journey: Journey, member: str) -> None:
    change = {"trailing_distance": "10", "trailing_type": "PERCENT"}
    body = {member: change[member]}
    assert journey.ask("PATCH", f"/v1/positions/{POSITION_ID}", body)[0] == 400


def test_a_plain_trailing_stop_where_there_is_none_says_what_to_do(journey: Journey) -> None:
    journey.broker.order_types = (OrderType.MARKET,)
    order = {
        "symbol": "AAPL",
        "side": "sell",
        "quantity": "1",
        "order_type": "trailing_stop",
        "trailing_distance": "5",
        "trailing_type": "ABSOLUTE",
    }
    status, body = journey.ask("POST", "/v1/orders", order)
    assert status == 422
    assert body["details"]["reject_code"] == "UNSUPPORTED"
    assert "trailing_stop" in body["message"]


class OnTheMock(Journey):
    """The same with the simulated broker, whose prices walk."""

    def build(self, own: Any, parts: Any) -> Any:
        self.broker.listener = parts.listener
        settings = Settings(
            provider=Provider.MOCK,
            platform=Platform.MOCK,
            mode=Mode.PAPER,
            state_dir=parts.settings.state_dir,
        )
        return MockPlugin().build(read_settings({"MOCK_ACCOUNT": "fresh"}, settings), parts)


@pytest.fixture
def mocked() -> Iterator[Journey]:
    yield from left_clean(OnTheMock())


def test_on_a_walk_it_only_ever_comes_closer_until_it_closes_the_position(mocked: Journey) -> None:
    entry = ENTRY | {"trailing_stop": {"distance": "0.6", "type": "ABSOLUTE"}}
    assert mocked.ask("POST", "/v1/orders", entry)[0] == 201
    mocked.reactor.advance(1)
    [first] = resting(mocked).values()
    rested = [Decimal(first)]
    for _ in range(4000):
        mocked.reactor.advance(0.5)
        now = resting(mocked)
        if not now:
            break
        [stop] = now.values()
        rested.append(Decimal(stop))
    assert rested == sorted(rested)
    assert rested[-1] > rested[0]
    assert mocked.ask("GET", "/v1/positions")[1] == []
    assert b"POSITION_UNPROTECTED" not in mocked.listener.value()

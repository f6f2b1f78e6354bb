"""The simulated broker keeps the exits itself, and drops them: what a client asks, sees and hears.

``test_native.py`` has the rules, one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.test_order_journey import Journey
from tradegw.brokers.mock.broker import MockBroker
from tradegw.brokers.mock.config import read_settings
from tradegw.brokers.mock.plugin import MockPlugin
from tradegw.config.settings import Mode, Provider, Settings
from tradegw.exits.native.legs import GRACE_SECONDS
from tradegw.model.enums import OrderStatus, Platform

ENTRY = {
    "symbol": "AAPL",
    "side": "buy",
    "quantity": "10",
    "order_type": "market",
    "stop_loss": "1",
    "take_profit": "9999",
    "client_order_id": "c1",
}


class OnTheMock(Journey):
    """A simulated broker with brackets of its own, on *terms*; a price every *tick_seconds*."""

    def __init__(self, tick_seconds: float = 0.5, **terms: Any) -> None:
        self.tick_seconds = tick_seconds
        self.terms = terms
        super().__init__()

    def build(self, own: Any, parts: Any) -> Any:
        self.broker.listener = parts.listener
        settings = Settings(
            provider=Provider.MOCK,
            platform=Platform.MOCK,
            mode=Mode.PAPER,
            state_dir=parts.settings.state_dir,
        )
        environ = {
            "MOCK_ACCOUNT": "fresh",
            "MOCK_NATIVE_BRACKETS": "true",
            "MOCK_TICK_MS": f"{self.tick_seconds * 1000:.0f}",
        }
        wanted = read_settings(environ, settings)
        wanted = replace(wanted, terms=replace(wanted.terms, **self.terms))
        made = MockPlugin().build(wanted, parts)
        assert isinstance(made, MockBroker)
        self.exchange = made.exchange
        return made

    def entered(self) -> str:
        status, handle = self.ask("POST", "/v1/orders", ENTRY)
        assert status == 201
        self.pass_time(2)
        return str(handle["id"])

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds * 4)):
            self.reactor.advance(0.25)

    def protection(self) -> dict[str, Any]:
        status, shown = self.ask("GET", "/v1/protection/AAPL")
        assert status == 200
        assert isinstance(shown, dict)
        return shown

    def legs(self) -> dict[str, str]:
        """Type and remaining quantity of what rests, by its client order id if it has one."""
        status, orders = self.ask("GET", "/v1/orders")
        assert status == 200
        return {
            order.get(
                "client_order_id", order["id"]
            ): f"{order['order_type']} {order['remaining_quantity']}"
            for order in orders
        }

    def alerts(self) -> list[dict[str, Any]]:
        return [one for one in self.heard() if one.get("code") == "POSITION_UNPROTECTED"]

    def end(self) -> None:
        self.gateway.stopService()
        self.pass_time(30)
        assert self.reactor.getDelayedCalls() == []


@pytest.fixture
def journey() -> Iterator[OnTheMock]:
    made = OnTheMock()
    yield made
    made.end()


def test_the_brokers_legs_are_shown_and_one_that_it_drops_is_told_and_made_good(
    journey: OnTheMock,
) -> None:
    journey.entered()
    assert journey.legs() == {"c1-sl": "STOP 10", "c1-tp": "LIMIT 10"}
    shown = journey.protection()
    assert shown["covered"] == {"stop_loss": "10", "take_profit": "10"}
    [plan] = shown["plans"]
    assert [leg["client_order_id"] for leg in plan["legs"]] == ["c1-sl", "c1-tp"]
    stop = next(leg["order_id"] for leg in plan["legs"] if leg["leg_type"] == "stop_loss")
    assert journey.alerts() == []

    journey.exchange.drop(stop, OrderStatus.EXPIRED)
    journey.pass_time(1)
    assert journey.protection()["uncovered"]["stop_loss"] == "10"
    journey.pass_time(GRACE_SECONDS)
    [alert] = journey.alerts()
    [failed] = alert["details"]["failed_exits"]
    assert "EXPIRED" in failed["error"]
    assert journey.legs() == {"c1-tp": "LIMIT 10", "c1-sl-1": "STOP 10"}
    assert journey.protection()["plans"][0]["state"] == "COVERED"

    assert journey.ask("DELETE", "/v1/positions/AAPL")[0] in (200, 201)
    journey.pass_time(GRACE_SECONDS + 2)
    assert journey.legs() == {}
    assert journey.ask("GET", "/v1/protection")[1] == []


def test_moves_and_cancels_reach_the_brokers_legs(journey: OnTheMock) -> None:
    entry_id = journey.entered()
    status, moved = journey.ask("PATCH", "/v1/positions/AAPL", {"stop_loss": "2"})
    assert (status, moved["stop_loss"]["trigger_price"]) == (200, "2")
    status, _ = journey.ask("PATCH", f"/v1/orders/{entry_id}", {"take_profit": "9000"})
    assert status == 200
    [plan] = journey.protection()["plans"]
    assert plan["targets"] == {"stop_loss": "2", "take_profit": "9000"}
    assert {leg["price"] for leg in plan["legs"]} == {"2", "9000"}
    profit = next(leg["order_id"] for leg in plan["legs"] if leg["leg_type"] == "take_profit")

    assert journey.ask("DELETE", f"/v1/orders/{profit}")[0] == 200
    journey.pass_time(60)
    assert journey.legs() == {"c1-sl": "STOP 10"}
    assert journey.protection()["uncovered"] == {"stop_loss": "0", "take_profit": "0"}
    assert b"POSITION_UNPROTECTED" not in journey.listener.value()


def test_a_cancel_that_takes_the_other_leg_along_leaves_a_stop() -> None:
    journey = OnTheMock(brackets_linked=True)
    journey.entered()
    [plan] = journey.protection()["plans"]
    profit = next(leg["order_id"] for leg in plan["legs"] if leg["leg_type"] == "take_profit")
    assert journey.ask("DELETE", f"/v1/orders/{profit}")[0] == 200
    assert journey.legs() == {"c1-sl-1": "STOP 10"}
    journey.end()


def test_a_part_is_covered_here_until_the_brokers_legs_come() -> None:
    journey = OnTheMock(
        tick_seconds=2 * GRACE_SECONDS, brackets_when_filled=True, partial_ratio=Decimal("0.4")
    )
    journey.entered()
    journey.pass_time(2 * GRACE_SECONDS)
    assert journey.protection()["uncovered"]["stop_loss"] == "4"
    journey.pass_time(GRACE_SECONDS)
    assert sorted(journey.legs().values()) == ["LIMIT 4", "MARKET 6", "STOP 4"]
    assert len(journey.alerts()) == 1
    journey.pass_time(GRACE_SECONDS)
    assert sorted(journey.legs().values()) == ["LIMIT 10", "STOP 10"]
    assert {leg["state"] for leg in journey.protection()["plans"][0]["legs"]} >= {"RESTING"}
    journey.pass_time(2 * GRACE_SECONDS)
    assert sorted(journey.legs().values()) == ["LIMIT 10", "STOP 10"]
    journey.end()


def test_what_the_broker_forgets_is_placed_here() -> None:
    journey = OnTheMock(brackets_lose=1)
    journey.entered()
    journey.pass_time(GRACE_SECONDS)
    assert len(journey.alerts()) == 1
    assert sorted(journey.legs().values()) == ["LIMIT 10", "STOP 10"]
    journey.end()

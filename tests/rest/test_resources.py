"""What each operation asks of the rooms behind, and what it answers."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from tests.rest.fakes import (
    BAR,
    BREAKERS,
    CAPABILITIES,
    FULL_ORDER,
    HEALTH,
    LIMITS,
    ORDER,
    POSITION,
    PROTECTION,
    QUOTE,
    STATUS,
    STOPPING,
    TIMELINE,
    TRADE,
)
from tests.rest.memory import Gateway, written
from tradegw import errors
from tradegw.interfaces import (
    IBreakers,
    IEnquiry,
    IHealth,
    IProtection,
    ITimelines,
    ITrading,
    ITradingState,
)
from tradegw.model import wire
from tradegw.model.account import TradeQuery
from tradegw.model.enums import OrderStatus, OrderType, Side, Timeframe, TimeInForce
from tradegw.model.health import Health, OverallStatus, ProviderHealth
from tradegw.model.market import BarQuery
from tradegw.model.order import (
    CancelAllResult,
    ClosePositionRequest,
    OrderChange,
    OrderHandle,
    OrderQuery,
    OrderRequest,
    Replaced,
)
from tradegw.model.protection import ExitsChange
from tradegw.model.trading import StateSetter, TradingState

MARKET = {"symbol": "AAPL", "side": "buy", "quantity": "100", "order_type": "market"}


def shown(value: Any) -> Any:
    return json.loads(wire.encode(value))


def test_the_fakes_keep_the_promises_of_the_rooms(gateway: Gateway) -> None:
    assert verifyObject(ITrading, gateway.trading)
    assert verifyObject(IEnquiry, gateway.enquiry)
    assert verifyObject(IBreakers, gateway.breakers)
    assert verifyObject(IHealth, gateway.health)
    assert verifyObject(ITradingState, gateway.trading_state)
    assert verifyObject(ITimelines, gateway.timelines)
    assert verifyObject(IProtection, gateway.protection)


def test_an_order_is_submitted_as_it_was_written(gateway: Gateway) -> None:
    reply = gateway.ask(
        "POST",
        "/v1/orders",
        {
            "symbol": "AAPL",
            "side": "buy",
            "quantity": "100",
            "order_type": "limit",
            "limit_price": "185.00",
            "stop_loss": "180.00",
            "take_profit": 195.5,
            "client_order_id": "s1-0007",
            "time_in_force": "day",
            "reduce_only": False,
        },
    )
    assert reply.status == 201
    assert reply.json == {
        "id": "33de1d89",
        "status": "OPEN",
        "correlation_id": "0f9b6f0e-2f0a-4d2f-9f4c-6c9a3f3a9c11",
    }
    assert gateway.calls == [
        (
            "submit",
            OrderRequest(
                symbol="AAPL",
                side=Side.BUY,
                quantity=Decimal(100),
                order_type=OrderType.LIMIT,
                limit_price=Decimal("185.00"),
                stop_loss=Decimal("180.00"),
                take_profit=Decimal("195.5"),
                client_order_id="s1-0007",
                time_in_force=TimeInForce.DAY,
                reduce_only=False,
            ),
        )
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "INVALID_REQUEST"),
        (MARKET | {"quantity": "0"}, "VALIDATION_ERROR"),
        (MARKET | {"symbol": ""}, "VALIDATION_ERROR"),
        (MARKET | {"order_type": "limit"}, "INVALID_REQUEST"),
        (MARKET | {"limit_price": 1}, "INVALID_VALUE"),
    ],
)
def test_an_order_that_cannot_be_is_not_submitted(
    gateway: Gateway, body: dict[str, Any], code: str
) -> None:
    reply = gateway.ask("POST", "/v1/orders", body)
    assert (reply.status, reply.code) == (400, code)
    assert gateway.calls == []


def test_validation_comes_before_shutting_down(gateway: Gateway) -> None:
    gateway.trading.will["submit"] = errors.ShuttingDown("Gateway is shutting down")
    assert gateway.ask("POST", "/v1/orders", MARKET | {"quantity": 0}).code == "VALIDATION_ERROR"
    reply = gateway.ask("POST", "/v1/orders", MARKET)
    assert (reply.status, reply.code) == (503, "SHUTTING_DOWN")


def test_orders_are_submitted_side_by_side(gateway: Gateway) -> None:
    outcomes: list[Deferred[OrderHandle]] = []

    def submit(request: OrderRequest, idempotency_key: str | None = None) -> Deferred[OrderHandle]:
        outcomes.append(Deferred())
        return outcomes[-1]

    gateway.trading.submit = submit  # type: ignore[method-assign]
    clients = [gateway.connect() for _ in range(20)]
    for client in clients:
        client.send(written("POST", "/v1/orders", MARKET))
        assert client.replies() == []
    assert len(outcomes) == 20
    for number, outcome in reversed(list(enumerate(outcomes))):
        outcome.callback(OrderHandle(id=str(number), status=OrderStatus.OPEN))
    for number, client in enumerate(clients):
        (reply,) = client.replies()
        assert (reply.status, reply.json["id"]) == (201, str(number))


def test_orders_are_listed_with_string_decimals_and_without_what_they_lack(
    gateway: Gateway,
) -> None:
    reply = gateway.ask("GET", "/v1/orders?status=open&limit=3&symbol=AAPL")
    assert reply.json == [shown(ORDER), shown(FULL_ORDER)]
    assert "client_order_id" not in reply.json[0]
    assert reply.json[0]["limit_price"] == "151.00"
    assert reply.json[1]["stop_price"] == "0.0000000001"
    assert reply.json[1]["created_at"] == "2025-01-15T12:00:00.123456Z"
    query = OrderQuery(symbol="AAPL", status=frozenset({OrderStatus.OPEN}), limit=3)
    assert gateway.calls == [("open_orders", query)]


def test_the_history_is_another_list(gateway: Gateway) -> None:
    reply = gateway.ask("GET", "/v1/orders/history?side=SELL")
    assert (reply.status, reply.body) == (200, b"[]")
    assert gateway.calls == [("order_history", OrderQuery(side=Side.SELL))]


def test_one_order(gateway: Gateway) -> None:
    reply = gateway.ask("GET", "/v1/orders/b%2F8")
    assert (reply.status, reply.json) == (200, shown(FULL_ORDER))
    assert gateway.calls == [("order", "b/8")]
    gateway.enquiry.will["order"] = errors.OrderNotFound("42")
    reply = gateway.ask("GET", "/v1/orders/42")
    assert reply.status == 404
    assert reply.json == {
        "code": "ORDER_NOT_FOUND",
        "message": "Order not found: 42",
        "details": {"resource": "order", "id": "42"},
    }


def test_an_order_is_changed(gateway: Gateway) -> None:
    reply = gateway.ask("PATCH", "/v1/orders/b7", {"limit_price": "152", "quantity": None})
    assert (reply.status, reply.json) == (200, {"order": shown(ORDER)})
    gateway.trading.will["replace"] = Replaced(order=ORDER, previous_order_id="b6")
    assert gateway.ask("PATCH", "/v1/orders/b6", {}).json["previous_order_id"] == "b6"
    assert gateway.calls == [
        ("replace", "b7", OrderChange(limit_price=Decimal(152))),
        ("replace", "b6", OrderChange()),
    ]


def test_a_change_that_cannot_be_changes_nothing(gateway: Gateway) -> None:
    reply = gateway.ask("PATCH", "/v1/orders/b7", {"quantity": "-1"})
    assert (reply.status, reply.code) == (400, "INVALID_VALUE")
    assert reply.json["details"] == {"field": "quantity", "provided": "-1"}
    assert gateway.ask("PATCH", "/v1/orders/b7").status == 400
    assert gateway.ask("PATCH", "/v1/orders/b7", b"limit_price").status == 400
    assert gateway.calls == []


def test_an_order_is_cancelled(gateway: Gateway) -> None:
    reply = gateway.ask("DELETE", "/v1/orders/b7")
    assert (reply.status, reply.json) == (200, {"success": True, "order": shown(ORDER)})
    gateway.trading.will["cancel"] = errors.OrderNotModifiable("b7", "already filled")
    reply = gateway.ask("DELETE", "/v1/orders/b7")
    assert (reply.status, reply.code) == (409, "ORDER_NOT_MODIFIABLE")
    assert gateway.calls == [("cancel", "b7"), ("cancel", "b7")]


def test_all_orders_are_cancelled(gateway: Gateway) -> None:
    reply = gateway.ask("DELETE", "/v1/orders")
    assert (reply.status, reply.json) == (200, {"cancelled_count": 0, "failed_count": 0})
    gateway.trading.will["cancel_all"] = CancelAllResult(
        cancelled_count=2, failed_count=1, failed_order_ids=("ord-2",)
    )
    assert gateway.ask("DELETE", "/v1/orders?symbol=AAPL").json == {
        "cancelled_count": 2,
        "failed_count": 1,
        "failed_order_ids": ["ord-2"],
    }
    assert gateway.calls == [("cancel_all", None), ("cancel_all", "AAPL")]


def test_trades(gateway: Gateway) -> None:
    reply = gateway.ask("GET", "/v1/trades?order_id=b7&limit=0")
    assert (reply.status, reply.json) == (200, [shown(TRADE)])
    assert reply.json[0]["commission_currency"] == ""
    assert gateway.calls == [("trades", TradeQuery(order_id="b7", limit=0))]


def test_positions(gateway: Gateway) -> None:
    assert gateway.ask("GET", "/v1/positions").json == [shown(POSITION)]
    assert gateway.ask("GET", "/v1/positions?symbol=AAPL").status == 200
    assert gateway.ask("GET", "/v1/positions/mock-pos-AAPL").json == shown(POSITION)
    gateway.enquiry.will["position"] = errors.PositionNotFound("p")
    assert gateway.ask("GET", "/v1/positions/p").code == "POSITION_NOT_FOUND"
    assert gateway.calls == [
        ("positions", None),
        ("positions", "AAPL"),
        ("position", "mock-pos-AAPL"),
        ("position", "p"),
    ]


def test_a_position_is_closed_with_200(gateway: Gateway) -> None:
    client = gateway.connect()
    for body in (None, {}, {"cancel_associated_orders": True}, b""):
        reply = client.ask("DELETE", "/v1/positions/p1", body)
        assert (reply.status, reply.json["id"]) == (200, "33de1d89")
    limit = {"quantity": "5", "order_type": "limit", "limit_price": "9.50"}
    assert client.ask("DELETE", "/v1/positions/p1", limit).status == 200
    assert gateway.calls == [("close_position", "p1", ClosePositionRequest())] * 4 + [
        (
            "close_position",
            "p1",
            ClosePositionRequest(
                quantity=Decimal(5), order_type=OrderType.LIMIT, limit_price=Decimal("9.50")
            ),
        )
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"quantity": "0"}, "INVALID_VALUE"),
        ({"quantity": -5}, "INVALID_VALUE"),
        ({"order_type": "limit"}, "INVALID_REQUEST"),
        ({"order_type": "limit", "limit_price": 0}, "INVALID_VALUE"),
        ({"order_type": "stop"}, "INVALID_VALUE"),
    ],
)
def test_a_closing_that_cannot_be_closes_nothing(
    gateway: Gateway, body: dict[str, Any], code: str
) -> None:
    reply = gateway.ask("DELETE", "/v1/positions/p1", body)
    assert (reply.status, reply.code) == (400, code)
    assert gateway.calls == []


def test_all_positions_are_closed(gateway: Gateway) -> None:
    reply = gateway.ask("DELETE", "/v1/positions")
    assert reply.status == 200
    assert [handle["id"] for handle in reply.json] == ["33de1d89"]
    gateway.trading.will["close_all_positions"] = []
    assert gateway.ask("DELETE", "/v1/positions?symbol=AAPL").body == b"[]"
    assert gateway.calls == [("close_all_positions", None), ("close_all_positions", "AAPL")]


def test_exits_are_moved(gateway: Gateway) -> None:
    reply = gateway.ask("PATCH", "/v1/positions/pos-1", {"stop_loss": "95"})
    assert reply.status == 200
    assert reply.json == {
        "position_id": "pos-1",
        "stop_loss": {"order_ids": ["sl-2"], "trigger_price": "95"},
    }
    assert gateway.calls == [("move_exits", "pos-1", ExitsChange(stop_loss=Decimal(95)))]


def test_a_move_of_nothing_is_refused_before_the_position_is_looked_for(gateway: Gateway) -> None:
    reply = gateway.ask("PATCH", "/v1/positions/unknown", {})
    assert (reply.status, reply.code) == (400, "VALIDATION_ERROR")
    assert list(reply.json["details"]) == ["__all__"]
    assert gateway.calls == []


def test_quotes_and_bars(gateway: Gateway) -> None:
    assert gateway.ask("GET", "/v1/quotes/AAPL").json == shown(QUOTE)
    path = "/v1/bars/AAPL?timeframe=1m&limit=5&start=2025-01-15T12:00:00.123456%2B00:00"
    assert gateway.ask("GET", path).json == [shown(BAR)]
    query = BarQuery(timeframe=Timeframe.M1, limit=5, start=BAR.timestamp)
    assert gateway.calls == [("quote", "AAPL"), ("bars", "AAPL", query)]
    gateway.enquiry.will["quote"] = errors.SymbolNotFound("X")
    assert gateway.ask("GET", "/v1/quotes/X").code == "SYMBOL_NOT_FOUND"


def test_the_broker_describes_itself(gateway: Gateway) -> None:
    assert gateway.ask("GET", "/v1/capabilities").json == shown(CAPABILITIES)
    assert gateway.ask("GET", "/v1/status").json == shown(STATUS)


def test_limits_are_shown_as_the_broker_part_tells_them(gateway: Gateway) -> None:
    answer = gateway.ask("GET", "/v1/limits").json
    assert answer == shown(LIMITS)
    assert answer["limits"][1] == {
        "name": "data",
        "capacity": 200,
        "seconds": 60,
        "left": 200,
        "reserved": 40,
    }
    assert answer["waiting"] == {"emergency": 0, "entry": 0, "query": 3, "data": 0}


def test_breakers_are_shown_and_reset(gateway: Gateway) -> None:
    assert gateway.ask("GET", "/v1/circuit-breakers").json == shown(BREAKERS)
    assert gateway.ask("POST", "/v1/circuit-breakers/reset").json == shown(BREAKERS)
    gateway.breakers.will["reset"] = errors.ResetCooldown("too soon")
    reply = gateway.ask("POST", "/v1/circuit-breakers/reset", b"not json")
    assert (reply.status, reply.json) == (409, {"code": "RESET_COOLDOWN", "message": "too soon"})


def test_the_trading_state_is_shown_and_set(gateway: Gateway) -> None:
    assert gateway.ask("GET", "/v1/trading-state").json == {
        "state": "ACTIVE",
        "since": "2025-01-15T12:00:00.123456Z",
    }
    body = {"state": "halted", "reason": "closing time"}
    reply = gateway.ask("PUT", "/v1/trading-state", body)
    assert (reply.status, reply.json) == (
        200,
        {
            "state": "HALTED",
            "since": "2025-01-15T12:00:00.123456Z",
            "set_by": "client",
            "reason": "closing time",
        },
    )
    for spelling in ({"state": "ACTIVE"}, {"state": "ACTIVE", "reason": ""}):
        assert gateway.ask("PUT", "/v1/trading-state", spelling).status == 200
    assert gateway.calls == [
        ("status",),
        ("change", TradingState.HALTED, "closing time", StateSetter.CLIENT),
        ("change", TradingState.ACTIVE, None, StateSetter.CLIENT),
        ("change", TradingState.ACTIVE, None, StateSetter.CLIENT),
    ]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "INVALID_REQUEST", "state"),
        ({"state": "OFF"}, "INVALID_REQUEST", "state"),
        ({"state": None}, "INVALID_REQUEST", "state"),
        ({"state": "HALTED", "reason": 7}, "INVALID_REQUEST", "reason"),
        ({"state": "HALTED", "reason": "x" * 501}, "INVALID_VALUE", "reason"),
    ],
)
def test_a_trading_state_that_cannot_be_changes_nothing(
    gateway: Gateway, body: dict[str, Any], code: str, field: str
) -> None:
    reply = gateway.ask("PUT", "/v1/trading-state", body)
    assert (reply.status, reply.code, reply.field) == (400, code, field)
    assert gateway.ask("PUT", "/v1/trading-state").status == 400
    assert gateway.calls == []


def test_a_timeline_is_told_as_it_was_recorded(gateway: Gateway) -> None:
    reply = gateway.ask("GET", "/v1/orders/b%2F7/timeline")
    assert (reply.status, reply.json) == (200, shown(TIMELINE))
    assert reply.json["steps"][1] == {
        "at": "2025-01-15T12:00:00.123456Z",
        "step": "sent",
        "after_us": 812,
    }
    assert gateway.calls == [("timeline", "b/7")]
    gateway.timelines.will["timeline"] = errors.OrderNotFound("42")
    assert gateway.ask("GET", "/v1/orders/42/timeline").code == "ORDER_NOT_FOUND"


def test_probes(gateway: Gateway) -> None:
    assert gateway.ask("GET", "/livez").json == {"status": "ok"}
    assert gateway.ask("GET", "/readyz").json == {
        "ready": True,
        "providers": ["mock"],
        "provider_count": 1,
    }
    assert gateway.ask("GET", "/health").json == shown(HEALTH)
    assert gateway.ask("GET", "/health").json["providers"][0]["stale_instruments"] == [
        "AAPL",
        "MSFT",
    ]


def test_w52_while_stopping_readyz_is_503_and_the_others_stay_200(gateway: Gateway) -> None:
    gateway.health.will["ready"] = STOPPING
    reply = gateway.ask("GET", "/readyz")
    assert reply.status == 503
    assert reply.json == {
        "ready": False,
        "providers": [],
        "provider_count": 0,
        "message": "Gateway is shutting down",
    }
    assert gateway.ask("GET", "/livez").status == 200
    assert gateway.ask("GET", "/health").status == 200


def test_health_leaves_out_an_empty_list_of_stale_instruments(gateway: Gateway) -> None:
    (provider,) = HEALTH.providers
    gateway.health.will["health"] = Health(
        status=OverallStatus.CONNECTED,
        version="0.1.0",
        git_sha="606e06e",
        providers=(ProviderHealth(platform=provider.platform, connected=True),),
    )
    assert gateway.ask("GET", "/health").json == {
        "status": "connected",
        "version": "0.1.0",
        "git_sha": "606e06e",
        "providers": [{"platform": "mock", "connected": True}],
    }


def test_what_protects_positions_is_listed(gateway: Gateway) -> None:
    reply = gateway.ask("GET", "/v1/protection")
    assert (reply.status, reply.json) == (200, [shown(PROTECTION)])
    (plan,) = reply.json[0]["plans"]
    assert plan["shortfalls"] == [{"leg_type": "stop_loss", "quantity": "6", "reason": "no margin"}]
    assert plan["targets"] == {"stop_loss": "180.00"}


def test_what_protects_one_position_is_asked_by_its_name(gateway: Gateway) -> None:
    reply = gateway.ask("GET", "/v1/protection/BTC%2FUSD")
    assert (reply.status, reply.json) == (200, shown(PROTECTION))
    assert gateway.calls == [("position", "BTC/USD")]


def test_a_position_of_which_nothing_is_known_is_not_found(gateway: Gateway) -> None:
    gateway.protection.will["position"] = errors.PositionNotFound("p9")
    reply = gateway.ask("GET", "/v1/protection/p9")
    assert (reply.status, reply.code) == (404, "POSITION_NOT_FOUND")
    assert reply.json["details"] == {"resource": "position", "id": "p9"}

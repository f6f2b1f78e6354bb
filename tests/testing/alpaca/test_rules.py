"""What the double refuses, and in which words: the error table of the broker."""

from __future__ import annotations

from typing import Any

import pytest

from .stage import BRACKET, Played

COIN = {"symbol": "BTC/USD", "qty": "0.01", "time_in_force": "gtc"}
NOT_COVERED = "insufficient qty available for order (requested: {}, available: {})"


@pytest.mark.parametrize(
    ("members", "status", "code", "message"),
    [
        ({"qty": "0"}, 422, 40010001, "qty must be > 0"),
        ({"qty": "x"}, 400, 40010000, "request body format is invalid: qty"),
        ({"qty": None}, 422, 40010001, "qty or notional is required"),
        ({"notional": "5"}, 422, 40010001, "qty/notional are mutually exclusive"),
        (
            {"qty": None, "notional": "0.5", "type": "market"},
            422,
            40010001,
            "notional amount must be >= 1.00",
        ),
        (
            {"qty": None, "notional": "5.123", "type": "market"},
            422,
            42210000,
            "notional value must be limited to 2 decimal places",
        ),
        ({"side": "long"}, 422, 40010001, "invalid side"),
        ({"symbol": "NOPE"}, 422, 42210000, 'asset "NOPE" not found'),
        ({"symbol": "GONE"}, 422, 40010001, "asset GONE is not active"),
        ({"client_order_id": "x" * 129}, 422, 40010001, "client_order_id must be no more than 128"),
        ({"type": "stop"}, 422, 40010001, "stop orders require stop price"),
        ({"limit_price": None}, 422, 40010001, "limit orders require limit price"),
        ({"type": "trailing_stop"}, 422, 40010001, "trailing stop orders must specify one"),
        (
            {"limit_price": "90.001"},
            422,
            42210000,
            "invalid limit_price 90.001. sub-penny increment does not fulfill",
        ),
        (
            {"type": "stop", "stop_price": "99"},
            422,
            42210000,
            "stop price must be greater than current price",
        ),
        ({"qty": "1000000"}, 403, 40310000, "insufficient buying power"),
        (
            {"qty": "0.5", "time_in_force": "gtc"},
            422,
            42210000,
            "fractional orders must be DAY orders",
        ),
        ({"qty": "0.5", **BRACKET}, 422, 42210000, "fractional orders must be simple orders"),
        ({"symbol": "OCGN", "qty": "0.5"}, 403, 40310000, 'asset "OCGN" is not fractionable'),
        (
            {"qty": "0.5", "side": "sell", "limit_price": "110"},
            422,
            42210000,
            "fractional orders cannot be sold short",
        ),
        (
            {"symbol": "HTBX", "side": "sell"},
            422,
            42210000,
            'asset "HTBX" cannot be sold short',
        ),
        (
            {"type": "market", "extended_hours": True},
            422,
            40010001,
            'only type="limit" is allowed for extended hours orders',
        ),
        (
            {"extended_hours": True, "time_in_force": "ioc"},
            422,
            42210000,
            "extended hours order must be DAY or GTC limit orders",
        ),
        (
            {**BRACKET, "take_profit": None},
            422,
            42210000,
            "bracket orders require take_profit.limit_price",
        ),
        (
            {**BRACKET, "stop_loss": {}},
            422,
            42210000,
            "bracket orders require stop_loss.stop_price",
        ),
        (
            {**BRACKET, "extended_hours": True},
            422,
            42210000,
            "extended hours orders must be simple orders",
        ),
        ({**BRACKET, "order_class": "oto"}, 422, 42210000, "oto orders require either"),
        (
            {**BRACKET, "order_class": "oco", "type": "market"},
            422,
            40010001,
            "oco orders must be limit orders",
        ),
        (
            {**BRACKET, "order_class": "oco", "side": "sell"},
            403,
            40310000,
            NOT_COVERED.format(4, 0),
        ),
        (
            {**BRACKET, "stop_loss": {"stop_price": "90"}},
            422,
            42210000,
            "stop_loss.stop_price must be <= base_price - 0.01",
        ),
        (
            {**BRACKET, "type": "market", "take_profit": {"limit_price": "100.01"}},
            422,
            42210000,
            "take_profit.limit_price must be >= base_price + 0.01",
        ),
        (
            {"position_intent": "buy_to_close"},
            422,
            42210000,
            "position intent mismatch, inferred: buy_to_open, specified: buy_to_close",
        ),
        ({**COIN, "type": "stop", "stop_price": "60000"}, 422, 40010001, "invalid order type"),
        ({**COIN, "time_in_force": "day"}, 422, 42210000, "invalid crypto time_in_force"),
        (
            {**COIN, "qty": "0.0001"},
            403,
            40310000,
            "cost basis must be >= minimal amount of order 10",
        ),
        (
            {**COIN, "type": "market", "side": "sell"},
            403,
            40310000,
            "insufficient balance for BTC (requested: 0.01, available: 0)",
        ),
        (
            {**COIN, "type": "market", "qty": "3"},
            403,
            40310000,
            "insufficient balance for USD (requested: 150030, available: 100000)",
        ),
    ],
)
def test_an_order_is_refused(members: dict[str, Any], status: int, code: int, message: str) -> None:
    stage = Played()
    answer = stage.ask(**members)
    assert (answer.status, answer.body["code"]) == (status, code)
    assert answer.body["message"].startswith(message)
    assert stage.orders == []
    assert stage.told == []


def test_what_a_refusal_is_about_is_told_as_strings() -> None:
    stage = Played()
    base = stage.ask(type="market", **{**BRACKET, "stop_loss": {"stop_price": "101"}})
    assert base.body["base_price"] == "100.01"
    stop = stage.ask(type="stop", stop_price="99").body
    assert (stop["market_price"], stop["stop_price"]) == ("100.01", "99")
    power = stage.ask(qty="1000000").body
    assert (power["buying_power"], power["cost_basis"]) == ("400000", "90000000")


def test_client_order_ids_are_unique_for_ever() -> None:
    stage = Played()
    stage.buy(client_order_id="once")
    answer = stage.ask(client_order_id="once")
    assert (answer.status, answer.body) == (
        422,
        {"code": 40010001, "message": "client_order_id must be unique"},
    )


def test_an_own_exit_reserves_the_shares() -> None:
    stage = Played()
    stage.buy("4")
    stop = stage.place(side="sell", type="stop", stop_price="95", qty="3")
    answer = stage.ask(side="sell", type="market", qty="2")
    assert answer.status == 403
    assert answer.body == {
        "code": 40310000,
        "message": NOT_COVERED.format(2, 1),
        "available": "1",
        "existing_qty": "4",
        "held_for_orders": "3",
        "symbol": "AAPL",
        "related_orders": [stop],
    }
    assert stage.call("DELETE", "/v2/positions/AAPL").status == 403
    [position] = stage.call("GET", "/v2/positions").body
    assert (position["qty"], position["qty_available"]) == ("4", "1")


@pytest.mark.parametrize(
    ("resting", "new", "reason"),
    [
        ({"limit_price": "90"}, {"type": "market"}, "opposite side limit order exists"),
        ({"limit_price": "90"}, {"limit_price": "90"}, "opposite side limit order exists"),
        ({"limit_price": "90"}, {"limit_price": "91"}, None),
        (
            {"type": "stop", "stop_price": "105"},
            {"limit_price": "120"},
            "opposite side market/stop order exists",
        ),
        ({"type": "trailing_stop", "trail_price": "5"}, {"type": "market"}, None),
        ({"limit_price": "90"}, {"type": "trailing_stop", "trail_price": "5"}, None),
    ],
)
def test_wash_trades_are_refused(
    resting: dict[str, str], new: dict[str, str], reason: str | None
) -> None:
    stage = Played()
    stage.buy("4")
    existing = stage.place(**resting)
    answer = stage.ask(side="sell", qty="1", **new)
    if reason is None:
        assert answer.status == 200
    else:
        assert answer.status == 403
        assert answer.body["message"] == "potential wash trade detected. use complex orders"
        assert answer.body["existing_order_id"] == existing
        assert answer.body["reject_reason"] == reason


@pytest.mark.parametrize(
    ("flag", "value", "message"),
    [
        ("trade_suspended_by_user", True, "new orders are rejected by user request"),
        ("trading_blocked", True, "trading is blocked for this account"),
        ("status", "ACCOUNT_CLOSED", "account is blocked"),
    ],
)
def test_an_account_may_be_barred(flag: str, value: Any, message: str) -> None:
    stage = Played()
    setattr(stage.world.account, flag, value)
    assert stage.ask().body == {"code": 40310000, "message": message}
    assert stage.call("GET", "/v2/account").body[flag] == value


def test_shorts_need_the_right_to_them() -> None:
    stage = Played()
    stage.world.account.shorting_enabled = False
    answer = stage.ask(side="sell", type="market")
    assert answer.body["message"] == "account is not allowed to short"


def test_exits_without_a_class_are_silently_ignored() -> None:
    stage = Played()
    order = stage.buy(take_profit={"limit_price": "110"}, stop_loss={"stop_price": "95"})
    assert stage.legs(order) == {}
    coin = stage.place(type="market", **COIN, stop_loss={"stop_price": "45000"})
    assert stage.status(coin) == "filled"

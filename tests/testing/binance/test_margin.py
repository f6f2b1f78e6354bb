"""Cross margin: loans, shorts, and the private stream by token."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from .played import Played


@pytest.fixture
def fake() -> Played:
    fake = Played()
    fake.spot.set_quote("BTCUSDT", "50000", "50000", "50000")
    return fake


def margin(fake: Played, verb: str, path: str, **params: Any) -> tuple[int, Any]:
    return fake.call(verb, f"/sapi/v1/margin/{path}", **params)


def order(fake: Played, side: str, qty: str, effect: str | None = None) -> tuple[int, Any]:
    wanted = {"symbol": "BTCUSDT", "side": side, "type": "MARKET", "quantity": qty}
    return margin(fake, "POST", "order", **wanted, sideEffectType=effect)


def asset(fake: Played, name: str) -> dict[str, str]:
    _status, told = margin(fake, "GET", "account")
    return next(each for each in told["userAssets"] if each["asset"] == name)


def test_what_is_lacking_is_borrowed_if_that_is_asked(fake: Played) -> None:
    assert order(fake, "BUY", "1.5")[1]["code"] == -2010
    status, told = order(fake, "BUY", "1.5", "MARGIN_BUY")
    assert (status, told["marginBuyBorrowAmount"], told["marginBuyBorrowAsset"]) == (
        200, "25000.00000000", "USDT",
    )  # fmt: skip
    assert fake.margin.owed == {"USDT": 25_000}
    assert asset(fake, "USDT")["netAsset"] == "-25000.00000000"
    order(fake, "SELL", "1", "AUTO_REPAY")
    assert fake.margin.owed == {}


def test_a_short_is_a_negative_net_asset(fake: Played) -> None:
    order(fake, "SELL", "0.5", "MARGIN_BUY")
    fake.margin.accrue("BTC", "0.001")
    assert asset(fake, "BTC")["netAsset"] == "-0.50100000"
    order(fake, "BUY", "0.502", "AUTO_REPAY")
    assert fake.margin.owed == {}
    assert Decimal(asset(fake, "BTC")["netAsset"]) == Decimal("0.502") * Decimal("0.999") - (
        Decimal("0.501")
    )


def test_loans_are_taken_and_paid_back_by_hand(fake: Played) -> None:
    loan = {"asset": "BTC", "isIsolated": "FALSE", "amount": "0.5"}
    assert margin(fake, "POST", "borrow-repay", **loan, type="BORROW")[0] == 200
    assert margin(fake, "POST", "borrow-repay", **loan, type="REPAY")[0] == 200
    assert fake.margin.owed == {}
    loan["amount"] = "9"
    assert margin(fake, "POST", "borrow-repay", **loan, type="BORROW")[1]["code"] == -3006
    assert margin(fake, "POST", "borrow-repay", **loan, type="REPAY")[1]["code"] == -3041
    assert margin(fake, "GET", "maxBorrowable", asset="BTC")[1]["amount"] == "2.00000000"


def test_accounts_are_apart_and_isolated_ones_do_not_exist(fake: Played) -> None:
    order(fake, "BUY", "0.1")
    assert "BTC" not in fake.spot.balances
    assert fake.margin.balances["BTC"] == Decimal("0.0999")
    isolated = margin(fake, "GET", "openOrders", isIsolated="TRUE", symbol="BTCUSDT")
    assert isolated[1]["code"] == -11001


def test_orders_are_found_and_cancelled(fake: Played) -> None:
    wanted = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    _status, told = margin(fake, "POST", "order", **wanted, quantity="0.1", price="40000")
    by_id = {"symbol": "BTCUSDT", "orderId": told["orderId"]}
    assert margin(fake, "GET", "order", **by_id)[1]["isIsolated"] is False
    _status, gone = margin(fake, "DELETE", "order", **by_id)
    assert gone["orderId"] == str(told["orderId"])


def test_what_was_borrowed_for_a_cancelled_order_is_paid_back_unless_that_is_unwanted(
    fake: Played,
) -> None:
    wanted = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC"}
    for repays, owed in ((None, {}), ("FALSE", {"BTC": Decimal("0.1")})):
        _status, told = margin(
            fake, "POST", "order", **wanted, quantity="0.1", price="60000",
            sideEffectType="MARGIN_BUY", autoRepayAtCancel=repays,
        )  # fmt: skip
        assert fake.margin.owed == {"BTC": Decimal("0.1")}
        margin(fake, "DELETE", "order", symbol="BTCUSDT", orderId=told["orderId"])
        assert fake.margin.owed == owed


def test_pairs_of_exits_have_the_older_words(fake: Played) -> None:
    order(fake, "BUY", "0.1")
    status, told = margin(fake, "POST", "order/oco", symbol="BTCUSDT", side="SELL",
                          quantity="0.0999", price="60000", stopPrice="45000")  # fmt: skip
    assert (status, told["contingencyType"]) == (200, "OCO")


def test_loans_cost_a_lot_of_weight(fake: Played) -> None:
    pool = fake.margin.world.pool
    wanted = {"symbol": "NOPE", "sideEffectType": "MARGIN_BUY"}
    before = pool.weights[0].used
    margin(fake, "POST", "order", **wanted)
    assert pool.weights[0].used - before == 1500


def test_events_come_by_a_token_that_ends(fake: Played) -> None:
    _status, token = fake.call("POST", "/sapi/v1/userListenToken", validity="60000")
    told = fake.say_ws("userDataStream.subscribe.listenToken", listenToken=token["token"])
    assert told["result"]["expirationTime"] == token["expirationTime"]
    fake.client.take()
    order(fake, "BUY", "0.1")
    events = fake.client.take()
    assert {each["subscriptionId"] for each in events} == {1}
    fake.buy("1")
    assert {each["subscriptionId"] for each in fake.client.take()} == {0}
    fake.clock.advance(60)
    assert fake.client.take()[0]["event"]["e"] == "eventStreamTerminated"
    again = fake.say_ws("userDataStream.subscribe.listenToken", listenToken=token["token"])
    assert again["error"]["code"] == -1125


def test_the_calls_of_listen_keys_are_gone() -> None:
    assert Played().call("POST", "/sapi/v1/userDataStream")[0] == 410

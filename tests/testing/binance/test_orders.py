"""Single orders on spot: taken, refused, filled, triggered, cancelled."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from .played import Played

SYMBOLS = {"symbol": "SOLUSDC"}


def test_a_market_order_fills_at_what_there_is_and_pays_in_what_comes() -> None:
    fake = Played()
    fake.spot.set_book("SOLUSDC", [("99", 5)], [("100", "1.5"), ("101", 9)], "100")
    told = fake.buy("2.5")
    assert [(each["price"], each["qty"], each["commission"]) for each in told["fills"]] == [
        ("100.00000000", "1.50000000", "0.00150000"),
        ("101.00000000", "1.00000000", "0.00100000"),
    ]
    assert (told["status"], told["cummulativeQuoteQty"]) == ("FILLED", "251.00000000")
    assert fake.spot.balances["SOL"] == Decimal("2.4975")
    assert fake.spot.balances["USDC"] == 100_000 - 251
    told = fake.place(side="SELL", type="MARKET", quantity="2")
    assert told["fills"][0]["commissionAsset"] == "USDC"
    assert fake.spot.balances["USDC"] == Decimal(99749) + Decimal(198) * Decimal("0.999")


def test_bnb_pays_at_a_discount_when_that_is_on_and_there_is_some() -> None:
    fake = Played()
    fake.spot.set_quote("BNBUSDT", "599", "601", "600")
    fake.spot.world.desk.fees.burns_bnb = True
    fake.spot.deposit("BNB", "0.01")
    btc = {"symbol": "BTCUSDT", "type": "MARKET"}
    told = fake.place(**btc, quantity="0.1")
    assert told["fills"][0]["commissionAsset"] == "BNB"
    assert fake.spot.balances["BNB"] == Decimal("0.01") - Decimal("0.00625125")
    assert fake.place(**btc, quantity="0.1")["fills"][0]["commissionAsset"] == "BTC"


def test_a_thin_book_leaves_a_market_order_expired() -> None:
    fake = Played()
    fake.spot.set_quote("SOLUSDC", "99", "100", ask_size="1")
    told = fake.buy("3")
    assert (told["status"], told["executedQty"]) == ("EXPIRED", "1.00000000")
    assert told["expiryReason"] == "INSUFFICIENT_LIQUIDITY"


def test_a_market_order_by_value_buys_whole_steps() -> None:
    fake = Played()
    told = fake.place(type="MARKET", quantity=None, quoteOrderQty="250")
    assert (told["status"], told["executedQty"]) == ("FILLED", "2.49900000")
    assert told["origQuoteOrderQty"] == "250.00000000"


def test_a_resting_order_locks_and_fills_at_its_own_price_as_maker() -> None:
    fake = Played()
    order = fake.place()["orderId"]
    assert fake.spot.locked("USDC") == 360
    fake.spot.set_quote("SOLUSDC", "85", "86", ask_size="1")
    assert fake.status(order) == "PARTIALLY_FILLED"
    assert fake.spot.locked("USDC") == 270
    fake.spot.set_quote("SOLUSDC", "85", "86")
    [first, second] = fake.spot.executions
    assert (first.price, first.is_maker, second.qty) == (Decimal(90), True, Decimal(3))
    assert fake.spot.locked("USDC") == 0
    assert fake.spot.balances["USDC"] == 100_000 - 360


def test_a_limit_order_takes_what_is_better_and_gets_the_rest_back() -> None:
    fake = Played()
    told = fake.place(price="101")
    assert told["fills"][0]["price"] == "100.02000000"
    assert fake.spot.balances["USDC"] == Decimal(100_000) - Decimal("400.08")
    assert fake.spot.locked("USDC") == 0


@pytest.mark.parametrize(
    ("tif", "status", "reason"),
    [
        ("IOC", "1.00000000", "UNFILLED_IOC_QUANTITY_EXPIRED"),
        ("FOK", "0.00000000", "UNFILLED_FOK_ORDER_EXPIRED"),
    ],
)
def test_orders_that_do_not_rest_expire(tif: str, status: str, reason: str) -> None:
    fake = Played()
    fake.spot.set_quote("SOLUSDC", "99", "100", ask_size="1")
    told = fake.place(price="100", timeInForce=tif)
    assert (told["status"], told["executedQty"]) == ("EXPIRED", status)
    assert told["expiryReason"] == reason
    assert fake.spot.locked("USDC") == 0


@pytest.mark.parametrize(
    ("params", "code", "words"),
    [
        ({"price": None}, -1102, "Mandatory parameter 'price'"),
        ({"timeInForce": None}, -1102, "Mandatory parameter 'timeInForce'"),
        ({"symbol": "NOPE"}, -1121, "Invalid symbol."),
        ({"side": "LONG"}, -1117, "Invalid side."),
        ({"type": "STOP", "timeInForce": None, "price": None}, -1116, "Invalid orderType."),
        ({"timeInForce": "DAY"}, -1115, "Invalid timeInForce."),
        ({"quantity": "1E-1"}, -1100, "Illegal characters found in parameter 'quantity'"),
        ({"quantity": "0.123456789"}, -1111, "Parameter 'quantity' has too much precision."),
        ({"newClientOrderId": "no spaces"}, -1100, "Illegal characters"),
        ({"newClientOrderId": "x" * 37}, -1100, "Illegal characters"),
        ({"type": "MARKET", "price": "1"}, -1106, "Parameter 'price' sent when not required."),
        ({"stopPrice": "80"}, -1106, "Parameter 'stopPrice' sent"),
        ({"type": "STOP_LOSS"}, -1102, "Mandatory parameter 'stopPrice'"),
        ({"type": "MARKET", "quoteOrderQty": "9"}, -1106, "Parameter 'quoteOrderQty' sent"),
        ({"strategyType": "12"}, -1100, "Illegal characters"),
        ({"price": "90.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "600"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"quantity": "0.0005"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "1.0005"}, -1013, "Filter failure: LOT_SIZE"),
        ({"type": "MARKET", "quantity": "8000"}, -1013, "Filter failure: MARKET_LOT_SIZE"),
        ({"quantity": "0.05"}, -1013, "Filter failure: NOTIONAL"),
        ({"icebergQty": "0.01"}, -1013, "Filter failure: ICEBERG_PARTS"),
        ({"icebergQty": "5"}, -2010, "IcebergQty exceeds QTY."),
        ({"type": "STOP_LOSS", "trailingDelta": "5"}, -1013, "Filter failure: TRAILING_DELTA"),
        ({"quantity": "2000"}, -2010, "Account has insufficient balance"),
        ({"side": "SELL", "price": "120"}, -2010, "Account has insufficient balance"),
        ({"type": "LIMIT_MAKER", "price": "101"}, -2010, "Order would immediately match and take."),
        ({"type": "STOP_LOSS", "stopPrice": "99"}, -2010, "Stop price would trigger immediately."),
        ({"newOrderRespType": "ALL"}, -1118, "Invalid newOrderRespType."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused(params: dict[str, Any], code: int, words: str) -> None:
    fake = Played()
    status, body = fake.ask(**params)
    assert (status, body["code"]) == (400, code)
    assert body["msg"].startswith(words)
    assert not fake.spot.orders
    assert not fake.reports()


def test_orders_are_refused_as_the_symbol_says() -> None:
    fake = Played()
    fake.spot.set_quote("PEPEUSDT", "0.00001", "0.00001001")
    pepe = {"symbol": "PEPEUSDT", "side": "SELL", "type": "STOP_LOSS", "quantity": "1000000"}
    assert "Trailing" in fake.ask(**pepe, trailingDelta="100")[1]["msg"]
    sol = fake.spot.symbol("SOLUSDC")
    sol.max_position, sol.max_algo_orders, sol.max_orders = Decimal(5), 1, 3
    assert fake.ask(quantity="6")[1]["msg"] == "Filter failure: MAX_POSITION"
    fake.spot.deposit("SOL", 4)
    stop = {"side": "SELL", "type": "STOP_LOSS", "stopPrice": "90", "quantity": "1"}
    fake.place(**stop)
    assert fake.ask(**stop)[1]["msg"] == "Filter failure: MAX_NUM_ALGO_ORDERS"
    fake.place(side="SELL", price="120", quantity="1")
    fake.place(side="SELL", price="120", quantity="1")
    assert fake.ask(side="SELL", price="120", quantity="1")[1]["msg"] == (
        "Filter failure: MAX_NUM_ORDERS"
    )
    fake.spot.set_status("SOLUSDC", "HALT")
    assert fake.ask()[1]["msg"] == "Market is closed."


def test_client_ids_are_unique_among_open_orders_alone() -> None:
    fake = Played()
    first = fake.place(newClientOrderId="once")
    assert fake.ask(newClientOrderId="once")[1] == {"code": -2010, "msg": "Duplicate order sent."}
    fake.spot.fill(first["orderId"])
    second = fake.place(newClientOrderId="once")
    assert second["orderId"] != first["orderId"]
    _status, found = fake.call("GET", "/api/v3/order", **SYMBOLS, origClientOrderId="once")
    assert found["orderId"] == second["orderId"]


def test_ids_are_unique_within_a_symbol_alone() -> None:
    fake = Played()
    other = fake.place(symbol="BTCUSDT", quantity="0.01", price="40000")
    assert fake.place()["orderId"] == other["orderId"]


def test_answers_are_as_long_as_is_asked() -> None:
    fake = Played()
    fake.spot.deposit("SOL", 4)
    stop = {"side": "SELL", "type": "STOP_LOSS", "stopPrice": "90", "quantity": "1"}
    short = {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
    assert fake.place(**stop).keys() == short
    assert "fills" not in fake.place(**stop, newOrderRespType="RESULT")
    assert "fills" in fake.place()
    assert fake.place(newOrderRespType="ACK").keys() == short


@pytest.mark.parametrize(
    ("params", "quiet", "loud"),
    [
        ({"side": "SELL", "type": "STOP_LOSS", "stopPrice": "95"}, "96", "94"),
        ({"side": "SELL", "type": "TAKE_PROFIT", "stopPrice": "105"}, "104", "106"),
        ({"side": "BUY", "type": "STOP_LOSS", "stopPrice": "105"}, "104", "106"),
        ({"side": "BUY", "type": "TAKE_PROFIT", "stopPrice": "95"}, "96", "94"),
    ],
)
def test_stops_wait_for_the_last_price(params: dict[str, Any], quiet: str, loud: str) -> None:
    fake = Played()
    fake.spot.deposit("SOL", 4)
    order = fake.place(**params)["orderId"]
    fake.spot.set_quote("SOLUSDC", quiet, quiet)
    assert fake.status(order) == "NEW"
    assert not fake.spot.order(order).is_on_book
    fake.client.take()
    fake.spot.set_quote("SOLUSDC", loud, loud)
    assert fake.status(order) == "FILLED"
    assert [each[1:] for each in fake.reports()] == [("NEW", "NEW"), ("TRADE", "FILLED")]


def test_a_stop_limit_rests_at_its_limit() -> None:
    fake = Played()
    fake.spot.deposit("SOL", 4)
    order = fake.place(
        side="SELL", type="STOP_LOSS_LIMIT", stopPrice="95", price="94", timeInForce="GTC"
    )["orderId"]
    fake.spot.set_quote("SOLUSDC", "90", "91")
    assert (fake.status(order), fake.spot.order(order).is_on_book) == ("NEW", True)
    fake.spot.set_quote("SOLUSDC", "94.50", "94.60")
    assert fake.spot.executions[0].price == 94


def test_a_trailing_stop_follows_the_best_price() -> None:
    fake = Played()
    fake.spot.deposit("SOL", 4)
    order = fake.place(side="SELL", type="STOP_LOSS", trailingDelta="500")["orderId"]
    for price in ("110", "105"):
        fake.spot.set_quote("SOLUSDC", price, price)
    assert fake.status(order) == "NEW"
    fake.spot.set_quote("SOLUSDC", "104.5", "104.5")
    assert fake.status(order) == "FILLED"


def test_a_trailing_stop_with_a_price_begins_there() -> None:
    fake = Played()
    fake.spot.deposit("SOL", 4)
    order = fake.place(side="SELL", type="TAKE_PROFIT", stopPrice="105", trailingDelta="100")[
        "orderId"
    ]
    fake.spot.set_quote("SOLUSDC", "103", "103")
    assert fake.spot.order(order).extreme is None
    fake.spot.set_quote("SOLUSDC", "106", "106")
    assert fake.spot.order(order).extreme == 106
    fake.spot.set_quote("SOLUSDC", "107.1", "107.1")
    assert fake.status(order) == "FILLED"


def test_a_cancel_tells_both_ids() -> None:
    fake = Played()
    fake.place(newClientOrderId="mine")
    fake.client.take()
    status, told = fake.call(
        "DELETE", "/api/v3/order", **SYMBOLS, origClientOrderId="mine", newClientOrderId="end"
    )
    assert (status, told["origClientOrderId"], told["clientOrderId"]) == (200, "mine", "end")
    [event, money] = fake.told
    assert (event["C"], event["c"], event["x"]) == ("mine", "end", "CANCELED")
    assert money["B"] == [{"a": "USDC", "f": "100000.00000000", "l": "0.00000000"}]
    _status, found = fake.call("GET", "/api/v3/order", **SYMBOLS, origClientOrderId="mine")
    assert (found["clientOrderId"], found["status"]) == ("mine", "CANCELED")
    again = fake.call("DELETE", "/api/v3/order", **SYMBOLS, origClientOrderId="mine")
    assert again == (400, {"code": -2011, "msg": "Unknown order sent."})
    assert fake.call("DELETE", "/api/v3/order", **SYMBOLS)[1]["code"] == -1102


def test_a_cancel_can_be_restricted() -> None:
    fake = Played()
    order = {**SYMBOLS, "orderId": fake.place()["orderId"]}
    fake.spot.fill(order["orderId"], "1")
    refused = fake.call("DELETE", "/api/v3/order", **order, cancelRestrictions="ONLY_NEW")
    assert refused[1]["msg"] == "Order was not canceled due to cancel restrictions."
    only = "ONLY_PARTIALLY_FILLED"
    assert fake.call("DELETE", "/api/v3/order", **order, cancelRestrictions=only)[0] == 200


def test_all_of_a_symbol_are_cancelled_at_once() -> None:
    fake = Played()
    assert fake.call("DELETE", "/api/v3/openOrders", **SYMBOLS)[1]["code"] == -2011
    fake.place()
    fake.place()
    fake.place(symbol="BTCUSDT", quantity="0.01", price="40000")
    status, told = fake.call("DELETE", "/api/v3/openOrders", **SYMBOLS)
    assert (status, [each["status"] for each in told]) == (200, ["CANCELED", "CANCELED"])
    assert [each["symbol"] for each in fake.call("GET", "/api/v3/openOrders")[1]] == ["BTCUSDT"]


def test_an_order_may_be_unknown_for_a_moment() -> None:
    fake = Played()
    fake.spot.world.book.lag_seconds = 0.5
    order = {**SYMBOLS, "orderId": fake.place()["orderId"]}
    assert fake.call("GET", "/api/v3/order", **order)[1]["code"] == -2013
    assert fake.call("GET", "/api/v3/openOrders")[1] == []
    fake.clock.advance(0.5)
    assert fake.call("GET", "/api/v3/order", **order)[0] == 200


def test_a_test_order_is_only_looked_at() -> None:
    fake = Played()
    status, told = fake.call(
        "POST", "/api/v3/order/test", **SYMBOLS, side="BUY", type="MARKET", quantity="1"
    )
    assert (status, told, fake.spot.orders) == (200, {}, [])


def test_symbols_may_have_letters_that_are_not_ascii() -> None:
    fake = Played()
    fake.spot.set_quote("币安人生USDT", "1", "1.0001")
    told = fake.place(symbol="币安人生USDT", type="MARKET", quantity="10")
    assert told["fills"][0]["commissionAsset"] == "币安人生"

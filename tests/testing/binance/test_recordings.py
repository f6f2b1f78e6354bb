"""What the double says has the members, and their kinds, of what Binance's own SDK expects.

Those payloads show many members at once that come only sometimes; so what is asked is that nothing
be said that they do not know, and that what is always there be said.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .played import OCO, OTOCO, Played
from .test_futures import STOP, Future

RECORDED = Path(__file__).parents[4] / "shared" / "data" / "recorded" / "binance"
SOMETIMES = {
    "icebergQty", "preventedMatchId", "preventedQuantity", "stopPrice", "strategyId",
    "strategyType", "trailingDelta", "trailingTime", "usedSor", "workingFloor", "pegPriceType",
    "pegOffsetType", "pegOffsetValue", "peggedPrice", "expiryReason", "activatePrice", "priceRate",
    "modifyId", "pair", "callbackRate", "fills", "listStatus",
}  # fmt: skip
# The texts of those tests lack what the SDK makes decimals of.
LEFT_OUT = {
    "price", "origQty", "executedQty", "origQuoteOrderQty", "cummulativeQuoteQty", "commission",
    "qty",
}  # fmt: skip


def recorded(name: str) -> Any:
    path = RECORDED / "binance_connector" / name
    if not path.exists():
        pytest.skip(f"the recorded payloads (shared/data/recorded/binance/{name}) are not here")
    return json.loads(path.read_text())


def assert_alike(ours: dict[str, Any], theirs: dict[str, Any], *apart: str) -> None:
    assert ours.keys() - theirs.keys() - SOMETIMES - LEFT_OUT - set(apart) == set()
    assert theirs.keys() - ours.keys() - SOMETIMES - set(apart) == set()
    for name in ours.keys() & theirs.keys():
        mine, yours = ours[name], theirs[name]
        if mine is not None and yours is not None and name not in apart:
            assert type(mine) is type(yours), name


SPOT = "spot/rest_api/test_trade_api/"
ACCOUNT = "spot/rest_api/test_account_api/"


def test_orders_of_spot() -> None:
    fake = Played()
    placed = fake.buy()
    assert_alike(placed, recorded(SPOT + "new_order.json"))
    symbol = {"symbol": "SOLUSDC"}
    found = fake.call("GET", "/api/v3/order", **symbol, orderId=placed["orderId"])[1]
    assert_alike(found, recorded(ACCOUNT + "get_order.json"))
    [listed] = fake.call("GET", "/api/v3/allOrders", **symbol)[1]
    assert_alike(listed, recorded(ACCOUNT + "all_orders.json")[0])
    [trade] = fake.call("GET", "/api/v3/myTrades", **symbol)[1]
    assert_alike(trade, recorded(ACCOUNT + "my_trades.json")[0])
    rest = fake.place()["orderId"]
    amended = fake.call("PUT", "/api/v3/order/amend/keepPriority", **symbol, orderId=rest, newQty=3)
    theirs = recorded(SPOT + "order_amend_keep_priority.json")
    assert_alike(amended[1], theirs)
    assert_alike(amended[1]["amendedOrder"], theirs["amendedOrder"])
    gone = fake.call("DELETE", "/api/v3/order", **symbol, orderId=rest)[1]
    assert_alike(gone, recorded(SPOT + "delete_order.json"))


def test_replacements_and_lists_of_spot() -> None:
    fake = Played()
    old = fake.place()["orderId"]
    told = fake.call(
        "POST", "/api/v3/order/cancelReplace", symbol="SOLUSDC", side="BUY", type="LIMIT",
        timeInForce="GTC", quantity="2", price="91", cancelReplaceMode="STOP_ON_FAILURE",
        cancelOrderId=old,
    )[1]  # fmt: skip
    theirs = recorded(SPOT + "order_cancel_replace.json")
    assert_alike(told, theirs)
    assert_alike(told["cancelResponse"], theirs["cancelResponse"])
    assert_alike(told["newOrderResponse"], theirs["newOrderResponse"])
    fake.buy()
    unnamed = {name: value for name, value in OCO.items() if not name.endswith("ClientOrderId")}
    for name, params in (("oco", unnamed), ("otoco", OTOCO)):
        told = fake.call("POST", f"/api/v3/orderList/{name}", **params)[1]
        theirs = recorded(SPOT + f"order_list_{name}.json")
        assert_alike(told, theirs)
        assert_alike(told["orderReports"][0], theirs["orderReports"][0])
    [listed, *_more] = fake.call("GET", "/api/v3/allOrderList")[1]
    assert_alike(listed, recorded(ACCOUNT + "all_order_list.json")[0])


def test_the_account_and_rules_of_spot() -> None:
    fake = Played()
    account = fake.call("GET", "/api/v3/account")[1]
    assert_alike(account, recorded(ACCOUNT + "get_account.json"))
    commission = fake.call("GET", "/api/v3/account/commission", symbol="SOLUSDC")[1]
    assert_alike(commission, recorded(ACCOUNT + "account_commission.json"))
    info = fake.call("GET", "/api/v3/exchangeInfo", symbol="SOLUSDC")[1]
    theirs = recorded("spot/rest_api/test_general_api/exchange_info.json")
    assert_alike(info, theirs, "sors")
    assert_alike(info["symbols"][0], theirs["symbols"][0])


FUTURES = "derivatives_trading_usds_futures/rest_api/"


def test_orders_of_futures() -> None:
    fake = Future()
    trade = FUTURES + "test_trade_api/"
    placed = fake.order()
    assert_alike(placed, recorded(trade + "new_order.json"))
    symbol: dict[str, Any] = {"symbol": "BTCUSDT"}
    found = fake.fcall("GET", "order", **symbol, orderId=placed["orderId"])[1]
    assert_alike(found, recorded(trade + "query_order.json"))
    [fill] = fake.fcall("GET", "userTrades", **symbol)[1]
    assert_alike(fill, recorded(trade + "account_trade_list.json")[0])
    rest = fake.order(type="LIMIT")["orderId"]
    change: dict[str, Any] = {"side": "BUY", "quantity": "0.2", "price": "49400"}
    modified = fake.fcall("PUT", "order", **symbol, orderId=rest, **change)[1]
    assert_alike(modified, recorded(trade + "modify_order.json"))
    gone = fake.fcall("DELETE", "order", **symbol, orderId=rest)[1]
    assert_alike(gone, recorded(trade + "cancel_order.json"))


def test_conditional_orders() -> None:
    fake = Future()
    trade = FUTURES + "test_trade_api/"
    placed = fake.fcall("POST", "algoOrder", **STOP)[1]
    assert_alike(placed, recorded(trade + "new_algo_order.json"))
    found = fake.fcall("GET", "algoOrder", clientAlgoId="stop")[1]
    assert_alike(found, recorded(trade + "query_algo_order.json"))
    gone = fake.fcall("DELETE", "algoOrder", clientAlgoId="stop")[1]
    assert_alike(gone, recorded(trade + "cancel_algo_order.json"))


def test_positions_and_the_account_of_futures() -> None:
    fake = Future()
    fake.order()
    trade, account = FUTURES + "test_trade_api/", FUTURES + "test_account_api/"
    [position] = fake.fcall("GET", "positionRisk", version=3)[1]
    assert_alike(position, recorded(trade + "position_information_v3.json")[0])
    position = fake.fcall("GET", "positionRisk", version=2)[1][0]
    assert_alike(position, recorded(trade + "position_information_v2.json")[0])
    told = fake.fcall("GET", "account", version=3)[1]
    theirs = recorded(account + "account_information_v3.json")
    assert_alike(told, theirs)
    assert_alike(told["assets"][0], theirs["assets"][0])
    assert_alike(told["positions"][0], theirs["positions"][0])
    config = fake.fcall("GET", "symbolConfig")[1][0]
    assert_alike(config, recorded(account + "symbol_configuration.json")[0])
    info = fake.fcall("GET", "exchangeInfo")[1]
    theirs = recorded(FUTURES + "test_market_data_api/exchange_information.json")
    assert_alike(info["symbols"][0], theirs["symbols"][0], "settlePlan")

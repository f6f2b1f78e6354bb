"""Order lists: one reservation, and what a leg does to the others."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from .played import OCO, OTOCO, Played


def held() -> Played:
    fake = Played()
    fake.buy("4")
    fake.client.take()
    return fake


def place(fake: Played, path: str, **params: Any) -> dict[str, Any]:
    status, told = fake.call("POST", f"/api/v3/orderList/{path}", **params)
    assert status == 200, told
    answer: dict[str, Any] = told
    return answer


def legs(fake: Played) -> dict[str, str]:
    return {order.client_id: order.status for order in fake.spot.orders if order.list_id != -1}


def test_an_oco_locks_once_what_the_fee_has_left() -> None:
    fake = held()
    told = place(fake, "oco", **OCO)
    assert fake.spot.locked("SOL") == Decimal("3.996")
    assert (told["contingencyType"], told["listOrderStatus"]) == ("OCO", "EXECUTING")
    by_id = {each["clientOrderId"]: each for each in told["orderReports"]}
    assert (by_id["tp"]["type"], by_id["sl"]["workingTime"]) == ("LIMIT_MAKER", -1)
    events = [each["e"] for each in fake.told]
    assert events == ["listStatus", "executionReport", "executionReport", "outboundAccountPosition"]


def test_the_full_quantity_that_was_bought_is_not_there_any_more() -> None:
    fake = held()
    status, body = fake.call("POST", "/api/v3/orderList/oco", **{**OCO, "quantity": "4"})
    assert (status, body["msg"][:33]) == (400, "Account has insufficient balance ")
    assert not fake.spot.lists


def test_a_partial_fill_of_the_profit_ends_the_stop_at_once() -> None:
    fake = held()
    place(fake, "oco", **OCO)
    fake.client.take()
    fake.spot.set_quote("SOLUSDC", "110", "110.5", bid_size="1")
    assert legs(fake) == {"sl": "EXPIRED", "tp": "PARTIALLY_FILLED"}
    assert fake.spot.locked("SOL") == Decimal("2.996")
    assert fake.spot.lists[0].status == "EXECUTING"
    fake.spot.fill("tp")
    assert fake.spot.lists[0].status == "ALL_DONE"
    assert fake.told[-2]["e"] == "listStatus"


def test_a_stop_that_triggers_ends_the_profit_before_it_trades() -> None:
    fake = held()
    place(fake, "oco", **OCO)
    fake.client.take()
    fake.spot.set_quote("SOLUSDC", "94", "94.1")
    assert legs(fake) == {"sl": "FILLED", "tp": "EXPIRED"}
    assert fake.reports() == [
        ("LIMIT_MAKER", "EXPIRED", "EXPIRED"),
        ("STOP_LOSS", "NEW", "NEW"),
        ("STOP_LOSS", "TRADE", "FILLED"),
    ]
    assert "SOL" not in fake.spot.balances
    assert fake.spot.locked("SOL") == 0


def test_the_cancel_of_a_leg_is_that_of_the_list() -> None:
    fake = held()
    place(fake, "oco", **OCO)
    status, told = fake.call("DELETE", "/api/v3/order", symbol="SOLUSDC", origClientOrderId="sl")
    assert (status, told["listOrderStatus"]) == (200, "ALL_DONE")
    assert legs(fake) == {"sl": "CANCELED", "tp": "CANCELED"}
    assert fake.spot.locked("SOL") == 0


def test_a_list_is_cancelled_and_looked_at_by_its_ids() -> None:
    fake = held()
    told = place(fake, "oco", **OCO, listClientOrderId="pair")
    _status, found = fake.call("GET", "/api/v3/orderList", origClientOrderId="pair")
    assert found["orderListId"] == told["orderListId"]
    assert fake.call("GET", "/api/v3/openOrderList")[1] == [found]
    params = {"symbol": "SOLUSDC", "orderListId": told["orderListId"]}
    status, ended = fake.call("DELETE", "/api/v3/orderList", **params)
    assert (status, ended["listStatusType"]) == (200, "ALL_DONE")
    assert fake.call("DELETE", "/api/v3/orderList", **params)[1]["code"] == -2011
    assert fake.call("GET", "/api/v3/openOrderList")[1] == []
    assert len(fake.call("GET", "/api/v3/allOrderList")[1]) == 1


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"abovePrice": "99"}, -2010),
        ({"belowStopPrice": "101"}, -2010),
        ({"belowType": "LIMIT_MAKER", "belowPrice": "95", "belowStopPrice": None}, -1168),
        ({"side": "BUY"}, -1166),
        ({"belowClientOrderId": "tp"}, -1160),
        ({"abovePrice": "110.001"}, -1013),
        ({"quantity": None}, -1102),
    ],
)
def test_an_oco_that_makes_no_sense_is_refused(changed: dict[str, Any], code: int) -> None:
    fake = held()
    status, body = fake.call("POST", "/api/v3/orderList/oco", **{**OCO, **changed})
    assert (status, body["code"]) == (400, code)
    assert fake.spot.locked("SOL") == 0


def test_a_buying_oco_stops_above() -> None:
    fake = Played()
    place(fake, "oco", symbol="SOLUSDC", side="BUY", quantity="2", aboveType="STOP_LOSS_LIMIT",
          aboveStopPrice="105", abovePrice="106", aboveTimeInForce="GTC",
          belowType="LIMIT_MAKER", belowPrice="95")  # fmt: skip
    assert fake.spot.locked("USDC") == 212
    fake.spot.set_quote("SOLUSDC", "105", "105.5", "105.5")
    assert [order.status for order in fake.spot.orders] == ["EXPIRED", "FILLED"]
    assert fake.spot.locked("USDC") == 0


def test_the_exits_of_an_otoco_wait_for_all_of_the_entry() -> None:
    fake = Played()
    told = place(fake, "otoco", **OTOCO)
    assert told["contingencyType"] == "OTO"
    assert legs(fake) == {"entry": "NEW", "sl": "PENDING_NEW", "tp": "PENDING_NEW"}
    assert fake.spot.locked("USDC") == 396
    fake.spot.fill("entry", "3")
    assert legs(fake)["tp"] == "PENDING_NEW"
    fake.spot.fill("entry")
    assert legs(fake) == {"entry": "FILLED", "sl": "NEW", "tp": "NEW"}
    assert fake.spot.locked("SOL") == Decimal("3.996")
    fake.spot.set_quote("SOLUSDC", "94", "94.1")
    assert legs(fake) == {"entry": "FILLED", "sl": "FILLED", "tp": "EXPIRED"}
    assert fake.spot.lists[0].status == "ALL_DONE"


def test_an_entry_that_fills_at_once_still_shows_pending_exits() -> None:
    fake = Played()
    told = place(fake, "otoco", **{**OTOCO, "workingPrice": "101"})
    assert [each["status"] for each in told["orderReports"]] == [
        "FILLED", "PENDING_NEW", "PENDING_NEW",
    ]  # fmt: skip
    assert legs(fake) == {"entry": "FILLED", "sl": "NEW", "tp": "NEW"}


def test_exits_for_more_than_the_fee_left_are_rejected() -> None:
    fake = Played()
    place(fake, "otoco", **{**OTOCO, "pendingQuantity": "4"})
    fake.client.take()
    fake.spot.fill("entry")
    assert legs(fake) == {"entry": "FILLED", "sl": "REJECTED", "tp": "REJECTED"}
    rejected = [each for each in fake.told if each.get("x") == "REJECTED"]
    assert [each["r"] for each in rejected] == ["INSUFFICIENT_BALANCES"] * 2
    assert fake.spot.lists[0].status == "ALL_DONE"


def test_exits_end_with_an_entry_that_is_cancelled() -> None:
    fake = Played()
    place(fake, "otoco", **OTOCO)
    fake.call("DELETE", "/api/v3/order", symbol="SOLUSDC", origClientOrderId="entry")
    assert set(legs(fake).values()) == {"CANCELED"}
    assert fake.spot.locked("USDC") == 0


def test_an_entry_that_expires_takes_its_exits_along() -> None:
    fake = Played()
    place(fake, "otoco", **OTOCO)
    fake.spot.end("entry")
    assert set(legs(fake).values()) == {"EXPIRED"}
    assert fake.spot.order("tp").expiry_reason == "OTO_PHASE_ONE_EXPIRED"


def test_an_oto_places_one_order_after_another() -> None:
    fake = Played()
    place(fake, "oto", symbol="SOLUSDC", workingType="LIMIT", workingSide="BUY",
          workingPrice="99", workingQuantity="4", workingTimeInForce="GTC",
          workingClientOrderId="entry", pendingType="LIMIT_MAKER", pendingSide="SELL",
          pendingPrice="120", pendingQuantity="3.9", pendingClientOrderId="exit")  # fmt: skip
    fake.spot.fill("entry")
    assert legs(fake) == {"entry": "FILLED", "exit": "NEW"}


def test_the_exits_of_an_opoco_are_as_large_as_what_came() -> None:
    fake = Played()
    params = {name: value for name, value in OTOCO.items() if name != "pendingQuantity"}
    place(fake, "opoco", **params)
    fake.spot.fill("entry")
    assert [fake.spot.order(name).qty for name in ("sl", "tp")] == [Decimal("3.996")] * 2
    assert fake.spot.locked("SOL") == Decimal("3.996")
    path = "/api/v3/orderList/opoco"
    assert fake.call("POST", path, **OTOCO)[1]["code"] == -1106
    wrong = {**params, "workingSide": "SELL", "pendingSide": "BUY"}
    assert fake.call("POST", path, **wrong)[1]["code"] == -1014


def test_an_opo_sells_what_came() -> None:
    fake = Played()
    place(fake, "opo", symbol="SOLUSDC", workingType="LIMIT", workingSide="BUY",
          workingPrice="99", workingQuantity="4", workingTimeInForce="GTC",
          workingClientOrderId="entry", pendingType="LIMIT_MAKER", pendingSide="SELL",
          pendingPrice="120", pendingClientOrderId="exit")  # fmt: skip
    fake.spot.world.desk.fees.maker = Decimal(0)
    fake.spot.fill("entry")
    assert fake.spot.order("exit").qty == 4


def test_a_pending_order_that_would_take_is_rejected() -> None:
    fake = Played()
    place(fake, "oto", symbol="SOLUSDC", workingType="LIMIT", workingSide="BUY",
          workingPrice="99", workingQuantity="4", workingTimeInForce="GTC",
          workingClientOrderId="entry", pendingType="LIMIT_MAKER", pendingSide="SELL",
          pendingPrice="98", pendingQuantity="3", pendingClientOrderId="exit")  # fmt: skip
    fake.spot.hold_fills("SOLUSDC")
    fake.spot.fill("entry")
    assert legs(fake) == {"entry": "FILLED", "exit": "REJECTED"}
    assert fake.spot.order("exit").reject_reason == "WOULD_MATCH_IMMEDIATELY"
    assert fake.spot.lists[0].status == "ALL_DONE"
    assert fake.spot.locked("SOL") == 0


def test_an_entry_by_market_is_not_one_of_a_list() -> None:
    fake = Played()
    params = {**OTOCO, "workingType": "MARKET", "workingPrice": None, "workingTimeInForce": None}
    assert fake.call("POST", "/api/v3/orderList/otoco", **params)[1]["code"] == -1197


def test_the_older_oco_is_still_taken() -> None:
    fake = held()
    status, told = fake.call(
        "POST", "/api/v3/order/oco", symbol="SOLUSDC", side="SELL", quantity="3", price="110",
        stopPrice="95", stopLimitPrice="94", stopLimitTimeInForce="GTC",
    )  # fmt: skip
    assert status == 200
    assert {each["type"] for each in told["orderReports"]} == {"STOP_LOSS_LIMIT", "LIMIT_MAKER"}


def test_cancelling_everything_tells_orders_and_lists() -> None:
    fake = held()
    place(fake, "oco", **OCO)
    fake.place()
    _status, told = fake.call("DELETE", "/api/v3/openOrders", symbol="SOLUSDC")
    assert ["orderReports" in each for each in told] == [True, False]

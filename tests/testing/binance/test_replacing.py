"""Cancel and replace, and amend: what is left when half of it fails."""

from __future__ import annotations

from typing import Any

import pytest

from .played import OTOCO, Played

PATH = "/api/v3/order/cancelReplace"


def replaced(fake: Played, **params: Any) -> tuple[int, Any]:
    wanted = {
        "symbol": "SOLUSDC",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "2",
        "price": "91",
        "cancelReplaceMode": "STOP_ON_FAILURE",
        "cancelOrigClientOrderId": "old",
        "newClientOrderId": "new",
    }
    return fake.call("POST", PATH, **(wanted | params))


@pytest.fixture
def fake() -> Played:
    fake = Played()
    fake.place(newClientOrderId="old")
    fake.client.take()
    return fake


def statuses(fake: Played) -> dict[str, str]:
    return {order.client_id: order.status for order in fake.spot.orders}


def test_one_takes_the_place_of_the_other(fake: Played) -> None:
    status, told = replaced(fake)
    assert (status, told["cancelResult"], told["newOrderResult"]) == (200, "SUCCESS", "SUCCESS")
    assert told["cancelResponse"]["origClientOrderId"] == "old"
    assert told["newOrderResponse"]["clientOrderId"] == "new"
    assert statuses(fake) == {"old": "CANCELED", "new": "NEW"}
    assert fake.spot.locked("USDC") == 182


def test_the_old_may_be_gone_and_nothing_in_its_place(fake: Played) -> None:
    status, body = replaced(fake, type="LIMIT_MAKER", timeInForce=None, price="101")
    assert (status, body["code"]) == (409, -2021)
    data = body["data"]
    assert (data["cancelResult"], data["newOrderResult"]) == ("SUCCESS", "FAILURE")
    words = {"code": -2010, "msg": "Order would immediately match and take."}
    assert data["newOrderResponse"] == words
    assert statuses(fake) == {"old": "CANCELED"}


def test_nothing_is_tried_when_the_cancel_fails(fake: Played) -> None:
    status, body = replaced(fake, cancelOrigClientOrderId="other")
    assert (status, body["code"]) == (400, -2022)
    assert body["data"]["newOrderResult"] == "NOT_ATTEMPTED"
    assert body["data"]["newOrderResponse"] is None
    assert statuses(fake) == {"old": "NEW"}


def test_the_new_may_be_wanted_in_any_case(fake: Played) -> None:
    params = {"cancelReplaceMode": "ALLOW_FAILURE", "cancelOrigClientOrderId": "other"}
    status, body = replaced(fake, **params)
    assert (status, body["data"]["cancelResult"]) == (409, "FAILURE")
    assert statuses(fake) == {"old": "NEW", "new": "NEW"}
    status, body = replaced(fake, **params)
    assert (status, body["code"]) == (400, -2022)


def test_filters_and_counts_come_before_the_cancel() -> None:
    fake = Played(orders_per_10_seconds=1)
    fake.place(newClientOrderId="old")
    assert replaced(fake, price="91.001")[1]["msg"] == "Filter failure: PRICE_FILTER"
    assert replaced(fake)[0] == 429
    assert statuses(fake) == {"old": "NEW"}
    status, body = replaced(fake, orderRateLimitExceededMode="CANCEL_ONLY")
    assert (status, body["data"]["newOrderResponse"]["code"]) == (429, -1015)
    assert statuses(fake) == {"old": "CANCELED"}


def test_a_mode_there_must_be(fake: Played) -> None:
    assert replaced(fake, cancelReplaceMode=None)[1]["code"] == -1102


def amended(fake: Played, qty: str, **params: Any) -> tuple[int, Any]:
    wanted = {"symbol": "SOLUSDC", "origClientOrderId": "old", "newQty": qty}
    return fake.call("PUT", "/api/v3/order/amend/keepPriority", **(wanted | params))


def test_less_of_an_order_keeps_its_id(fake: Played) -> None:
    order = fake.spot.order("old")
    status, told = amended(fake, "3", newClientOrderId="less")
    assert status == 200
    assert told["amendedOrder"]["orderId"] == order.id
    assert (told["amendedOrder"]["qty"], told["amendedOrder"]["origClientOrderId"]) == (
        "3.00000000", "old",
    )  # fmt: skip
    event = fake.told[0]
    assert (event["x"], event["C"], event["c"]) == ("REPLACED", "old", "less")
    assert fake.spot.locked("USDC") == 270


def test_an_amended_order_gets_a_new_id_of_its_own(fake: Played) -> None:
    _status, told = amended(fake, "3")
    assert told["amendedOrder"]["clientOrderId"] not in ("old", "")


@pytest.mark.parametrize(
    ("qty", "code"), [("5", -2038), ("4", -2038), ("1", -2038), ("3.0005", -1013)]
)
def test_only_less_will_do(fake: Played, qty: str, code: int) -> None:
    fake.spot.fill("old", "1")
    status, body = amended(fake, qty)
    assert (status, body["code"]) == (400, code)


def test_there_is_an_end_to_amending(fake: Played) -> None:
    fake.spot.symbol("SOLUSDC").max_amends = 1
    amended(fake, "3", newClientOrderId="old")
    assert amended(fake, "2")[1]["msg"] == "Filter failure: MAX_NUM_ORDER_AMENDS"
    fake.spot.symbol("SOLUSDC").amend = False
    assert amended(fake, "2")[1]["code"] == -2038
    assert amended(fake, "2", origClientOrderId="none")[1]["msg"] == "Unknown order sent."


def test_an_amended_entry_tells_of_its_list() -> None:
    fake = Played()
    fake.call("POST", "/api/v3/orderList/otoco", **OTOCO)
    _status, told = amended(fake, "3", origClientOrderId="entry")
    assert told["listStatus"]["contingencyType"] == "OTO"

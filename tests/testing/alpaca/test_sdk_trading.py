"""The broker's own SDK trades with the double, through all that it has for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from tradegw.testing.alpaca import Beside, refuse

from .sdk import APIError, enums, models, requests


def entry(kind: Callable[..., Any] = requests.LimitOrderRequest, **members: Any) -> Any:
    """An order that rests, unless *members* say otherwise."""
    usual = {"symbol": "AAPL", "qty": 4, "side": "buy", "time_in_force": "gtc"}
    if kind is requests.LimitOrderRequest:
        usual |= {"limit_price": 90}
    return kind(**{**usual, **members})


def market(**members: Any) -> Any:
    return entry(requests.MarketOrderRequest, **members)


def refused(call: Callable[[], object]) -> tuple[int, int, str]:
    with pytest.raises(APIError) as caught:
        call()
    return caught.value.status_code, caught.value.code, caught.value.message


def test_the_account_is_as_the_terms_have_it(client: Any) -> None:
    account = client.get_account()
    assert account.status is enums.AccountStatus.ACTIVE
    assert (account.cash, account.buying_power) == ("100000", "400000")


def test_a_market_order_is_pending_then_filled_at_the_ask(client: Any, double: Beside) -> None:
    order = client.submit_order(market(client_order_id="mine"))
    assert order.status is enums.OrderStatus.PENDING_NEW
    found = client.get_order_by_client_id("mine")
    assert found.id == order.id
    assert found.status is enums.OrderStatus.FILLED
    assert (found.filled_qty, found.filled_avg_price) == ("4", "100.02")
    assert double.do(lambda fake: fake.positions) == {"AAPL": Decimal(4)}
    assert double.do(lambda fake: fake.cash) == Decimal("99599.92")


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        (requests.LimitOrderRequest, {"limit_price": 90}),
        (requests.StopOrderRequest, {"stop_price": 110}),
        (requests.StopLimitOrderRequest, {"stop_price": 110, "limit_price": 111.5}),
        (requests.TrailingStopOrderRequest, {"trail_price": 2.5}),
        (requests.TrailingStopOrderRequest, {"trail_percent": 1.5}),
    ],
)
def test_orders_of_all_types_rest(client: Any, kind: Any, members: dict[str, float]) -> None:
    order = client.submit_order(entry(kind, **members))
    found = client.get_order_by_id(order.id)
    assert found.status is enums.OrderStatus.NEW
    for name, value in members.items():
        assert Decimal(str(getattr(found, name))) == Decimal(str(value))


@pytest.mark.parametrize("tif", ["day", "gtc", "ioc", "fok", "cls"])
def test_times_in_force_are_kept(client: Any, tif: str) -> None:
    order = client.submit_order(entry(time_in_force=tif))
    ends = {"ioc": "canceled", "fok": "canceled", "cls": "accepted"}
    assert client.get_order_by_id(order.id).status.value == ends.get(tif, "new")
    assert order.time_in_force.value == tif


def test_orders_by_value_and_of_fractions(client: Any) -> None:
    by_value = client.submit_order(market(qty=None, notional=250.5, time_in_force="day"))
    assert (by_value.notional, by_value.qty) == ("250.5", None)
    assert client.get_order_by_id(by_value.id).filled_qty == "2.5044991"
    part = client.submit_order(market(qty=0.25, time_in_force="day"))
    assert client.get_order_by_id(part.id).filled_qty == "0.25"


def bracket(**members: Any) -> Any:
    return market(
        order_class="bracket",
        take_profit=requests.TakeProfitRequest(limit_price=110),
        stop_loss=requests.StopLossRequest(stop_price=95, limit_price=94.5),
        **members,
    )


def statuses(client: Any, order: Any) -> dict[str, str]:
    nested = client.get_order_by_id(order.id, requests.GetOrderByIdRequest(nested=True))
    return {leg.type.value: leg.status.value for leg in nested.legs}


def test_a_bracket_holds_its_stop_and_ends_both_exits_with_one(client: Any, double: Beside) -> None:
    order = client.submit_order(bracket())
    assert [leg.status.value for leg in order.legs] == ["held", "held"]
    assert statuses(client, order) == {"limit": "new", "stop_limit": "held"}
    double.do(lambda fake: fake.set_quote("AAPL", "110.10", "110.12"))
    assert statuses(client, order) == {"limit": "filled", "stop_limit": "canceled"}
    assert client.get_all_positions() == []


def test_the_stop_of_a_bracket_takes_over(client: Any, double: Beside) -> None:
    order = client.submit_order(bracket())
    double.do(lambda fake: fake.set_quote("AAPL", "94.80", "94.82"))
    assert statuses(client, order) == {"limit": "canceled", "stop_limit": "filled"}


def test_an_oto_has_one_exit_and_an_oco_two(client: Any, double: Beside) -> None:
    loss = requests.StopLossRequest(stop_price=95)
    client.submit_order(market(order_class="oto", stop_loss=loss))
    assert [each.type.value for each in client.get_orders()] == ["stop"]
    client.cancel_orders()
    oco = client.submit_order(
        entry(
            side="sell",
            limit_price=110,
            order_class="oco",
            take_profit=requests.TakeProfitRequest(limit_price=110),
            stop_loss=loss,
        )
    )
    assert (oco.limit_price, [leg.status.value for leg in oco.legs]) == ("110", ["held"])
    double.do(lambda fake: fake.set_quote("AAPL", "94", "94.02"))
    assert client.get_order_by_id(oco.id).status is enums.OrderStatus.CANCELED
    assert client.get_all_positions() == []


def test_a_replace_is_a_new_order(client: Any) -> None:
    old = client.submit_order(entry())
    new = client.replace_order_by_id(
        old.id, requests.ReplaceOrderRequest(qty=7, limit_price=91.25, client_order_id="next")
    )
    assert new.replaces == old.id
    found = client.get_order_by_id(old.id)
    assert (found.status, found.replaced_by) == (enums.OrderStatus.REPLACED, new.id)
    found = client.get_order_by_id(new.id)
    assert (found.status.value, found.qty, found.limit_price) == ("new", "7", "91.25")
    assert found.client_order_id == "next"


def test_cancels_one_by_one_and_all(client: Any) -> None:
    one, other = client.submit_order(entry()), client.submit_order(entry())
    client.cancel_order_by_id(one.id)
    assert client.get_order_by_id(one.id).status is enums.OrderStatus.CANCELED
    assert refused(lambda: client.cancel_order_by_id(one.id)) == (
        422,
        42210000,
        'order is already in "canceled" state',
    )
    answers = client.cancel_orders()
    assert [(each.id, each.status) for each in answers] == [(other.id, 200)]
    assert client.get_orders() == []


def test_lists_are_filtered_sorted_and_limited(client: Any) -> None:
    first = client.submit_order(entry())
    client.cancel_order_by_id(first.id)
    second = client.submit_order(entry(side="buy"))
    third = client.submit_order(entry(symbol="BTC/USD", qty=0.01, limit_price=40000))

    def listed(**members: Any) -> list[Any]:
        return [order.id for order in client.get_orders(requests.GetOrdersRequest(**members))]

    assert listed() == [third.id, second.id]
    assert listed(status="all", direction="asc") == [first.id, second.id, third.id]
    assert listed(status="closed") == [first.id]
    assert listed(status="all", limit=1) == [third.id]
    assert listed(symbols=["BTCUSD"]) == listed(symbols=["BTC/USD"]) == [third.id]
    assert listed(status="all", after=first.submitted_at + timedelta(microseconds=1)) == [
        third.id,
        second.id,
    ]
    assert listed(status="all", until=second.submitted_at) == [first.id]


def test_listing_shows_held_stops_only_within_their_parents(client: Any) -> None:
    order = client.submit_order(bracket())
    flat = client.get_orders(requests.GetOrdersRequest(status="open", nested=False))
    assert [each.type.value for each in flat] == ["limit"]
    nested = client.get_orders(requests.GetOrdersRequest(status="open", nested=True))
    assert nested == []
    everything = client.get_orders(requests.GetOrdersRequest(status="all", nested=True))
    assert [(each.id, len(each.legs)) for each in everything] == [(order.id, 2)]


def test_positions_are_told_and_closed_in_parts(client: Any) -> None:
    client.submit_order(market(qty=10))
    client.submit_order(market(symbol="BTC/USD", qty=0.01))
    position = client.get_open_position("AAPL")
    assert (position.qty, position.qty_available, position.side.value) == ("10", "10", "long")
    coins = client.get_open_position("BTCUSD")
    assert (coins.symbol, coins.qty) == ("BTCUSD", "0.009975")
    assert client.get_open_position(coins.asset_id).qty == coins.qty
    order = client.close_position("AAPL", requests.ClosePositionRequest(qty="3"))
    assert (order.side.value, order.qty) == ("sell", "3")
    client.close_position("AAPL", requests.ClosePositionRequest(percentage="50"))
    assert client.get_open_position("AAPL").qty == "4"
    client.close_position("BTCUSD")
    assert refused(lambda: client.close_position("BTCUSD")) == (
        404,
        40410000,
        "position does not exist",
    )


def test_closing_all_is_answered_one_by_one(client: Any) -> None:
    client.submit_order(bracket())
    [answer] = client.close_all_positions()
    assert answer.status == 403
    assert isinstance(answer.body, models.FailedClosePositionDetails)
    assert (answer.body.available, answer.body.held_for_orders) == (0, 4)
    [answer] = client.close_all_positions(cancel_orders=True)
    assert answer.status == 200
    assert client.get_all_positions() == []
    assert client.get_orders() == []


def test_errors_are_those_of_the_broker(client: Any) -> None:
    client.submit_order(entry(client_order_id="once"))
    assert refused(lambda: client.submit_order(entry(client_order_id="once"))) == (
        422,
        40010001,
        "client_order_id must be unique",
    )
    assert refused(lambda: client.submit_order(market(qty=100_000)))[:2] == (403, 40310000)
    assert refused(lambda: client.submit_order(market(symbol="NOPE"))) == (
        422,
        42210000,
        'asset "NOPE" not found',
    )
    assert refused(lambda: client.get_order_by_id(uuid4()))[:2] == (404, 40410000)
    assert refused(lambda: client.get_order_by_client_id("nobody")) == (
        404,
        40410000,
        "order not found for nobody",
    )


def test_assets_clock_and_calendar(client: Any, double: Beside) -> None:
    coins = client.get_all_assets(requests.GetAssetsRequest(asset_class="crypto", status="active"))
    assert [each.symbol for each in coins] == ["BTC/USD", "DOGE/USD", "ETH/USD"]
    assert client.get_asset("BTCUSD").id == client.get_asset(str(coins[0].id)).id
    assert client.get_asset("AAPL").exchange is enums.AssetExchange.NASDAQ
    assert client.get_clock().is_open
    double.do(lambda fake: fake.set_session("closed"))
    clock = client.get_clock()
    assert not clock.is_open
    assert clock.next_open > clock.timestamp
    span = requests.GetCalendarRequest(start=date(2026, 3, 6), end=date(2026, 3, 9))
    assert [str(day.date) for day in client.get_calendar(span)] == ["2026-03-06", "2026-03-09"]


def test_fills_are_activities_page_by_page(client: Any) -> None:
    for qty in (1, 2, 3):
        client.submit_order(market(qty=qty))
    query: dict[str, Any] = {"page_size": 2, "direction": "asc"}
    page = client.get("/account/activities/FILL", query)
    assert [each["qty"] for each in page] == ["1", "2"]
    rest = client.get("/account/activities/FILL", {**query, "page_token": page[-1]["id"]})
    assert [(each["qty"], each["type"], each["leaves_qty"]) for each in rest] == [
        ("3", "fill", "0")
    ]


def test_the_rate_limit_is_enforced_and_told(client: Any, double: Beside) -> None:
    for _ in range(200):
        client.get_clock()
    assert refused(client.get_account) == (429, 42910000, "rate limit exceeded")
    assert double.do(lambda fake: fake.calls[-1].accepted) is False


def test_a_refusal_can_be_made_up(client: Any, double: Beside) -> None:
    double.do(lambda fake: fake.faults.plan(refuse(500, "oops", 50010000), "POST", "/v2/orders"))
    assert refused(lambda: client.submit_order(market())) == (500, 50010000, "oops")
    assert double.do(lambda fake: fake.orders) == []

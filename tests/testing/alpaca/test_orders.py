"""How orders live: fills, families, replaces, cancels, and the day."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from .stage import BRACKET, Played

OCO = {"order_class": "oco", "side": "sell", "limit_price": "110", "type": "limit"}


def filled_at(stage: Played, order_id: str) -> Decimal | None:
    return stage.order(order_id).filled_avg_price


# -- fills


@pytest.mark.parametrize(
    ("members", "before", "after"),
    [
        ({"limit_price": "99"}, ("99.00", "99.02"), ("98.90", "98.99")),
        ({"type": "stop", "stop_price": "105"}, ("104.9", "104.98"), ("105.1", "105.2")),
        (
            {"type": "stop_limit", "stop_price": "105", "limit_price": "105.5"},
            ("106", "106.2"),
            ("105.3", "105.4"),
        ),
        ({"type": "trailing_stop", "trail_price": "5"}, ("90", "90.02"), ("95.02", "95.04")),
    ],
)
def test_buys_trade_when_their_price_is_met(
    members: dict[str, str], before: tuple[str, str], after: tuple[str, str]
) -> None:
    stage = Played()
    order = stage.place(**members)
    stage.set_quote("AAPL", *before)
    assert stage.status(order) == "new"
    stage.set_quote("AAPL", *after)
    assert filled_at(stage, order) == Decimal(after[1])


def test_a_trailing_stop_shows_its_extreme_and_its_trigger() -> None:
    stage = Played()
    stage.buy()
    order = stage.place(side="sell", type="trailing_stop", trail_percent="2")
    stage.set_quote("AAPL", "110", "110.02", "110")
    stage.set_quote("AAPL", "108", "108.02", "108")
    told = stage.call("GET", f"/v2/orders/{order}").body
    assert (told["hwm"], told["stop_price"], told["status"]) == ("110", "107.8", "new")
    stage.set_quote("AAPL", "107.5", "107.6", "107.5")
    assert filled_at(stage, order) == Decimal("107.5")


def test_a_buy_stop_is_capped_by_its_collar() -> None:
    stage = Played()
    order = stage.place(type="stop", stop_price="105")
    stage.set_quote("AAPL", "108", "108.02")
    assert stage.status(order) == "new"
    assert stage.order(order).limit_price is None
    stage.set_quote("AAPL", "107", "107.02")
    assert stage.status(order) == "filled"


@pytest.mark.parametrize(
    ("tif", "filled", "status"), [("ioc", 1, "canceled"), ("fok", 0, "canceled"), ("day", 1, None)]
)
def test_small_sizes_make_partial_fills(tif: str, filled: int, status: str | None) -> None:
    stage = Played()
    stage.set_quote("AAPL", "100", "100.02", ask_size=1)
    order = stage.buy("4", time_in_force=tif)
    assert stage.order(order).filled_qty == filled
    assert stage.status(order) == (status or "partially_filled")


def test_fills_by_hand_are_the_only_ones_where_they_are_held() -> None:
    stage = Played()
    stage.hold_fills("AAPL")
    order = stage.buy("4")
    assert stage.status(order) == "new"
    stage.fill(order, "1.5", "99")
    stage.fill(order)
    assert stage.events() == ["pending_new", "new", "partial_fill", "fill"]
    assert [each.price for each in stage.executions] == [Decimal(99), Decimal("100.02")]


def test_what_was_held_back_trades_when_it_is_let_go() -> None:
    stage = Played()
    stage.hold_fills("AAPL")
    order = stage.buy("4")
    stage.hold_fills("AAPL", hold=False)
    assert stage.status(order) == "filled"


def test_coins_cost_a_fee_in_coins_and_room_for_the_collar() -> None:
    stage = Played()
    coin = {"symbol": "BTCUSD", "time_in_force": "gtc"}
    bought = stage.order(stage.place(type="market", qty=None, notional="1100", **coin))
    assert bought.asset.symbol == "BTC/USD"
    assert bought.qty is None
    assert bought.filled_qty == Decimal("0.021564314")
    assert stage.positions == {"BTC/USD": Decimal("0.021510403")}
    cash = stage.cash
    stage.buy("0.02", side="sell", **coin)
    assert stage.cash - cash == Decimal("0.02") * 50000 * Decimal("0.9975")


def test_money_and_positions_add_up_also_when_short() -> None:
    stage = Played()
    stage.buy("10", side="sell")
    stage.set_quote("AAPL", "90", "90.02", "90")
    [position] = stage.call("GET", "/v2/positions").body
    assert (position["qty"], position["side"]) == ("-10", "short")
    assert (position["market_value"], position["cost_basis"]) == ("-900", "-1000")
    assert (position["unrealized_pl"], position["unrealized_plpc"]) == ("100", "0.1")
    account = stage.call("GET", "/v2/account").body
    assert (account["cash"], account["equity"]) == ("101000", "100100")
    [fill] = stage.call("GET", "/v2/account/activities/FILL").body
    assert fill["side"] == "sell_short"
    stage.buy("10")
    assert stage.positions == {}
    assert stage.cash == Decimal("100099.8")


def test_nothing_trades_in_a_halt() -> None:
    stage = Played()
    order = stage.place()
    stage.halt("AAPL")
    stage.set_quote("AAPL", "80", "80.02")
    assert stage.status(order) == "new"
    stage.resume("AAPL")
    assert filled_at(stage, order) == Decimal("80.02")


def test_the_venue_may_wait_for_the_test() -> None:
    stage = Played()
    stage.world.desk.venue_seconds = None
    order = stage.place()
    assert stage.status(order) == "pending_new"
    assert stage.call("PATCH", f"/v2/orders/{order}", {"qty": "5"}).body["message"] == (
        "cannot replace order in pending_new status"
    )
    stage.world.desk.act()
    assert stage.status(order) == "new"


def test_orders_share_what_a_quote_has() -> None:
    stage = Played()
    stage.set_quote("AAPL", "100", "100.02", ask_size=5)
    first, second = stage.buy("4"), stage.buy("4")
    assert (stage.status(first), stage.order(second).filled_qty) == ("filled", Decimal(1))


def test_open_buys_reserve_money() -> None:
    stage = Played()
    stage.place(qty="100", limit_price="90")
    assert stage.call("GET", "/v2/account").body["buying_power"] == "391000"


def test_a_trade_past_the_rules_may_turn_a_position_round() -> None:
    stage = Played()
    stage.buy("4")
    stage.trade_outside("AAPL", "sell", 10, "99")
    [position] = stage.call("GET", "/v2/positions").body
    assert (position["qty"], position["avg_entry_price"]) == ("-6", "99")


def test_the_broker_may_replace_unasked() -> None:
    stage = Played()
    order = stage.place()
    stage.events()
    new = stage.adjust(order, limit_price="89.5")
    assert stage.events() == ["replaced", "new"]
    assert (stage.order(order).replaced_by, new.limit_price) == (new.id, Decimal("89.5"))


# -- families


def test_legs_wait_for_the_whole_entry() -> None:
    stage = Played()
    stage.set_quote("AAPL", "100", "100.02", ask_size=1)
    order = stage.buy("4", **BRACKET)
    assert stage.legs(order) == {"limit": "held", "stop": "held"}
    stage.set_quote("AAPL", "100", "100.02")
    assert stage.legs(order) == {"limit": "new", "stop": "held"}


def test_a_stop_does_not_trigger_before_its_entry_has_filled() -> None:
    stage = Played()
    order = stage.place(**{**BRACKET, "stop_loss": {"stop_price": "85"}})
    stage.set_quote("AAPL", "84", "84.02", ask_size=0)
    assert (stage.status(order), stage.legs(order)) == ("new", {"limit": "held", "stop": "held"})


@pytest.mark.parametrize("told", [False, True])
def test_the_end_of_a_held_stop_may_be_told(told: bool) -> None:
    stage = Played()
    stage.world.desk.tells_held_cancels = told
    stage.buy("4", **BRACKET)
    stage.events()
    stage.set_quote("AAPL", "110", "110.02")
    assert stage.events() == (["fill", "canceled"] if told else ["fill"])


def test_a_partial_take_profit_leaves_the_stop_the_rest() -> None:
    stage = Played()
    order = stage.buy("4", **BRACKET)
    stage.set_quote("AAPL", "110", "110.02", bid_size=1)
    limit, stop = stage.world.book.legs_of(stage.order(order))
    assert (limit.status, stop.status, stop.qty) == (
        "partially_filled",
        "held",
        Decimal(3),
    )
    stage.set_quote("AAPL", "95", "95.02", "94.99")
    assert (limit.status, stop.status) == ("canceled", "filled")
    assert stage.positions == {}


def test_a_stop_leg_may_fill_through_a_successor() -> None:
    stage = Played()
    stage.world.desk.replaces_stop_legs = True
    order = stage.buy("4", **BRACKET)
    stop = stage.world.book.legs_of(stage.order(order))[1]
    stage.events()
    stage.set_quote("AAPL", "94", "94.02")
    assert stage.events() == ["canceled", "replaced", "new", "fill"]
    assert stop.status == "replaced"
    assert stop.replaced_by is not None
    assert stage.status(stop.replaced_by) == "filled"
    assert stage.legs(order) == {"limit": "canceled", "market": "filled"}


@pytest.mark.parametrize("which", [0, 1])
def test_cancelling_an_exit_cancels_its_sibling(which: int) -> None:
    stage = Played()
    order = stage.buy("4", **BRACKET)
    leg = stage.order(order).legs[which]
    assert stage.call("DELETE", f"/v2/orders/{leg}").status == 204
    stage.clock.advance(0)
    assert set(stage.legs(order).values()) == {"canceled"}
    assert stage.positions == {"AAPL": 4}


def test_cancelling_an_entry_cancels_its_legs() -> None:
    stage = Played()
    order = stage.place(**{**BRACKET, "stop_loss": {"stop_price": "85"}})
    stage.cancel_outside(order)
    stage.clock.advance(0)
    assert stage.legs(order) == {"limit": "canceled", "stop": "canceled"}


def test_a_leg_is_replaced_within_its_family() -> None:
    stage = Played()
    order = stage.buy("4", **BRACKET)
    stop = stage.order(order).legs[1]
    answer = stage.call("PATCH", f"/v2/orders/{stop}", {"stop_price": "97"})
    stage.clock.advance(0)
    assert stage.order(order).legs[1] == answer.body["id"]
    assert stage.status(answer.body["id"]) == "held"
    refused = stage.call("PATCH", f"/v2/orders/{answer.body['id']}", {"qty": "2"})
    assert refused.status == 422
    stage.set_quote("AAPL", "96.9", "96.92")
    assert stage.legs(order) == {"limit": "canceled", "stop": "filled"}


def test_an_oco_whose_limit_is_replaced_still_has_its_stop() -> None:
    stage = Played()
    stage.buy("4")
    oco = stage.place(**{**BRACKET, **OCO})
    new = stage.call("PATCH", f"/v2/orders/{oco}", {"limit_price": "105"}).body["id"]
    stage.clock.advance(0)
    assert stage.legs(new) == {"stop": "held"}
    assert stage.order(stage.order(new).legs[0]).parent == new
    stage.set_quote("AAPL", "105", "105.02")
    assert (stage.status(new), stage.legs(new)) == ("filled", {"stop": "canceled"})


# -- replaces and cancels


def test_a_fill_before_the_replace_rejects_the_successor() -> None:
    stage = Played()
    order = stage.place()
    answer = stage.call("PATCH", f"/v2/orders/{order}", {"limit_price": "91"})
    assert stage.status(order) == "pending_replace"
    assert stage.call("PATCH", f"/v2/orders/{order}", {"limit_price": "92"}).body["message"] == (
        "order chain not fully replaced"
    )
    assert stage.call("DELETE", f"/v2/orders/{order}").status == 422
    stage.fill(order)
    stage.clock.advance(0)
    assert (stage.status(order), stage.status(answer.body["id"])) == ("filled", "rejected")
    assert stage.events()[-2:] == ["order_replace_rejected", "rejected"]


@pytest.mark.parametrize(("carries", "filled", "left"), [(False, "0", "6"), (True, "1", "5")])
def test_the_successor_of_a_partly_filled_order(carries: bool, filled: str, left: str) -> None:
    stage = Played()
    stage.world.replacing.carries_fills = carries
    order = stage.place()
    stage.fill(order, 1)
    assert stage.call("PATCH", f"/v2/orders/{order}", {"qty": "1"}).status == 422
    new = stage.call("PATCH", f"/v2/orders/{order}", {"qty": "6"}).body["id"]
    stage.clock.advance(0)
    assert (stage.order(new).filled_qty, stage.order(new).remaining) == (
        Decimal(filled),
        Decimal(left),
    )


def test_a_successor_reserves_nothing_before_it_stands() -> None:
    stage = Played()
    stage.buy("4")
    order = stage.place(side="sell", limit_price="110", qty="1")
    stage.call("PATCH", f"/v2/orders/{order}", {"qty": "3"})
    [position] = stage.call("GET", "/v2/positions").body
    assert position["qty_available"] == "3"
    stage.clock.advance(0)
    [position] = stage.call("GET", "/v2/positions").body
    assert position["qty_available"] == "1"


def test_a_replace_must_change_something_that_can_be() -> None:
    stage = Played()
    order = stage.place()
    path = f"/v2/orders/{order}"
    same = stage.call("PATCH", path, {"limit_price": "90.00"})
    assert (same.status, same.body["message"]) == (403, "order parameters are not changed")
    assert stage.call("PATCH", path, {"stop_price": "91"}).status == 422
    assert stage.call("PATCH", path, {"limit_price": "90.005"}).status == 422
    assert stage.call("PATCH", path, {"qty": "1000000"}).status == 403
    assert stage.call("PATCH", "/v2/orders/nobody", {"qty": "5"}).status == 404
    assert stage.status(order) == "new"


def test_a_fill_before_the_cancel_rejects_that() -> None:
    stage = Played()
    order = stage.place()
    stage.cancel_outside(order)
    assert stage.status(order) == "pending_cancel"
    stage.fill(order)
    stage.clock.advance(0)
    assert stage.events()[-2:] == ["fill", "order_cancel_rejected"]


def test_times_of_a_list_are_exclusive_to_the_nanosecond() -> None:
    stage = Played()
    ids = [stage.place() for _ in range(3)]
    at = stage.call("GET", f"/v2/orders/{ids[1]}").body["submitted_at"]
    after = stage.call("GET", "/v2/orders", after=at, status="all").body
    until = stage.call("GET", "/v2/orders", until=at, status="all").body
    assert [[each["id"] for each in found] for found in (after, until)] == [[ids[2]], [ids[0]]]


# -- the day


def test_orders_of_the_day_expire_at_the_close_and_later_ones_wait() -> None:
    stage = Played()
    today, lasting = stage.place(), stage.place(time_in_force="gtc")
    coin = stage.place(symbol="BTC/USD", qty="0.01", limit_price="40000", time_in_force="gtc")
    stage.set_session("closed")
    assert [stage.status(each) for each in (today, lasting, coin)] == ["expired", "new", "new"]
    tomorrow = stage.ask(type="market")
    assert tomorrow.body["status"] == "accepted"
    stage.set_session("regular")
    assert stage.status(tomorrow.body["id"]) == "filled"


def test_orders_of_the_day_may_end_as_documented() -> None:
    stage = Played()
    stage.world.day.day_orders_end = "canceled"
    order = stage.place()
    stage.set_session("closed")
    assert stage.status(order) == "canceled"


def test_a_bracket_of_the_day_leaves_the_position_naked() -> None:
    stage = Played()
    order = stage.buy("4", **BRACKET)
    stage.set_session("closed")
    assert stage.legs(order) == {"limit": "expired", "stop": "expired"}
    assert stage.positions == {"AAPL": 4}


def test_a_cancel_outside_hours_waits_for_the_open() -> None:
    stage = Played()
    order = stage.place(time_in_force="gtc")
    stage.set_session("closed")
    stage.cancel_outside(order)
    stage.clock.advance(3600)
    assert stage.status(order) == "pending_cancel"
    queued = stage.place()
    stage.cancel_outside(queued)
    assert stage.status(queued) == "canceled"
    stage.set_session("regular")
    assert stage.status(order) == "canceled"


def test_extended_hours_are_for_orders_that_want_them() -> None:
    stage = Played()
    wants, does_not = stage.place(extended_hours=True), stage.place(time_in_force="gtc")
    stage.set_session("extended")
    stage.set_quote("AAPL", "89.9", "89.95")
    assert [stage.status(each) for each in (wants, does_not)] == ["filled", "new"]
    queued = stage.place(limit_price="51")
    other = stage.place(extended_hours=True, limit_price="50")
    assert stage.status(other) == "new"
    stage.set_session("closed")
    assert (stage.status(other), stage.status(queued)) == ("expired", "accepted")
    tomorrow = stage.place(extended_hours=True, limit_price="50")
    stage.set_session("closed")
    assert stage.status(tomorrow) == "accepted"


def test_opening_and_closing_auctions() -> None:
    stage = Played()
    closing, too_low = (
        stage.place(type="market", time_in_force="cls"),
        stage.place(time_in_force="cls"),
    )
    assert stage.status(closing) == "accepted"
    assert stage.ask(time_in_force="opg").status == 403
    stage.set_session("closed")
    assert [stage.status(each) for each in (closing, too_low)] == ["filled", "canceled"]
    opening, misses = (
        stage.place(type="market", time_in_force="opg"),
        stage.place(time_in_force="opg"),
    )
    stage.set_session("regular")
    assert [stage.status(each) for each in (opening, misses)] == ["filled", "canceled"]


def test_ids_are_the_same_each_time() -> None:
    def ids() -> list[Any]:
        stage = Played()
        stage.buy("4", **BRACKET)
        return [order.id for order in stage.orders]

    assert ids() == ids()


def test_who_cannot_wait_does_not_wait_for_a_market_either() -> None:
    stage = Played()
    assert stage.status(stage.place(symbol="KO", type="market", time_in_force="ioc")) == "canceled"
    stage.halt("AAPL")
    assert stage.status(stage.buy("4", time_in_force="fok")) == "canceled"
    assert stage.status(stage.buy("4")) == "new"


def test_lists_are_of_an_asset_class() -> None:
    stage = Played()
    stage.place()
    coin = stage.place(symbol="BTC/USD", qty="0.01", limit_price="40000", time_in_force="gtc")
    found = stage.call("GET", "/v2/orders", asset_class="crypto").body
    assert [each["id"] for each in found] == [coin]
    assert len(stage.call("GET", "/v2/orders", asset_class="all").body) == 2
    assert stage.call("GET", "/v2/orders", status="new").status == 422

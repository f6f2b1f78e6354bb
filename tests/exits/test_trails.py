"""Stops that follow the market (order lifecycle section 8, failures W-24 to W-29)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from tests.exits.restarting import check_that_plans_are_kept, crashed, hold, timers
from tests.orders.core import POSITION_ID, SYMBOL, Core, a_position, failure_of, result_of
from tradegw.errors import (
    OrderDenied,
    OrderNotModifiable,
    OrderRejected,
    ProviderError,
    ProviderUnavailable,
    UnsupportedOperation,
)
from tradegw.model.enums import AlertCode, OrderStatus, OrderType, Side, TrailingType
from tradegw.model.events import QuoteEvent
from tradegw.model.market import Quote
from tradegw.model.order import Order, OrderChange
from tradegw.model.protection import ExitsChange, Trail
from tradegw.testing.broker import Lost

FIVE = Trail(distance=Decimal(5), kind=TrailingType.ABSOLUTE)
TEN_PERCENT = Trail(distance=Decimal(10), kind=TrailingType.PERCENT)
CANNOT = UnsupportedOperation("replace", "scripted")
STOP = OrderType.STOP


def a_quote(core: Core, price: int | str, symbol: str = SYMBOL) -> Quote:
    last = Decimal(price)
    return Quote(
        symbol=symbol,
        provider="scripted",
        bid=last,
        ask=last,
        last=last,
        timestamp=core.now(),
    )


def tick(core: Core, *prices: int | str, symbol: str = SYMBOL) -> None:
    for price in prices:
        quote = a_quote(core, price, symbol)
        core.intake.on_event(QuoteEvent(timestamp=core.now(), quote=quote))


def trailing(core: Core, fill: str | None = "1", **members: Any) -> str:
    """An entry with a stop 5 behind the best price, filled at 100; its order id."""
    members = {
        "stop_loss": None,
        "take_profit": None,
        "trailing_stop": FIVE,
        "position_id": None,
        **members,
    }
    return core.entered(fill, **members)


def stops(core: Core) -> list[Decimal | None]:
    return [leg.stop_price for leg in core.live_legs() if leg.order_type is STOP]


def the_stop(core: Core) -> Order:
    (leg,) = [leg for leg in core.live_legs() if leg.order_type is STOP]
    return leg


@pytest.fixture
def core() -> Core:
    """A long position of one, entered at 100, with a stop that trails by 5."""
    core = Core()
    trailing(core)
    hold(core.broker, Decimal(1))
    core.broker.calls.clear()
    return core


def test_w24_a_trailing_stop_is_attached_and_follows(core: Core) -> None:
    assert stops(core) == [95]
    tick(core, 102, 104)
    core.wait(2)
    assert stops(core) == [99]
    assert the_stop(core).client_order_id == "c1-sl"
    assert core.alerts() == []


def test_w24_where_the_broker_has_no_trailing_stops_a_plain_one_is_refused(core: Core) -> None:
    core.broker.order_types = (OrderType.MARKET, STOP)
    with pytest.raises(OrderDenied, match="trailing_stop") as refusal:
        core.submit(
            order_type=OrderType.TRAILING_STOP,
            trailing_distance=Decimal(5),
            trailing_type=TrailingType.ABSOLUTE,
        )
    assert refusal.value.reject_code == "UNSUPPORTED"
    assert core.broker.asked("submit") == []


def test_a_price_of_zero_begins_nothing_and_asks_nobody() -> None:
    core = Core()
    core.broker.plan("quote", *[ProviderError("no")] * 9)
    entry_id = core.entered(stop_loss=None, take_profit=None, trailing_stop=FIVE)
    core.broker.fill(entry_id, "1", average_fill_price=None)
    core.broker.calls.clear()
    tick(core, 0, 0, 0)
    assert core.broker.asked("quote") == []
    tick(core, 100)
    assert stops(core) == [95]


def test_a_tick_while_the_broker_is_asked_for_the_price_is_no_failure() -> None:
    core = Core()
    asked: Deferred[None] = Deferred()
    core.broker.plan("quote", asked)
    entry_id = core.entered(stop_loss=None, take_profit=None, trailing_stop=FIVE)
    core.broker.fill(entry_id, "1", average_fill_price=None)
    core.broker.quotes[SYMBOL] = a_quote(core, 100)
    tick(core, 100)
    asked.callback(None)
    assert stops(core) == [95]
    assert core.alerts() == []


def test_w25_it_never_goes_back(core: Core) -> None:
    for price in (110, 101, 109, 96, 120, 100):
        tick(core, price)
        core.wait(2)
    assert stops(core) == [115]
    asked = [change.stop_price for _, change in core.broker.asked("replace")]
    assert asked == [105, 115]


def test_w26_a_creeping_trend_gets_there() -> None:
    core = Core()
    trailing(core)
    for step in range(1, 101):
        tick(core, f"{100 + step / 100:.2f}")
        core.wait(1)
    core.wait(31)
    assert stops(core) == [96]
    assert len(core.broker.asked("replace")) <= 12


def test_w26_what_rests_counts_and_not_what_was_wished(core: Core) -> None:
    core.broker.plan("replace", OrderRejected("no"), OrderRejected("no"))
    tick(core, 110)
    assert stops(core) == [95]
    core.wait(60)
    assert stops(core) == [105]


def test_w27_the_first_stop_needs_no_tick() -> None:
    core = Core()
    core.broker.fill(trailing(core, None), "1", average_fill_price=Decimal("101.50"))
    assert stops(core) == [Decimal("96.5")]
    assert core.broker.asked("quote") == []


def test_w27_a_refused_first_stop_is_told_and_tried_again() -> None:
    core = Core()
    core.broker.plan("submit", None, OrderRejected("no"))
    trailing(core)
    (alert,) = core.alerts()
    assert alert.details is not None
    assert alert.details["failed_exits"][0]["type"] == "StopLoss"
    core.wait(2)
    assert stops(core) == [95]


def test_w27_without_a_fill_price_the_broker_is_asked_for_the_market() -> None:
    core = Core()
    core.broker.quotes[SYMBOL] = a_quote(core, 103)
    core.broker.fill(trailing(core, None), "1", average_fill_price=None)
    assert stops(core) == [98]


def test_w27_ts09_without_any_price_it_is_told_and_the_first_tick_places_it() -> None:
    core = Core()
    core.broker.fill(trailing(core, None), "1", average_fill_price=None)
    assert len(core.alerts()) == 1
    assert core.protection.position(SYMBOL).uncovered.stop_loss == 1
    tick(core, 104)  # ts10
    assert stops(core) == [99]
    assert core.protection.position(SYMBOL).uncovered.stop_loss == 0


def test_w28_where_the_broker_cannot_replace_the_new_stop_comes_before_the_old_goes(
    core: Core,
) -> None:
    core.broker.plan("replace", CANNOT)
    tick(core, 110)
    assert [name for name, _ in core.broker.calls] == ["replace", "submit", "cancel"]
    assert stops(core) == [105]
    assert core.alerts() == []


def test_w28_a_refused_new_stop_leaves_the_old_one_and_is_told(core: Core) -> None:
    core.broker.plan("replace", CANNOT)
    core.broker.plan("submit", OrderRejected("beyond the market"))
    tick(core, 110)
    assert stops(core) == [95]
    assert core.broker.asked("cancel") == []
    (alert,) = core.alerts()
    assert alert.details is not None
    assert alert.details["failed_exits"][0]["error"] == "beyond the market"
    assert alert.details["trailing"] == {"wanted": Decimal(105), "resting": [Decimal(95)]}
    core.wait(2)
    assert stops(core) == [105]


def test_w28_where_exits_hold_the_quantity_the_old_one_goes_first(core: Core) -> None:
    core.broker.exits_hold_quantity = True
    core.broker.plan("replace", CANNOT)
    tick(core, 110)
    assert [name for name, _ in core.broker.calls] == ["replace", "cancel", "submit"]
    assert stops(core) == [105]


@pytest.mark.parametrize("is_done", [True, False], ids=["done", "not done"])
def test_w28_ts11_an_answer_that_is_lost_is_found_out(core: Core, is_done: bool) -> None:
    error = ProviderError("no answer")
    core.broker.plan("replace", Lost(error) if is_done else error)
    tick(core, 110)
    core.wait(5)
    assert stops(core) == [105]
    assert len(core.broker.asked("replace")) == (1 if is_done else 2)
    assert len(core.legs()) == 1


def test_w28_a_stop_that_filled_while_it_was_moved_ends_it(core: Core) -> None:
    going: Deferred[None] = Deferred()
    core.broker.plan("replace", going)
    tick(core, 110)
    core.broker.fill(the_stop(core).id, "1")
    going.callback(None)
    core.wait(10)
    assert core.live_legs() == []
    assert core.alerts() == []
    assert core.guards() == 0


def test_w29_after_a_crash_it_goes_on_from_its_mark(core: Core) -> None:
    tick(core, 110)
    core.wait(2)
    tick(core, "110.05")  # a small step, which waits for its time
    core.wait(2)
    check_that_plans_are_kept(core)
    again = crashed(core)
    tick(again, 101)
    again.reconciled()
    again.wait(40)
    assert stops(again) == [Decimal("105.05")]
    tick(again, 120)
    again.wait(2)
    assert stops(again) == [115]


def test_w29_a_lost_link_stops_the_ratchet_and_leaves_the_stop(core: Core) -> None:
    core.broker.quotes[SYMBOL] = a_quote(core, 150)
    core.intake.on_link_down((SYMBOL,), "gone")
    core.wait(30)
    assert stops(core) == [95]  # what the broker says of a stale symbol counts for nothing
    core.intake.on_link_up()
    tick(core, 110)
    core.wait(2)
    assert stops(core) == [105]


def test_w29_an_old_quote_counts_for_nothing(core: Core) -> None:
    old = QuoteEvent(timestamp=core.now(), quote=a_quote(core, 150))
    core.wait(16)
    core.intake.on_event(old)
    core.wait(2)
    assert stops(core) == [95]


def test_w29_it_ends_with_the_position(core: Core) -> None:
    hold(core.broker, Decimal(0))
    closing = core.submit(side=Side.SELL, client_order_id="x")
    core.broker.fill(closing.id, "1")
    assert core.live_legs() == []
    tick(core, 200)
    core.wait(30)
    assert core.live_legs() == []
    assert timers(core) == []


def test_w29_it_ends_with_its_own_fill(core: Core) -> None:
    core.broker.fill(the_stop(core).id, "1")
    tick(core, 200)
    core.wait(30)
    assert core.live_legs() == []
    assert timers(core) == []


def test_w29_partial_fills_of_the_entry_are_covered_where_the_stop_is_by_then() -> None:
    core = Core()
    entry_id = trailing(core, "1", quantity="3")
    tick(core, 110)
    core.wait(2)
    core.broker.fill(entry_id, "3")
    assert stops(core) == [105, 105]
    assert core.live(STOP) == 3
    tick(core, 120)
    core.wait(2)
    assert stops(core) == [115, 115]


def test_what_fills_after_all_was_closed_does_not_begin_at_the_old_mark() -> None:
    core = Core()
    entry_id = trailing(core, "1", quantity="2")
    tick(core, 120)
    core.broker.fill(the_stop(core).id, "1")
    core.broker.fill(entry_id, "2", average_fill_price=Decimal(100))
    assert stops(core) == [95]


def test_a_short_position_is_followed_downwards() -> None:
    core = Core()
    trailing(core, side=Side.SELL, trailing_stop=TEN_PERCENT)
    assert stops(core) == [110]
    tick(core, 90, 95)
    core.wait(2)
    assert stops(core) == [99]


def test_the_closer_of_stop_loss_and_trail_is_the_first_stop() -> None:
    core = Core()
    trailing(core, stop_loss="97")
    assert stops(core) == [97]
    tick(core, 101)  # 96 would be looser
    core.wait(2)
    assert stops(core) == [97]
    tick(core, 103)
    core.wait(2)
    assert stops(core) == [98]
    other = Core()
    trailing(other, stop_loss="80")
    assert stops(other) == [95]


def test_a_take_profit_beside_it_stays() -> None:
    core = Core()
    trailing(core, take_profit="130")
    tick(core, 110)
    core.wait(2)
    assert stops(core) == [105]
    core.broker.fill(the_stop(core).id, "1")
    assert core.live_legs() == []


def test_a_broker_with_brackets_of_its_own_does_not_keep_it() -> None:
    core = Core(brackets=True)
    trailing(core)
    assert stops(core) == [95]


def test_what_the_broker_rounds_is_not_asked_for_again_and_again(core: Core) -> None:
    core.broker.round_stops = True
    tick(core, "110.50")
    core.wait(120)
    assert stops(core) == [105]
    assert len(core.broker.asked("replace")) == 1
    tick(core, "112")
    core.wait(2)
    assert stops(core) == [107]


def test_a_leg_that_its_client_cancels_is_not_placed_again(core: Core) -> None:
    result_of(core.desk.cancel(the_stop(core).id))
    tick(core, 120)
    core.wait(10)
    assert stops(core) == []
    assert core.alerts() == []


def test_a_looser_stop_is_refused_and_a_closer_one_taken(core: Core) -> None:
    refused = failure_of(
        core.desk.move_exits(POSITION_ID, ExitsChange(stop_loss=Decimal(90))), OrderDenied
    )
    assert refused.reject_code == "STOP_LOOSENED"
    leg_id = the_stop(core).id
    failure_of(core.desk.replace(leg_id, OrderChange(stop_price=Decimal(94))), OrderDenied)
    assert stops(core) == [95]
    result_of(core.desk.move_exits(POSITION_ID, ExitsChange(stop_loss=Decimal(96))))
    assert stops(core) == [96]
    result_of(core.desk.replace(leg_id, OrderChange(stop_price=Decimal(97))))
    tick(core, 101)
    core.wait(2)
    assert stops(core) == [97]
    tick(core, 104)
    core.wait(2)
    assert stops(core) == [99]


def test_who_loosens_it_elsewhere_sees_it_come_back(core: Core) -> None:
    stop = the_stop(core)
    core.broker.replace(stop.id, OrderChange(stop_price=Decimal(80)))
    core.wait(6)
    assert stops(core) == [95]


def test_a_position_s_fixed_stop_begins_to_trail() -> None:
    core = Core()
    core.broker.fill(core.entered(), "1", position_id=POSITION_ID)
    core.broker.held[POSITION_ID] = a_position()
    core.broker.quotes[SYMBOL] = a_quote(core, 108)
    change = ExitsChange(trailing_distance=Decimal(5), trailing_type=TrailingType.ABSOLUTE)
    moved = result_of(core.desk.move_exits(POSITION_ID, change))
    assert moved.stop_loss is not None
    assert moved.stop_loss.order_ids == (core.leg("c1-sl").id,)
    assert moved.stop_loss.trigger_price == 103
    tick(core, 120)
    core.wait(2)
    assert stops(core) == [115]


def test_a_wider_distance_leaves_the_stop_until_the_market_has_caught_up(core: Core) -> None:
    change = ExitsChange(trailing_distance=Decimal(20), trailing_type=TrailingType.ABSOLUTE)
    result_of(core.desk.move_exits(POSITION_ID, change))
    assert stops(core) == [95]
    tick(core, 114)
    core.wait(2)
    assert stops(core) == [95]
    tick(core, 118)
    core.wait(2)
    assert stops(core) == [98]


def test_a_position_without_a_plan_is_told_so() -> None:
    core = Core()
    core.broker.held[POSITION_ID] = a_position()
    change = ExitsChange(trailing_distance=Decimal(5), trailing_type=TrailingType.ABSOLUTE)
    failure_of(core.desk.move_exits(POSITION_ID, change), OrderNotModifiable)


def test_an_order_is_given_a_trailing_stop_while_it_works() -> None:
    core = Core()
    order_id = core.submit(client_order_id="c1", quantity="2").id
    change = OrderChange(trailing_distance=Decimal(10), trailing_type=TrailingType.PERCENT)
    result_of(core.desk.replace(order_id, change))
    assert core.broker.asked("replace") == []
    core.broker.fill(order_id, "2")
    assert stops(core) == [90]


def test_exits_that_the_broker_keeps_do_not_begin_to_trail() -> None:
    core = Core(brackets=True)
    order_id = core.submit(client_order_id="c1", stop_loss="90").id
    change = OrderChange(trailing_distance=Decimal(10), trailing_type=TrailingType.PERCENT)
    failure_of(core.desk.replace(order_id, change), OrderDenied)
    assert core.broker.asked("replace") == []


def test_moves_are_counted(core: Core) -> None:
    core.broker.plan("replace", OrderRejected("no"))
    tick(core, 110)
    core.wait(2)
    name = "gateway_trailing_stop_moves_total"
    assert (core.count(name, result="moved"), core.count(name, result="failed")) == (1, 1)


def test_a_distance_that_leaves_no_price_is_refused(core: Core) -> None:
    change = ExitsChange(trailing_distance=Decimal(100), trailing_type=TrailingType.ABSOLUTE)
    failure_of(core.desk.move_exits(POSITION_ID, change), OrderDenied)
    tick(core, 110)
    core.wait(2)
    assert stops(core) == [105]


def test_without_ticks_the_broker_is_asked(core: Core) -> None:
    core.broker.quotes[SYMBOL] = a_quote(core, 110)
    core.wait(6)
    assert stops(core) == [105]


def test_ts13_without_any_price_for_long_it_is_told_and_the_stop_rests(core: Core) -> None:
    core.wait(70)
    assert stops(core) == [95]
    (alert,) = core.alerts()
    assert alert.details is not None
    assert "halted" in alert.details["failed_exits"][0]["error"]
    tick(core, 110)
    assert stops(core) == [105]


def test_ts20_while_the_breaker_is_open_the_mark_goes_on_and_the_stop_rests(core: Core) -> None:
    for _ in range(3):
        core.breakers.exit_order.record_failure(core.clock.seconds())
    tick(core, 110)
    core.wait(5)
    assert stops(core) == [95]
    assert core.alerts()
    core.clock.advance(3600)
    core.breakers.reset()
    core.wait(1)
    assert stops(core) == [105]


def test_ts17_it_is_a_stop_at_the_market_that_only_reduces() -> None:
    core = Core()
    core.broker.fill(trailing(core, None, quantity="3"), "3", position_id=POSITION_ID)
    stop = the_stop(core)
    assert (stop.side, stop.quantity, stop.reduce_only) == (Side.SELL, Decimal(3), True)
    assert (stop.order_type, stop.limit_price) == (STOP, None)


def test_ts05_nothing_is_placed_before_the_entry_fills() -> None:
    core = Core()
    trailing(core, None)
    tick(core, 200)
    assert core.legs() == []
    assert core.guards() == 1


@pytest.mark.parametrize("end", [OrderStatus.CANCELLED, OrderStatus.REJECTED])
def test_ts07_it_ends_with_an_entry_that_never_filled(end: OrderStatus) -> None:
    core = Core()
    core.broker.end(trailing(core, None), end)
    assert core.guards() == 0
    core.wait(6)
    assert timers(core) == []


def test_ts18_symbols_do_not_concern_each_other(core: Core) -> None:
    tick(core, 200, symbol="MSFT")
    core.wait(2)
    assert stops(core) == [95]


def test_many_ticks_while_a_move_is_under_way_cause_one_more(core: Core) -> None:
    going: Deferred[None] = Deferred()
    core.broker.plan("replace", going)
    for step in range(60):
        tick(core, 110 + step)
        core.wait(1 / 16)
    assert len(core.broker.asked("replace")) == 1
    going.callback(None)
    core.wait(2)
    assert len(core.broker.asked("replace")) == 2
    assert stops(core) == [164]


def test_it_is_seen_with_the_protection(core: Core) -> None:
    tick(core, 110)
    (plan,) = core.protection.position(SYMBOL).plans
    assert plan.trailing is not None
    assert (plan.trailing.distance, plan.trailing.mark) == (Decimal(5), Decimal(110))
    assert plan.targets.stop_loss == 105


def test_nothing_is_alerted_of_what_went_well(core: Core) -> None:
    tick(core, 110, 120)
    core.wait(90 / 16)
    assert core.alerts() == core.alerts(AlertCode.OCO_DOUBLE_EXIT) == []


def test_asking_for_prices_in_vain_does_not_stop_orders(core: Core) -> None:
    """It is our own looking, and goes on for as long as something trails."""
    trailing(core, "1")
    core.broker.plan("quote", *[ProviderUnavailable("no quotes")] * 50)
    core.wait(120)
    assert len(core.broker.asked("quote")) > 10
    assert not core.breakers.adapter.is_open

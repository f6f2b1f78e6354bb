"""The gateway's core and the spot broker together, on the double: exits, closes, bad days."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tradegw.model.enums import OrderType
from tradegw.model.order import ClosePositionRequest, OrderChange
from tradegw.model.protection import ExitsChange
from tradegw.model.trading import StateSetter, TradingState
from tradegw.testing.binance import drop, html, refuse, stall, timed_out

from .stand import request
from .test_orders import without_opo
from .whole import Whole

NET = Decimal("9.99")
"""Of ten, less the fee."""


@pytest.fixture(params=["opoco", "otoco"])
def whole(request: pytest.FixtureRequest) -> Iterator[Whole]:
    """The exits of limit buys are for what was received, or for what is received at least."""
    whole = Whole()
    whole.start()
    if request.param == "otoco":
        without_opo(whole)
    yield whole
    whole.stop()


def bracket(whole: Whole, **members: Any) -> Any:
    return whole.enter(**{"stop_loss": "1.80", "take_profit": "3.00", **members})


def test_a_market_bracket_covers_exactly_what_was_received(whole: Whole) -> None:
    bracket(whole)
    whole.wait(10.0)
    assert whole.held == NET
    assert whole.selling(stops=True) == whole.selling(stops=False) == NET
    assert len(whole.spot.lists) == 1  # the exchange keeps both
    assert len(whole.spot.orders) == 3  # and nobody placed others
    assert whole.alerts == []


def test_what_a_fee_leaves_over_restricts_nothing(whole: Whole) -> None:
    bracket(whole, quantity="10.005")
    whole.wait(10.0)
    whole.spot.set_quote("SOLUSDC", "1.70", "1.71")
    whole.wait(200.0)
    assert whole.held == Decimal("0.000995")  # less than a step, which nobody can sell
    assert whole.core.trading.status().state is TradingState.ACTIVE
    whole.spot.set_quote("SOLUSDC", "2.00", "2.01")
    bracket(whole)
    whole.wait(200.0)
    assert whole.core.trading.status().state is TradingState.ACTIVE
    assert whole.selling(stops=True) == NET
    assert whole.alerts == []


@pytest.mark.parametrize("price", ["1.70", "3.20"])
def test_one_exit_sells_all_and_ends_the_other(whole: Whole, price: str) -> None:
    bracket(whole)
    whole.wait(10.0)
    whole.spot.set_quote("SOLUSDC", price, Decimal(price) + Decimal("0.01"))
    whole.wait(10.0)
    assert whole.held == 0
    assert whole.selling(stops=True) == whole.selling(stops=False) == 0
    assert whole.ask(whole.core.reads.positions(None)) == []
    assert len(whole.spot.orders) == 3
    assert whole.alerts == []


def test_a_limit_bracket_waits_at_the_exchange_and_covers_what_was_received(whole: Whole) -> None:
    entry = bracket(whole, order_type=OrderType.LIMIT, limit_price="1.95")
    whole.wait(10.0)
    assert whole.selling(stops=True) == 0
    whole.spot.fill(whole.number(entry.id))
    whole.wait(10.0)
    assert whole.selling(stops=True) == whole.selling(stops=False) == NET
    assert len(whole.spot.orders) == 3
    assert whole.alerts == []


def test_a_fee_that_is_paid_otherwise_leaves_more_to_cover(whole: Whole) -> None:
    whole.spot.set_quote("BNBUSDT", "600", "601")
    whole.spot.deposit("BNB", "5")
    whole.spot.world.desk.fees.burns_bnb = True
    bracket(whole)
    whole.wait(10.0)
    assert whole.selling(stops=True) == whole.held


def test_what_filled_in_part_is_covered_until_the_rest_does(whole: Whole) -> None:
    entry = bracket(whole, order_type=OrderType.LIMIT, limit_price="1.95")
    whole.wait()
    whole.spot.fill(whole.number(entry.id), "4")
    whole.wait(8.0)
    assert whole.selling(stops=True) == Decimal("3.996")
    whole.spot.fill(whole.number(entry.id))
    whole.wait(20.0)
    assert whole.selling(stops=True) == NET


def test_what_filled_before_its_entry_was_cancelled_stays_covered(whole: Whole) -> None:
    entry = bracket(whole, order_type=OrderType.LIMIT, limit_price="1.95")
    whole.wait()
    whole.spot.fill(whole.number(entry.id), "4")
    whole.wait(1.0)
    whole.ask(whole.core.desk.cancel(entry.id))
    whole.wait(10.0)
    assert whole.selling(stops=True) == Decimal("3.996")


def test_23_what_a_partial_fill_of_the_limit_leaves_is_covered_again(whole: Whole) -> None:
    bracket(whole)
    whole.wait(10.0)
    (limit,) = [o for o in whole.spot.orders if o.type == "LIMIT_MAKER"]
    whole.spot.fill(limit.id, "4")  # which ends the stop at once
    assert whole.selling(stops=True) == 0
    whole.wait(15.0)
    assert whole.held == NET - 4
    assert whole.selling(stops=True) == NET - 4


@pytest.mark.parametrize(
    "fault",
    [
        drop(),
        drop(accepted=True),
        stall(),
        stall(accepted=True),
        html(502),
        html(502, accepted=True),
        timed_out(accepted=True),
        refuse(400, -2010, "The relationship of the prices for the orders is not correct."),
    ],
)
def test_whatever_becomes_of_the_exchanges_exits_all_is_covered(whole: Whole, fault: Any) -> None:
    whole.fake.faults.plan(fault, "POST", "*/orderList/oco")
    bracket(whole)
    whole.wait(60.0)
    assert whole.selling(stops=True) == NET
    whole.spot.set_quote("SOLUSDC", "1.70", "1.71")
    whole.wait(30.0)
    assert whole.held == 0
    assert whole.selling(stops=False) == 0


def test_an_entry_of_which_no_answer_came_is_covered(whole: Whole) -> None:
    whole.fake.faults.plan(html(502, accepted=True), "POST", "/api/v3/order")
    whole.core.desk.submit(
        request(stop_loss=Decimal("1.80"), take_profit=Decimal("3.00"))
    ).addErrback(lambda _failure: None)
    whole.wait(60.0)
    assert whole.held == NET
    assert whole.selling(stops=True) == NET
    assert sum(order.side == "BUY" for order in whole.spot.orders) == 1


def test_a_gateway_that_died_behind_the_entry_covers_it_when_it_is_back(whole: Whole) -> None:
    whole.fake.faults.plan(stall(), "POST", "*/orderList/oco")
    bracket(whole)
    whole.ask(whole.broker.stopService())
    whole.network.cut()
    whole.new_broker()
    whole.start()
    whole.wait(30.0)
    assert whole.selling(stops=True) == NET


def test_exits_at_the_exchange_are_known_to_the_next_process(whole: Whole) -> None:
    bracket(whole)
    whole.wait(10.0)
    whole.ask(whole.broker.stopService())
    whole.network.cut()
    whole.new_broker()
    whole.start()
    whole.wait(30.0)
    assert whole.selling(stops=True) == whole.selling(stops=False) == NET
    assert len(whole.spot.orders) == 3
    assert whole.alerts == []


def test_exits_that_are_moved_stay_exact(whole: Whole) -> None:
    bracket(whole)
    whole.wait(10.0)
    change = ExitsChange(stop_loss=Decimal("1.90"))
    whole.ask(whole.core.desk.move_exits("SOLUSDC", change))
    whole.wait(20.0)
    working = [o for o in whole.spot.orders if o.status in ("NEW", "PARTIALLY_FILLED")]
    assert {o.stop_price for o in working if o.type == "STOP_LOSS"} == {Decimal("1.90")}
    assert whole.selling(stops=True) == NET


def test_a_position_is_closed_with_exits_that_hold_it(whole: Whole) -> None:
    bracket(whole)
    whole.wait(10.0)
    whole.ask(whole.core.closing.close("SOLUSDC", ClosePositionRequest()))
    whole.wait(20.0)
    assert whole.held == 0
    assert whole.selling(stops=True) == whole.selling(stops=False) == 0


def test_a_part_of_a_position_is_closed_and_the_rest_stays_covered(whole: Whole) -> None:
    bracket(whole)
    whole.wait(10.0)
    whole.ask(whole.core.closing.close("SOLUSDC", ClosePositionRequest(quantity=Decimal(4))))
    whole.wait(30.0)
    assert whole.held == NET - 4
    assert whole.selling(stops=True) == NET - 4


def test_one_exit_alone_is_placed_by_the_gateway_for_what_was_received(whole: Whole) -> None:
    bracket(whole, take_profit=None)
    whole.wait(10.0)
    assert whole.selling(stops=True) == NET
    assert whole.spot.lists == []


def test_an_entry_is_changed_and_its_exits_follow(whole: Whole) -> None:
    entry = bracket(whole, take_profit=None, order_type=OrderType.LIMIT, limit_price="1.95")
    whole.wait()
    changed = whole.ask(whole.core.desk.replace(entry.id, OrderChange(limit_price=Decimal("1.96"))))
    whole.wait()
    whole.spot.fill(whole.number(changed.order.id))
    whole.wait(10.0)
    assert whole.selling(stops=True) == NET


def test_a_lost_link_misses_nothing(whole: Whole) -> None:
    entry = bracket(whole, take_profit=None, order_type=OrderType.LIMIT, limit_price="1.95")
    whole.wait()
    whole.fake.ws_api.reset()
    whole.fake.faults.plan(drop(), path="/ws-api/v3", times=3)
    whole.spot.fill(whole.number(entry.id))
    whole.wait(60.0)
    assert whole.selling(stops=True) == NET


def test_27_a_wipe_of_the_testnet_restricts_trading_until_an_operator_looked(
    whole: Whole,
) -> None:
    bracket(whole)
    whole.wait(10.0)
    whole.spot.wipe()
    whole.wait(300.0)
    assert whole.ask(whole.core.reads.positions(None)) == []
    refusal = whole.refused(whole.core.desk.submit(request()))
    assert "cannot be explained" in refusal.message
    whole.core.trading.change(TradingState.ACTIVE, "the testnet was wiped", StateSetter.CLIENT)
    whole.enter()
    whole.wait(10.0)
    assert whole.held == NET

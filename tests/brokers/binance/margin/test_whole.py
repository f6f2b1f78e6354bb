"""The gateway's core on a margin account at the double: exits of both sides, interest, restarts."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tradegw.model.enums import OrderType, Side
from tradegw.model.order import ClosePositionRequest
from tradegw.model.trading import TradingState
from tradegw.testing.binance import drop, stall

from .stand import MarginWhole


@pytest.fixture
def whole() -> Iterator[MarginWhole]:
    whole = MarginWhole()
    whole.start()
    yield whole
    whole.stop()


def buying(whole: MarginWhole) -> Decimal:
    """What the stops that work would buy."""
    return sum(
        (
            order.remaining
            for order in whole.spot.orders
            if order.side == "BUY" and order.is_stop and order.is_open
        ),
        Decimal(0),
    )


def short(whole: MarginWhole, **members: Any) -> Any:
    return whole.enter(**{"side": Side.SELL, "stop_loss": "2.20", "take_profit": "1.50", **members})


def state(whole: MarginWhole) -> TradingState:
    return whole.core.trading.status().state


def test_a_bought_position_is_covered_by_the_exchange(whole: MarginWhole) -> None:
    whole.enter(stop_loss="1.80", take_profit="3.00")
    whole.wait(10.0)
    assert whole.selling(stops=True) == whole.selling(stops=False) == Decimal("9.99")
    assert len(whole.spot.lists) == 1
    whole.spot.set_quote("SOLUSDC", "1.70", "1.71")
    whole.wait(120.0)
    assert whole.held == 0
    assert state(whole) is TradingState.ACTIVE
    assert whole.alerts == []


def test_a_limit_bracket_borrows_and_is_covered(whole: MarginWhole) -> None:
    entry = whole.enter(
        quantity="600", order_type=OrderType.LIMIT, limit_price="1.95",
        stop_loss="1.80", take_profit="3.00",
    )  # fmt: skip
    whole.wait()
    whole.spot.fill(whole.number(entry.id))
    whole.wait(10.0)
    assert whole.margin.owed
    assert whole.selling(stops=True) == Decimal("599.4")
    whole.spot.set_quote("SOLUSDC", "3.10", "3.11")
    whole.wait(120.0)
    assert whole.margin.owed == {}
    assert state(whole) is TradingState.ACTIVE


@pytest.mark.parametrize("members", [{}, {"take_profit": None}])
def test_a_short_position_is_covered(whole: MarginWhole, members: dict[str, Any]) -> None:
    short(whole, **members)
    whole.wait(10.0)
    assert buying(whole) == Decimal(10)
    assert len(whole.spot.lists) == (0 if members else 1)  # the exchange keeps both
    whole.spot.set_quote("SOLUSDC", "2.30", "2.31")
    whole.wait(120.0)
    assert buying(whole) == 0
    assert whole.margin.owed == {"SOL": Decimal("0.01")}  # the fee, which is less than an order


def test_a_short_position_takes_its_profit(whole: MarginWhole) -> None:
    short(whole)
    whole.wait(10.0)
    whole.spot.set_quote("SOLUSDC", "1.39", "1.40")
    whole.wait(60.0)
    assert buying(whole) == 0
    assert whole.margin.owed.get("SOL", Decimal(0)) <= Decimal("0.01")


def test_a_short_position_is_closed_with_exits_that_hold_money(whole: MarginWhole) -> None:
    short(whole)
    whole.wait(10.0)
    whole.ask(whole.core.closing.close("SOLUSDC", ClosePositionRequest()))
    whole.wait(120.0)
    assert whole.margin.owed == {}
    assert buying(whole) == 0
    assert state(whole) is TradingState.ACTIVE


@pytest.mark.parametrize("fault", [drop(), drop(accepted=True), stall(accepted=True)])
def test_whatever_becomes_of_the_exchanges_exits_all_is_covered(
    whole: MarginWhole, fault: Any
) -> None:
    whole.fake.faults.plan(fault, "POST", "/sapi/v1/margin/order/oco")
    whole.enter(stop_loss="1.80", take_profit="3.00")
    whole.wait(60.0)
    assert whole.selling(stops=True) == Decimal("9.99")


def test_a_sale_that_turns_a_position_is_covered_for_the_rest(whole: MarginWhole) -> None:
    whole.enter(stop_loss="1.80")
    whole.wait(10.0)
    short(whole, quantity="15")
    whole.wait(60.0)
    assert whole.selling(stops=True) == 0
    assert buying(whole) == Decimal("5.01")


def test_a_short_position_is_covered_after_a_restart(whole: MarginWhole) -> None:
    short(whole)
    whole.wait(10.0)
    whole.ask(whole.broker.stopService())
    whole.network.cut()
    whole.new_broker()
    whole.start()
    whole.wait(60.0)
    assert buying(whole) == Decimal(10)
    assert whole.alerts == []


def test_what_nobody_can_explain_restricts_trading(whole: MarginWhole) -> None:
    short(whole)
    whole.wait(10.0)
    whole.margin.accrue("SOL", "0.004")
    whole.margin.deposit("SOL", "-1")
    whole.wait(200.0)
    assert state(whole) is TradingState.REDUCE_ONLY


def test_interest_restricts_nothing(whole: MarginWhole) -> None:
    short(whole)
    whole.wait(10.0)
    for amount in ("0.0004", "0.0004", "0.004", "0.02"):
        whole.margin.accrue("SOL", amount)
        whole.wait(200.0)
    assert state(whole) is TradingState.ACTIVE
    assert buying(whole) == Decimal(10)

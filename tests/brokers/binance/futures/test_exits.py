"""The core and the futures broker together, on the double: exits that the gateway keeps."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tradegw.model.enums import OrderType, Side
from tradegw.model.order import ClosePositionRequest
from tradegw.testing.binance import drop, html, stall

from .whole import Whole


@pytest.fixture
def whole() -> Iterator[Whole]:
    whole = Whole()
    whole.start()
    yield whole
    whole.stop()


def bracket(whole: Whole, **members: Any) -> Any:
    return whole.enter(**{"stop_loss": "1.80", "take_profit": "3.00", **members})


def held(whole: Whole) -> dict[tuple[str, str], Decimal]:
    positions: dict[tuple[str, str], Decimal] = whole.stage.positions
    return positions


def test_both_exits_rest_for_all_that_is_held(whole: Whole) -> None:
    bracket(whole)
    whole.wait(10)
    assert whole.stops == [("BOTH", Decimal(10))]
    assert whole.limits == [Decimal(10)]
    assert whole.alerts == []


@pytest.mark.parametrize("price", ["1.70", "3.20"])
def test_one_exit_closes_all_and_the_other_is_taken_away(whole: Whole, price: str) -> None:
    bracket(whole)
    whole.wait(10)
    whole.stage.set_quote("SOLUSDT", price, Decimal(price) + Decimal("0.01"))
    whole.wait(10)
    assert held(whole) == {}
    assert whole.stops == []
    assert whole.limits == []
    assert whole.ask(whole.core.reads.positions(None)) == []
    assert whole.alerts == []


def test_partial_fills_are_covered_as_they_come(whole: Whole) -> None:
    whole.stage.hold_fills("SOLUSDT")
    bracket(whole, order_type=OrderType.LIMIT, limit_price="1.95")
    whole.wait(2)
    entry = whole.stage.orders[0].id
    for quantity in ("3", "7"):
        whole.stage.fill(entry, quantity)
        whole.wait(10)
        total = sum((each for _side, each in whole.stops), Decimal(0))
        assert total == held(whole)[("SOLUSDT", "BOTH")]
    assert sum(whole.limits) == Decimal(10)
    assert whole.alerts == []


@pytest.mark.parametrize(
    "fault", [drop(), drop(accepted=True), html(502, accepted=True), stall(accepted=True)]
)
def test_a_stop_that_is_not_answered_rests_once(whole: Whole, fault: Any) -> None:
    whole.fake.faults.plan(fault, "POST", "/fapi/v1/algoOrder")
    bracket(whole)
    whole.wait(90)
    assert whole.stops == [("BOTH", Decimal(10))]
    assert len(whole.stage.algos) == 1


def test_a_stop_that_never_arrived_is_placed_within_seconds(whole: Whole) -> None:
    whole.fake.faults.plan(drop(), "POST", "/fapi/v1/algoOrder")
    bracket(whole)
    whole.wait(5)
    assert whole.stops == [("BOTH", Decimal(10))]


def test_a_stop_that_is_shown_late_is_not_there_twice_in_the_end(whole: Whole) -> None:
    whole.stage.world.book.lag_seconds = 5.0
    whole.user_stream.script.lose(1, "ALGO_UPDATE")
    whole.fake.faults.plan(drop(accepted=True), "POST", "/fapi/v1/algoOrder")
    bracket(whole)
    whole.wait(60)
    assert len(whole.calls("POST", "algoOrder")) >= 2
    assert whole.stops == [("BOTH", Decimal(10))]
    assert whole.limits == [Decimal(10)]


def test_a_stop_triggered_while_the_gateway_was_away_ends_the_bracket(whole: Whole) -> None:
    bracket(whole)
    whole.wait(10)
    whole.stop()
    whole.stage.set_quote("SOLUSDT", "1.70", "1.71")
    whole.new_broker()
    whole.start()
    whole.wait(30)
    assert held(whole) == {}
    assert whole.stops == []
    assert whole.limits == []
    assert len(whole.stage.algos) == 1


def test_a_close_leaves_no_exit_behind(whole: Whole) -> None:
    bracket(whole)
    whole.wait(10)
    whole.ask(whole.core.desk.close_position("SOLUSDT", ClosePositionRequest()))
    whole.wait(10)
    assert held(whole) == {}
    assert whole.stops == []
    assert whole.limits == []


def test_hedged_brackets_protect_each_its_own_side() -> None:
    whole = Whole(BINANCE_POSITION_MODE="hedging")
    whole.stage.world.wallet.mode.is_hedged = True
    whole.start()
    bracket(whole)
    whole.enter(side=Side.SELL, quantity="4", stop_loss="3.00", take_profit="1.50")
    whole.wait(10)
    assert sorted(whole.stops) == [("LONG", Decimal(10)), ("SHORT", Decimal(4))]
    whole.stage.set_quote("SOLUSDT", "1.70", "1.71")
    whole.wait(10)
    assert held(whole) == {("SOLUSDT", "SHORT"): Decimal(-4)}
    assert whole.stops == [("SHORT", Decimal(4))]
    assert whole.alerts == []
    whole.stop()

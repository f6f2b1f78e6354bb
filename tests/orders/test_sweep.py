"""Cancelling all orders, also those that are on their way just then, and also past a crash."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from tests.orders.core import Core, a_position, failure_of, order_request, result_of
from tradegw.errors import OrderRejected, ProviderError
from tradegw.model.enums import OrderStatus, OrderType, PositionSide, Side
from tradegw.model.order import CancelAllResult, ClosePositionRequest, OrderHandle
from tradegw.model.protection import ExitQuantities, ExitsChange, UnprotectedPosition
from tradegw.model.trading import StateSetter, TradingState
from tradegw.orders.sweep import MOST_AT_ONCE

LIMIT: dict[str, Any] = {"order_type": OrderType.LIMIT, "limit_price": "50"}
ONE_LOT = Decimal(1)
NOTHING = CancelAllResult(cancelled_count=0, failed_count=0)
ONE = CancelAllResult(cancelled_count=1, failed_count=0)


@pytest.fixture
def core() -> Core:
    return Core()


def on_its_way(core: Core, **members: Any) -> tuple[Deferred[None], Deferred[OrderHandle]]:
    """An order that the broker takes when the first of these fires; the second is the answer."""
    taken: Deferred[None] = Deferred()
    core.broker.plan("submit", taken)
    return taken, core.desk.submit(order_request(**{**LIMIT, **members}))


def working(core: Core) -> list[str]:
    return [order.id for order in core.broker.orders.values() if not order.status.is_terminal]


def test_an_order_on_its_way_is_cancelled_when_it_turns_up(core: Core) -> None:
    taken, _ = on_its_way(core)
    result_of(core.trading.change(TradingState.HALTED, "kill", StateSetter.CLIENT))
    work = core.desk.cancel_all(None)
    core.wait(1)
    assert not work.called
    taken.callback(None)
    assert result_of(work) == ONE
    assert working(core) == []


def test_what_does_not_turn_up_in_time_is_named_by_its_handle(core: Core) -> None:
    taken, answer = on_its_way(core)
    work = core.desk.cancel_all(None)
    core.wait(10)
    handle = result_of(answer)
    assert result_of(work) == CancelAllResult(
        cancelled_count=0, failed_count=1, failed_order_ids=(handle.id,)
    )
    taken.callback(None)
    core.wait(1)
    assert result_of(core.desk.cancel_all(None)) == ONE


def test_an_order_whose_answer_is_lost_is_cancelled_when_it_is_found(core: Core) -> None:
    core.broker.plan("submit", ProviderError("no answer"))
    core.broker.plan("order_by_client_id", ProviderError("no answer"))
    core.desk.submit(order_request(**LIMIT))
    work = core.desk.cancel_all(None)
    result_of(core.broker.submit(core.broker.asked("submit")[0]))  # it arrives late
    core.wait(5)
    assert result_of(work).failed_count == 0
    assert working(core) == []


def test_an_order_that_is_refused_or_fills_at_once_is_neither(core: Core) -> None:
    refused, no = on_its_way(core, symbol="A")
    filled, _ = on_its_way(core, symbol="B", order_type=OrderType.MARKET, limit_price=None)
    work = core.desk.cancel_all(None)
    core.broker.fills_at_once = {OrderType.MARKET}
    refused.errback(OrderRejected("no"))
    filled.callback(None)
    failure_of(no, OrderRejected)
    assert result_of(work) == NOTHING


@pytest.mark.parametrize("slowly", [False, True])
def test_an_order_that_the_broker_lists_already_is_counted_once(core: Core, slowly: bool) -> None:
    core.broker.cancels_slowly = slowly
    taken, _ = on_its_way(core)
    listed: Deferred[None] = Deferred()
    core.broker.plan("open_orders", listed)
    work = core.desk.cancel_all(None)
    taken.callback(None)
    listed.callback(None)
    assert result_of(work) == ONE
    assert len(core.broker.asked("cancel")) == 1


def test_of_another_symbol_nothing_is_waited_for(core: Core) -> None:
    taken, answer = on_its_way(core, symbol="MSFT")
    assert result_of(core.desk.cancel_all("AAPL")) == NOTHING
    taken.callback(None)
    assert result_of(answer).status is OrderStatus.OPEN


@pytest.mark.parametrize("at_limit", [True, False])
def test_a_close_on_its_way_is_cancelled_unless_it_is_at_market(core: Core, at_limit: bool) -> None:
    core.broker.held["pos-1"] = a_position()
    taken: Deferred[None] = Deferred()
    core.broker.plan("close", taken)
    price = order_request(**LIMIT).limit_price
    request = ClosePositionRequest(order_type=OrderType.LIMIT, limit_price=price)
    core.desk.close_position("pos-1", request if at_limit else ClosePositionRequest())
    work = core.desk.cancel_all(None)
    assert work.called is not at_limit
    taken.callback(None)
    assert result_of(work) == (ONE if at_limit else NOTHING)


def bare(**members: Any) -> UnprotectedPosition:
    """What the answer says of a long position without exits, but for *members*."""
    values: dict[str, Any] = {"stop_loss": ONE_LOT, "take_profit": ONE_LOT, **members}
    return UnprotectedPosition(
        symbol="AAPL", side=PositionSide.LONG, uncovered=ExitQuantities(**values)
    )


def test_w22_the_answer_and_an_alert_say_which_position_lost_its_exits(core: Core) -> None:
    entry_id = core.entered("1")
    done = result_of(core.desk.cancel_all(None))
    assert (done.cancelled_count, done.failed_count) == (2, 0)
    assert done.unprotected_positions == (bare(),)
    (alert,) = core.alerts()
    assert alert.details is not None
    assert (alert.details["order_id"], alert.details["symbol"]) == (entry_id, "AAPL")
    assert alert.details["uncovered"] == {"stop_loss": ONE_LOT, "take_profit": ONE_LOT}
    assert {one["type"] for one in alert.details["failed_exits"]} == {"StopLoss", "TakeProfit"}
    core.wait(120)
    assert core.live_legs() == []  # their client took them away
    assert len(core.alerts()) == 1


@pytest.mark.parametrize("take_profit", [Decimal(110), None])
def test_w22_so_does_one_that_has_its_exits_by_itself(
    core: Core, take_profit: Decimal | None
) -> None:
    core.broker.fill(core.submit().id, "1")
    core.broker.held["pos-1"] = a_position()
    change = ExitsChange(stop_loss=Decimal(90), take_profit=take_profit)
    result_of(core.desk.move_exits("pos-1", change))
    (lost,) = result_of(core.desk.cancel_all(None)).unprotected_positions or ()
    assert lost.position_id == "pos-1"
    assert lost.uncovered.stop_loss == ONE_LOT
    assert lost.uncovered.take_profit == (ONE_LOT if take_profit else 0)
    (alert,) = core.alerts()
    assert alert.details is not None
    assert alert.details["uncovered"]["stop_loss"] == ONE_LOT
    assert core.guards() == 0


def test_w22_but_not_if_it_was_closed_by_then(core: Core) -> None:
    core.broker.fill(core.submit().id, "1")
    core.broker.held["pos-1"] = a_position()
    result_of(core.desk.move_exits("pos-1", ExitsChange(stop_loss=Decimal(90))))
    taken: Deferred[None] = Deferred()
    core.broker.plan("cancel", taken)
    work = core.desk.cancel_all(None)
    core.broker.fill(core.submit(side=Side.SELL).id, "1")
    taken.callback(None)
    assert result_of(work).unprotected_positions is None
    assert core.alerts() == []


def test_w22_only_what_of_an_entry_had_filled_is_bare(core: Core) -> None:
    core.entered("1", quantity="3", stop_loss="40", take_profit=None, **LIMIT)
    core.entered(quantity="3", stop_loss="40", client_order_id="c2", **LIMIT)
    done = result_of(core.desk.cancel_all(None))
    assert done.unprotected_positions == (bare(take_profit=Decimal(0)),)
    assert len(core.alerts()) == 1


def test_w22_what_several_entries_opened_of_a_position_is_added_up(core: Core) -> None:
    core.entered("1")
    core.entered("1", take_profit=None, client_order_id="c2")
    done = result_of(core.desk.cancel_all(None))
    assert done.unprotected_positions == (bare(stop_loss=Decimal(2)),)
    assert len(core.alerts()) == 2


def test_w22_a_leg_that_could_not_be_cancelled_protects_on(core: Core) -> None:
    core.entered("1")
    core.broker.plan("cancel", OrderRejected("no"))
    done = result_of(core.desk.cancel_all(None))
    assert done.unprotected_positions == (bare(stop_loss=Decimal(0)),)
    assert core.live(OrderType.STOP) == 1
    assert [alert.details["uncovered"] for alert in core.alerts() if alert.details] == [
        {"take_profit": ONE_LOT}
    ]


def test_w22_a_leg_of_which_nobody_knows_whether_it_is_gone_is_told_as_gone(core: Core) -> None:
    core.entered("1", take_profit=None)
    core.broker.plan("cancel", Deferred())
    work = core.desk.cancel_all(None)
    core.wait(10)
    done = result_of(work)
    assert done.failed_count == 1
    assert done.unprotected_positions == (bare(take_profit=Decimal(0)),)


def test_w22_nothing_is_said_where_nothing_was_protected(core: Core) -> None:
    core.entered(stop_loss="40", **LIMIT)
    core.entered("1", symbol="MSFT", client_order_id="c2")
    done = result_of(core.desk.cancel_all("AAPL"))
    assert done == ONE
    core.reconciled()
    assert core.alerts() == []
    assert len(core.live_legs()) == 2


def test_w22_a_position_that_is_closed_by_the_time_of_the_answer_is_not_bare(core: Core) -> None:
    core.entered("1")
    taken: Deferred[None] = Deferred()
    core.broker.plan("cancel", taken)
    work = core.desk.cancel_all(None)
    core.broker.fill(core.submit(side=Side.SELL).id, "1")
    taken.callback(None)
    assert result_of(work).unprotected_positions is None
    assert core.alerts() == []


def test_legs_whose_cancels_were_not_sent_before_a_crash_are_kept_after_it() -> None:
    """More are to be cancelled than at once, and the process ends before the last are."""
    core = Core()
    for number in range(MOST_AT_ONCE):
        core.entered("1", client_order_id=f"c{number}")
    core.broker.held = {"p": a_position(id="p", quantity=core.books.held("AAPL"))}
    core.reconciled()
    legs = core.live_legs()
    core.broker.plan("cancel", *[Deferred() for _ in legs])
    core.desk.cancel_all(None)
    asked = core.broker.asked("cancel")
    assert len(asked) == MOST_AT_ONCE < len(legs)
    core.finish()
    core.clock.calls.clear()
    core.broker._outcomes.clear()
    again = Core(again=core)
    again.wait(65)
    last = next(leg for leg in again.live_legs() if leg.id not in asked)
    again.broker.end(last.id, OrderStatus.CANCELLED)
    again.wait(5)
    assert len(again.live_legs()) == len(legs)  # it was placed again

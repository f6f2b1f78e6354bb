"""Cancelling all orders, also those that are on their way just then, and also past a crash."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from tests.orders.core import Core, a_position, failure_of, order_request, result_of
from tradegw.errors import OrderRejected, ProviderError
from tradegw.model.enums import OrderStatus, OrderType
from tradegw.model.order import CancelAllResult, ClosePositionRequest, OrderHandle
from tradegw.model.trading import StateSetter, TradingState
from tradegw.orders.sweep import MOST_AT_ONCE

LIMIT: dict[str, Any] = {"order_type": OrderType.LIMIT, "limit_price": "50"}
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

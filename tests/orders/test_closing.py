"""Closing positions (protocol 3.10, 3.12)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.orders.core import Core, a_position, failure_of, result_of
from tradegw.errors import OrderRejected, PositionNotFound, ProviderError
from tradegw.model.enums import OrderType, PositionSide, Side
from tradegw.model.order import ClosePositionRequest


@pytest.fixture
def core() -> Core:
    core = Core()
    core.broker.held = {
        "p1": a_position(id="p1"),
        "p2": a_position(id="p2", symbol="MSFT", side=PositionSide.SHORT, quantity=Decimal(5)),
    }
    return core


def test_a_close_is_an_order_with_links(core: Core) -> None:
    handle = result_of(core.desk.close_position("p1", ClosePositionRequest()))
    order = core.broker.orders[handle.id]
    assert (order.side, order.order_type) == (Side.SELL, OrderType.MARKET)
    assert order.quantity == 1
    assert handle.client_order_id == order.client_order_id
    assert handle.correlation_id is not None
    core.broker.fill(handle.id, "1")
    assert core.order_events(handle.id)[-1].order.correlation_id == handle.correlation_id


def test_part_of_a_position_at_a_limit(core: Core) -> None:
    request = ClosePositionRequest(
        quantity=Decimal(2), order_type=OrderType.LIMIT, limit_price=Decimal(7)
    )
    order = core.broker.orders[result_of(core.desk.close_position("p2", request)).id]
    assert order.side is Side.BUY
    assert order.quantity == 2
    assert order.limit_price == 7


def test_a_netting_broker_finds_a_position_by_its_symbol(core: Core) -> None:
    handle = result_of(core.desk.close_position("MSFT", ClosePositionRequest()))
    assert core.broker.orders[handle.id].quantity == 5


def test_a_repeated_close_finds_nothing(core: Core) -> None:
    result_of(core.desk.close_position("p1", ClosePositionRequest()))
    del core.broker.held["p1"]
    failure_of(core.desk.close_position("p1", ClosePositionRequest()), PositionNotFound)
    assert len(core.broker.asked("close")) == 1


def test_all_positions_or_those_of_a_symbol(core: Core) -> None:
    assert len(result_of(core.desk.close_all_positions("MSFT"))) == 1
    assert len(result_of(core.desk.close_all_positions(None))) == 2
    assert result_of(core.desk.close_all_positions("NONE")) == []


def test_a_position_that_closed_meanwhile_is_no_failure(core: Core) -> None:
    core.broker.plan("close", PositionNotFound("p1"))
    (handle,) = result_of(core.desk.close_all_positions(None))
    assert core.broker.orders[handle.id].symbol == "MSFT"


def test_one_failure_does_not_stop_the_others_and_is_raised_in_the_end(core: Core) -> None:
    core.broker.plan("close", OrderRejected("no"))
    failure_of(core.desk.close_all_positions(None), OrderRejected)
    assert [position.id for position, _ in core.broker.asked("close")] == ["p1", "p2"]


def test_w46_a_close_passes_an_open_breaker_once_the_position_is_known(core: Core) -> None:
    """Its look-up must pass as well."""
    for _ in range(3):
        core.breakers.adapter.record_failure(0)
    assert result_of(core.desk.close_position("p1", ClosePositionRequest())).id
    assert len(result_of(core.desk.close_all_positions(None))) == 2


def test_a_refused_close_leaves_nothing_behind(core: Core) -> None:
    core.broker.plan("close", OrderRejected("no"), ProviderError("no answer"))
    failure_of(core.desk.close_position("p1", ClosePositionRequest()), OrderRejected)
    assert not core.blotter._expected
    failure_of(core.desk.close_position("p1", ClosePositionRequest()), ProviderError)
    assert len(core.blotter._expected) == 1  # in doubt: its fill may still come

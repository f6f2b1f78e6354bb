"""Closing positions (protocol 3.10, 3.12)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.orders.core import Core, a_position, failure_of, result_of
from tradegw.errors import IntentConflict, OrderRejected, PositionNotFound, ProviderError
from tradegw.model.enums import OrderStatus, OrderType, PositionSide, Side
from tradegw.model.order import ClosePositionRequest, Unresolved
from tradegw.testing.broker import Lost


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
    core.broker.plan("close", OrderRejected("no"))
    failure_of(core.desk.close_position("p1", ClosePositionRequest()), OrderRejected)
    assert not core.blotter._expected
    assert result_of(core.desk.close_position("p1", ClosePositionRequest())).outcome is None


def test_a_close_in_doubt_is_expected_since_its_fill_may_still_come(core: Core) -> None:
    core.broker.plan("close", ProviderError("no answer"))
    work = core.desk.close_position("p1", ClosePositionRequest())
    assert len(core.blotter._expected) == 1
    core.wait(10)
    assert result_of(work).outcome is Unresolved.UNKNOWN


def test_g8_a_repeated_close_whose_outcome_is_unknown_is_not_sent_again(core: Core) -> None:
    core.broker.plan("close", Lost(ProviderError("no answer")))
    core.broker.plan("order_by_client_id", *[ProviderError("no answer")] * 4)
    works = [core.desk.close_position("p1", ClosePositionRequest()) for _ in range(2)]
    all_closed = core.desk.close_all_positions("AAPL")
    core.wait(8)
    first, second = (result_of(work) for work in works)
    assert first == second
    assert result_of(all_closed) == [first]
    assert first.id == "ord-1"
    assert len(core.broker.asked("close")) == 1


def test_a_close_is_repeated_while_it_works_and_sent_anew_when_it_ended(core: Core) -> None:
    first = result_of(core.desk.close_position("p1", ClosePositionRequest()))
    assert result_of(core.desk.close_position("p1", ClosePositionRequest())) == first
    core.broker.end(first.id, OrderStatus.CANCELLED)
    assert result_of(core.desk.close_position("p1", ClosePositionRequest())).id != first.id


def test_parts_of_a_position_are_closed_as_often_as_asked(core: Core) -> None:
    part = ClosePositionRequest(quantity=Decimal(2))
    handles = [result_of(core.desk.close_position("p2", part)) for _ in range(2)]
    assert len({handle.id for handle in handles}) == 2


def test_g1_a_close_is_the_same_under_the_same_key_also_after_a_restart(core: Core) -> None:
    part = ClosePositionRequest(quantity=Decimal(2))
    first = result_of(core.desk.close_position("p2", part, "k"))
    again = Core(again=core)
    same = ClosePositionRequest(quantity=Decimal("2.0"))
    for each in (core, again):
        assert result_of(each.desk.close_position("p2", same, "k")) == first
    for position_id, request in (("p1", part), ("p2", ClosePositionRequest())):
        failure_of(again.desk.close_position(position_id, request, "k"), IntentConflict)
    assert len(core.broker.asked("close")) == 0  # the calls before the restart are cleared
    assert len(core.broker.orders) == 1


def test_g1_a_close_that_is_repeated_by_key_finds_its_answer_though_nothing_is_left(
    core: Core,
) -> None:
    first = result_of(core.desk.close_position("p1", ClosePositionRequest(), "k"))
    core.broker.fill(first.id, "1")
    del core.broker.held["p1"]
    assert result_of(core.desk.close_position("p1", ClosePositionRequest(), "k")) == first


def test_a_close_goes_out_although_the_journal_cannot_be_written(core: Core) -> None:
    core.store.fail("disk full")
    handle = result_of(core.desk.close_position("p1", ClosePositionRequest()))
    assert core.broker.orders[handle.id].quantity == 1
    core.store.recover()
    recorded = core.store.intent(str(handle.correlation_id))
    assert recorded is not None
    assert recorded.outcome is not None
    assert recorded.outcome.order_id == handle.id


def test_a_close_in_doubt_at_the_restart_is_not_sent_again(core: Core) -> None:
    core.broker.plan("close", Lost(ProviderError("no answer")))
    core.desk.close_position("p1", ClosePositionRequest())
    core.finish()
    again = Core(again=core)
    work = again.desk.close_position("p1", ClosePositionRequest())
    again.wait(1)
    assert result_of(work).id == "ord-1"
    assert len(core.broker.orders) == 1

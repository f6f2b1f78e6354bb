"""Closing positions (protocol 3.10, 3.12)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.orders.core import Core, a_position, failure_of, result_of
from tests.orders.journals import SlowJournal
from tradegw.errors import (
    IntentConflict,
    OrderDenied,
    OrderRejected,
    PositionNotFound,
    ProviderError,
)
from tradegw.model.enums import OrderEventKind, OrderStatus, OrderType, PositionSide, Side
from tradegw.model.order import ClosePositionRequest, Unresolved
from tradegw.model.trading import StateSetter, TradingState
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


@pytest.mark.parametrize("quantity", [None, "2"])
@pytest.mark.parametrize("at_limit", [True, False])
def test_the_very_same_close_is_sent_once_as_long_as_it_works(
    core: Core, quantity: str | None, at_limit: bool
) -> None:
    size = None if quantity is None else Decimal(quantity)
    request = limit(quantity) if at_limit else ClosePositionRequest(quantity=size)
    handles = [result_of(core.desk.close_position(name, request)) for name in ("p2", "MSFT", "p2")]
    again = Core(again=core)
    handles.append(result_of(again.desk.close_position("p2", request)))
    assert {handle.id for handle in handles} == {"ord-1"}
    assert len(core.broker.orders) == 1
    core.broker.fill("ord-1", core.broker.orders["ord-1"].quantity)
    assert result_of(again.desk.close_position("p2", request)).id == "ord-2"


def test_a_close_of_a_part_in_doubt_is_not_sent_again(core: Core) -> None:
    core.broker.plan("close", ProviderError("no answer"))
    part = ClosePositionRequest(quantity=Decimal(2))
    works = [core.desk.close_position("p2", part) for _ in range(2)]
    core.wait(10)
    assert result_of(works[0]) == result_of(works[1])
    assert len(core.broker.asked("close")) == 1


def test_other_parts_and_parts_under_keys_of_their_own_are_closed_as_often_as_asked(
    core: Core,
) -> None:
    part = ClosePositionRequest(quantity=Decimal(2))
    for request, key in ((part, None), (part, "k1"), (part, "k2"), (limit("2"), None)):
        result_of(core.desk.close_position("p2", request, key))
    assert len(core.broker.orders) == 4


def test_all_of_a_position_is_closed_once_under_whatever_keys(core: Core) -> None:
    handles = [result_of(core.desk.close_position("p2", limit(), key)) for key in ("k1", "k2")]
    assert handles[0] == handles[1]
    assert len(core.broker.orders) == 1


def test_at_market_is_how_a_close_is_anyway(core: Core) -> None:
    said = ClosePositionRequest(order_type=OrderType.MARKET)
    first = result_of(core.desk.close_position("p1", said))
    assert result_of(core.desk.close_position("p1", ClosePositionRequest())) == first


def test_closes_that_ended_are_forgotten(core: Core) -> None:
    for price in range(1, 5):
        request = ClosePositionRequest(order_type=OrderType.LIMIT, limit_price=Decimal(price))
        handle = result_of(core.desk.close_position("p2", request))
        core.broker.end(handle.id, OrderStatus.CANCELLED)
    assert len(core.closing._closing) == 1


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


@pytest.mark.parametrize("name", ["p2", "MSFT"])
@pytest.mark.parametrize("key", [None, "k"])
def test_a_close_of_all_that_works_at_the_restart_is_not_sent_again(
    core: Core, name: str, key: str | None
) -> None:
    first = result_of(core.desk.close_position(name, ClosePositionRequest(), key))
    again = Core(again=core)
    assert result_of(again.desk.close_position("p2", ClosePositionRequest())) == first


@pytest.mark.parametrize("lost", [True, False], ids=["in doubt", "working"])
@pytest.mark.parametrize("key", [None, "k"])
def test_a_close_of_a_part_is_no_close_of_all_after_a_restart(
    core: Core, key: str | None, lost: bool
) -> None:
    core.broker.plan("close", Lost(ProviderError("no answer")) if lost else None)
    part = ClosePositionRequest(quantity=Decimal(2))
    core.desk.close_position("p2", part, key)
    core.finish()
    again = Core(again=core)
    whole = result_of(again.desk.close_position("p2", ClosePositionRequest()))
    assert again.broker.orders[whole.id].quantity == 5
    assert len(again.broker.orders) == 2


# -- where trading is restricted


def restricted(core: Core, state: TradingState = TradingState.HALTED) -> None:
    result_of(core.trading.change(state, None, StateSetter.CLIENT))


def limit(quantity: str | None = None, price: int = 7) -> ClosePositionRequest:
    return ClosePositionRequest(
        quantity=None if quantity is None else Decimal(quantity),
        order_type=OrderType.LIMIT,
        limit_price=Decimal(price),
    )


def closed(core: Core, request: ClosePositionRequest) -> Decimal:
    """What is to be closed of the five by one more order."""
    handle = result_of(core.desk.close_position("p2", request))
    return core.broker.orders[handle.id].quantity


@pytest.mark.parametrize("state", [TradingState.REDUCE_ONLY, TradingState.HALTED])
def test_many_closes_do_not_close_more_than_there_is(core: Core, state: TradingState) -> None:
    restricted(core, state)
    assert [closed(core, limit("2", price)) for price in (7, 8, 9)] == [2, 2, 1]
    for request in (limit("1"), limit(), ClosePositionRequest(quantity=Decimal(1))):
        denied = failure_of(core.desk.close_position("p2", request), OrderDenied)
        assert "other orders leave 0 of the position to close" in denied.message
    assert len(core.broker.asked("close")) == 3


def test_with_trading_active_closes_are_as_they_are_wanted(core: Core) -> None:
    assert [closed(core, limit("4", price)) for price in (7, 8, 9)] == [4, 4, 4]


def test_what_other_orders_reduce_already_is_not_closed_beside_them(core: Core) -> None:
    core.submit(symbol="MSFT", quantity="3", order_type=OrderType.LIMIT, limit_price="7")
    core.submit(
        symbol="MSFT", side=Side.SELL, quantity="3", order_type=OrderType.LIMIT, limit_price="7"
    )
    restricted(core)
    assert closed(core, limit()) == 2


def test_what_executed_or_ended_makes_room(core: Core) -> None:
    restricted(core)
    first = result_of(core.desk.close_position("p2", limit("4"))).id
    core.broker.fill(first, "3")
    core.broker.held["p2"] = a_position(
        id="p2", symbol="MSFT", side=PositionSide.SHORT, quantity=Decimal(2)
    )
    assert closed(core, limit()) == 1
    core.broker.end(first, OrderStatus.CANCELLED)
    assert closed(core, limit()) == 1


def test_what_rests_at_a_price_never_stops_a_close_of_all_at_market(core: Core) -> None:
    restricted(core)
    closed(core, limit())
    assert closed(core, ClosePositionRequest()) == 5


def test_a_close_of_all_leaves_out_what_is_closed_at_market_already(core: Core) -> None:
    restricted(core)
    core.broker.plan("close", ProviderError("no answer"))
    core.desk.close_position("p2", ClosePositionRequest(quantity=Decimal(3)))
    assert closed(core, ClosePositionRequest()) == 2
    assert closed(core, ClosePositionRequest()) == 2  # the same again
    assert len(core.broker.asked("close")) == 2


def test_exit_legs_do_not_stand_in_the_way_of_a_close(core: Core) -> None:
    core.entered("1")
    restricted(core)
    assert core.live_legs()
    handle = result_of(core.desk.close_position("p1", limit()))
    assert core.broker.orders[handle.id].quantity == 1


def test_closes_that_are_being_written_down_while_trading_is_halted_are_looked_at_again() -> None:
    store = SlowJournal()
    core = Core(store=store)
    core.broker.held["p2"] = a_position(
        id="p2", symbol="MSFT", side=PositionSide.SHORT, quantity=Decimal(5)
    )
    store.slow = True
    works = [core.desk.close_position("p2", limit("4", price)) for price in (7, 8)]
    core.trading.change(TradingState.HALTED, None, StateSetter.CLIENT)
    store.sync()
    failure_of(works[0], OrderDenied)
    assert core.broker.orders[result_of(works[1]).id].quantity == 4


def test_hedged_positions_are_closed_apart() -> None:
    core = Core(hedges=True)
    core.broker.held = {name: a_position(id=name, quantity=Decimal(5)) for name in ("a", "b")}
    restricted(core)
    for name in ("a", "b"):
        handle = result_of(core.desk.close_position(name, limit("4")))
        order = core.broker.orders[handle.id]
        core.broker.orders[handle.id] = replace(order, position_id=name)
        core.broker.tell(core.broker.orders[handle.id], OrderEventKind.MODIFIED)
        assert order.quantity == 4
    last = result_of(core.desk.close_position("a", limit()))
    assert core.broker.orders[last.id].quantity == 1

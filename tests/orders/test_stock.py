"""Positions by all executions, beside those that the broker tells of (G4, W-09, W-41)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from tests.orders.core import Core, a_position, failure_of, order_request, result_of
from tests.orders.samples import an_order
from tradegw.errors import OrderDenied
from tradegw.model.enums import (
    AlertCode,
    OrderEventKind,
    OrderStatus,
    PositionEventKind,
    PositionSide,
    Side,
)
from tradegw.model.events import PositionEvent
from tradegw.model.market import Instrument
from tradegw.model.trading import StateSetter, TradingState
from tradegw.orders.stock import BUSY_LOOKS
from tradegw.testing.broker import EPOCH


@pytest.fixture
def core() -> Core:
    return Core()


def hold(core: Core, quantity: str, symbol: str = "AAPL", **members: Any) -> None:
    """The broker holds so much, and tells nobody."""
    size = Decimal(quantity)
    side = PositionSide.LONG if size > 0 else PositionSide.SHORT
    position = a_position(id=symbol, symbol=symbol, quantity=abs(size), side=side, **members)
    core.broker.held.pop(symbol, None)
    if size:
        core.broker.held[symbol] = position


def buy(core: Core, quantity: str) -> None:
    """Bought through the gateway, and held at the broker."""
    core.broker.fill(core.submit(quantity=quantity).id, quantity)
    hold(core, str(core.books.held("AAPL")))


def positions_told(core: Core) -> list[tuple[PositionEventKind, str, int]]:
    return [
        (event.event, event.position.symbol, int(event.position.quantity))
        for event in core.sink.events
        if isinstance(event, PositionEvent)
    ]


def alerts(core: Core) -> list[str]:
    return [alert.message for alert in core.alerts(AlertCode.INTERNAL_ERROR)]


# -- what was missed


def test_what_is_held_at_the_first_start_is_told_and_how_it_is() -> None:
    core = Core(linked=False)
    hold(core, "5")
    hold(core, "-2", "MSFT")
    core.intake.on_link_up()
    assert positions_told(core) == [
        (PositionEventKind.OPENED, "AAPL", 5),
        (PositionEventKind.OPENED, "MSFT", 2),
    ]
    assert core.books.held("AAPL") == 5
    assert core.books.held("MSFT") == -2
    assert not core.trading.is_restricted


def test_a_position_that_was_told_is_not_told_again(core: Core) -> None:
    buy(core, "3")
    core.reconciled()
    core.reconciled()
    assert positions_told(core) == [(PositionEventKind.OPENED, "AAPL", 3)]


def test_w41_a_change_that_was_missed_is_told(core: Core) -> None:
    buy(core, "3")
    core.reconciled()
    buy(core, "2")
    core.reconciled()
    core.broker.fill(core.submit(side=Side.SELL, quantity="5").id, "5")
    hold(core, "0")
    core.reconciled()
    assert positions_told(core) == [
        (PositionEventKind.OPENED, "AAPL", 3),
        (PositionEventKind.MODIFIED, "AAPL", 5),
        (PositionEventKind.CLOSED, "AAPL", 0),
    ]
    assert all(event.reconciled for event in core.sink.events if isinstance(event, PositionEvent))


def test_w41_what_closed_in_a_gap_together_with_its_fill_is_told_at_once(core: Core) -> None:
    core.entered("1")
    hold(core, "1")
    core.reconciled()
    core.broker.unheard = set(OrderEventKind)
    core.broker.fill(core.leg("c1-sl").id, "1")
    hold(core, "0")
    core.reconciled()
    assert positions_told(core)[-1] == (PositionEventKind.CLOSED, "AAPL", 0)


def test_after_a_restart_only_what_changed_is_told(core: Core) -> None:
    buy(core, "3")
    core.reconciled()
    again = Core(again=core)
    assert positions_told(again) == [(PositionEventKind.OPENED, "AAPL", 3)]


@pytest.mark.parametrize(
    ("quantity", "told"),
    [("5", (PositionEventKind.MODIFIED, 5)), ("0", (PositionEventKind.CLOSED, 0))],
)
def test_what_changed_while_the_gateway_was_down_is_told(
    core: Core, quantity: str, told: tuple[PositionEventKind, int]
) -> None:
    buy(core, "3")
    core.reconciled()
    core.broker.unheard = set(OrderEventKind)
    side = Side.BUY if quantity == "5" else Side.SELL
    request = order_request(side=side, quantity="2" if quantity == "5" else "3")
    outside = result_of(core.broker.submit(request))
    core.broker.fill(outside.id, str(request.quantity))
    hold(core, quantity)
    again = Core(again=core)
    assert positions_told(again)[1:] == [(told[0], "AAPL", told[1])]
    assert not again.trading.is_restricted


# -- what cannot be


def test_a_difference_counts_when_it_is_seen_twice(core: Core) -> None:
    hold(core, "7")
    core.reconciled()
    assert not core.trading.is_restricted
    core.reconciled()
    assert core.trading.status().state is TradingState.REDUCE_ONLY
    assert core.trading.status().set_by is StateSetter.RECONCILIATION
    (alert,) = alerts(core)
    assert "AAPL: the broker holds 7 more than all executions give" in alert
    failure_of(core.desk.submit(order_request()), OrderDenied)


def test_it_is_looked_at_again_soon(core: Core) -> None:
    hold(core, "7")
    core.reconciled()
    core.wait(1)
    assert core.trading.is_restricted


def test_another_difference_each_time_is_no_difference_yet(core: Core) -> None:
    for quantity in ("7", "8", "9"):
        hold(core, quantity)
        core.reconciled()
    assert not core.trading.is_restricted


def test_it_is_told_once_as_long_as_it_stays(core: Core) -> None:
    hold(core, "7")
    for _ in range(5):
        core.reconciled()
    assert len(alerts(core)) == 1


def test_it_is_lifted_when_it_is_explained(core: Core) -> None:
    hold(core, "7")
    core.reconciled()
    core.reconciled()
    hold(core, "0")
    core.reconciled()
    assert core.trading.status().state is TradingState.ACTIVE
    core.submit()


def test_it_is_lifted_when_the_fill_that_explains_it_is_heard_of(core: Core) -> None:
    hold(core, "7")
    core.reconciled()
    core.reconciled()
    late = an_order("o9", quantity=7, filled=7, status=OrderStatus.FILLED)
    core.broker.orders["o9"] = late
    core.broker.tell(late, OrderEventKind.FILLED)
    core.reconciled()
    assert not core.trading.is_restricted


def test_an_operator_who_sets_active_accepts_it(core: Core) -> None:
    hold(core, "7")
    core.reconciled()
    core.reconciled()
    result_of(core.trading.change(TradingState.ACTIVE, "I know", StateSetter.CLIENT))
    for _ in range(3):
        core.reconciled()
    assert not core.trading.is_restricted
    assert core.books.held("AAPL") == 7
    assert Core(again=core).books.held("AAPL") == 7
    assert len(alerts(core)) == 1


def test_what_the_operator_has_not_seen_he_did_not_accept(core: Core) -> None:
    hold(core, "7")
    core.reconciled()
    core.reconciled()
    result_of(core.trading.change(TradingState.ACTIVE, "I know", StateSetter.CLIENT))
    hold(core, "3", "MSFT")
    for _ in range(3):
        core.reconciled()
    assert core.trading.is_restricted
    assert "MSFT" in alerts(core)[-1]
    assert "AAPL" not in alerts(core)[-1]


def test_a_restriction_outlives_a_restart_and_is_lifted_after_it(core: Core) -> None:
    hold(core, "7")
    core.reconciled()
    core.reconciled()
    again = Core(again=core)
    assert again.trading.is_restricted
    hold(again, "0")
    again.reconciled()
    assert not again.trading.is_restricted


def test_an_operators_state_is_not_lifted(core: Core) -> None:
    result_of(core.trading.change(TradingState.HALTED, "stop", StateSetter.CLIENT))
    hold(core, "7")
    for _ in range(3):
        core.reconciled()
    hold(core, "0")
    core.reconciled()
    assert core.trading.status().state is TradingState.HALTED


def test_a_fill_while_the_broker_is_asked_is_no_difference(core: Core) -> None:
    for _ in range(4):
        order = core.submit()
        answer: Deferred[None] = Deferred()
        core.broker.plan("account", answer)  # after the positions
        work = core.reconciliation.run("test")
        core.broker.fill(order.id, "1")
        hold(core, str(core.books.held("AAPL")))
        answer.callback(None)
        result_of(work)
    assert not core.trading.is_restricted
    assert alerts(core) == []


def test_a_fill_while_the_broker_is_asked_for_the_first_time_is_no_difference() -> None:
    core = Core(linked=False)
    answer: Deferred[None] = Deferred()
    core.broker.plan("account", answer)
    core.intake.on_link_up()
    outside = result_of(core.broker.submit(order_request()))
    core.broker.fill(outside.id, "1")
    hold(core, "1")
    answer.callback(None)
    for _ in range(3):
        core.wait(2)
        core.reconciled()
    assert core.books.held("AAPL") == 1
    assert not core.trading.is_restricted


def test_a_late_position_is_no_difference_once_it_comes(core: Core) -> None:
    """The fill is heard of before the broker counts it."""
    core.broker.fill(core.submit(quantity="2").id, "2")
    core.reconciled()
    hold(core, "2")
    core.wait(1)
    core.reconciled()
    assert not core.trading.is_restricted
    assert alerts(core) == []


def test_w09_a_short_that_is_bought_back_in_parts_leaves_nothing(core: Core) -> None:
    sold = core.submit(side=Side.SELL, quantity="1")
    for total in ("0.4", "0.4", "1"):
        core.broker.fill(sold.id, total)
    assert core.books.held("AAPL") == -1
    bought = core.submit(quantity="1")
    core.broker.fill(bought.id, "1")
    for _ in range(3):
        core.reconciled()
    assert not core.trading.is_restricted


# -- while others trade


def reconciled_while_another_trades(core: Core) -> None:
    """Something executes in MSFT after the positions were read."""
    answer: Deferred[None] = Deferred()
    core.broker.plan("account", answer)
    work = core.reconciliation.run("test")
    order = result_of(core.broker.submit(order_request(symbol="MSFT")))
    core.broker.fill(order.id, "1")
    answer.callback(None)
    result_of(work)
    hold(core, str(core.books.held("MSFT")), "MSFT")


def test_a_difference_is_seen_although_another_symbol_trades_all_the_time(core: Core) -> None:
    hold(core, "7")
    for _ in range(2):
        reconciled_while_another_trades(core)
    (alert,) = alerts(core)
    assert "AAPL: the broker holds 7 more than all executions give" in alert
    assert "MSFT" not in alert
    hold(core, "0")
    reconciled_while_another_trades(core)
    assert not core.trading.is_restricted


def test_what_was_missed_is_told_although_another_symbol_trades_all_the_time(core: Core) -> None:
    buy(core, "3")
    reconciled_while_another_trades(core)
    assert positions_told(core) == [(PositionEventKind.OPENED, "AAPL", 3)]
    core.reconciled()
    assert positions_told(core)[1:] == [(PositionEventKind.OPENED, "MSFT", 1)]


def test_what_is_not_there_is_not_protected_although_another_symbol_trades(core: Core) -> None:
    core.entered("1")
    hold(core, "1")
    core.reconciled()
    hold(core, "0")
    for _ in range(2):
        reconciled_while_another_trades(core)
    assert core.live_legs() == []


def test_a_restriction_is_not_lifted_while_its_symbol_trades(core: Core) -> None:
    hold(core, "7", "MSFT")
    for _ in range(2):
        core.reconciled()
    assert core.trading.is_restricted
    reconciled_while_another_trades(core)
    assert core.trading.is_restricted


# -- while it trades itself


def traded(core: Core, stray: str) -> None:
    """One is bought through the gateway; the broker holds *stray* that nobody bought here."""
    core.broker.fill(core.submit().id, "1")
    hold(core, str(core.books.held("AAPL") + Decimal(stray)))


def test_a_difference_on_a_busy_symbol_is_found(core: Core) -> None:
    for _ in range(BUSY_LOOKS - 1):
        traded(core, "-7")
        core.reconciled()
        assert not core.trading.is_restricted
    traded(core, "-7")
    core.reconciled()
    assert core.trading.is_restricted
    (alert,) = alerts(core)
    assert "AAPL: the broker holds 7 less than all executions give" in alert


def test_a_difference_that_was_found_stays_one_and_is_told_once_whatever_executes(
    core: Core,
) -> None:
    hold(core, "7")
    core.reconciled()
    core.reconciled()
    core.trading.change(TradingState.HALTED, None, StateSetter.CLIENT)
    for _ in range(3):
        outside = result_of(core.broker.submit(order_request()))
        core.broker.fill(outside.id, "1")
        hold(core, str(core.books.held("AAPL") + 7))
        core.reconciled()
        assert core.trading.is_restricted
    assert len(alerts(core)) == 1


def test_a_lag_of_another_size_each_time_is_no_difference(core: Core) -> None:
    for number in range(3 * BUSY_LOOKS):
        traded(core, str(-1 - number % 2))
        core.reconciled()
    assert not core.trading.is_restricted


def test_an_acknowledgement_is_not_undone_by_a_fill(core: Core) -> None:
    hold(core, "7")
    core.reconciled()
    core.reconciled()
    result_of(core.trading.change(TradingState.ACTIVE, "I know", StateSetter.CLIENT))
    traded(core, "7")
    for _ in range(2 * BUSY_LOOKS):
        core.reconciled()
    assert not core.trading.is_restricted
    assert core.books.held("AAPL") == 8
    assert len(alerts(core)) == 1


@pytest.mark.parametrize("restarts", [False, True])
def test_an_acknowledgement_waits_for_a_look_that_is_not_overtaken(
    core: Core, restarts: bool
) -> None:
    hold(core, "7")
    core.reconciled()
    core.reconciled()
    if restarts:
        core = Core(again=core, linked=False)
    result_of(core.trading.change(TradingState.ACTIVE, "I know", StateSetter.CLIENT))
    answer: Deferred[None] = Deferred()
    core.broker.plan("account", answer)
    if restarts:
        core.intake.on_link_up()
    work = core.reconciliation.run("test")
    outside = result_of(core.broker.submit(order_request()))
    core.broker.fill(outside.id, "1")
    hold(core, "8")
    answer.callback(None)
    result_of(work)
    for _ in range(2 * BUSY_LOOKS):
        core.reconciled()
    assert not core.trading.is_restricted
    assert core.books.held("AAPL") == 8


def test_more_than_was_acknowledged_is_told(core: Core) -> None:
    hold(core, "7")
    core.reconciled()
    core.reconciled()
    result_of(core.trading.change(TradingState.ACTIVE, "I know", StateSetter.CLIENT))
    hold(core, "9")
    core.reconciled()
    assert not core.trading.is_restricted
    core.reconciled()
    assert core.trading.is_restricted


# -- where positions are not netted


def hedge(core: Core) -> None:
    """Two positions of one symbol, on both sides."""
    core.broker.held = {
        "long": a_position(id="long", quantity=Decimal(5)),
        "short": a_position(id="short", quantity=Decimal(2), side=PositionSide.SHORT),
    }


def hedged_told(core: Core) -> list[tuple[PositionEventKind, str]]:
    return [
        (event.event, event.position.id)
        for event in core.sink.events
        if isinstance(event, PositionEvent)
    ]


def test_hedged_positions_that_were_told_are_not_told_again_after_a_restart() -> None:
    core = Core(hedges=True, linked=False)
    hedge(core)
    core.intake.on_link_up()
    assert hedged_told(core) == [
        (PositionEventKind.OPENED, "long"),
        (PositionEventKind.OPENED, "short"),
    ]
    again = Core(again=core)
    again.reconciled()
    assert len(hedged_told(again)) == 2
    assert not again.trading.is_restricted


def test_of_hedged_positions_only_those_that_changed_meanwhile_are_told_after_a_restart() -> None:
    core = Core(hedges=True, linked=False)
    hedge(core)
    core.intake.on_link_up()
    del core.broker.held["short"]
    core.broker.held["more"] = a_position(id="more", quantity=Decimal(1))
    again = Core(again=core)
    assert sorted(hedged_told(again)[2:]) == [
        (PositionEventKind.CLOSED, "short"),
        (PositionEventKind.OPENED, "more"),
    ]
    assert len(hedged_told(Core(again=again))) == 4


def test_a_hedged_position_that_is_gone_is_not_protected_any_more_and_the_other_is() -> None:
    core = Core(hedges=True)
    for name, position_id in (("c1", "p1"), ("c2", "p2")):
        order_id = core.entered(client_order_id=name)
        core.broker.fill(order_id, "1", position_id=position_id)
    core.broker.held = {name: a_position(id=name) for name in ("p1", "p2")}
    core.reconciled()
    assert len(core.live_legs()) == 4
    core.intake.on_event(core.close_event(id="p1"))
    assert {leg.client_order_id for leg in core.live_legs()} == {"c2-sl", "c2-tp"}


def test_many_differences_are_told_in_short(core: Core) -> None:
    for number in range(9):
        hold(core, "1", f"S{number}")
    core.reconciled()
    core.reconciled()
    (alert,) = alerts(core)
    assert "S4" in alert
    assert "S5" not in alert


def test_a_position_event_of_the_broker_counts_as_told(core: Core) -> None:
    buy(core, "1")
    position = core.broker.held["AAPL"]
    core.intake.on_event(
        PositionEvent(timestamp=EPOCH, event=PositionEventKind.OPENED, position=position)
    )
    core.reconciled()
    assert len(positions_told(core)) == 1


# -- what nothing needs to explain


def stepped(core: Core, step: str) -> None:
    """The broker trades AAPL in such steps."""
    core.broker.instruments["AAPL"] = Instrument(quantity_step=Decimal(step))


@pytest.mark.parametrize("left", ["2.9991", "3.0009"])
def test_less_than_a_step_is_as_the_broker_says(core: Core, left: str) -> None:
    stepped(core, "0.001")
    buy(core, "3")
    for _ in range(BUSY_LOOKS):
        hold(core, left)
        core.reconciled()
    assert core.books.held("AAPL") == Decimal(left)
    assert not core.trading.is_restricted


def test_a_step_must_be_explained(core: Core) -> None:
    stepped(core, "0.001")
    buy(core, "3")
    for _ in range(BUSY_LOOKS):
        hold(core, "2.999")
        core.reconciled()
    assert core.trading.is_restricted


@pytest.mark.parametrize(("owed", "is_explained"), [("-3.05", True), ("-3.06", False)])
def test_interest_explains_that_more_is_owed(core: Core, owed: str, is_explained: bool) -> None:
    core.broker.fill(core.submit(side=Side.SELL, quantity="3").id, "3")
    for _ in range(BUSY_LOOKS):
        hold(core, owed, interest=Decimal("0.0501"))
        core.reconciled()
    assert core.trading.is_restricted is not is_explained


def test_interest_does_not_explain_that_less_is_owed(core: Core) -> None:
    core.broker.fill(core.submit(side=Side.SELL, quantity="3").id, "3")
    for _ in range(BUSY_LOOKS):
        hold(core, "-2.95", interest=Decimal("0.06"))
        core.reconciled()
    assert core.trading.is_restricted

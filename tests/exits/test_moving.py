"""Moving resting legs: the fourteen outcomes of order_lifecycle 20.8 and protocol 3.11."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from tests.orders.core import POSITION_ID, Core, a_position, failure_of, ids, result_of
from tests.orders.samples import an_order
from tradegw.errors import (
    GatewayError,
    OrderNotModifiable,
    OrderRejected,
    PositionNotFound,
    ProviderError,
    UnsupportedOperation,
    ValidationFailed,
)
from tradegw.model.enums import OrderEventKind, OrderStatus, OrderType, PositionMode, Side
from tradegw.model.order import Order, OrderChange
from tradegw.model.protection import ExitLegPlacement, ExitsChange, ExitsMoved
from tradegw.orders.validation import check_exits
from tradegw.testing.broker import Lost

CANNOT = UnsupportedOperation("replace", "scripted")
NO = OrderRejected("no")
NO_ANSWER = ProviderError("no answer")
STOP, LIMIT = OrderType.STOP, OrderType.LIMIT


@pytest.fixture
def core() -> Core:
    """A long position of one, protected by a stop at 90 and a take-profit at 110."""
    core = Core()
    core.broker.held[POSITION_ID] = a_position()
    core.broker.fill(core.entered(), "1", position_id=POSITION_ID)
    core.broker.calls.clear()
    return core


def move(core: Core, position_id: str = POSITION_ID, **prices: int) -> Deferred[ExitsMoved]:
    wanted: dict[str, Any] = {name: Decimal(price) for name, price in prices.items()}
    change = ExitsChange(**wanted)
    return core.desk.move_exits(position_id, change)


def placed(price: int, *orders: Order) -> ExitLegPlacement:
    return ExitLegPlacement(
        order_ids=tuple(order.id for order in orders), trigger_price=Decimal(price)
    )


def asked(core: Core) -> list[str]:
    return [name for name, _ in core.broker.calls if name not in ("positions", "quote")]


def test_exm01_a_stop_loss_is_changed_in_place(core: Core) -> None:
    moved = result_of(move(core, stop_loss=95))
    stop = core.leg("c1-sl")
    assert moved == ExitsMoved(position_id=POSITION_ID, stop_loss=placed(95, stop))
    assert core.broker.asked("replace") == [(stop.id, OrderChange(stop_price=Decimal(95)))]
    assert asked(core) == ["replace"]


def test_exm02_a_take_profit_is_changed_by_its_limit(core: Core) -> None:
    moved = result_of(move(core, take_profit=120))
    profit = core.leg("c1-tp")
    assert moved == ExitsMoved(position_id=POSITION_ID, take_profit=placed(120, profit))
    assert core.broker.asked("replace") == [(profit.id, OrderChange(limit_price=Decimal(120)))]


def test_exm03_both_in_one_request_stop_loss_first(core: Core) -> None:
    moved = result_of(move(core, stop_loss=95, take_profit=120))
    assert moved.stop_loss == placed(95, core.leg("c1-sl"))
    assert moved.take_profit == placed(120, core.leg("c1-tp"))
    assert [order_id for order_id, _ in core.broker.asked("replace")] == [
        core.leg("c1-sl").id,
        core.leg("c1-tp").id,
    ]


def test_exm04_where_it_cannot_be_changed_it_is_cancelled_and_placed_anew(core: Core) -> None:
    core.broker.plan("replace", CANNOT)
    moved = result_of(move(core, stop_loss=95))
    new = core.leg("c1-sl-1")
    assert moved.stop_loss == placed(95, new)
    assert asked(core) == ["replace", "cancel", "submit"]
    assert (new.position_id, new.reduce_only, new.side) == (POSITION_ID, True, Side.SELL)
    assert new.stop_price == 95
    assert core.leg("c1-sl").status is OrderStatus.CANCELLED
    assert core.alerts() == []


def test_exm05_a_refused_new_leg_is_followed_by_the_old_one(core: Core) -> None:
    core.broker.plan("replace", CANNOT)
    core.broker.plan("submit", NO)
    error = failure_of(move(core, stop_loss=95), OrderNotModifiable)
    assert error.details == {"order_id": POSITION_ID}
    assert "restored" in error.message
    core.wait(60)
    assert [leg.stop_price for leg in core.live_legs() if leg.order_type is STOP] == [90]
    assert core.alerts() == []


def test_exm06_if_neither_is_accepted_the_position_is_unprotected(core: Core) -> None:
    core.broker.plan("replace", CANNOT)
    core.broker.plan("submit", NO, OrderRejected("no either"))
    failure_of(move(core, stop_loss=95), ProviderError)
    (alert,) = core.alerts()
    assert alert.details == {
        "position_id": POSITION_ID,
        "leg_type": "stop_loss",
        "cancelled_order_id": core.leg("c1-sl").id,
        "error": "no",
        "restore_error": "no either",
    }


def test_w05_exm06_and_the_old_one_is_tried_until_it_is_accepted(core: Core) -> None:
    core.broker.plan("replace", CANNOT)
    core.broker.plan("submit", NO, NO)
    failure_of(move(core, stop_loss=95), ProviderError)
    core.wait(1)
    assert [leg.stop_price for leg in core.live_legs() if leg.order_type is STOP] == [90]


def test_exm07_a_second_move_addresses_the_replacement(core: Core) -> None:
    core.broker.plan("replace", CANNOT)
    result_of(move(core, stop_loss=95))
    moved = result_of(move(core, stop_loss=96))
    assert moved.stop_loss == placed(96, core.leg("c1-sl-1"))
    assert core.broker.asked("replace")[-1][0] == core.leg("c1-sl-1").id


def test_exm07_a_second_move_addresses_the_new_id_that_the_broker_gave(core: Core) -> None:
    core.broker.renames = True
    first = result_of(move(core, stop_loss=95)).stop_loss
    second = result_of(move(core, stop_loss=96)).stop_loss
    assert first is not None
    assert second is not None
    assert [order_id for order_id, _ in core.broker.asked("replace")][-1:] == list(first.order_ids)
    assert core.broker.orders[second.order_ids[0]].stop_price == 96
    assert core.alerts() == []
    assert core.live(STOP) == 1


@pytest.fixture
def split() -> Core:
    """The same position, entered in two fills: each leg rests in two pieces, 0.4 and 0.6."""
    core = Core()
    core.broker.held[POSITION_ID] = a_position()
    entry_id = core.entered()
    core.broker.fill(entry_id, "0.4", position_id=POSITION_ID)
    core.broker.fill(entry_id, "1", position_id=POSITION_ID)
    core.broker.calls.clear()
    return core


def test_exm08_a_leg_of_two_orders_is_moved_whole(split: Core) -> None:
    moved = result_of(move(split, stop_loss=95))
    assert moved.stop_loss == placed(95, split.leg("c1-sl"), split.leg("c1-sl-1"))
    assert split.leg("c1-sl").stop_price == split.leg("c1-sl-1").stop_price == 95


def test_exm08_all_entries_of_the_position_are_moved(core: Core) -> None:
    core.broker.fill(core.entered(client_order_id="c2"), "1", position_id=POSITION_ID)
    moved = result_of(move(core, stop_loss=95))
    assert moved.stop_loss == placed(95, core.leg("c1-sl"), core.leg("c2-sl"))


@pytest.mark.parametrize("lost", [False, True], ids=["refused", "in doubt"])
def test_exm08_so_is_a_leg_that_could_not_be_placed_so_far(core: Core, lost: bool) -> None:
    entry_id = core.entered(client_order_id="c2", take_profit=None)
    core.broker.plan("submit", Lost(NO_ANSWER) if lost else NO)
    if lost:
        core.broker.unheard = {OrderEventKind.CREATED}
        core.broker.plan("order_by_client_id", *[NO_ANSWER] * 6)
    core.broker.fill(entry_id, "1", position_id=POSITION_ID)
    core.wait(1.75 if lost else 0.5)  # before it is tried again
    work = move(core, stop_loss=95)
    core.wait(60)
    result_of(work)
    stops = [leg.stop_price for leg in core.live_legs() if leg.order_type is STOP]
    assert stops == [95, 95]


def test_a_kind_of_exit_that_an_entry_has_not_is_given_to_it(core: Core) -> None:
    """An extension: what a client wants of a position it wants of all of it."""
    entry_id = core.entered(client_order_id="c2", take_profit=None)
    core.broker.fill(entry_id, "1", position_id=POSITION_ID)
    moved = result_of(move(core, take_profit=120))
    assert moved.take_profit == placed(120, core.leg("c1-tp"), core.leg("c2-tp"))
    core.wait(60)
    assert core.live(LIMIT) == core.live(STOP) == 2


def test_exm09_if_the_second_leg_fails_the_first_stays_moved(core: Core) -> None:
    core.broker.plan("replace", None, NO)
    assert failure_of(move(core, stop_loss=95, take_profit=120), OrderRejected) is NO
    assert core.leg("c1-sl").stop_price == 95
    assert core.leg("c1-tp").limit_price == 110
    assert core.broker.asked("cancel") == []
    core.wait(60)
    assert core.broker.asked("cancel") == []
    assert len(core.legs()) == 2


def test_exm10_w58_if_the_cancel_fails_nothing_is_placed(core: Core) -> None:
    core.broker.plan("replace", CANNOT)
    core.broker.plan("cancel", NO_ANSWER)
    assert failure_of(move(core, stop_loss=95), ProviderError) is NO_ANSWER
    assert asked(core) == ["replace", "cancel"]
    core.wait(60)
    assert ids(core.live_legs()) == ["c1-sl", "c1-tp"]
    assert core.leg("c1-sl").stop_price == 90


def test_exm11_a_take_profit_is_placed_anew_with_its_quantity_as_a_limit(core: Core) -> None:
    core.broker.plan("replace", CANNOT)
    result_of(move(core, take_profit=120))
    new = core.leg("c1-tp-1")
    assert new.order_type is LIMIT
    assert (new.limit_price, new.quantity) == (Decimal(120), Decimal(1))


def test_exm12_an_unknown_position_is_not_found(core: Core) -> None:
    failure_of(move(core, "nope", stop_loss=95), PositionNotFound)
    assert core.broker.asked("replace") == []


def test_exm13_what_is_kept_by_the_broker_and_was_never_placed_cannot_be_moved() -> None:
    core = Core(brackets=True)
    core.broker.held[POSITION_ID] = a_position()
    stop = an_order("stop", order_type=STOP, side=Side.SELL, parent_order_id="entry")
    core.broker.orders = {"stop": stop}
    error = failure_of(move(core, take_profit=120), OrderNotModifiable)
    assert error.details == {"order_id": POSITION_ID}
    assert core.broker.asked("replace") == []
    assert core.broker.orders == {"stop": stop}


def test_exm14_an_empty_request_is_refused() -> None:
    with pytest.raises(ValidationFailed):
        check_exits(ExitsChange())


def test_w59_without_a_position_id_on_the_fill_legs_are_found_by_the_netted_symbol() -> None:
    core = Core()
    core.broker.held[POSITION_ID] = a_position()
    core.entered("1")
    assert core.broker.capabilities().position_mode is PositionMode.NETTING
    assert result_of(move(core, "AAPL", stop_loss=95)).stop_loss is not None
    assert core.leg("c1-sl").stop_price == 95


def test_w59_legs_that_the_broker_keeps_are_moved_there() -> None:
    core = Core(brackets=True)
    core.broker.held[POSITION_ID] = a_position()
    core.broker.orders = {
        order.id: order
        for order in (
            an_order("stop", order_type=STOP, side=Side.SELL, parent_order_id="entry"),
            an_order("limit", order_type=LIMIT, side=Side.SELL, parent_order_id="entry"),
            an_order("unlinked", order_type=STOP, side=Side.SELL),
            an_order("other way", order_type=STOP, parent_order_id="entry"),
            an_order("other", order_type=STOP, side=Side.SELL, symbol="X", parent_order_id="e"),
        )
    }
    moved = result_of(move(core, stop_loss=95))
    assert moved.stop_loss == placed(95, core.broker.orders["stop"])
    assert [order_id for order_id, _ in core.broker.asked("replace")] == ["stop"]


# -- races and doubts ----------------------------------------------------------------------------


def test_w58_a_leg_that_filled_during_the_cancel_is_not_placed_anew(core: Core) -> None:
    core.broker.plan("replace", CANNOT)
    answer: Deferred[None] = Deferred()
    core.broker.plan("cancel", answer)
    work = move(core, stop_loss=95)
    core.broker.fill(core.leg("c1-sl").id, "1")
    answer.errback(OrderNotModifiable(core.leg("c1-sl").id, "it is FILLED"))
    failure_of(work, OrderNotModifiable)
    core.wait(60)
    assert core.live_legs() == []
    assert core.guards() == 0


def test_w58_what_the_leg_executed_during_the_cancel_is_not_placed_anew(core: Core) -> None:
    core.broker.plan("replace", CANNOT)
    answer: Deferred[None] = Deferred()
    core.broker.plan("cancel", answer)
    work = move(core, stop_loss=95)
    core.broker.fill(core.leg("c1-sl").id, "0.4")
    answer.callback(None)
    result_of(work)
    core.wait(5)
    assert core.live(STOP) == core.live(LIMIT) == Decimal("0.6")


@pytest.mark.parametrize("arrived", [True, False])
def test_w58_a_new_leg_in_doubt_is_not_followed_by_the_old_one(core: Core, arrived: bool) -> None:
    """Else two might rest. It is looked for, and the position is protected once in the end."""
    core.broker.plan("replace", CANNOT)
    if arrived:
        core.broker.unheard = {OrderEventKind.CREATED}
        core.broker.plan("submit", Lost(NO_ANSWER))
        core.broker.plan("order_by_client_id", *[NO_ANSWER] * 8)
    else:
        core.broker.plan("submit", *[NO_ANSWER] * 4)
    work = move(core, stop_loss=95)
    core.wait(3)
    failure_of(work, ProviderError)
    assert core.alerts()
    core.wait(60)
    assert core.live(STOP) == 1
    assert core.live(LIMIT) == 1


def test_w58_what_the_other_leg_closed_during_the_cancel_needs_no_new_leg(core: Core) -> None:
    core.broker.plan("replace", CANNOT)
    answer: Deferred[None] = Deferred()
    core.broker.plan("cancel", answer)
    work = move(core, stop_loss=95)
    core.broker.calls.clear()
    core.broker.fill(core.leg("c1-tp").id, "1")
    answer.callback(None)
    core.wait(5)
    failure_of(work, OrderNotModifiable)
    assert core.broker.asked("submit") == []
    assert core.live_legs() == []
    assert core.guards() == 0


def test_w22_a_cancel_of_the_old_leg_after_a_move_leaves_the_new_one(core: Core) -> None:
    core.broker.plan("replace", CANNOT)
    old = core.leg("c1-sl").id
    result_of(move(core, stop_loss=95))
    failure_of(core.desk.cancel(old), OrderNotModifiable)
    core.wait(60)
    assert ids(core.live_legs()) == ["c1-tp", "c1-sl-1"]


def test_w22_so_does_one_that_comes_while_the_old_leg_is_being_taken_away(core: Core) -> None:
    core.broker.plan("replace", CANNOT)
    taken, too_late = Deferred[None](), Deferred[None]()
    core.broker.plan("cancel", taken, too_late)
    work = move(core, stop_loss=95)
    cancel = core.desk.cancel(core.leg("c1-sl").id)
    taken.callback(None)
    too_late.callback(None)
    failure_of(cancel, OrderNotModifiable)
    core.wait(60)
    assert work.called
    assert core.live(STOP) == core.live(LIMIT) == 1


def test_a_leg_that_its_client_is_cancelling_is_not_moved_meanwhile(core: Core) -> None:
    answer: Deferred[None] = Deferred()
    core.broker.plan("cancel", answer)
    cancel = core.desk.cancel(core.leg("c1-sl").id)
    failure_of(move(core, stop_loss=95), OrderNotModifiable)
    answer.callback(None)
    result_of(cancel)
    result_of(move(core, stop_loss=95))
    assert core.leg("c1-sl-1").stop_price == 95


def test_where_cancels_take_time_a_move_waits_and_places_one_new_leg(core: Core) -> None:
    core.broker.plan("replace", CANNOT)
    core.broker.cancels_slowly = True
    work = move(core, stop_loss=95)
    core.wait(0.2)
    assert ids(core.live_legs()) == ["c1-sl", "c1-tp"]
    core.broker.end(core.leg("c1-sl").id, OrderStatus.CANCELLED)
    core.wait(1)
    result_of(work)
    assert core.leg("c1-sl-1").stop_price == 95
    core.wait(60)
    assert ids(core.live_legs()) == ["c1-tp", "c1-sl-1"]
    assert core.alerts() == []


def test_a_fill_during_a_move_is_protected_after_it_at_the_new_price(core: Core) -> None:
    answer: Deferred[None] = Deferred()
    entry_id = core.entered("0.5", client_order_id="c2")
    core.broker.plan("replace", None, answer)
    work = move(core, stop_loss=95)
    core.broker.fill(entry_id, "1")
    assert core.leg("c2-sl").quantity == Decimal("0.5")
    answer.callback(None)
    result_of(work)
    assert core.leg("c2-sl-1").stop_price == 95


def test_two_moves_at_once_do_not_mix(core: Core) -> None:
    answer: Deferred[None] = Deferred()
    core.broker.plan("replace", answer)
    first, second = move(core, stop_loss=95), move(core, stop_loss=96)
    assert len(core.broker.asked("replace")) == 1
    answer.callback(None)
    result_of(first)
    result_of(second)
    assert core.leg("c1-sl").stop_price == 96


def test_the_old_price_is_the_one_the_leg_really_had(core: Core) -> None:
    """Its client had changed it by its order id."""
    change = OrderChange(stop_price=Decimal(92))
    result_of(core.desk.replace(core.leg("c1-sl").id, change))
    core.broker.plan("replace", CANNOT)
    core.broker.plan("submit", NO)
    failure_of(move(core, stop_loss=95), OrderNotModifiable)
    assert [leg.stop_price for leg in core.live_legs() if leg.order_type is STOP] == [92]


@pytest.mark.parametrize("outcome", [NO, NO_ANSWER])
def test_reprice_of_an_entry_moves_its_resting_legs_and_those_to_come(
    core: Core, outcome: GatewayError
) -> None:
    entry_id = core.entered("0.4", client_order_id="c2")
    change: Any = OrderChange(stop_loss=Decimal(95))
    result_of(core.desk.replace(entry_id, change))
    assert core.leg("c2-sl").stop_price == 95
    core.broker.fill(entry_id, "1")
    assert core.leg("c2-sl-1").stop_price == 95
    core.broker.plan("replace", outcome)
    failure_of(core.desk.replace(entry_id, change), type(outcome))


def test_exits_of_an_entry_that_is_over_are_the_brokers_to_refuse(core: Core) -> None:
    entry_id = core.entered("1", client_order_id="c2")
    core.broker.fill(core.leg("c2-sl").id, "1")
    failure_of(core.desk.replace(entry_id, OrderChange(stop_loss=Decimal(95))), OrderNotModifiable)


def test_an_exit_that_could_not_be_lowered_is_not_said_to_have_moved() -> None:
    """It is still to be lowered, or to go; it may also stay where it is, if more is bought."""
    core = Core()
    core.broker.held[POSITION_ID] = a_position(quantity=Decimal(2))
    core.broker.fill(core.entered(quantity="2"), "2", position_id=POSITION_ID)
    core.broker.plan("replace", NO)
    core.broker.fill(core.leg("c1-tp").id, "1")
    failure_of(move(core, stop_loss=95), OrderNotModifiable)
    core.wait(2)
    result_of(move(core, stop_loss=95))
    assert core.leg("c1-sl").stop_price == 95
    assert core.live(STOP) == 1

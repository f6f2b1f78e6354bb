"""What a survey shows and clients were not told (G4, W-11, W-35, W-39, W-40, W-41)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from twisted.internet.defer import Deferred, succeed

from tests.exits.restarting import crashed, hold
from tests.orders.core import Core, a_position, order_request, result_of
from tests.orders.samples import a_trade, an_order
from tradegw.errors import OrderNotFound, RateLimited
from tradegw.model.account import Account
from tradegw.model.enums import (
    AccountEventKind,
    AlertCode,
    OrderEventKind,
    OrderStatus,
    OrderType,
    PositionEventKind,
    Side,
)
from tradegw.model.events import AccountEvent, OrderEvent, PositionEvent, TradeEvent
from tradegw.model.order import ClosePositionRequest, Order, OrderChange
from tradegw.testing.broker import EPOCH

NOT_ASKED = RateLimited("slow down")


@pytest.fixture
def core() -> Core:
    return Core()


def deaf(core: Core) -> None:
    """No event is heard any more."""
    core.broker.unheard = set(OrderEventKind)


def place_outside(core: Core, **members: Any) -> Order:
    """An order that is sent past the gateway, of which nothing is heard."""
    unheard, core.broker.unheard = core.broker.unheard, set(OrderEventKind)
    order = result_of(core.broker.submit(order_request(**members)))
    core.broker.unheard = unheard
    return order


def new_events(core: Core) -> list[OrderEvent]:
    """What a reconciliation tells of orders."""
    core.sink.events.clear()
    core.reconciled()
    return core.order_events()


def kinds(events: list[OrderEvent]) -> list[tuple[str, OrderEventKind]]:
    return [(event.order.id, event.event) for event in events]


def alerts(core: Core) -> list[str]:
    return [alert.message for alert in core.alerts(AlertCode.INTERNAL_ERROR)]


# -- orders of ours


def test_the_entry_of_a_lost_leg_is_told_before_the_leg_though_that_has_ended(core: Core) -> None:
    """Neither has a name that the journal knows: by its entry's id the leg is known as one."""
    answer: Deferred[None] = Deferred()
    core.broker.plan("submit", answer)
    entry = order_request(
        order_type=OrderType.LIMIT, limit_price="100", quantity="2", stop_loss="90"
    )
    core.desk.submit(entry)
    core.store.fail("disk full")
    answer.callback(None)
    core.wait(1)
    core.broker.fill("ord-1", "1")
    (leg,) = core.live_legs()
    core.wait(1)
    core.broker.fill(leg.id, "1")
    core.sink.events.clear()
    again = crashed(core)
    again.wait(60)
    assert [order_id for order_id, _ in again.told()] == ["ord-1", leg.id]
    assert again.live_legs() == []


def test_what_was_told_is_not_told_again(core: Core) -> None:
    core.entered("1")
    core.broker.held = {"p": a_position()}
    core.reconciled()
    core.sink.events.clear()
    for _ in range(3):
        core.reconciled()
    assert core.sink.events == []


@pytest.mark.parametrize(
    ("total", "kind"),
    [("0.4", OrderEventKind.PARTIALLY_FILLED), ("1", OrderEventKind.FILLED)],
)
def test_w11_a_missed_fill_is_told_and_protected(
    core: Core, total: str, kind: OrderEventKind
) -> None:
    order_id = core.entered()
    deaf(core)
    core.broker.fill(order_id, total)
    core.broker.held = {"p": a_position(quantity=Decimal(total))}
    core.broker.unheard = set()
    events = new_events(core)
    assert kinds(events)[0] == (order_id, kind)
    assert events[0].reconciled
    assert events[0].order.correlation_id == "id1"
    assert events[0].seq is not None
    assert core.live(OrderType.STOP) == Decimal(total)
    assert new_events(core) == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (OrderStatus.CANCELLED, OrderEventKind.CANCELLED),
        (OrderStatus.EXPIRED, OrderEventKind.EXPIRED),
        (OrderStatus.REJECTED, OrderEventKind.REJECTED),
    ],
)
def test_a_missed_end_is_told(core: Core, status: OrderStatus, kind: OrderEventKind) -> None:
    order_id = core.submit().id
    deaf(core)
    core.broker.end(order_id, status)
    assert kinds(new_events(core)) == [(order_id, kind)]


def test_a_missed_change_is_told(core: Core) -> None:
    order_id = core.submit(order_type=OrderType.LIMIT, limit_price="50").id
    core.broker.orders[order_id] = replace(core.broker.orders[order_id], limit_price=Decimal(60))
    (event,) = new_events(core)
    assert event.event is OrderEventKind.MODIFIED
    assert event.order.limit_price == 60


def test_w41_a_missed_fill_cancels_the_others_of_its_group(core: Core) -> None:
    first, second = (core.submit(oco_group_id="g").id for _ in range(2))
    deaf(core)
    core.broker.fill(first, "1")
    core.reconciled()
    assert core.broker.asked("cancel") == [second]


def test_w41_a_leg_that_filled_unheard_takes_its_sibling_with_it(core: Core) -> None:
    core.entered("1")
    deaf(core)
    core.broker.fill(core.leg("c1-sl").id, "1")
    core.reconciled()
    assert core.live_legs() == []


def test_w41_an_order_that_was_made_and_filled_unheard_is_told_with_its_links(core: Core) -> None:
    deaf(core)
    handle = core.submit(stop_loss="90", client_order_id="c")
    core.broker.fill(handle.id, "1")
    events = new_events(core)
    assert kinds(events)[0] == (handle.id, OrderEventKind.FILLED)
    assert events[0].order.correlation_id == handle.correlation_id
    assert events[0].order.outside is None
    assert core.live(OrderType.STOP) == 1


@pytest.mark.parametrize("fill", [None, "0.5", "1"])
def test_an_order_of_ours_that_nobody_ever_told_of_is_ours_after_a_restart_too(
    core: Core, fill: str | None
) -> None:
    deaf(core)
    handle = core.submit(stop_loss="90", client_order_id="c")
    if fill is not None:
        core.broker.fill(handle.id, fill)
        core.broker.held = {"p": a_position(quantity=Decimal(fill))}
    core.broker.unheard = set()
    again = Core(again=core)
    again.wait(2)
    event = again.order_events(handle.id)[0]
    assert event.order.correlation_id == handle.correlation_id
    assert event.order.outside is None
    assert again.live(OrderType.STOP) == Decimal(fill or 0)


def unlisted(core: Core) -> None:
    """The broker's list of what ended shows nothing, as Saxo's, or not so far back."""
    core.broker.closed_orders = lambda query: succeed([])  # type: ignore[method-assign]


@pytest.mark.parametrize("restarted", [True, False])
@pytest.mark.parametrize("kind", ["order", "close", "leg"])
def test_an_accepted_order_that_nobody_told_of_and_no_list_shows_is_asked_for(
    core: Core, kind: str, restarted: bool
) -> None:
    if kind == "order":
        deaf(core)
        order_id, filled = core.submit(client_order_id="c").id, 1
    elif kind == "close":
        core.broker.held = {"p": a_position(id="p")}
        core.reconciled()
        deaf(core)
        order_id = result_of(core.desk.close_position("p", ClosePositionRequest())).id
        filled = -1
    else:
        entry_id = core.entered()
        core.broker.unheard = {OrderEventKind.CREATED}
        core.broker.fill(entry_id, "1")
        core.broker.unheard = set(OrderEventKind)
        order_id, filled = core.leg("c1-sl").id, -1
    before = core.books.held("AAPL")
    core.broker.fill(order_id, "1")
    core.broker.held = {"p": a_position(id="p")} if kind == "order" else {}
    core.broker.unheard = set()
    unlisted(core)
    if restarted:
        core = Core(again=core)
    else:
        core.reconciled()
    (event,) = core.order_events(order_id)
    assert (event.event, event.reconciled) == (OrderEventKind.FILLED, True)
    assert event.order.outside is None
    assert event.order.correlation_id is not None or kind == "leg"
    assert core.books.held("AAPL") == before + filled
    assert new_events(core) == []
    assert Core(again=core).order_events(order_id) == []


def test_an_accepted_order_that_bears_another_id_by_now_is_found_by_its_name(core: Core) -> None:
    deaf(core)
    order_id = core.submit(client_order_id="c").id
    order = core.broker.orders.pop(order_id)
    core.broker.orders["new"] = replace(order, id="new")
    core.broker.fill("new", "1")
    unlisted(core)
    again = Core(again=core)
    (event,) = again.order_events()
    assert (event.order.id, event.event) == ("new", OrderEventKind.FILLED)
    assert event.order.correlation_id == "id1"
    assert again.blotter.untold() == []


def test_an_accepted_order_that_the_broker_does_not_know_is_told_gone_when_that_is_said_twice(
    core: Core,
) -> None:
    deaf(core)
    order_id = core.submit(client_order_id="c").id
    core.broker.orders.clear()
    again = Core(again=core)
    assert again.order_events() == []
    assert kinds(new_events(again)) == [(order_id, OrderEventKind.CANCELLED)]
    assert "is not known to the broker any more" in alerts(again)[0]
    assert Core(again=again).blotter.untold() == []


@pytest.mark.parametrize("call", ["order", "order_by_client_id"])
def test_an_accepted_order_that_could_not_be_asked_for_is_asked_for_again(
    core: Core, call: str
) -> None:
    deaf(core)
    order_id = core.submit(client_order_id="c").id
    core.broker.fill(order_id, "1")
    core.broker.unheard = set()
    unlisted(core)
    if call == "order_by_client_id":
        core.broker.plan("order", OrderNotFound(order_id))
    core.broker.plan(call, NOT_ASKED)
    again = Core(again=core)
    assert not again.gate.is_reconciled
    again.wait(1)
    assert kinds(again.order_events()) == [(order_id, OrderEventKind.FILLED)]
    assert again.gate.is_reconciled


def test_what_works_although_it_was_being_cancelled_is_believed_when_it_is_seen_twice(
    core: Core,
) -> None:
    order_id = core.submit().id
    core.broker.cancels_slowly = True
    result_of(core.desk.cancel(order_id))
    order = core.broker.orders[order_id]
    core.broker.orders[order_id] = replace(order, status=OrderStatus.OPEN)
    assert new_events(core) == []
    (event,) = new_events(core)
    assert (event.event, event.order.status) == (OrderEventKind.MODIFIED, OrderStatus.OPEN)
    core.broker.tell(order, OrderEventKind.MODIFIED)  # once more, late
    assert new_events(core) == []
    assert alerts(core) == []


def test_a_change_that_the_broker_dates_before_the_last_is_believed_when_it_is_seen_twice(
    core: Core,
) -> None:
    order_id = core.submit(order_type=OrderType.LIMIT, limit_price="50").id
    order = core.broker.orders[order_id]
    newer = replace(order, limit_price=Decimal(60), updated_at=EPOCH + timedelta(minutes=1))
    core.broker.tell(newer, OrderEventKind.MODIFIED)
    assert new_events(core) == []
    assert [event.order.limit_price for event in new_events(core)] == [50]
    assert new_events(core) == []
    core.wait(6)  # what was suspected before
    core.broker.calls.clear()
    core.wait(30)
    assert core.broker.calls == []  # nothing is suspected any more


def test_a_list_that_is_behind_its_order_for_a_moment_takes_nothing_back(core: Core) -> None:
    order_id = core.submit(order_type=OrderType.LIMIT, limit_price="50").id
    order = core.broker.orders[order_id]
    newer = replace(order, limit_price=Decimal(60), updated_at=EPOCH + timedelta(minutes=1))
    core.broker.tell(newer, OrderEventKind.MODIFIED)
    assert new_events(core) == []
    core.broker.orders[order_id] = newer
    assert new_events(core) == []
    core.wait(30)
    assert new_events(core) == []


def test_an_older_order_of_the_same_name_is_not_the_one_that_is_missed(core: Core) -> None:
    deaf(core)
    order_id = core.submit(client_order_id="c").id
    core.broker.orders.clear()
    core.broker.orders["old"] = an_order(
        "old", minute=-60, client_order_id="c", status=OrderStatus.CANCELLED
    )
    unlisted(core)
    again = Core(again=core)
    again.reconciled()
    assert kinds(again.order_events()) == [(order_id, OrderEventKind.CANCELLED)]


def test_a_close_that_nobody_told_of_is_not_sent_again_after_a_restart(core: Core) -> None:
    core.broker.held = {"p": a_position(id="p")}
    deaf(core)
    first = result_of(core.desk.close_position("p", ClosePositionRequest()))
    again = Core(again=core, linked=False)
    assert result_of(again.desk.close_position("p", ClosePositionRequest())).id == first.id
    assert len(core.broker.orders) == 1


def test_a_cancelled_order_that_was_filled_all_the_same_is_told_so(core: Core) -> None:
    order_id = core.submit().id
    core.broker.end(order_id, OrderStatus.CANCELLED)
    deaf(core)
    core.broker.fill(order_id, "1")
    assert kinds(new_events(core)) == [(order_id, OrderEventKind.FILLED)]
    assert core.books.held("AAPL") == 1


# -- orders of others


def test_an_outside_order_is_adopted_and_marked(core: Core) -> None:
    order = place_outside(core, client_order_id="theirs")
    (event,) = new_events(core)
    assert (event.event, event.order.id, event.order.outside) == (
        OrderEventKind.CREATED,
        order.id,
        True,
    )
    assert event.order.correlation_id is None
    assert new_events(core) == []


def test_an_outside_order_stays_marked(core: Core) -> None:
    order = place_outside(core)
    core.reconciled()
    core.broker.fill(order.id, "0.5")
    again = Core(again=core)
    again.broker.fill(order.id, "1")
    again.reconciled()
    assert [event.order.outside for event in again.order_events(order.id)] == [True] * 3


def test_an_outside_order_that_came_and_went_unheard_is_told_and_counted(core: Core) -> None:
    order = place_outside(core, side=Side.SELL)
    deaf(core)
    core.broker.fill(order.id, "1")
    (event,) = new_events(core)
    assert (event.event, event.order.outside) == (OrderEventKind.FILLED, True)
    assert core.books.held("AAPL") == -1


def test_what_was_over_before_the_first_start_is_none_of_our_business() -> None:
    core = Core(linked=False)
    done = place_outside(core)
    deaf(core)
    core.broker.fill(done.id, "1")
    core.broker.executions = [a_trade()]
    working = place_outside(core)
    core.intake.on_link_up()
    assert kinds(core.order_events()) == [(working.id, OrderEventKind.CREATED)]
    assert not [event for event in core.sink.events if isinstance(event, TradeEvent)]


def test_an_outside_order_that_is_heard_of_at_once_is_marked_as_well(core: Core) -> None:
    order = result_of(core.broker.submit(order_request(client_order_id="theirs")))
    assert [event.order.outside for event in core.order_events(order.id)] == [True]


@pytest.mark.parametrize("bearing", ["c", None])
def test_an_order_of_ours_that_is_heard_of_before_its_answer_is_not_from_outside(
    core: Core, bearing: str | None
) -> None:
    late: Deferred[None] = Deferred()
    core.broker.plan("submit", late)
    core.desk.submit(order_request(client_order_id="c"))
    core.broker.tell(an_order("ord-1", client_order_id=bearing), OrderEventKind.CREATED)
    late.callback(None)
    core.broker.fill("ord-1", "1")
    assert [event.order.outside for event in core.order_events("ord-1")] == [None] * 2


def test_what_took_the_place_of_an_order_of_ours_is_not_from_outside(core: Core) -> None:
    """It bears a name that the broker made, and is heard of before the answer."""
    order_id = core.submit(order_type=OrderType.LIMIT, limit_price="50").id
    core.broker.plan("replace", Deferred())
    core.desk.replace(order_id, OrderChange(limit_price=Decimal(60)))
    core.broker.tell(an_order("other", client_order_id="theirs"), OrderEventKind.CREATED)
    assert [event.order.outside for event in core.order_events("other")] == [None]
    core.broker.tell(an_order("it", symbol="MSFT", client_order_id="x"), OrderEventKind.CREATED)
    assert [event.order.outside for event in core.order_events("it")] == [True]


def test_a_leg_that_the_broker_itself_keeps_may_be_heard_of_before_its_entry(core: Core) -> None:
    core.broker.plan("submit", Deferred())
    core.desk.submit(order_request())
    leg = an_order("leg", parent_order_id="ord-1", client_order_id="made-by-the-broker")
    core.broker.tell(leg, OrderEventKind.CREATED)
    assert [event.order.outside for event in core.order_events("leg")] == [None]


def test_a_leg_that_the_broker_itself_keeps_is_not_from_outside_when_it_is_heard_of(
    core: Core,
) -> None:
    entry_id = core.submit().id
    core.broker.tell(an_order("leg", parent_order_id=entry_id), OrderEventKind.CREATED)
    assert [event.order.outside for event in core.order_events("leg")] == [None]


def test_a_leg_that_the_broker_itself_keeps_is_not_from_outside(core: Core) -> None:
    entry_id = core.submit().id
    core.broker.orders["leg"] = an_order("leg", parent_order_id=entry_id)
    (event,) = new_events(core)
    assert (event.order.id, event.order.outside) == ("leg", None)


def test_an_outside_order_with_an_old_id_of_ours_is_still_from_outside(core: Core) -> None:
    core.broker.end(core.submit(client_order_id="c").id, OrderStatus.CANCELLED)
    old = an_order("old", client_order_id="c", minute=-60)
    core.broker.orders["old"] = old
    (event,) = new_events(core)
    assert (event.order.outside, event.order.correlation_id) == (True, None)


# -- orders that are in no list


def test_w39_an_order_that_is_in_no_list_is_asked_for(core: Core) -> None:
    order_id = core.submit().id
    deaf(core)
    core.broker.fill(order_id, "1")
    core.broker.closed_orders = lambda query: succeed([])  # type: ignore[method-assign]  # as Saxo
    assert kinds(new_events(core)) == [(order_id, OrderEventKind.FILLED)]


def test_w39_an_order_that_is_gone_is_believed_gone_when_that_is_said_twice(core: Core) -> None:
    order_id = core.submit().id
    del core.broker.orders[order_id]
    assert new_events(core) == []
    events = new_events(core)
    assert kinds(events) == [(order_id, OrderEventKind.CANCELLED)]
    (alert,) = alerts(core)
    assert f"Order {order_id} is not known to the broker any more" in alert
    assert new_events(core) == []


def test_it_is_asked_for_again_soon(core: Core) -> None:
    order_id = core.submit().id
    del core.broker.orders[order_id]
    core.reconciled()
    core.wait(1)
    assert core.told()[-1] == (order_id, OrderEventKind.CANCELLED)


def test_an_order_that_was_missing_once_works_on(core: Core) -> None:
    order_id = core.submit().id
    order = core.broker.orders.pop(order_id)
    core.reconciled()
    core.broker.orders[order_id] = order
    core.reconciled()
    del core.broker.orders[order_id]
    assert new_events(core) == []  # twice, but not in a row
    assert alerts(core) == []


def test_w40_could_not_ask_for_an_order_is_not_gone_and_is_asked_again(core: Core) -> None:
    order_id = core.submit().id
    deaf(core)
    core.broker.fill(order_id, "1")
    core.broker.closed_orders = lambda query: succeed([])  # type: ignore[method-assign]  # as Saxo
    core.broker.plan("order", NOT_ASKED, NOT_ASKED, NOT_ASKED)
    work = core.reconciliation.run("test")
    assert not work.called
    core.wait(1 + 2 + 5)
    result_of(work)
    assert core.told()[-1] == (order_id, OrderEventKind.FILLED)
    assert alerts(core) == []


def test_one_order_that_cannot_be_asked_for_does_not_hide_the_others(core: Core) -> None:
    orders = [core.submit().id for _ in range(3)]
    deaf(core)
    for order_id in orders:
        core.broker.fill(order_id, "1")
    core.broker.closed_orders = lambda query: succeed([])  # type: ignore[method-assign]  # as Saxo
    core.broker.plan("order", NOT_ASKED)
    core.reconciliation.run("test")
    assert core.told()[3:] == [(order_id, OrderEventKind.FILLED) for order_id in orders[1:]]


# -- the dead that work


def test_an_order_that_works_although_its_end_was_told_is_revived_when_seen_twice(
    core: Core,
) -> None:
    order_id = core.submit().id
    order = core.broker.orders[order_id]
    core.broker.tell(replace(order, status=OrderStatus.CANCELLED), OrderEventKind.CANCELLED)
    assert new_events(core) == []
    events = new_events(core)
    assert [(event.order.id, event.order.status) for event in events] == [
        (order_id, OrderStatus.OPEN)
    ]
    assert "works, although its end was told" in alerts(core)[0]


def test_an_order_that_ends_while_the_broker_is_asked_is_no_contradiction(core: Core) -> None:
    order_id = core.submit().id
    answer: Deferred[None] = Deferred()
    core.broker.plan("trades", answer)  # after the working orders
    work = core.reconciliation.run("test")
    core.broker.end(order_id, OrderStatus.CANCELLED)
    answer.callback(None)
    result_of(work)
    core.broker.calls.clear()
    core.wait(30)
    assert core.broker.calls == []  # nothing was suspected
    assert alerts(core) == []


def test_a_change_while_the_broker_is_asked_is_not_taken_back(core: Core) -> None:
    order_id = core.submit(order_type=OrderType.LIMIT, limit_price="50").id
    answer: Deferred[None] = Deferred()
    core.broker.plan("trades", answer)
    work = core.reconciliation.run("test")
    changed = replace(core.broker.orders[order_id], limit_price=Decimal(60))
    core.broker.orders[order_id] = changed
    core.broker.tell(changed, OrderEventKind.MODIFIED)
    answer.callback(None)
    result_of(work)
    assert [event.order.limit_price for event in core.order_events()] == [50, 60]


def test_a_contradiction_that_is_gone_is_forgotten(core: Core) -> None:
    order_id = core.submit().id
    order = core.broker.orders[order_id]
    ended = replace(order, status=OrderStatus.CANCELLED)
    core.broker.tell(ended, OrderEventKind.CANCELLED)
    core.reconciled()
    core.broker.orders[order_id] = ended
    core.wait(1)  # it is looked at again
    core.broker.calls.clear()
    core.wait(30)
    assert core.broker.calls == []
    core.broker.orders[order_id] = order
    core.reconciled()
    assert alerts(core) == []


# -- executions and money


def test_a_missed_execution_is_told_once_also_after_a_restart(core: Core) -> None:
    core.broker.executions = [a_trade("t1")]
    core.reconciled()
    core.reconciled()
    again = Core(again=core)
    again.reconciled()
    trades = [event for event in again.sink.events if isinstance(event, TradeEvent)]
    assert [(event.trade.id, event.reconciled) for event in trades] == [("t1", True)]


def test_an_execution_that_was_heard_of_is_not_told_again_although_the_brokers_clock_is_fast(
    core: Core,
) -> None:
    fast = a_trade("t1", minute=1)
    core.intake.on_event(TradeEvent(timestamp=EPOCH, trade=fast, event="TRADE_FILLED"))  # type: ignore[arg-type]  # as decoded
    core.broker.executions = [fast]
    core.wait(2)
    again = Core(again=core)
    again.reconciled()
    assert len([event for event in again.sink.events if isinstance(event, TradeEvent)]) == 1


def test_an_execution_of_the_same_id_in_another_symbol_is_another(core: Core) -> None:
    core.broker.executions = [a_trade("t1"), a_trade("t1", symbol="MSFT")]
    core.reconciled()
    assert len([event for event in core.sink.events if isinstance(event, TradeEvent)]) == 2


def money(core: Core, balance: str) -> Account:
    return replace(core.broker.money, balance=Decimal(balance))


def test_a_balance_that_changed_unheard_is_told(core: Core) -> None:
    core.broker.money = money(core, "7")
    core.reconciled()
    core.reconciled()
    (event,) = [each for each in core.sink.events if isinstance(each, AccountEvent)]
    assert event.event is AccountEventKind.BALANCE_UPDATED
    assert event.account.balance == 7
    assert event.reconciled


def test_a_balance_that_was_told_is_not_told_again(core: Core) -> None:
    core.broker.money = money(core, "7")
    core.intake.on_event(
        AccountEvent(
            timestamp=EPOCH, event=AccountEventKind.BALANCE_UPDATED, account=core.broker.money
        )
    )
    core.reconciled()
    assert len([each for each in core.sink.events if isinstance(each, AccountEvent)]) == 1


def test_how_much_was_missed_is_counted(core: Core) -> None:
    order_id = core.submit().id
    deaf(core)
    core.broker.fill(order_id, "1")
    core.broker.executions = [a_trade(order_id=order_id)]
    before = core.count("gateway_events_reconciled_total", platform="mock")
    core.reconciled()
    assert core.count("gateway_events_reconciled_total", platform="mock") - before == 2


# -- what executes while the broker is being asked


def under_survey(core: Core) -> tuple[Deferred[Any], Deferred[None]]:
    """A survey that looks up an order after it asked for positions; what lets that be answered."""
    core.submit(order_type=OrderType.LIMIT, limit_price="50", client_order_id="c0")
    del core.broker.orders["ord-1"]
    look: Deferred[None] = Deferred()
    core.broker.plan("order", look)
    return core.reconciliation.run("test"), look


def entered_by_its_answer(core: Core) -> None:
    """An entry of which the answer says that it has filled; its event is late, or lost."""
    deaf(core)
    submit = core.broker.submit

    def filled(order: Order) -> Order:
        if order.client_order_id != "c1":
            return order
        held = replace(order, filled_quantity=order.quantity, status=OrderStatus.FILLED)
        core.broker.orders[order.id] = held
        return held

    core.broker.submit = lambda *order: submit(*order).addCallback(filled)  # type: ignore[method-assign]
    core.submit(client_order_id="c1", stop_loss="90")
    core.broker.submit = submit  # type: ignore[method-assign]


def test_g2_a_fill_that_only_an_answer_tells_stays_protected_by_a_survey_that_is_older(
    core: Core,
) -> None:
    surveyed, look = under_survey(core)
    entered_by_its_answer(core)
    hold(core.broker, Decimal(1))
    assert core.live(OrderType.STOP) == 1
    look.callback(None)
    result_of(surveyed)
    assert core.live(OrderType.STOP) == 1
    core.wait(30)
    assert core.live(OrderType.STOP) == 1
    assert core.alerts() == []


def test_g4_what_a_live_event_tells_during_the_survey_is_not_told_back(core: Core) -> None:
    surveyed, look = under_survey(core)
    core.intake.on_event(
        PositionEvent(timestamp=EPOCH, event=PositionEventKind.OPENED, position=a_position())
    )
    look.callback(None)
    result_of(surveyed)
    told = [e.event for e in core.sink.events if isinstance(e, PositionEvent)]
    assert told == [PositionEventKind.OPENED]

"""Changes have three outcomes, as orders have (G1, protocol 3.6)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from twisted.internet.defer import Deferred, succeed

from tests.exits.restarting import crashed, hold
from tests.orders.core import Core, a_position, failure_of, result_of
from tests.orders.journals import SlowJournal
from tradegw.errors import (
    GatewayError,
    JournalUnavailable,
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
    ProviderError,
    UnsupportedOperation,
)
from tradegw.model.enums import OrderEventKind, OrderStatus, OrderType
from tradegw.model.journal import IntentKind, Verdict
from tradegw.model.order import Order, OrderChange, Replaced, Unresolved
from tradegw.testing.broker import Lost

NO_ANSWER = ProviderError("no answer")
CHANGE = OrderChange(limit_price=Decimal(60))


@pytest.fixture(params=[False, True], ids=["in place", "under a new id"])
def core(request: pytest.FixtureRequest) -> Core:
    core = Core(store=SlowJournal())
    core.broker.renames = request.param
    return core


def working(core: Core) -> str:
    return core.submit(
        order_type=OrderType.LIMIT, limit_price="50", quantity="10", client_order_id="c"
    ).id


def verdicts(core: Core, order_id: str) -> list[Verdict | None]:
    """What the journal says of the changes of an order."""
    return [
        None if each.outcome is None else each.outcome.verdict
        for each in core.store.intents_about(order_id)
        if each.intent.kind is IntentKind.REPLACE
    ]


def live_id(core: Core, order_id: str) -> str:
    """The broker's id of the order now."""
    return core.broker.successors.get(order_id, order_id)


def test_a_change_that_was_done_is_written_down(core: Core) -> None:
    order_id = working(core)
    done = result_of(core.desk.replace(order_id, CHANGE))
    assert verdicts(core, order_id) == [Verdict.ACCEPTED]
    assert done.order.id == live_id(core, order_id)


def test_nothing_is_changed_before_that_is_durable(core: Core) -> None:
    order_id = working(core)
    assert isinstance(core.store, SlowJournal)
    core.store.slow = True
    work = core.desk.replace(order_id, CHANGE)
    assert core.broker.asked("replace") == []
    core.store.sync()
    assert result_of(work).order.limit_price == 60


@pytest.mark.parametrize("when", ["before", "while writing"])
def test_nothing_is_changed_when_it_cannot_be_written_down(core: Core, when: str) -> None:
    order_id = working(core)
    assert isinstance(core.store, SlowJournal)
    core.store.slow = True
    if when == "before":
        core.store.fail("disk full")
    work = core.desk.replace(order_id, CHANGE)
    core.store.fail("disk full")
    failure_of(work, JournalUnavailable)
    assert core.broker.asked("replace") == []


@pytest.mark.parametrize(
    "error",
    [OrderRejected("no"), OrderNotModifiable("o", "x"), UnsupportedOperation("replace", "here")],
    ids=lambda error: type(error).__name__,
)
def test_a_refused_change_was_not_done(core: Core, error: GatewayError) -> None:
    order_id = working(core)
    core.broker.plan("replace", error)
    assert failure_of(core.desk.replace(order_id, CHANGE), GatewayError) is error
    core.wait(100)
    assert verdicts(core, order_id) == [Verdict.REJECTED]
    assert core.broker.asked("order") == []


@pytest.mark.parametrize("heard", [True, False], ids=["events heard", "events lost"])
def test_a_change_whose_answer_is_lost_is_found_done(core: Core, heard: bool) -> None:
    order_id = working(core)
    if not heard:
        core.broker.unheard = set(OrderEventKind)
    core.broker.plan("replace", Lost(NO_ANSWER))
    work = core.desk.replace(order_id, CHANGE)
    core.wait(1)
    done = result_of(work)
    assert done.order.id == live_id(core, order_id)
    assert done.order.limit_price == 60
    assert done.previous_order_id == (order_id if core.broker.renames else None)
    assert done.order.correlation_id == "id1"
    assert len(core.broker.asked("replace")) == 1
    assert Verdict.ACCEPTED in verdicts(core, order_id)
    core.reconciled()
    told = core.blotter.told(live_id(core, order_id))
    assert told is not None
    assert told.limit_price == 60
    assert told.outside is None


def test_who_waited_long_enough_hears_that_it_is_not_known(core: Core) -> None:
    order_id = working(core)
    core.broker.plan("replace", NO_ANSWER)
    work = core.desk.replace(order_id, CHANGE)
    core.wait(9.5)
    assert not work.called
    core.wait(0.5)
    done = result_of(work)
    assert done.outcome is Unresolved.UNKNOWN
    assert done.order.id == order_id
    assert done.order.limit_price == 50
    assert verdicts(core, order_id) == [Verdict.UNKNOWN]


def test_a_change_that_never_arrived_is_believed_so_after_a_minute(core: Core) -> None:
    order_id = working(core)
    core.broker.plan("replace", NO_ANSWER)
    core.desk.replace(order_id, CHANGE)
    core.wait(60)
    assert verdicts(core, order_id) == [Verdict.UNKNOWN]
    core.wait(1)
    assert verdicts(core, order_id) == [Verdict.REJECTED]
    assert len(core.broker.asked("replace")) == 1
    assert result_of(core.desk.replace(order_id, CHANGE)).order.limit_price == 60


@pytest.mark.parametrize("status", [OrderStatus.CANCELLED, OrderStatus.EXPIRED])
def test_an_order_that_ended_instead_was_not_changed(core: Core, status: OrderStatus) -> None:
    order_id = working(core)
    core.broker.plan("replace", NO_ANSWER)
    work = core.desk.replace(order_id, CHANGE)
    core.broker.end(order_id, status)
    core.wait(1)
    failure_of(work, OrderNotModifiable)
    assert verdicts(core, order_id) == [Verdict.REJECTED]


@pytest.mark.parametrize("could", ["not ask", "not see it yet"])
def test_what_took_its_place_is_looked_for_again(
    core: Core, could: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    core.broker.renames = True
    order_id = working(core)
    core.broker.plan("replace", Lost(NO_ANSWER))
    if could == "not ask":
        core.broker.plan("order_by_client_id", *[NO_ANSWER] * 6)
    else:
        core.broker.plan("order_by_client_id", OrderNotFound("c"))
        monkeypatch.setattr(core.broker, "open_orders", lambda _lane=None: succeed([]))
    work = core.desk.replace(order_id, CHANGE)
    core.wait(0.5)
    monkeypatch.undo()
    core.wait(70)
    assert verdicts(core, live_id(core, order_id)) == [Verdict.ACCEPTED]
    done = result_of(work)
    assert could == "not ask" or done.order.id == live_id(core, order_id)


def test_an_end_without_a_successor_is_believed_when_it_is_seen_twice(core: Core) -> None:
    order_id = working(core)
    core.broker.plan("replace", NO_ANSWER)
    work = core.desk.replace(order_id, CHANGE)
    core.broker.end(order_id, OrderStatus.CANCELLED)
    core.wait(0.5)
    assert not work.called
    core.wait(0.5)
    failure_of(work, OrderNotModifiable)


def test_the_exits_hear_of_what_executed_before_the_answer_to_a_change(core: Core) -> None:
    order_id = core.entered(
        quantity="10", order_type=OrderType.LIMIT, limit_price="50", stop_loss="40"
    )
    heard: list[Decimal] = []
    replaced = core.guardian.replaced

    def listen(previous_id: str, order: Order, *, native: bool = False) -> None:
        heard.append(order.filled_quantity)
        replaced(previous_id, order, native=native)

    core.guardian.replaced = listen  # type: ignore[method-assign]  # to hear what it hears
    answered = core.broker.replace

    def overtaken(replaced: Replaced) -> Replaced:
        core.broker.fill(replaced.order.id, "4")
        return replaced

    core.broker.replace = (  # type: ignore[method-assign]
        lambda order_id, change: answered(order_id, change).addCallback(overtaken)
    )
    assert result_of(core.desk.replace(order_id, CHANGE)).order.limit_price == 60
    assert heard == [4]
    assert core.live(OrderType.STOP) == 4


def test_an_order_that_is_gone_is_not_found(core: Core) -> None:
    order_id = working(core)
    core.broker.plan("replace", NO_ANSWER)
    work = core.desk.replace(order_id, CHANGE)
    del core.broker.orders[order_id]
    core.wait(1)
    failure_of(work, OrderNotFound)


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "answer lost"])
def test_what_was_filled_before_a_change_is_counted_once(core: Core, lost: bool) -> None:
    order_id = working(core)
    core.broker.fill(order_id, "4")
    core.broker.plan("replace", Lost(NO_ANSWER) if lost else None)
    core.desk.replace(order_id, CHANGE)
    core.wait(1)
    core.broker.fill(live_id(core, order_id), "6")
    assert core.books.held("AAPL") == 6
    core.broker.held = {"p": a_position(id="p", quantity=Decimal(6))}
    for _ in range(3):
        core.reconciled()
    assert not core.trading.is_restricted
    assert Core(again=core).books.held("AAPL") == 6


@pytest.mark.parametrize("fault", ["no answer yet", "lost", "never arrived"])
@pytest.mark.parametrize("seconds", [0, 5, 30])
def test_the_next_process_finds_out_what_became_of_a_change(
    core: Core, fault: str, seconds: int
) -> None:
    order_id = working(core)
    core.broker.unheard = set(OrderEventKind)
    core.broker.plan("order", *[NO_ANSWER] * 7)
    outcome = {"no answer yet": Deferred(), "lost": Lost(NO_ANSWER), "never arrived": NO_ANSWER}
    core.broker.plan("replace", outcome[fault])
    core.desk.replace(order_id, CHANGE)
    core.wait(seconds)
    core.finish()
    core.broker._outcomes.clear()
    again = Core(again=core)
    again.wait(100)
    now = core.broker.orders[live_id(core, order_id)]
    expected = Verdict.ACCEPTED if now.limit_price == 60 else Verdict.REJECTED
    assert expected in verdicts(again, order_id)
    told = again.blotter.told(now.id)
    assert told is not None
    assert (told.limit_price, told.correlation_id, told.outside) == (now.limit_price, "id1", None)
    assert again.store.unresolved() == []


def test_what_stops_while_it_looks_concludes_nothing(core: Core) -> None:
    order_id = working(core)
    core.broker.plan("replace", NO_ANSWER)
    core.desk.replace(order_id, CHANGE)
    core.finish()
    core.wait(300)
    assert verdicts(core, order_id) == [Verdict.UNKNOWN]


# -- exits changed along with it -------------------------------------------------------------------


WHOLE = OrderChange(quantity=Decimal(3), stop_loss=Decimal(95), take_profit=Decimal(120))


def entered(core: Core, fill: str | None = None) -> str:
    return core.entered(fill, quantity="2", order_type=OrderType.LIMIT, limit_price="100")


def stops(core: Core) -> list[Decimal | None]:
    return [leg.stop_price for leg in core.live_legs() if leg.order_type is OrderType.STOP]


@pytest.mark.parametrize("fault", [None, Lost(NO_ANSWER)], ids=["no answer yet", "lost"])
@pytest.mark.parametrize("fill", [None, "1"])
@pytest.mark.parametrize("renames", [False, True])
def test_the_next_process_moves_the_exits_too(
    fault: Lost | None, fill: str | None, renames: bool
) -> None:
    core = Core()
    core.broker.renames = renames
    order_id = entered(core, fill)
    if fault is None:
        hang_after(core)
    else:
        core.broker.plan("replace", fault)
    core.desk.replace(order_id, WHOLE)
    assert core.broker.orders[live_id(core, order_id)].quantity == 3
    hold(core.broker, Decimal(fill or 0))
    core.finish()
    again = Core(again=core)
    again.wait(10)
    assert verdicts(again, order_id) == [Verdict.ACCEPTED]
    again.broker.fill(live_id(again, order_id), "2")
    again.wait(1)
    assert set(stops(again)) == {95}
    assert again.live(OrderType.STOP) == 2


def hang_after(core: Core) -> None:
    """The broker does what it is asked next, and its answer is on the way for ever."""
    replace = core.broker.replace

    def done(order_id: str, change: OrderChange) -> Deferred[Replaced]:
        core.broker.replace = replace  # type: ignore[method-assign]  # only once
        replace(order_id, change)
        return Deferred()

    core.broker.replace = done  # type: ignore[method-assign]  # to die before the answer


def test_exits_that_its_client_moved_again_after_the_restart_stay_there() -> None:
    core = Core()
    order_id = entered(core, "1")
    hang_after(core)
    core.desk.replace(order_id, WHOLE)
    hold(core.broker, Decimal(1))
    core.finish()
    again = Core(again=core)
    work = again.desk.replace(order_id, OrderChange(stop_loss=Decimal(97)))
    again.wait(60)
    result_of(work)
    assert verdicts(again, order_id) == [Verdict.ACCEPTED]
    assert stops(again) == [97]


@pytest.mark.parametrize("refused", ["stop loss", "take profit"])
def test_the_answer_shows_what_was_done_if_an_exit_is_refused(refused: str) -> None:
    core = Core()
    order_id = entered(core, "1")
    before = result_of(core.reads.order(order_id))
    no = OrderRejected("price too near")
    core.broker.plan("replace", None, *([no] if refused == "stop loss" else [None, no]))
    done = result_of(core.desk.replace(order_id, WHOLE))
    assert done.outcome is None
    assert done.order.quantity == 3
    is_moved = refused != "stop loss"
    assert done.order.stop_loss == (95 if is_moved else before.stop_loss)
    assert done.order.take_profit == before.take_profit != 120
    assert stops(core) == [95 if is_moved else 90]
    (recorded,) = core.store.intents_about(order_id)[1:]
    assert recorded.outcome is not None
    assert recorded.outcome.verdict is Verdict.ACCEPTED
    assert b"price too near" in recorded.outcome.answer
    assert b"95" in recorded.intent.body
    steps = result_of(core.timelines.timeline(order_id)).steps
    (told,) = [each.detail for each in steps if each.step == "outcome_accepted"][1:]
    assert told is not None
    assert told["message"] == "price too near"


def test_an_exit_in_doubt_leaves_the_change_in_doubt() -> None:
    core = Core()
    order_id = entered(core, "1")
    core.broker.plan("replace", None, NO_ANSWER)
    done = result_of(core.desk.replace(order_id, WHOLE))
    assert done.outcome is Unresolved.UNKNOWN
    assert done.order.quantity == 3
    core.wait(100)
    assert verdicts(core, order_id) == [Verdict.ACCEPTED]


def test_of_two_exits_the_answer_shows_the_one_that_was_moved() -> None:
    core = Core()
    order_id = entered(core, "1")
    core.broker.plan("replace", None, OrderRejected("price too near"))
    change = OrderChange(stop_loss=Decimal(95), take_profit=Decimal(120))
    done = result_of(core.desk.replace(order_id, change))
    assert done.order.stop_loss == 95
    assert done.order.take_profit == 110


# -- brokers that round ----------------------------------------------------------------------------


@pytest.mark.parametrize("restarted", [False, True])
def test_a_change_that_the_broker_rounded_is_found_done(core: Core, restarted: bool) -> None:
    order_id = working(core)
    replaced = core.broker._replaced
    rounded = Decimal("60.12")
    core.broker._replaced = (  # type: ignore[method-assign]  # it has its own ticks
        lambda order_id, change: replaced(order_id, OrderChange(limit_price=rounded))
    )
    core.broker.plan("replace", Lost(NO_ANSWER))
    work = core.desk.replace(order_id, OrderChange(limit_price=Decimal("60.123")))
    if restarted:
        core = crashed(core)
        core.wait(1)
    else:
        core.wait(1)
        assert result_of(work).order.limit_price == rounded
    assert Verdict.ACCEPTED in verdicts(core, live_id(core, order_id)) + verdicts(core, order_id)


def test_a_change_of_another_member_meanwhile_does_not_make_it_done() -> None:
    core = Core()
    order_id = working(core)
    core.broker.plan("replace", NO_ANSWER)
    core.desk.replace(order_id, CHANGE)
    result_of(core.desk.replace(order_id, OrderChange(quantity=Decimal(8))))
    result_of(core.desk.replace(order_id, OrderChange(limit_price=Decimal(45))))
    core.wait(61)
    assert verdicts(core, order_id)[0] is Verdict.REJECTED

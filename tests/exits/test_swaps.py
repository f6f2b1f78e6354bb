"""Brokers that take one exit for a quantity: the stop rests, the take-profit is held here until the
price is there.
"""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from tests.exits.restarting import check_that_plans_are_kept, crashed, hold, timers
from tests.exits.test_attaching import attach, resting
from tests.exits.test_trails import a_quote, tick
from tests.orders.core import POSITION_ID, SYMBOL, Core, failure_of, result_of
from tradegw.errors import OrderRejected, ProviderError
from tradegw.exits.swaps import PATIENCE_SECONDS, PAUSE_SECONDS, ROUND_SECONDS
from tradegw.model.enums import OrderEventKind, OrderStatus, OrderType, PositionSide, Side
from tradegw.model.market import Instrument
from tradegw.model.order import ClosePositionRequest, Order, OrderRequest
from tradegw.model.protection import LegState, LegType, ProtectionState
from tradegw.testing.broker import Lost

STOP, LIMIT = OrderType.STOP, OrderType.LIMIT
NO_ANSWER = ProviderError("no answer")
NONE, ONE, HALF = Decimal(0), Decimal(1), Decimal("0.5")


def strict(core: Core) -> Core:
    """Its broker refuses what would sell more than is held by the executions it made."""
    core.broker.instruments[SYMBOL] = Instrument(one_exit=True)
    accept = type(core.broker)._accept

    @functools.wraps(accept)
    def checked(request: OrderRequest) -> Order:
        orders = core.broker.orders.values()
        net = sum((o.side.sign * o.filled_quantity for o in orders), Decimal(0))
        working = [o for o in orders if o.side is request.side and not o.status.is_terminal]
        held = sum((o.remaining_quantity for o in working), Decimal(0))
        if (net * -request.side.sign) > 0 and held + request.quantity > abs(net):
            raise OrderRejected("the quantity is held", "INSUFFICIENT_BALANCE")
        return accept(core.broker, request)

    core.broker._accept = checked  # type: ignore[method-assign]  # as strict as described
    return core


def entered(core: Core, fill: str = "1", **members: Any) -> str:
    entry_id = core.entered(**members)
    core.broker.fill(entry_id, fill, position_id=POSITION_ID)
    orders = core.broker.orders.values()
    hold(core.broker, sum((o.side.sign * o.filled_quantity for o in orders), Decimal(0)))
    return entry_id


@pytest.fixture
def core() -> Core:
    """A long position of one, with a stop at 90 and a take-profit at 110."""
    core = strict(Core(holds=True))
    entered(core)
    tick(core, 100)
    core.broker.calls.clear()
    return core


def uncovered(core: Core) -> tuple[Decimal, Decimal]:
    (one,) = core.protection.positions()
    return one.uncovered.stop_loss, one.uncovered.take_profit


def rests(core: Core, *kinds: OrderType) -> bool:
    return [leg.order_type for leg in core.live_legs()] == list(kinds)


def test_the_stop_rests_and_the_take_profit_is_held_without_an_alert(core: Core) -> None:
    assert rests(core, STOP)
    core.wait(120)
    assert core.broker.asked("submit") == []
    assert core.alerts() == []
    (one,) = core.protection.positions()
    (plan,) = one.plans
    assert plan.state is ProtectionState.COVERED
    assert (one.covered.stop_loss, one.covered.take_profit) == (ONE, Decimal(0))
    assert uncovered(core) == (NONE, NONE)
    held = plan.legs[-1]
    assert (held.state, held.leg_type) == (LegState.HELD, LegType.TAKE_PROFIT)
    assert (held.order_id, held.price, held.quantity) == (None, Decimal(110), ONE)


def test_at_the_price_the_stop_is_taken_away_and_the_take_profit_placed(core: Core) -> None:
    tick(core, "109.99")
    assert rests(core, STOP)
    tick(core, 110)
    assert rests(core, LIMIT)
    assert [name for name, _ in core.broker.calls] == ["cancel", "submit"]
    assert resting(core, LIMIT) == [(ONE, Decimal(110))]
    core.broker.fill(core.leg("c1-tp").id, "1")
    assert core.live_legs() == []
    assert core.guards() == 0
    assert core.alerts() == []


def test_it_is_the_bid_that_counts_for_selling_and_the_ask_for_buying() -> None:
    core = strict(Core(holds=True))
    entered(core, side=Side.SELL, stop_loss="110", take_profit="90")
    tick(core, "90.01")
    assert rests(core, STOP)
    tick(core, 90)
    assert rests(core, LIMIT)
    (leg,) = core.live_legs()
    assert leg.side is Side.BUY


def test_never_both_at_once_while_a_cancel_takes_its_time(core: Core) -> None:
    core.broker.cancels_slowly = True
    tick(core, 110)
    assert rests(core, STOP)
    core.broker.end(core.leg("c1-sl").id, OrderStatus.CANCELLED)
    assert rests(core, LIMIT)


def test_a_stop_that_executes_while_it_is_taken_away_is_the_end(core: Core) -> None:
    answer: Deferred[None] = Deferred()
    core.broker.plan("cancel", answer)
    tick(core, 110)
    core.broker.fill(core.leg("c1-sl").id, "1")
    answer.errback(OrderRejected("too late"))
    core.wait(60)
    assert [leg.order_type for leg in core.legs()] == [STOP]
    assert core.guards() == 0


def test_if_the_price_falls_back_the_stop_is_placed_again(core: Core) -> None:
    tick(core, 110)
    tick(core, "108")  # a tenth of the way to 90
    assert rests(core, LIMIT)
    tick(core, "107.99")
    assert rests(core, STOP)
    assert resting(core, STOP) == [(ONE, Decimal(90))]
    assert core.alerts() == []


def test_what_executed_meanwhile_needs_no_stop(core: Core) -> None:
    tick(core, 110)
    core.broker.fill(core.leg("c1-tp").id, "0.5")
    tick(core, 100)
    assert resting(core, STOP) == [(HALF, Decimal(90))]
    assert rests(core, STOP)


def test_it_is_not_swapped_to_and_fro(core: Core) -> None:
    tick(core, 110)
    tick(core, 100)
    tick(core, 110)
    assert rests(core, STOP)
    core.wait(PAUSE_SECONDS)
    tick(core, 110)
    assert rests(core, LIMIT)


def test_a_limit_that_does_not_fill_makes_way_again(core: Core) -> None:
    tick(core, 110)
    for _ in range(round(PATIENCE_SECONDS + ROUND_SECONDS)):
        core.wait(1)
        tick(core, 109)
    assert rests(core, STOP)


def test_without_a_price_the_stop_is_placed_again(core: Core) -> None:
    tick(core, 110)
    core.wait(3 * ROUND_SECONDS)
    assert rests(core, STOP)
    assert core.broker.asked("quote") != []


def test_without_a_stream_the_broker_is_asked_what_the_price_is(core: Core) -> None:
    core.broker.quotes[SYMBOL] = a_quote(core, 111)
    core.wait(2 * ROUND_SECONDS)
    assert rests(core, LIMIT)


def test_as_long_as_the_stop_is_away_that_is_told(core: Core) -> None:
    tick(core, 110)
    assert uncovered(core) == (ONE, NONE)
    core.wait(1)
    assert core.alerts() == []
    core.wait(1)
    (alert,) = core.alerts()
    assert alert.details is not None
    assert [one["error"] for one in alert.details["failed_exits"]] == [
        "The take-profit rests in its place, since the price is there"
    ]


def test_a_take_profit_that_is_refused_is_told_and_the_stop_placed_again(core: Core) -> None:
    core.broker.plan("submit", OrderRejected("no"))
    tick(core, 110)
    assert rests(core, STOP)
    (alert,) = core.alerts()
    assert alert.details is not None
    assert {"type": "TakeProfit", "error": "no", "actual_order_ids": []} in (
        alert.details["failed_exits"]
    )
    core.wait(60)
    assert rests(core, STOP)
    assert uncovered(core) == (NONE, NONE)


def test_while_the_breaker_is_open_the_stop_stays(core: Core) -> None:
    """Neither the limit nor, after it, the stop could be placed."""
    while not core.breakers.exit_order.is_open:
        core.breakers.exit_order.record_failure(0)
    tick(core, 110)
    assert rests(core, STOP)


@pytest.mark.parametrize("price", [110, 105])
def test_while_the_breaker_is_open_the_limit_stays(core: Core, price: int) -> None:
    """The stop would not be placed: something that rests is better than nothing."""
    tick(core, 110)
    while not core.breakers.exit_order.is_open:
        core.breakers.exit_order.record_failure(core.clock.seconds())
    for _ in range(20):
        tick(core, price)
        core.wait(2)
    assert rests(core, LIMIT)
    core.breakers.exit_order.reset(core.clock.seconds() + 1e6)
    core.guardian.resume()
    core.wait(ROUND_SECONDS)
    assert rests(core, STOP)


def test_one_look_goes_on_however_often_they_were_swapped(core: Core) -> None:
    before = len(timers(core))
    for _ in range(8):
        tick(core, 110)
        core.wait(PATIENCE_SECONDS / 2)
    tick(core, 100)
    core.wait(1)
    assert len(timers(core)) == before


def test_a_stop_that_is_attached_takes_the_place_of_a_take_profit() -> None:
    core = strict(Core(holds=True))
    entered(core, stop_loss=None)
    assert rests(core, LIMIT)
    moved = result_of(attach(core, stop_loss=90))
    assert rests(core, STOP)
    assert moved.stop_loss is not None
    assert moved.stop_loss.order_ids == (core.leg("c1-sl").id,)
    tick(core, 110)
    assert rests(core, LIMIT)


def test_if_the_broker_refuses_it_the_take_profit_rests_as_before() -> None:
    core = strict(Core(holds=True))
    entered(core, stop_loss=None)
    core.broker.plan("submit", OrderRejected("no"))
    failure_of(attach(core, stop_loss=90), OrderRejected)
    assert rests(core, LIMIT)
    check_that_plans_are_kept(core)


def test_if_the_take_profit_cannot_be_taken_away_nothing_is_attached() -> None:
    core = strict(Core(holds=True))
    entered(core, stop_loss=None)
    core.broker.plan("cancel", OrderRejected("no"))
    core.broker.calls.clear()
    failure_of(attach(core, stop_loss=90), OrderRejected)
    core.wait(60)
    assert core.broker.asked("submit") == []
    assert rests(core, LIMIT)
    assert core.alerts() == []


def test_what_fills_after_all_was_sold_begins_with_its_stop() -> None:
    core = strict(Core(holds=True))
    entry_id = entered(core, fill="0.4", order_type=LIMIT, limit_price="100")
    tick(core, 110)
    core.broker.fill(core.leg("c1-tp").id, "0.4")
    core.broker.fill(entry_id, "1", position_id=POSITION_ID)
    assert rests(core, STOP)


def test_a_limit_too_small_for_the_broker_is_not_swapped_for(core: Core) -> None:
    core.broker.fill(core.leg("c1-sl").id, "0.5")
    core.broker.instruments[SYMBOL] = Instrument(one_exit=True, minimum_quantity=ONE)
    core.guardian._plans.inform(core.guardian._plans.all()[0].plan)
    tick(core, 110)
    assert rests(core, STOP)


def test_what_makes_way_for_a_close_is_left_alone(core: Core) -> None:
    answer: Deferred[None] = Deferred()
    core.broker.plan("close", answer)
    work = core.desk.close_position(POSITION_ID, ClosePositionRequest())
    assert core.live_legs() == []
    tick(core, 110)
    core.wait(1)
    assert core.live_legs() == []
    answer.errback(OrderRejected("no"))
    failure_of(work, OrderRejected)
    assert rests(core, STOP)


@pytest.mark.parametrize("arrived", [True, False])
def test_without_an_answer_nothing_rests_twice(core: Core, arrived: bool) -> None:
    core.broker.unheard = {OrderEventKind.CREATED}
    accept = core.broker._accept
    sent: list[OrderRequest] = []

    def lost(request: OrderRequest) -> Order:
        sent.append(request)
        if len(sent) > 1:
            return accept(request)
        if arrived:
            accept(request)
        raise NO_ANSWER

    core.broker._accept = lost  # type: ignore[method-assign]  # as told above
    tick(core, 110)
    core.wait(5)
    assert rests(core, LIMIT)
    core.wait(90)
    assert rests(core, STOP)


def test_a_cancel_that_fails_leaves_the_stop(core: Core) -> None:
    core.broker.plan("cancel", OrderRejected("no"))
    tick(core, 110)
    assert rests(core, STOP)
    assert uncovered(core) == (NONE, ONE)  # the stop rests, and the limit should
    core.wait(3)
    assert rests(core, LIMIT)


def test_a_fill_of_the_entry_gets_what_rests(core: Core) -> None:
    entry_id = entered(core, "0.5", client_order_id="c2")
    assert core.live(STOP) == Decimal("1.5")
    tick(core, 110)
    assert (core.live(STOP), core.live(LIMIT)) == (NONE, Decimal("1.5"))
    core.broker.fill(entry_id, "1")
    assert (core.live(STOP), core.live(LIMIT)) == (NONE, Decimal(2))


def test_both_may_be_moved_whichever_rests(core: Core) -> None:
    moved = result_of(attach(core, stop_loss=95, take_profit=120))
    assert moved.take_profit is not None
    assert (moved.take_profit.order_ids, moved.take_profit.trigger_price) == ((), Decimal(120))
    tick(core, 110)
    assert resting(core, STOP) == [(ONE, Decimal(95))]
    tick(core, 120)
    result_of(attach(core, stop_loss=96))
    tick(core, 100)
    assert resting(core, STOP) == [(ONE, Decimal(96))]


def test_a_stop_that_its_client_gave_up_leaves_room_for_the_take_profit(core: Core) -> None:
    result_of(core.desk.cancel(core.leg("c1-sl").id))
    assert rests(core, LIMIT)
    assert core.alerts() == []


def test_one_exit_alone_rests_as_ever() -> None:
    core = strict(Core(holds=True))
    entered(core, stop_loss=None)
    assert rests(core, LIMIT)


def test_a_close_takes_away_what_rests(core: Core) -> None:
    tick(core, 110)
    handle = result_of(core.desk.close_position(POSITION_ID, ClosePositionRequest()))
    core.broker.held.clear()
    core.broker.fill(handle.id, "1")
    core.wait(5)
    assert core.live_legs() == []
    assert core.guards() == 0


def test_when_it_becomes_known_late_the_take_profit_is_taken_back() -> None:
    core = Core()
    core.entered("1")
    assert rests(core, STOP, LIMIT)
    core.broker.instruments[SYMBOL] = Instrument(one_exit=True)
    core.broker.fill(core.entered(client_order_id="c2"), "1")
    core.reconciled()
    assert sorted(leg.order_type.value for leg in core.live_legs()) == ["STOP", "STOP"]


def test_on_a_price_nothing_is_done_for_what_is_not_held(core: Core) -> None:
    tick(core, 110, symbol="OTHER")
    core.broker.fill(core.leg("c1-sl").id, "1")
    core.wait(2 * ROUND_SECONDS)
    tick(core, 110)
    assert len(core.legs()) == 1
    core.guardian.stop()
    assert timers(core) == []


@pytest.mark.parametrize("calls", range(1, 4))
@pytest.mark.parametrize("reached", [True, False])
@pytest.mark.parametrize("back", [True, False])
def test_killed_in_the_middle_one_exit_rests_in_the_end(
    core: Core, calls: int, reached: bool, back: bool
) -> None:
    if back:
        tick(core, 110)
    ask, left = core.line.ask, calls

    def counted(call: Any, *, always: bool = False) -> Deferred[Any]:
        nonlocal left
        left -= 1
        if left > 0:
            return ask(call, always=always)
        if left == 0 and reached:
            core.broker.unheard = set(OrderEventKind)
            call().addErrback(lambda _failed: None)
            core.broker.unheard = set()
        return Deferred()

    core.line.ask = counted  # type: ignore[method-assign]  # it can die there
    tick(core, 100 if back else 110)
    dead = core
    again = crashed(core)
    dead.guardian.stop()
    again.wait(5)
    assert len(again.live_legs()) == 1
    check_that_plans_are_kept(again)
    again.wait(60)
    assert rests(again, STOP)


moves = st.lists(
    st.tuples(st.sampled_from(["tick", "stop fills", "limit fills", "wait"]), st.integers(0, 12)),
    max_size=12,
)


@given(moves)
def test_whatever_the_price_does_at_most_one_rests_and_covers_what_is_open(
    moves: list[tuple[str, int]],
) -> None:
    core = strict(Core(holds=True))
    entered(core, "10", quantity="10")
    for what, much in moves:
        if what == "tick":
            tick(core, 100 + much)
        elif what == "wait":
            core.wait(much)
        else:
            kind = STOP if what == "stop fills" else LIMIT
            for leg in [leg for leg in core.live_legs() if leg.order_type is kind]:
                total = min(leg.quantity, leg.filled_quantity + much)
                if total > leg.filled_quantity:
                    core.broker.fill(leg.id, total)
        orders = core.broker.orders.values()
        net = sum((o.side.sign * o.filled_quantity for o in orders), Decimal(0))
        assert core.live(STOP) + core.live(LIMIT) == net
        assert min(core.live(STOP), core.live(LIMIT)) == 0
    assert core.alerts() == [] or any(what == "wait" for what, _ in moves)


troubles = st.sampled_from(
    [
        ("submit", OrderRejected("no")),
        ("submit", NO_ANSWER),
        ("submit", Lost(NO_ANSWER)),
        ("cancel", OrderRejected("no")),
        ("cancel", NO_ANSWER),
        ("cancel", Lost(NO_ANSWER)),
        ("order_by_client_id", NO_ANSWER),
        ("order", NO_ANSWER),
    ]
)
events = st.one_of(
    st.tuples(st.just("tick"), st.integers(0, 12)),
    st.tuples(st.just("fills"), st.integers(1, 6)),
    st.tuples(st.just("wait"), st.integers(1, 40)),
    st.tuples(st.just("trouble"), troubles),
    st.tuples(st.just("crash"), st.none()),
    st.tuples(st.just("more"), st.integers(1, 3)),
)


class Market:
    """What happens to a position of ten at a broker that obeys at times."""

    def __init__(self, *, slowly: bool) -> None:
        self.core = strict(Core(holds=True))
        self.broker = self.core.broker
        entered(self.core, "10", quantity="10")
        self.broker.cancels_slowly = slowly
        self.entries = 1

    def net(self) -> Decimal:
        orders = self.broker.orders.values()
        return sum((o.side.sign * o.filled_quantity for o in orders), NONE)

    def tick(self, much: int) -> None:
        tick(self.core, 100 + much)

    def fills(self, much: int) -> None:
        for leg in self.core.live_legs()[:1]:
            part = min(leg.remaining_quantity, Decimal(much), self.net())
            if part > 0:
                self.broker.fill(leg.id, leg.filled_quantity + part)
                hold(self.broker, self.net())

    def wait(self, much: int) -> None:
        self.core.wait(much)
        for leg in self.core.live_legs():
            if leg.status is OrderStatus.PENDING_CANCEL:
                self.broker.end(leg.id, OrderStatus.CANCELLED)

    def trouble(self, trouble: tuple[str, Exception | Lost]) -> None:
        self.broker.plan(*trouble)

    def crash(self, _nothing: None) -> None:
        self.core = crashed(self.core)

    def more(self, much: int) -> None:
        if self.broker._outcomes["submit"] or not self.core.gate.is_reconciled:
            return
        tick(self.core, 100)  # or its take-profit would be on the wrong side
        self.core.breakers.adapter.reset(self.core.clock.seconds())
        entered(self.core, str(much), quantity=str(much), client_order_id=f"c{self.entries + 1}")
        self.entries += 1


@given(st.booleans(), st.lists(events, max_size=15))
def test_whatever_fails_nothing_is_covered_twice_and_in_the_end_the_stop_rests(
    slowly: bool, happened: list[tuple[str, Any]]
) -> None:
    market = Market(slowly=slowly)
    for what, how in happened:
        getattr(market, what)(how)
        covered = market.core.live(STOP) + market.core.live(LIMIT)
        assert covered <= market.net()
    for outcomes in market.broker._outcomes.values():
        outcomes.clear()
    market.core.breakers.exit_order.reset(market.core.clock.seconds() + 1e6)
    market.core.guardian.resume()
    for _ in range(8):
        market.wait(15)
        market.tick(0)
    assert (market.core.live(STOP), market.core.live(LIMIT)) == (market.net(), NONE)


def test_a_position_without_an_entry_is_no_different() -> None:
    core = strict(Core(holds=True))
    core.broker.fill(core.submit(client_order_id="plain").id, "1")
    hold(core.broker, ONE)
    moved = result_of(attach(core, stop_loss=90, take_profit=110))
    assert moved.take_profit is not None
    assert moved.take_profit.order_ids == ()
    assert rests(core, STOP)
    tick(core, 110)
    assert rests(core, LIMIT)
    assert core.protection.positions()[0].side is PositionSide.LONG

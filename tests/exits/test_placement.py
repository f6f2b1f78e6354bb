"""Legs are placed when the entry fills, once each (order_lifecycle 20.4, 20.5)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace
from twisted.internet.defer import Deferred, fail

from tests.orders.core import Core, ids, order_request, result_of
from tradegw.errors import (
    GatewayError,
    InternalError,
    OrderRejected,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)
from tradegw.exits.placement import Placement
from tradegw.exits.plans import RETAINED_LOST
from tradegw.exits.resting import ANSWER_SECONDS, SECOND_LOOK_SECONDS
from tradegw.model.enums import AlertCode, OrderEventKind, OrderStatus, OrderType, Side
from tradegw.model.identifiers import ClientOrderIdRule
from tradegw.model.order import Order, OrderChange, OrderRequest
from tradegw.testing.broker import Lost

NO_ANSWER = ProviderError("no answer")
DUPLICATE = OrderRejected("duplicate client order id")


@pytest.fixture
def core() -> Core:
    return Core()


def sent_legs(core: Core) -> list[str]:
    """The client order ids of all leg requests that left, answered or not."""
    names = [str(sent.client_order_id) for sent in core.broker.asked("submit")]
    return [name for name in names if "-sl" in name or "-tp" in name]


def test_exr06_before_the_fill_nothing_is_placed_but_a_plan_is_there(core: Core) -> None:
    core.entered()
    assert core.legs() == []
    assert core.guards() == 1


def test_exr07_where_the_broker_keeps_brackets_itself_no_leg_is_sent_beside_them() -> None:
    core = Core(brackets=True)
    core.broker.keep_exits(core.entered("1"), "1")
    core.wait(60)
    assert core.guards() == 1
    assert len(core.broker.asked("submit")) == 1


def test_exr08_an_order_without_exits_has_no_plan(core: Core) -> None:
    core.entered("1", stop_loss=None, take_profit=None)
    assert core.guards() == 0
    assert core.legs() == []


def test_w12_both_exits_are_placed_where_the_broker_keeps_none(core: Core) -> None:
    core.entered("1")
    assert core.live(OrderType.STOP) == core.live(OrderType.LIMIT) == 1


def test_exp01_a_fill_places_exactly_a_stop_and_a_limit(core: Core) -> None:
    core.entered("1")
    stop, profit = core.legs()
    assert (stop.client_order_id, stop.order_type) == ("c1-sl", OrderType.STOP)
    assert (profit.client_order_id, profit.order_type) == ("c1-tp", OrderType.LIMIT)
    assert stop.side is profit.side is Side.SELL
    assert stop.quantity == profit.quantity == 1
    assert stop.stop_price == 90
    assert profit.limit_price == 110
    assert core.alerts() == []


def test_a_short_entry_is_bought_back(core: Core) -> None:
    core.entered("1", side=Side.SELL, stop_loss="110", take_profit="90")
    assert [leg.side for leg in core.legs()] == [Side.BUY, Side.BUY]


def test_exp03_without_a_client_id_the_legs_are_named_after_the_brokers(core: Core) -> None:
    entry_id = core.entered("1", client_order_id=None)
    assert ids(core.legs()) == [f"{entry_id}-sl", f"{entry_id}-tp"]


def test_exp05_further_fills_add_numbered_legs_for_the_difference(core: Core) -> None:
    entry_id = core.entered("0.4")
    core.broker.fill(entry_id, "0.7")
    core.broker.fill(entry_id, "1")
    assert [(leg.client_order_id, str(leg.quantity)) for leg in core.legs()] == [
        ("c1-sl", "0.4"),
        ("c1-tp", "0.4"),
        ("c1-sl-1", "0.3"),
        ("c1-tp-1", "0.3"),
        ("c1-sl-2", "0.3"),
        ("c1-tp-2", "0.3"),
    ]


def test_a_fill_told_twice_places_nothing_twice(core: Core) -> None:
    entry_id = core.entered("0.4")
    core.broker.fill(entry_id, "0.4")
    core.broker.fill(entry_id, "0.3")
    assert len(core.legs()) == 2


def test_exp06_exp07_legs_of_every_fill_name_the_position_and_are_reduce_only(core: Core) -> None:
    entry_id = core.entered()
    core.broker.fill(entry_id, "0.5", position_id="pos-1")
    core.broker.fill(entry_id, "1", position_id="pos-1")
    assert {(leg.position_id, leg.reduce_only) for leg in core.legs()} == {("pos-1", True)}
    assert len(core.legs()) == 4


def test_exp08_without_a_position_id_legs_name_none_and_are_not_reduce_only(core: Core) -> None:
    core.entered("1")
    assert {(leg.position_id, leg.reduce_only) for leg in core.legs()} == {(None, None)}


# -- when the fill comes before the answer -------------------------------------------------------


def test_w50_exp09_a_fill_before_the_answer_is_protected_when_the_answer_comes(core: Core) -> None:
    core.broker.fills_at_once = {OrderType.MARKET}
    core.entered()
    assert ids(core.live_legs()) == ["c1-sl", "c1-tp"]
    assert core.alerts() == []


def test_exp09_a_fill_that_only_the_answer_tells_is_protected(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    core.broker.unheard = set(OrderEventKind)
    core.broker.fills_at_once = {OrderType.MARKET}
    accept = core.broker._accept
    monkeypatch.setattr(
        core.broker, "_accept", lambda request: core.broker.orders[accept(request).id]
    )
    core.entered()
    assert ids(core.live_legs()) == ["c1-sl", "c1-tp"]


def test_exp09_the_answer_waits_for_the_legs_of_an_early_fill(core: Core) -> None:
    core.broker.fills_at_once = {OrderType.MARKET}
    leg_answer: Deferred[None] = Deferred()
    core.broker.plan("submit", None, leg_answer)
    submitted = core.desk.submit(order_request(stop_loss="90"))
    assert not submitted.called
    leg_answer.callback(None)
    assert result_of(submitted).id == "ord-1"


def test_the_answer_does_not_wait_for_legs_for_ever(core: Core) -> None:
    core.broker.fills_at_once = {OrderType.MARKET}
    core.broker.plan("submit", None, Deferred())
    submitted = core.desk.submit(order_request(stop_loss="90"))
    core.clock.advance(1.9)
    assert not submitted.called
    core.clock.advance(0.1)
    assert result_of(submitted).id == "ord-1"


def test_exr10_a_broker_that_answers_a_repeat_with_the_same_order_gets_one_pair(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_id = core.entered()
    with monkeypatch.context() as idempotent:
        idempotent.setattr(core.broker, "_accept", lambda _request: core.broker.orders[entry_id])
        repeat = core.submit(stop_loss="90", take_profit="110", client_order_id="c1")
    assert repeat.id == entry_id
    assert core.guards() == 1
    core.broker.fill(entry_id, "1")
    assert ids(core.legs()) == ["c1-sl", "c1-tp"]


# -- when the broker does not obey ---------------------------------------------------------------


@pytest.mark.parametrize("heard", [True, False], ids=["event", "no event"])
@pytest.mark.parametrize("error", [NO_ANSWER, ProviderUnavailable("503"), InternalError("what?")])
def test_w03_a_leg_whose_answer_was_lost_is_found_and_not_sent_again(
    core: Core, error: GatewayError, heard: bool
) -> None:
    entry_id = core.entered()
    if not heard:
        core.broker.unheard = {OrderEventKind.CREATED}
    core.broker.plan("submit", Lost(error))
    core.broker.fill(entry_id, "1")
    core.wait(60)
    assert sent_legs(core) == ["c1-sl", "c1-tp"]
    assert core.alerts() == []


def test_w03_a_leg_in_doubt_is_sent_again_under_the_same_id_only_after_it_was_not_found(
    core: Core,
) -> None:
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", NO_ANSWER, NO_ANSWER)
    core.broker.fill(entry_id, "1")
    core.wait(2)
    names = [name for name, _ in core.broker.calls[1:] if name in ("submit", "closed_orders")]
    looks = " ".join(names).split("submit")
    assert [each.count("closed_orders") >= 2 for each in looks] == [False, True, True, False]
    assert sent_legs(core) == ["c1-sl"] * 3
    assert ids(core.live_legs()) == ["c1-sl"]


def test_w03_a_leg_that_arrives_late_is_usually_seen_by_the_second_look(core: Core) -> None:
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", Lost(NO_ANSWER))
    core.broker.unheard = {OrderEventKind.CREATED}
    core.broker.fill(entry_id, "1")
    (leg,) = core.legs()
    del core.broker.orders[leg.id]
    core.clock.advance(0.1)
    core.broker.orders[leg.id] = leg
    core.wait(10)
    assert sent_legs(core) == ["c1-sl"]
    assert core.live(OrderType.STOP) == 1


def test_w03_a_first_copy_that_arrives_beside_the_second_is_taken_away(core: Core) -> None:
    """The broker does not mind that an id is used twice."""
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", NO_ANSWER)
    core.broker.fill(entry_id, "1")
    core.wait(1)
    assert sent_legs(core) == ["c1-sl", "c1-sl"]
    core.broker._accept(core.broker.asked("submit")[1])
    core.wait(1)
    (leg,) = core.live_legs()
    assert len(core.legs()) == 2
    core.broker.fill(leg.id, "1")
    assert core.guards() == 0


def test_w03_a_first_copy_that_arrives_when_the_second_has_executed_is_taken_away(
    core: Core,
) -> None:
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", NO_ANSWER)
    core.broker.fill(entry_id, "1")
    core.wait(1)
    core.broker.fill(core.leg("c1-sl").id, "1")
    assert core.guards() == 0
    core.broker._accept(core.broker.asked("submit")[1])
    core.wait(1)
    assert core.live_legs() == []


def test_w03_two_copies_that_both_executed_are_told_as_a_double_exit(core: Core) -> None:
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", NO_ANSWER)
    core.broker.fill(entry_id, "1")
    core.wait(1)
    core.broker.fill(core.leg("c1-sl").id, "1")
    core.broker.fills_at_once = {OrderType.STOP}
    core.broker._accept(core.broker.asked("submit")[1])
    assert len(core.alerts(AlertCode.OCO_DOUBLE_EXIT)) == 1


def test_w03_a_first_copy_told_before_the_second_is_answered_is_no_orphan(core: Core) -> None:
    entry_id = core.entered(take_profit=None)
    answer: Deferred[None] = Deferred()
    core.broker.plan("submit", NO_ANSWER, answer)
    core.broker.fill(entry_id, "1")
    core.wait(1)
    core.broker._accept(core.broker.asked("submit")[1])
    core.broker.unheard = {OrderEventKind.CREATED}
    answer.callback(None)
    core.wait(1)
    assert len(core.legs()) == 2
    assert core.live(OrderType.STOP) == 1


def test_w22_a_leg_that_may_have_a_double_is_known_when_it_is_changed_under_a_new_id(
    core: Core,
) -> None:
    """What takes its place is told before the answer, and could be the late first copy as well."""
    entry_id = core.entered("0.4", take_profit=None, order_type=OrderType.LIMIT, limit_price="100")
    core.broker.plan("submit", NO_ANSWER)
    core.broker.fill(entry_id, "1")
    core.wait(1)
    core.broker.renames = True
    for price in (95, 96):
        leg = core.live_legs()[-1]
        assert leg.client_order_id == "c1-sl-1"
        result_of(core.desk.replace(leg.id, OrderChange(stop_price=Decimal(price))))
    assert core.live(OrderType.STOP) == 1
    guarded = core.guardian._plans.by_entry_id(entry_id)
    assert guarded is not None
    assert len(guarded.plan.legs) == 2
    core.broker.fill(core.live_legs()[-1].id, "0.6")
    assert core.live(OrderType.STOP) == Decimal("0.4")


def test_w03_a_first_copy_that_arrives_while_the_second_is_changed_is_no_orphan(
    core: Core,
) -> None:
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", NO_ANSWER)
    core.broker.fill(entry_id, "1")
    core.wait(1)
    core.broker.renames = True
    leg = core.live_legs()[0]
    answer: Deferred[None] = Deferred()
    core.broker.plan("replace", answer)
    core.desk.replace(leg.id, OrderChange(stop_price=Decimal(95)))
    core.broker.tell(replace(leg, status=OrderStatus.CANCELLED), OrderEventKind.CANCELLED)
    core.broker._accept(core.broker.asked("submit")[1])
    core.broker.unheard = {OrderEventKind.CREATED, OrderEventKind.CANCELLED}
    answer.callback(None)
    core.wait(10)
    assert core.live(OrderType.STOP) == 1
    guarded = core.guardian._plans.by_entry_id(entry_id)
    assert guarded is not None
    assert len([one for one in guarded.plan.legs if one.alive]) == 1


def test_w03_a_leg_refused_after_a_doubt_that_arrives_all_the_same_is_not_too_much(
    core: Core,
) -> None:
    """It was not to be found when its second copy was refused, and so another was placed."""
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", NO_ANSWER, DUPLICATE)
    core.broker.fill(entry_id, "1")
    core.wait(3)
    assert ids(core.live_legs()) == ["c1-sl-1"]
    core.broker._accept(core.broker.asked("submit")[1])
    core.wait(1)
    assert core.live(OrderType.STOP) == 1


def test_legs_that_never_came_to_be_are_forgotten_in_time(core: Core) -> None:
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", *[NO_ANSWER] * 160)
    core.broker.fill(entry_id, "1")
    for _ in range(600):
        core.clock.advance(5)
    guarded = core.guardian._plans.by_entry_id(entry_id)
    assert guarded is not None
    assert len(sent_legs(core)) == 161
    assert len(guarded.plan.legs) <= RETAINED_LOST + 2
    assert core.live(OrderType.STOP) == 1


def test_a_leg_in_doubt_that_executed_at_once_is_not_sent_again(core: Core) -> None:
    """It is not among the working orders any more; the double would turn the position around."""
    entry_id = core.entered(take_profit=None)
    core.broker.unheard = {OrderEventKind.CREATED}
    core.broker.plan("submit", Lost(NO_ANSWER))
    core.broker.fill(entry_id, "1")
    (leg,) = core.legs()
    core.broker.unheard = {OrderEventKind.FILLED}
    core.broker.fill(leg.id, "1")
    core.wait(60)
    assert sent_legs(core) == ["c1-sl"]


def test_w03_a_refusal_as_duplicate_of_itself_means_that_it_is_there(core: Core) -> None:
    """It arrived at the broker after the look-ups and before the second try."""
    entry_id = core.entered(take_profit=None)
    core.broker.unheard = {OrderEventKind.CREATED}
    second_try: Deferred[None] = Deferred()
    core.broker.plan("submit", Lost(NO_ANSWER), second_try)
    core.broker.fill(entry_id, "1")
    (leg,) = core.legs()
    del core.broker.orders[leg.id]
    core.clock.advance(0.1)
    core.clock.advance(SECOND_LOOK_SECONDS)
    core.broker.orders[leg.id] = leg
    second_try.errback(DUPLICATE)
    assert sent_legs(core) == ["c1-sl", "c1-sl"]
    assert ids(core.live_legs()) == ["c1-sl"]
    core.wait(60)
    assert core.alerts() == []
    assert len(core.legs()) == 1


def unanswered(core: Core) -> Deferred[None]:
    """A leg came to nothing and nobody can be asked, until it is to be sent once more: the answer
    to that.
    """
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", NO_ANSWER)
    core.broker.plan("order_by_client_id", *[NO_ANSWER] * 20)
    core.broker.fill(entry_id, "1")
    core.wait(2)
    assert sent_legs(core) == ["c1-sl"]
    core.broker._outcomes.clear()
    second_try: Deferred[None] = Deferred()
    core.broker.plan("submit", second_try)
    for _ in range(10):
        if sent_legs(core) == ["c1-sl"]:
            core.wait(1)
    assert sent_legs(core) == ["c1-sl", "c1-sl"]
    return second_try


def test_w03_a_leg_long_in_doubt_that_is_refused_at_last_is_placed_under_another_name(
    core: Core,
) -> None:
    unanswered(core).errback(OrderRejected("not today"))
    core.wait(10)
    assert ids(core.live_legs()) == ["c1-sl-1"]
    assert core.live(OrderType.STOP) == 1


def test_w03_a_leg_of_a_dead_gateway_that_arrives_just_now_stays_in_doubt_until_it_is_seen(
    core: Core,
) -> None:
    """It arrived after the look-ups; ours is refused as its double, and then nobody can be asked.
    It is not given up by that: another leg would be one too many.
    """
    entry_id = core.entered(take_profit=None)
    guarded = core.guardian._plans.by_entry_id(entry_id)
    assert guarded is not None
    guarded.plan.restored = True
    core.broker.plan("submit", answer := Deferred[None]())
    core.broker.fill(entry_id, "1")
    core.wait(1)
    assert sent_legs(core) == ["c1-sl"]
    core.broker.unheard = {OrderEventKind.CREATED}
    core.broker._accept(core.broker.asked("submit")[1])
    core.broker.plan("order_by_client_id", *[NO_ANSWER] * 6)
    answer.errback(DUPLICATE)
    core.wait(30)
    assert sent_legs(core) == ["c1-sl"]
    assert ids(core.live_legs()) == ["c1-sl"]


def test_a_leg_whose_placing_broke_off_by_a_defect_is_looked_for(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_id = core.entered(take_profit=None)
    with monkeypatch.context() as spoilt:
        spoilt.setattr(Placement, "_sent", lambda *_: fail(ZeroDivisionError()))
        core.broker.fill(entry_id, "1")
    assert core.live(OrderType.STOP) == 0
    core.wait(10)
    assert core.live(OrderType.STOP) == 1


def test_w03_as_long_as_nobody_answers_nothing_is_sent_again(core: Core) -> None:
    """The leg was accepted, the line is down for a minute: one leg, and an alert meanwhile."""
    entry_id = core.entered(take_profit=None)
    core.broker.unheard = {OrderEventKind.CREATED}
    core.broker.plan("submit", Lost(NO_ANSWER))
    core.broker.plan("order_by_client_id", *[NO_ANSWER] * 20)
    core.broker.fill(entry_id, "1")
    core.wait(60)
    assert core.alerts()
    core.broker._outcomes.clear()
    core.wait(60)
    assert sent_legs(core) == ["c1-sl"]
    assert ids(core.live_legs()) == ["c1-sl"]
    core.broker.unheard = set()
    core.broker.fill(core.leg("c1-sl").id, "1")
    assert core.guards() == 0


def test_w03_a_leg_that_arrives_long_after_it_was_replaced_is_taken_away(core: Core) -> None:
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", *[NO_ANSWER] * 4)
    core.broker.fill(entry_id, "1")
    core.wait(10)
    assert ids(core.live_legs()) == ["c1-sl"]
    core.broker._accept(core.broker.asked("submit")[1])
    core.wait(1)
    assert core.live(OrderType.STOP) == 1


def test_w03_a_leg_in_doubt_whose_position_is_gone_does_not_outlive_it(core: Core) -> None:
    entry_id = core.entered(take_profit=None)
    core.broker.unheard = {OrderEventKind.CREATED}
    core.broker.plan("submit", Lost(NO_ANSWER))
    core.broker.plan("order_by_client_id", *[NO_ANSWER] * 8)
    core.broker.fill(entry_id, "1")
    core.wait(1.5)
    core.intake.on_event(core.close_event())
    core.wait(10)
    assert core.live_legs() == []
    assert core.guards() == 0


def test_w75_a_definite_refusal_is_alerted_at_once_and_not_repeated_at_once(core: Core) -> None:
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", OrderRejected("stop is above the market"))
    core.broker.fill(entry_id, "1")
    assert sent_legs(core) == ["c1-sl"]
    assert len(core.alerts()) == 1


def test_rt04_rt07_the_alert_names_entry_symbol_and_reason_and_goes_before_the_fill(
    core: Core,
) -> None:
    entry_id = core.entered()
    core.sink.events.clear()
    core.broker.plan("submit", OrderRejected("no money"), OrderRejected("no price"))
    core.broker.fill(entry_id, "1")
    assert [type(event).__name__ for event in core.sink.events] == ["AlertEvent", "OrderEvent"]
    (alert,) = core.alerts()
    assert "unprotected" in alert.message
    assert "AAPL" in alert.message
    assert alert.details == {
        "order_id": entry_id,
        "symbol": "AAPL",
        "failed_exits": [
            {"type": "StopLoss", "error": "no money", "actual_order_ids": []},
            {"type": "TakeProfit", "error": "no price", "actual_order_ids": []},
        ],
        "circuit_breaker_open": False,
        "uncovered": {"stop_loss": Decimal(1), "take_profit": Decimal(1)},
        "uncovered_since": core.now(),
    }


def test_exp11_exp12_the_alert_names_the_legs_of_earlier_fills_that_still_rest(core: Core) -> None:
    entry_id = core.entered("0.4", take_profit=None)
    core.broker.plan("submit", OrderRejected("no"))
    core.broker.fill(entry_id, "1")
    (alert,) = core.alerts()
    assert alert.details is not None
    assert alert.details["failed_exits"][0]["actual_order_ids"] == [core.leg("c1-sl").id]
    assert core.live(OrderType.STOP) == Decimal("0.4")


def test_w05_a_leg_that_could_not_be_placed_is_tried_until_it_is(core: Core) -> None:
    """And told once, not with every try: again only after a minute (test_lookout)."""
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", *[OrderRejected("no")] * 4)
    core.broker.fill(entry_id, "1")
    tries = []
    for second in range(80):
        core.wait(1)
        tries.append((second + 1, len(sent_legs(core))))
    grew = [
        at
        for (at, count), (_, before) in zip(tries, [(0, 1), *tries], strict=False)
        if count > before
    ]
    assert grew == [1, 6, 36, 66]
    assert core.live(OrderType.STOP) == 1
    assert len(core.alerts()) == 1


def test_w06_a_leg_refused_for_want_of_balance_is_tried_again_and_told(core: Core) -> None:
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", OrderRejected("insufficient balance", "INSUFFICIENT_FUNDS"))
    core.broker.fill(entry_id, "1")
    assert len(core.alerts()) == 1
    core.wait(1)
    assert core.live(OrderType.STOP) == 1


def test_w56_after_a_failure_later_fills_are_protected_as_well(core: Core) -> None:
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", OrderRejected("no"))
    core.broker.fill(entry_id, "0.4")
    core.broker.fill(entry_id, "1")
    core.wait(1)
    assert core.live(OrderType.STOP) == 1


def test_w57_one_leg_that_fails_does_not_keep_the_other_from_being_placed(core: Core) -> None:
    entry_id = core.entered()
    core.broker.plan("submit", OrderRejected("no"))
    core.broker.fill(entry_id, "1")
    assert ids(core.live_legs()) == ["c1-tp"]
    core.wait(1)
    assert core.live(OrderType.STOP) == core.live(OrderType.LIMIT) == 1


def test_w55_a_very_small_fill_is_protected(core: Core) -> None:
    core.entered("0.0009")
    assert [str(leg.quantity) for leg in core.live_legs()] == ["0.0009", "0.0009"]


def test_a_leg_that_is_accepted_and_ends_at_once_is_alerted_and_tried_again(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_id = core.entered(take_profit=None)
    accept = core.broker._accept

    def stillborn(request: OrderRequest) -> Order:
        order = replace(accept(request), status=OrderStatus.REJECTED)
        core.broker.orders[order.id] = order
        return order

    with monkeypatch.context() as broken:
        broken.setattr(core.broker, "_accept", stillborn)
        core.broker.fill(entry_id, "1")
    assert len(core.alerts()) == 1
    core.wait(1)
    assert ids(core.live_legs()) == ["c1-sl-1"]


def test_a_leg_that_fills_at_once_takes_the_other_away(core: Core) -> None:
    core.broker.fills_at_once = {OrderType.STOP}
    core.entered("1")
    assert core.live_legs() == []
    assert core.guards() == 0


def test_a_limit_is_waited_for_without_alarm_if_it_passes(core: Core) -> None:
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", RateLimited("slow down"))
    core.broker.fill(entry_id, "1")
    core.wait(1)
    assert sent_legs(core) == ["c1-sl", "c1-sl"]
    assert core.broker.asked("open_orders") == []  # it was refused: there is nothing to look for
    assert core.alerts() == []


def test_w20_a_broker_that_hangs_is_alerted_before_the_fill_goes_out(core: Core) -> None:
    entry_id = core.entered()
    answer: Deferred[None] = Deferred()
    core.broker.plan("submit", answer)
    core.sink.events.clear()
    core.broker.fill(entry_id, "1")
    core.wait(2.1)
    kinds = [type(event).__name__ for event in core.sink.events]
    assert kinds == ["AlertEvent", "OrderEvent"]
    (alert,) = core.alerts()
    assert alert.details is not None
    assert [exit_["type"] for exit_ in alert.details["failed_exits"]] == ["StopLoss", "TakeProfit"]
    answer.callback(None)
    core.wait(60)
    assert core.live(OrderType.STOP) == core.live(OrderType.LIMIT) == 1
    assert len(core.alerts()) == 1


def test_w20_one_entry_whose_legs_hang_holds_up_no_other(core: Core) -> None:
    first, second = core.entered(), core.entered(client_order_id="c2")
    core.broker.plan("submit", Deferred())
    core.broker.fill(first, "1")
    core.broker.fill(second, "1")
    assert ids(core.live_legs()) == ["c2-sl", "c2-tp"]


def test_a_defect_of_ours_is_alerted_and_tried_again(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_id = core.entered(take_profit=None)
    with monkeypatch.context() as broken:
        broken.setattr(core.entry, "submit_leg", None)
        core.broker.fill(entry_id, "1")
    assert len(core.alerts()) == 1
    core.wait(2)
    assert core.live(OrderType.STOP) == 1


# -- the exit breaker ----------------------------------------------------------------------------


def refused_entries(core: Core, number: int) -> None:
    """So many entries, filled, whose stop-loss is refused."""
    for count in range(number):
        entry_id = core.entered(take_profit=None, client_order_id=f"bad{count}")
        core.broker.plan("submit", OrderRejected("no"))
        core.broker.fill(entry_id, "1")


def test_rt05_rt07_with_the_breaker_open_nothing_is_placed_and_that_is_told(core: Core) -> None:
    refused_entries(core, 3)
    assert core.breakers.exit_order.is_open
    entry_id = core.entered("1", client_order_id="good")
    alert = core.alerts()[-1]
    assert alert.details is not None
    assert alert.details["order_id"] == entry_id
    assert alert.details["circuit_breaker_open"] is True
    assert [e["actual_order_ids"] for e in alert.details["failed_exits"]] == [[], []]
    assert not any(name.startswith("good") for name in sent_legs(core))


def test_w05_a_reset_of_the_breaker_places_what_it_held_up(core: Core) -> None:
    refused_entries(core, 3)
    core.entered("1", client_order_id="good")
    core.breakers.reset()
    assert {"good-sl", "good-tp"} <= set(ids(core.live_legs()))
    assert core.live(OrderType.STOP) == 4


def test_w74_one_bad_leg_does_not_stop_the_protection_of_all(core: Core) -> None:
    """It is tried again and again, but counts once."""
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", *[OrderRejected("no")] * 20)
    core.broker.fill(entry_id, "1")
    core.wait(200)
    assert core.breakers.exit_order.snapshot(0).failure_count == 1
    assert not core.breakers.exit_order.is_open


@pytest.mark.parametrize(
    "error", [OrderRejected("closed", "MARKET_CLOSED"), RateLimited("x"), ProviderUnavailable("x")]
)
def test_cb07_shut_markets_and_limits_do_not_count(core: Core, error: GatewayError) -> None:
    entry_id = core.entered()
    core.broker.plan("submit", *[error] * 8)
    core.broker.fill(entry_id, "1")
    core.wait(5)
    assert core.breakers.exit_order.snapshot(0).failure_count == 0


def test_exit_legs_pass_the_open_breaker_of_the_adapter(core: Core) -> None:
    entry_id = core.entered()
    for _ in range(3):
        core.breakers.adapter.record_failure(0)
    core.broker.fill(entry_id, "1")
    assert len(core.live_legs()) == 2


def test_what_fills_while_the_answer_to_a_leg_is_lost_waits_for_seconds_only(core: Core) -> None:
    entry_id = core.entered(quantity="2", take_profit=None)
    core.broker.plan("submit", Deferred[None]())
    core.broker.fill(entry_id, "1")
    core.broker.fill(entry_id, "2")
    core.wait(ANSWER_SECONDS + 1)
    assert core.live(OrderType.STOP) == 2
    assert core.count("gateway_exit_uncovered_seconds") == 0


@pytest.mark.parametrize(("holds", "names"), [(True, ["c1-sl", "c1-sl-1"]), (False, ["c1-sl"])])
def test_where_exits_hold_their_quantity_a_lost_leg_is_given_up_soon(
    holds: bool, names: list[str]
) -> None:
    """The broker takes an id twice; but what one copy of a leg would sell no other can."""
    core = Core(holds=holds)
    core.broker.client_order_ids = ClientOrderIdRule(unique=False)
    core.broker.plan("submit", None, ProviderError("no answer"))
    core.entered("1", take_profit=None)
    core.wait(5)
    assert sent_legs(core) == names


# -- brokers that take but a few stops


def taking(core: Core, most: int) -> None:
    """The broker takes no more than *most* stops."""
    accept = core.broker._accept

    def limited(request: OrderRequest) -> Order:
        resting = [o for o in core.live_legs() if o.order_type is OrderType.STOP]
        if request.order_type is OrderType.STOP and len(resting) >= most:
            raise OrderRejected("Filter failure: MAX_NUM_ALGO_ORDERS", "TOO_MANY_ORDERS")
        return accept(request)

    core.broker._accept = limited  # type: ignore[method-assign]


@pytest.mark.parametrize("slowly", [False, True])
def test_g2_an_entry_that_fills_in_more_parts_than_stops_may_rest_is_covered(
    core: Core, slowly: bool
) -> None:
    """One stop makes way for one that covers what both should."""
    taking(core, 3)
    entry_id = core.entered("1", quantity="10")
    for part in range(2, 11):
        core.broker.cancels_slowly = slowly
        core.broker.fill(entry_id, str(part))
        for leg in core.broker.orders.values():
            if leg.status is OrderStatus.PENDING_CANCEL:
                core.broker.end(leg.id, OrderStatus.CANCELLED)
        core.wait(60)
        assert core.live(OrderType.STOP) == part
    assert len([o for o in core.live_legs() if o.order_type is OrderType.STOP]) <= 3
    assert not core.breakers.exit_order.is_open


def test_where_others_take_all_places_no_stop_goes_but_one(core: Core) -> None:
    entry_id = core.entered("1", quantity="10")
    core.broker.fill(entry_id, "3")
    core.broker.fill(entry_id, "4")
    taking(core, 0)
    core.broker.fill(entry_id, "5")
    core.wait(600)
    assert core.live(OrderType.STOP) == 3
    assert core.alerts()

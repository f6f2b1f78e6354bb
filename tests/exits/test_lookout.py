"""Missing protection is told, again and again, and worked on, whoever forgot it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import LogLevel, capturedLogs

from tests.exits.restarting import check_that_plans_are_kept, crashed
from tests.orders.core import FOR_EVER, Core, a_position
from tradegw.errors import OrderRejected, ProviderError
from tradegw.exits.plan import Plan
from tradegw.model.enums import AlertCode, OrderStatus, OrderType, Side
from tradegw.model.events import AlertEvent
from tradegw.model.order import Order
from tradegw.model.protection import ExitLimits, LegKind, ProtectionState, UncoveredPolicy
from tradegw.model.trading import StateSetter, TradingState

NO = OrderRejected("no")
LOOKING = ExitLimits()
CLOSING = ExitLimits(policy=UncoveredPolicy.CLOSE)
AGEING = ExitLimits(ttl_hours=2)
HOUR = 3600


@pytest.fixture
def core() -> Core:
    return Core(exit_limits=LOOKING)


def plan_of(core: Core, entry_id: str = "ord-1") -> Plan:
    guarded = core.guardian._plans.by_entry_id(entry_id)
    assert guarded is not None
    return guarded.plan


def refused(core: Core, times: int = 1000) -> None:
    core.broker.plan("submit", *[NO] * times)


def accepted_again(core: Core) -> None:
    core.broker._outcomes["submit"].clear()


def rebroadcasts(core: Core) -> list[bool]:
    return [bool(alert.details and alert.details.get("rebroadcast")) for alert in core.alerts()]


def closes(core: Core) -> list[Decimal | None]:
    return [request.quantity for _, request in core.broker.asked("close")]


def closing_order(core: Core) -> Order:
    """The one order that closes and is no leg."""
    (order,) = [
        order
        for order in core.broker.orders.values()
        if order.side is Side.SELL and not core._is_leg(order)
    ]
    return order


# -- telling ---------------------------------------------------------------------------------------


def test_w05_a_shortfall_is_told_again_every_minute_until_it_is_resolved(core: Core) -> None:
    entry_id = core.entered(take_profit=None)
    refused(core)
    core.broker.fill(entry_id, "1")
    began = core.now()
    core.wait(185)
    assert rebroadcasts(core) == [False, True, True, True]
    last = core.alerts()[-1].details
    assert last is not None
    assert last["uncovered_since"] == began
    assert last["uncovered"] == {"stop_loss": Decimal(1)}
    accepted_again(core)
    core.wait(300)
    assert core.live(OrderType.STOP) == 1
    assert len(core.alerts()) == 4


def test_it_is_told_at_once_when_the_reasons_change(core: Core) -> None:
    entry_id = core.entered()
    core.broker.plan("submit", NO, NO, NO, OrderRejected("no money"))
    core.broker.fill(entry_id, "1")
    core.wait(2)
    told = [alert.details["failed_exits"] for alert in core.alerts() if alert.details]
    assert [[one["error"] for one in each] for each in told] == [["no", "no"], ["no", "no money"]]
    assert rebroadcasts(core) == [False, False]


def test_the_same_is_not_told_again_while_a_slow_try_is_under_way(core: Core) -> None:
    entry_id = core.entered(take_profit=None)
    slow: Deferred[Order] = Deferred()
    core.broker.plan("submit", NO, slow)
    core.broker.fill(entry_id, "1")
    core.wait(30)
    assert len(core.alerts()) == 1
    slow.errback(NO)
    core.wait(1)
    assert len(core.alerts()) == 1


def test_alerts_are_numbered_and_kept_for_clients_that_come_late(core: Core) -> None:
    entry_id = core.entered(take_profit=None)
    refused(core)
    core.broker.fill(entry_id, "1")
    core.wait(70)
    numbers = [alert.seq for alert in core.alerts()]
    kept = {number for number, message in core.store.events(0, 100) if b"UNPROTECTED" in message}
    assert set(numbers) == kept
    assert len(kept) == 2


def test_a_fill_that_is_covered_at_once_is_no_news(core: Core) -> None:
    core.entered("1")
    core.wait(100)
    assert core.alerts() == []
    assert plan_of(core).uncovered_since is None


def test_a_resolved_shortfall_is_logged_and_the_next_is_news(core: Core) -> None:
    entry_id = core.entered(take_profit=None)
    refused(core, 1)
    core.broker.fill(entry_id, "1")
    with capturedLogs() as logs:
        core.wait(2)
    resolved = [log for log in logs if "no longer unprotected" in log["log_format"]]
    assert [log["seconds"] for log in resolved] == [1]
    core.broker.end(core.live_legs()[0].id, OrderStatus.CANCELLED)
    core.wait(3)
    assert rebroadcasts(core) == [False, False]


def test_a_restart_does_not_make_a_shortfall_younger(core: Core) -> None:
    entry_id = core.entered(take_profit=None)
    refused(core)
    core.broker.fill(entry_id, "1")
    began = core.now()
    core.wait(100)
    core.sink.events.clear()
    again = crashed(core)
    assert plan_of(again).uncovered_since == began
    check_that_plans_are_kept(again)


def test_a_shortfall_found_by_a_restart_is_kept_as_it_began() -> None:
    core = Core(exit_limits=LOOKING)
    entry_id = core.entered(take_profit=None)
    core.broker.plan("submit", Deferred())
    core.broker.fill(entry_id, "1")
    began = core.now()
    core.wait(1)
    again = crashed(core)
    assert plan_of(again).uncovered_since == began


def test_w14_telling_it_again_after_a_reconnect_forgets_no_plan(core: Core) -> None:
    entry_id = core.entered()
    refused(core, 1)
    core.broker.fill(entry_id, "1")
    refused(core)
    for _ in range(3):
        core.guardian.on_link_up()
    assert rebroadcasts(core)[1:4] == [True, True, True]
    profit = core.leg("c1-tp")
    core.broker.fill(profit.id, "0.4")
    assert plan_of(core).open_quantity == Decimal("0.6")
    accepted_again(core)
    core.wait(400)
    assert core.live(OrderType.STOP) == core.live(OrderType.LIMIT) == Decimal("0.6")


def test_w20_one_plan_that_cannot_be_placed_does_not_keep_others_from_being_told(
    core: Core,
) -> None:
    stuck = core.entered(take_profit=None)
    core.broker.plan("submit", Deferred())
    core.broker.fill(stuck, "1")
    other = core.entered(take_profit=None, client_order_id="c2")
    refused(core)
    core.broker.fill(other, "1")
    core.wait(65)
    told = [alert.details["order_id"] for alert in core.alerts() if alert.details]
    assert sorted(told) == sorted([stuck, other] * 2)


# -- what nobody works on --------------------------------------------------------------------------


def test_w05_what_nobody_works_on_is_told_and_repaired(core: Core) -> None:
    core.entered("1", take_profit=None)
    plan_of(core).legs[0].ended = True  # and nobody was told: a defect
    core.wait(5)
    assert core.alerts() == []  # found just now: it may be under way
    core.wait(5)
    (alert,) = core.alerts()
    assert alert.details is not None
    assert alert.details["uncovered"] == {"stop_loss": Decimal(1)}
    assert core.leg("c1-sl-1").quantity == 1


def test_before_the_broker_was_asked_nothing_is_sent_but_it_is_told(core: Core) -> None:
    entry_id = core.entered(take_profit=None)
    refused(core)
    core.broker.fill(entry_id, "1")
    again = crashed(core, linked=False, exit_limits=CLOSING)
    accepted_again(core)
    core.sink.events.clear()
    core.broker.calls.clear()
    again.wait(400)
    assert again.alerts()
    assert core.broker.asked("submit") == core.broker.asked("close") == []


def test_one_plan_that_cannot_be_looked_at_does_not_hide_another(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = core.entered(take_profit=None)
    second = core.entered(take_profit=None, client_order_id="c2")
    refused(core)
    core.broker.fill(first, "1")
    core.broker.fill(second, "1")
    insist = core.guardian._outcry.insist
    broken = core.guardian._plans.by_entry_id(first)
    monkeypatch.setattr(
        core.guardian._outcry,
        "insist",
        lambda guarded: 1 / 0 if guarded is broken else insist(guarded),
    )
    with capturedLogs() as logs:
        core.wait(65)
    assert [alert.details["order_id"] for alert in core.alerts() if alert.details][2:] == [second]
    assert any(log["log_level"] is LogLevel.critical for log in logs)


def test_no_look_is_taken_after_the_end(core: Core) -> None:
    core.entered("1", take_profit=None)
    core.guardian.stop()
    plan_of(core).legs[0].ended = True
    core.wait(100)
    assert core.alerts() == []


# -- counting --------------------------------------------------------------------------------------


def test_plans_and_uncovered_time_are_counted(core: Core) -> None:
    core.entered("1")
    core.entered(client_order_id="c2")
    short = core.entered(take_profit=None, client_order_id="c3")
    refused(core)
    core.broker.fill(short, "1")
    core.wait(20)
    states = {s: core.count("gateway_exit_plans", state=s.value) for s in ProtectionState}
    assert list(states.values()) == [1, 1, 1, 0]
    assert core.count("gateway_exit_uncovered_seconds") == 20
    assert core.count("gateway_exit_uncovered_plan_seconds_total") == 20
    accepted_again(core)
    core.wait(40)
    assert core.count("gateway_exit_uncovered_seconds") == 0
    total = core.count("gateway_exit_uncovered_plan_seconds_total")
    assert total == 36  # tried after 1, 6 and 36 seconds


# -- closing ---------------------------------------------------------------------------------------


def naked(core: Core, quantity: str = "1", **members: str | None) -> str:
    """An entry of that much whose stop is refused; its order id."""
    entry_id = core.entered(**{"take_profit": None, "quantity": quantity, **members})
    refused(core)
    core.broker.held["pos-1"] = a_position(quantity=Decimal(quantity))
    core.broker.fill(entry_id, quantity)
    return entry_id


def test_what_has_no_stop_for_too_long_is_only_told_by_default(core: Core) -> None:
    naked(core)
    core.wait(2 * HOUR)
    assert closes(core) == []


@pytest.mark.parametrize("state", [TradingState.ACTIVE, TradingState.HALTED])
def test_what_has_no_stop_for_too_long_is_closed_and_that_is_told(state: TradingState) -> None:
    core = Core(exit_limits=CLOSING)
    entry_id = naked(core)
    core.trading.change(state, "a test", StateSetter.CLIENT)
    core.wait(295)
    assert closes(core) == []
    core.wait(10)
    assert closes(core) == [Decimal(1)]
    (alert,) = [one for one in core.alerts() if "is being closed" in one.message]
    assert alert.details is not None
    assert alert.details["order_id"] == entry_id
    assert (alert.details["policy"], alert.details["quantity"]) == ("close", Decimal(1))
    core.broker.fill(closing_order(core).id, "1")
    core.wait(300)
    assert closes(core) == [Decimal(1)]
    assert core.guards() == 0


def test_only_what_is_uncovered_is_closed_and_what_is_covered_stays_so() -> None:
    core = Core(exit_limits=CLOSING)
    core.entered("1", take_profit=None, client_order_id="c0")
    core.entered("0.4", take_profit=None)
    refused(core)
    core.broker.held["pos-1"] = a_position(quantity=Decimal(2))
    core.broker.fill("ord-3", "1")
    core.wait(305)
    assert closes(core) == [Decimal("0.6")]
    core.broker.fill(closing_order(core).id, "0.6")
    core.wait(HOUR)
    assert closes(core) == [Decimal("0.6")]
    assert core.live(OrderType.STOP) == Decimal("1.4")


def test_one_close_at_a_time_and_another_only_when_that_has_ended() -> None:
    core = Core(exit_limits=CLOSING)
    naked(core)
    core.wait(305)
    assert closes(core) == [Decimal(1)]
    core.wait(300)
    assert closes(core) == [Decimal(1)]  # it works still
    core.broker.end(closing_order(core).id, OrderStatus.CANCELLED)
    core.wait(65)
    assert closes(core) == [Decimal(1), Decimal(1)]


def test_a_close_without_an_answer_is_not_sent_twice() -> None:
    core = Core(exit_limits=CLOSING)
    naked(core)
    core.broker.plan("close", ProviderError("no answer"))
    core.broker.plan("order_by_client_id", *[ProviderError("no answer")] * 1000)
    core.broker.plan("open_orders", *[ProviderError("no answer")] * 1000)
    core.broker.plan("closed_orders", *[ProviderError("no answer")] * 1000)
    core.wait(600)
    assert closes(core) == [Decimal(1)]


def test_a_refused_close_is_told_and_tried_again_after_a_minute() -> None:
    core = Core(exit_limits=CLOSING)
    naked(core)
    core.broker.plan("close", OrderRejected("market closed"))
    core.wait(310)
    failed = [one for one in core.alerts() if "could not be closed" in one.message]
    assert [one.details["error"] for one in failed if one.details] == ["market closed"]
    core.wait(60)
    assert closes(core) == [Decimal(1), Decimal(1)]


def test_a_missing_take_profit_is_told_and_not_closed() -> None:
    core = Core(exit_limits=CLOSING)
    core.broker.held["pos-1"] = a_position()
    naked(core, stop_loss=None, take_profit="110")
    core.wait(HOUR)
    assert len(core.alerts()) > 50
    assert closes(core) == []


def test_the_time_until_the_close_goes_on_over_a_restart() -> None:
    core = Core(exit_limits=CLOSING)
    naked(core)
    core.wait(200)
    again = crashed(core, exit_limits=CLOSING)
    again.reconciled()
    again.wait(110)
    assert closes(again) == [Decimal(1)]


# -- what never filled -----------------------------------------------------------------------------


def called_off(core: Core) -> list[AlertEvent]:
    alerts = core.alerts(AlertCode.INTERNAL_ERROR)
    return [alert for alert in alerts if alert.details and "ttl_hours" in alert.details]


def hours(core: Core, hours: float) -> None:
    for _ in range(round(hours * 60)):
        core.clock.advance(60)


def test_w13_an_entry_that_never_filled_is_cancelled_at_the_broker_and_that_is_told() -> None:
    core = Core(exit_limits=AGEING)
    entry_id = core.entered()
    hours(core, 1.9)
    assert core.broker.asked("cancel") == []
    hours(core, 0.2)
    assert core.broker.orders[entry_id].status is OrderStatus.CANCELLED
    (alert,) = called_off(core)
    assert alert.details == {
        "order_id": entry_id,
        "client_order_id": "c1",
        "symbol": "AAPL",
        "ttl_hours": 2,
    }
    assert core.guards() == 0
    assert core.store.unresolved() == []


def test_w13_the_age_of_an_entry_goes_on_over_a_restart() -> None:
    core = Core(exit_limits=AGEING)
    entry_id = core.entered()
    hours(core, 1.5)
    again = crashed(core, exit_limits=AGEING)
    again.reconciled()
    hours(again, 0.6)
    assert again.broker.orders[entry_id].status is OrderStatus.CANCELLED


@pytest.mark.parametrize("fill", ["0.4", "1"])
def test_w13_what_protects_something_never_ages(fill: str) -> None:
    core = Core(exit_limits=AGEING)
    entry_id = core.entered(fill)
    hours(core, 100)
    assert core.broker.asked("cancel") == []
    assert core.live(OrderType.STOP) == core.live(OrderType.LIMIT) == Decimal(fill)
    assert core.broker.orders[entry_id].status is not OrderStatus.CANCELLED
    assert called_off(core) == []


def test_w13_without_a_time_nothing_ages(core: Core) -> None:
    core.entered()
    hours(core, 100)
    assert core.broker.asked("cancel") == []
    core.broker.fill("ord-1", "1")
    assert core.live(OrderType.STOP) == 1


def test_w13_an_entry_that_fills_while_it_is_called_off_is_protected() -> None:
    core = Core(exit_limits=AGEING)
    entry_id = core.entered()
    answer: Deferred[Order] = Deferred()
    core.broker.plan("cancel", answer)
    hours(core, 2)
    core.wait(1)
    assert len(core.broker.asked("cancel")) == 1
    core.broker.fill(entry_id, "1")
    answer.errback(OrderRejected("it has filled"))
    hours(core, 1)
    assert core.live(OrderType.STOP) == core.live(OrderType.LIMIT) == 1
    assert len(core.broker.asked("cancel")) == 1
    assert called_off(core) == []


def test_w13_a_cancel_that_was_refused_is_tried_again_after_a_minute() -> None:
    core = Core(exit_limits=AGEING)
    core.entered()
    core.broker.plan("cancel", OrderRejected("market closed"))
    core.clock.advance(2 * HOUR)
    core.wait(50)
    assert len(core.broker.asked("cancel")) == 1
    core.wait(15)
    assert len(core.broker.asked("cancel")) == 2
    assert len(called_off(core)) == 1


def test_looks_are_as_far_apart_as_asked() -> None:
    core = Core(exit_limits=ExitLimits(look_seconds=FOR_EVER))
    naked(core)
    core.wait(200)
    assert rebroadcasts(core) == [False]
    assert LegKind.STOP_LOSS in plan_of(core).short

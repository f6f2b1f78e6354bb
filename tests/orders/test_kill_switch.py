"""After the answer to a halt nothing leaves that could raise exposure, wherever it is just then."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from tests.orders.core import Core, a_position, failure_of, order_request, result_of
from tradegw.errors import GatewayError, NotSent, OrderDenied, ProviderError
from tradegw.model.enums import OrderType, Side
from tradegw.model.order import ClosePositionRequest, OrderChange
from tradegw.model.trading import StateSetter, TradingState
from tradegw.testing.broker import Lost

LIMIT = {"order_type": OrderType.LIMIT, "limit_price": "50"}


@pytest.fixture
def core() -> Core:
    return Core()


def halt(core: Core, state: TradingState = TradingState.HALTED) -> None:
    result_of(core.trading.change(state, "why", StateSetter.CLIENT))


def denial(work: Deferred[Any]) -> str | None:
    return failure_of(work, OrderDenied).reject_code


class Held:
    """Writes of intents wait until they are released; all else is written as ever."""

    def __init__(self, core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waiting: list[Callable[[], object]] = []
        write = core.store.write

        def slowly(*entries: Any) -> Deferred[None]:
            done: Deferred[None] = Deferred()
            self.waiting.append(lambda: write(*entries).chainDeferred(done))
            return done

        monkeypatch.setattr(core.store, "write", slowly)

    def release(self) -> None:
        waiting, self.waiting = self.waiting, []
        for go in waiting:
            go()


def long(core: Core, quantity: str) -> None:
    """A position, bought while that was allowed."""
    core.broker.fill(core.submit(quantity=quantity).id, quantity)


def test_an_order_on_its_way_into_the_journal_does_not_leave(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Held(core, monkeypatch)
    work = core.desk.submit(order_request())
    halt(core)
    journal.release()
    assert denial(work) == "TRADING_HALTED"
    assert core.broker.asked("submit") == []


def test_an_order_that_waits_for_the_reconciliation_does_not_leave(core: Core) -> None:
    core.gate.is_reconciled = False
    work = core.desk.submit(order_request())
    halt(core)
    core.gate.reconciled()
    assert denial(work) == "TRADING_HALTED"
    assert core.broker.asked("submit") == []


def test_a_change_on_its_way_into_the_journal_does_not_leave(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = core.submit(**LIMIT).id
    journal = Held(core, monkeypatch)
    work = core.desk.replace(order_id, OrderChange(limit_price=Decimal(60)))
    halt(core)
    journal.release()
    assert denial(work) == "TRADING_HALTED"
    assert core.broker.asked("replace") == []


def test_a_change_of_an_order_that_nobody_told_of_does_not_leave_either(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was placed elsewhere, and its event was lost."""
    core.broker.listener = Core().intake
    order = result_of(core.broker.submit(order_request(client_order_id="x", **LIMIT)))
    assert core.blotter.order(order.id) is None
    journal = Held(core, monkeypatch)
    work = core.desk.replace(order.id, OrderChange(limit_price=Decimal(60)))
    halt(core)
    journal.release()
    assert denial(work) == "TRADING_HALTED"
    assert core.broker.asked("replace") == []


def test_an_order_in_doubt_is_looked_for_and_not_sent_again(core: Core) -> None:
    core.broker.plan("submit", ProviderError("no answer"))
    work = core.desk.submit(order_request())
    halt(core)
    core.wait(300)
    assert len(core.broker.asked("submit")) == 1
    assert work.called


@pytest.mark.parametrize("state", [TradingState.REDUCE_ONLY, TradingState.HALTED])
def test_what_reduces_is_counted_once_it_is_on_its_way(
    core: Core, state: TradingState, monkeypatch: pytest.MonkeyPatch
) -> None:
    long(core, "10")
    halt(core, state)
    journal = Held(core, monkeypatch)
    sell = order_request(side=Side.SELL, quantity="6", reduce_only=True)
    first, second = core.desk.submit(sell), core.desk.submit(sell)
    journal.release()
    result_of(first)
    failure_of(second, OrderDenied)
    assert [request.side for request in core.broker.asked("submit")].count(Side.SELL) == 1


def test_a_reduction_whose_outcome_is_unknown_counts_as_one_that_may_fill(core: Core) -> None:
    long(core, "10")
    halt(core, TradingState.REDUCE_ONLY)
    sell = order_request(side=Side.SELL, quantity="6")
    core.broker.plan("submit", Lost(ProviderError("no answer")))
    core.broker.plan("order_by_client_id", *[ProviderError("no answer")] * 20)
    core.desk.submit(sell)
    assert denial(core.desk.submit(sell)) == "TRADING_REDUCE_ONLY"


def test_two_changes_at_once_do_not_raise_more_than_is_held(core: Core) -> None:
    long(core, "10")
    halt(core, TradingState.REDUCE_ONLY)
    sell: dict[str, Any] = {"side": Side.SELL, "reduce_only": True, **LIMIT}
    sells = [core.submit(quantity="1", **sell).id for _ in range(2)]
    core.broker.plan("replace", Deferred(), Deferred())
    works = [core.desk.replace(each, OrderChange(quantity=Decimal(9))) for each in sells]
    assert not works[0].called
    assert denial(works[1]) == "TRADING_REDUCE_ONLY"


@pytest.mark.parametrize("broken", ["journal", "broker", "breaker", "strategies"])
def test_with_anything_broken_openings_stay_and_cancels_and_closes_go(
    core: Core, broken: str
) -> None:
    long(core, "2")
    resting = core.submit(**LIMIT).id
    core.broker.held["pos-1"] = a_position(quantity=Decimal(2))
    if broken == "journal":
        core.store.fail("disk full")
    elif broken == "breaker":
        for _ in range(3):
            core.breakers.adapter.record_failure(core.clock.seconds())
    elif broken == "strategies":
        core.sink.listeners = 0
    else:
        core.broker.plan("order", *[ProviderError("down")] * 3)
        core.broker.plan("open_orders", *[ProviderError("down")] * 3)
    halt(core)
    sent = len(core.broker.asked("submit"))
    for members in ({}, {"side": Side.SELL}, {"quantity": "5", "reduce_only": True}):
        error = failure_of(core.desk.submit(order_request(**members)), GatewayError)
        assert isinstance(error, NotSent if broken == "breaker" else OrderDenied)
    assert len(core.broker.asked("submit")) == sent
    result_of(core.desk.cancel(resting))
    result_of(core.desk.close_position("pos-1", ClosePositionRequest()))
    assert core.broker.asked("cancel") == [resting]
    assert len(core.broker.asked("close")) == 1


def test_exits_of_what_still_fills_are_placed(core: Core) -> None:
    order_id = core.entered(**LIMIT, stop_loss="40")
    halt(core)
    core.broker.fill(order_id, "1")
    assert [leg.quantity for leg in core.live_legs()] == [1, 1]

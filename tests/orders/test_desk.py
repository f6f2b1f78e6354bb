"""The desk: counts what is under way, and never lets go of work begun."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pytest
from twisted.internet.defer import CancelledError, Deferred
from zope.interface.verify import verifyObject

from tests.orders.core import Core, a_position, failure_of, order_request, result_of
from tradegw.errors import OrderRejected, Overloaded, ProviderError, ShuttingDown
from tradegw.interfaces import ITrading
from tradegw.model.enums import OrderStatus, OrderType
from tradegw.model.market import Instrument
from tradegw.model.order import ClosePositionRequest, OrderQuery, Unresolved
from tradegw.orders.desk import MAX_UNDER_WAY, MAX_URGENT

LIMIT: Final[dict[str, Any]] = {"order_type": OrderType.LIMIT, "limit_price": Decimal(90)}


@pytest.fixture
def core() -> Core:
    return Core()


def hanging(core: Core, name: str = "submit") -> Deferred[None]:
    answer: Deferred[None] = Deferred()
    core.broker.plan(name, answer)
    return answer


def test_keeps_its_promises(core: Core) -> None:
    assert verifyObject(ITrading, core.desk)


def test_w53_a_client_that_hangs_up_does_not_cancel_its_order(core: Core) -> None:
    answer = hanging(core)
    work = core.desk.submit(order_request(stop_loss="90", client_order_id="c1"))
    work.cancel()
    failure_of(work, CancelledError)
    answer.callback(None)
    assert core.broker.orders["ord-1"].status is OrderStatus.OPEN
    core.broker.fill("ord-1", "1")
    assert core.leg("c1-sl").quantity == 1
    assert core.count("gateway_orders_submitted_total", platform="mock") == 1


def test_w53_a_client_that_hangs_up_during_a_cancel_all_leaves_it_going(core: Core) -> None:
    orders = [core.submit().id for _ in range(3)]
    answer = hanging(core, "cancel")
    work = core.desk.cancel_all(None)
    work.cancel()
    failure_of(work, CancelledError)
    answer.callback(None)
    assert core.broker.asked("cancel") == orders


def test_stopping_refuses_orders_and_nothing_else(core: Core) -> None:
    handle = core.submit()
    core.broker.held["pos-1"] = a_position()
    core.desk.refuse_orders()
    failure_of(core.desk.submit(order_request()), ShuttingDown)
    assert len(core.broker.asked("submit")) == 1
    assert result_of(core.desk.cancel(handle.id)).success
    assert result_of(core.desk.close_position("pos-1", ClosePositionRequest())).id


def test_stopping_does_not_refuse_legs(core: Core) -> None:
    entry_id = core.entered()
    core.desk.refuse_orders()
    core.broker.fill(entry_id, "1")
    assert len(core.live_legs()) == 2


def test_too_many_calls_under_way_are_refused_and_nothing_is_done(core: Core) -> None:
    answers = [hanging(core) for _ in range(MAX_UNDER_WAY)]
    works = [core.desk.submit(order_request()) for _ in answers]
    failure_of(core.desk.submit(order_request()), Overloaded)
    assert len(core.broker.asked("submit")) == MAX_UNDER_WAY
    answers[0].callback(None)
    assert result_of(works[0]).id
    core.submit()


def test_cancels_and_closes_go_on_when_orders_are_refused(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = core.submit()
    core.broker.held["pos-1"] = a_position()
    for _ in range(MAX_UNDER_WAY):
        hanging(core)
        core.desk.submit(order_request())
    failure_of(core.desk.submit(order_request()), Overloaded)
    assert result_of(core.desk.cancel(handle.id)).success
    assert result_of(core.desk.close_all_positions(None))


def test_what_lowers_risk_has_a_bound_as_well(core: Core) -> None:
    handle = core.submit()
    for _ in range(MAX_URGENT):
        hanging(core, "cancel")
        core.desk.cancel(handle.id)
    failure_of(core.desk.cancel_all(None), Overloaded)


def test_idle_fires_at_once_when_nothing_is_under_way(core: Core) -> None:
    assert core.desk.idle().called


def test_idle_fires_when_the_last_work_is_done_however_it_ends(core: Core) -> None:
    answers = [hanging(core), hanging(core)]
    works = [core.desk.submit(order_request()) for _ in range(2)]
    waiting = [core.desk.idle(), core.desk.idle()]
    answers[0].callback(None)
    assert not waiting[0].called
    answers[1].errback(OrderRejected("no"))
    assert waiting[0].called
    assert waiting[1].called
    failure_of(works[1], OrderRejected)


def test_idle_waits_no_longer_for_an_outcome_than_its_client(core: Core) -> None:
    core.broker.plan("submit", ProviderError("no answer"))
    work, idle = core.desk.submit(order_request()), core.desk.idle()
    core.wait(9)
    assert not idle.called
    core.wait(1)
    assert idle.called
    assert result_of(work).outcome is Unresolved.UNKNOWN


def test_idle_waits_for_work_whose_client_has_gone(core: Core) -> None:
    answer = hanging(core)
    work = core.desk.submit(order_request())
    work.cancel()
    failure_of(work, CancelledError)
    idle = core.desk.idle()
    assert not idle.called
    answer.callback(None)
    assert idle.called


def test_w76_a_symbol_may_be_spelt_in_any_way_that_the_broker_knows() -> None:
    """One pair has two names at some brokers; what clients are told is one of them."""
    core = Core()
    core.broker.instruments["BTCUSD"] = Instrument(symbol="BTC/USD")
    first = result_of(
        core.desk.submit(order_request(symbol="BTCUSD", client_order_id="c", **LIMIT))
    )
    assert core.broker.orders[first.id].symbol == "BTC/USD"
    again = order_request(symbol="BTC/USD", client_order_id="c", **LIMIT)
    assert result_of(core.desk.submit(again)).id == first.id
    for spelling in ("BTCUSD", "BTC/USD"):
        (found,) = result_of(core.reads.open_orders(OrderQuery(symbol=spelling)))
        assert found.id == first.id
    core.broker.held["p"] = a_position(id="p", symbol="BTC/USD")
    assert result_of(core.reads.position("BTCUSD")).id == "p"
    assert len(result_of(core.reads.positions("BTCUSD"))) == 1
    assert result_of(core.desk.cancel_all("BTCUSD")).cancelled_count == 1

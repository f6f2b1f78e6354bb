"""W-60 at the desk: what is on the wrong side is refused before anything is written or sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from tradegw.errors import InvalidRequest, InvalidValue, OrderNotFound, OrderNotModifiable
from tradegw.model.enums import OrderType, PositionSide
from tradegw.model.events import QuoteEvent
from tradegw.model.market import Quote
from tradegw.model.order import OrderChange
from tradegw.model.protection import ExitsChange
from tradegw.testing.broker import EPOCH

from .core import POSITION_ID, SYMBOL, Core, a_position, failure_of, order_request, result_of

LIMIT: dict[str, Any] = {"order_type": OrderType.LIMIT, "limit_price": "100"}


@pytest.fixture
def core() -> Core:
    return Core()


def quote(core: Core, bid: int, ask: int) -> None:
    """The broker streams a quote, which comes now."""
    prices = {"bid": Decimal(bid), "ask": Decimal(ask), "last": Decimal(bid)}
    told = Quote(symbol=SYMBOL, provider="x", timestamp=EPOCH, **prices)
    core.intake.on_event(QuoteEvent(timestamp=core.now(), quote=told))


def refused(core: Core, **members: Any) -> InvalidValue:
    return failure_of(core.desk.submit(order_request(**members)), InvalidValue)


@pytest.mark.parametrize("order", [LIMIT, {}], ids=["limit", "market"])
def test_w60_a_wrong_entry_is_neither_written_nor_sent_and_its_id_stays_free(
    core: Core, order: dict[str, Any]
) -> None:
    quote(core, 100, 101)
    error = refused(core, stop_loss="100", client_order_id="c", **order)
    assert error.details == {"field": "stop_loss", "provided": "100"}
    assert core.broker.calls == []
    assert core.store.unresolved() == []
    assert core.guards() == 0
    assert core.submit(stop_loss="99", client_order_id="c", **order).client_order_id == "c"


def test_w60_a_repeat_gets_the_first_answer_wherever_the_market_is_by_then(core: Core) -> None:
    quote(core, 100, 101)
    first = core.submit(stop_loss="95", client_order_id="c")
    quote(core, 90, 91)
    assert core.submit(stop_loss="95", client_order_id="c") == first
    refused(core, stop_loss="95", client_order_id="d")


def test_w60_a_market_order_is_not_judged_by_a_quote_that_is_old_or_stale(core: Core) -> None:
    quote(core, 90, 91)
    refused(core, stop_loss="95")
    core.clock.advance(16)
    core.submit(stop_loss="95")
    quote(core, 90, 91)
    refused(core, stop_loss="95")
    core.intake.on_link_down((SYMBOL,), None)
    core.submit(stop_loss="95")


def change(core: Core, order_id: str, **prices: int) -> Any:
    members: dict[str, Any] = {name: Decimal(price) for name, price in prices.items()}
    return core.desk.replace(order_id, OrderChange(**members))


def test_w60_a_wrong_change_of_a_working_order_changes_nothing(core: Core) -> None:
    order_id = core.entered(**LIMIT)
    core.broker.calls.clear()
    error = failure_of(change(core, order_id, stop_loss=100, limit_price=99), InvalidValue)
    assert error.details == {"field": "stop_loss", "provided": "100"}
    error = failure_of(change(core, order_id, limit_price=90), InvalidValue)
    assert error.details == {"field": "limit_price", "provided": "90"}
    assert core.broker.calls == []
    assert len(core.store.intents_about(order_id)) == 1, "only its submit"
    core.broker.fill(order_id, "1")
    assert core.leg("c1-sl").stop_price == 90


def test_w60_an_exit_changed_before_is_what_the_next_change_is_compared_with(core: Core) -> None:
    order_id = core.entered()
    result_of(change(core, order_id, take_profit=120))
    result_of(change(core, order_id, stop_loss=115))
    failure_of(change(core, order_id, stop_loss=120), InvalidValue)


def test_w60_the_exits_of_a_filled_entry_follow_the_market(core: Core) -> None:
    order_id = core.entered("1", **LIMIT)
    quote(core, 105, 106)
    failure_of(change(core, order_id, stop_loss=105), InvalidValue)
    result_of(change(core, order_id, stop_loss=104))
    assert core.leg("c1-sl").stop_price == 104


def test_w60_an_order_of_which_nothing_is_known_is_looked_up_first(core: Core) -> None:
    failure_of(change(core, "nope", stop_loss=1), OrderNotFound)
    assert core.broker.asked("replace") == []


def test_w60_an_exit_is_told_that_it_has_none_itself(core: Core) -> None:
    core.entered("1")
    quote(core, 100, 101)
    failure_of(change(core, core.leg("c1-sl").id, stop_loss=105), InvalidRequest)


def test_w60_a_wrong_move_of_a_position_s_exits_moves_nothing(core: Core) -> None:
    core.broker.held[POSITION_ID] = a_position()
    entry_id = core.submit(stop_loss="90", take_profit="110", client_order_id="c1").id
    core.broker.fill(entry_id, "1", position_id=POSITION_ID)
    quote(core, 100, 101)
    core.broker.calls.clear()
    wanted = ExitsChange(stop_loss=Decimal(95), take_profit=Decimal(100))
    error = failure_of(core.desk.move_exits(POSITION_ID, wanted), InvalidValue)
    assert error.details == {"field": "take_profit", "provided": "100"}
    assert error.message == "take_profit 100 of a LONG position must be above the bid 100"
    assert core.broker.asked("replace") == []
    assert core.leg("c1-sl").stop_price == 90
    result_of(core.desk.move_exits(POSITION_ID, ExitsChange(stop_loss=Decimal(99))))
    assert core.leg("c1-sl").stop_price == 99


@pytest.mark.parametrize("side", PositionSide)
def test_w60_without_a_quote_the_broker_is_asked_for_the_price(
    core: Core, side: PositionSide
) -> None:
    core.broker.held[POSITION_ID] = a_position(side=side)
    core.broker.quotes[SYMBOL] = Quote(
        symbol=SYMBOL,
        provider="x",
        timestamp=EPOCH,
        bid=Decimal(1),  # as outside of trading hours
        ask=Decimal(999),
        last=Decimal(100),
    )
    wrong = ExitsChange(stop_loss=Decimal(101 if side is PositionSide.LONG else 99))
    error = failure_of(core.desk.move_exits(POSITION_ID, wrong), InvalidValue)
    assert error.message.endswith(" the last price 100")
    right = ExitsChange(stop_loss=Decimal(99 if side is PositionSide.LONG else 101))
    failure_of(core.desk.move_exits(POSITION_ID, right), OrderNotModifiable)  # nothing is told of


def test_w60_without_its_answer_the_change_goes_on_after_a_second(core: Core) -> None:
    core.broker.fill(core.submit().id, "1")
    core.broker.held[POSITION_ID] = a_position()
    core.broker.plan("quote", Deferred())
    work = core.desk.move_exits(POSITION_ID, ExitsChange(stop_loss=Decimal(101)))
    core.wait(0.9)
    assert not work.called
    core.wait(0.2)
    assert result_of(work).stop_loss is not None

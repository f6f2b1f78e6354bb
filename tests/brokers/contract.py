"""What every broker must do, whatever goes wrong; judged by its double's ledger.

A broker's tests subclass :class:`BrokerContract` with a fixture ``stand`` that makes a
:class:`Stand`: the broker under test and its double, joined in memory on a fake clock.
"""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import Any, Protocol, TypeVar

import pytest
from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from tests.brokers.in_memory import outcome, pass_time
from tradegw.errors import (
    GatewayError,
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
    leaves_doubt,
)
from tradegw.interfaces import IBroker
from tradegw.model.account import TradeQuery
from tradegw.model.enums import OrderStatus, OrderType, Side
from tradegw.model.events import OrderEvent, TradeEvent
from tradegw.model.order import Order, OrderQuery, OrderRequest
from tradegw.testing.listener import Notebook

T = TypeVar("T")

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
ENOUGH_SECONDS = 120.0


class Fault(enum.Enum):
    """What happens to one call; those that say so after the broker did what was asked."""

    REFUSED = "refused, for good"
    LOST_BEFORE = "connection closed before it was read"
    LOST_AFTER = "accepted, then the connection closed"
    RESET_AFTER = "accepted, then the connection reset"
    FAILED_BEFORE = "5xx, and not accepted"
    FAILED_AFTER = "5xx, though accepted"
    STALLED_BEFORE = "never answered, and not accepted"
    STALLED_AFTER = "never answered, though accepted"
    TRUNCATED = "accepted, and half of an answer"
    GARBLED = "accepted, and an answer that cannot be read"

    @property
    def is_accepted(self) -> bool:
        return self.name.endswith("_AFTER") or self in (Fault.TRUNCATED, Fault.GARBLED)


class Entry(Struct, frozen=True):
    """An order in the double's ledger."""

    order_id: str
    client_order_id: str | None
    filled: Decimal
    works: bool


class Stand(Protocol):
    """The broker under test, started by :meth:`start`, and its double."""

    clock: Clock
    broker: IBroker
    told: Notebook
    symbol: str

    def start(self) -> None:
        """Let the broker log on."""

    def refuse_logon(self) -> None:
        """Before the start: the credentials will be wrong."""

    def ledger(self) -> list[Entry]:
        """Every order that the double accepted."""

    def submits(self) -> int:
        """How many times an order was sent, as the double counts."""

    def plan(self, fault: Fault, call: str) -> None:
        """The next ``submit`` or ``cancel`` meets *fault*."""

    def slow(self, call: str, seconds: float) -> None:
        """The next one is carried out at once, and answered later."""

    def fill(self, order_id: str, quantity: str) -> None:
        """An order executes so much more."""

    def lose_link(self, seconds: float) -> None:
        """The stream of orders breaks, and cannot be opened for so long."""

    def mute(self) -> None:
        """The stream stays open and alive, and tells nothing any more; a new one does."""

    def repeat_fills(self, times: int) -> None:
        """The next fill is told so often."""

    def delay_fill(self, seconds: float) -> None:
        """The next fill is told so late that others overtake it."""

    def tell_unknown(self, order_id: str) -> None:
        """The stream tells something of an order that nobody knows."""

    def tell_garbage(self) -> None:
        """The stream says what cannot be read."""


class BrokerContract:
    """The tests. Orders are of ``stand.symbol``, resting far from the market."""

    # -- logon

    def test_refused_credentials_are_told_and_tried_slowly(self, stand: Stand) -> None:
        stand.refuse_logon()
        _start(stand)
        pass_time(stand.clock, ENOUGH_SECONDS, lambda: "failed" in stand.told.names())
        tries = stand.told.names().count("retry")
        pass_time(stand.clock, 50.0)
        assert "up" not in stand.told.names()
        assert "failed" in stand.told.names()
        assert stand.told.names().count("retry") - tries <= 1
        pass_time(stand.clock, 600.0)
        assert stand.told.names().count("retry") > tries

    def test_a_lost_link_is_told_and_comes_back(self, stand: Stand) -> None:
        stand.start()
        stand.lose_link(5.0)
        pass_time(stand.clock, ENOUGH_SECONDS, lambda: stand.told.names().count("up") == 2)
        told = [name for name in stand.told.names() if name in ("up", "down")]
        assert told == ["up", "down", "up"]

    # -- one order, and everything that can happen to its submit

    @pytest.mark.parametrize("fault", list(Fault))
    def test_a_submit_is_sent_once_and_answered_truthfully(
        self, stand: Stand, fault: Fault
    ) -> None:
        stand.start()
        stand.plan(fault, "submit")
        got = _attempt(stand, stand.broker.submit(_order(stand, "c-1")))
        pass_time(stand.clock, 5.0)
        orders = [each for each in stand.ledger() if each.client_order_id == "c-1"]
        assert len(orders) == (1 if fault.is_accepted else 0)
        assert stand.submits() <= 1
        if isinstance(got, GatewayError):
            assert leaves_doubt(got) or not orders
        else:
            assert isinstance(got, Order)
            assert [got.id] == [each.order_id for each in orders]
        _found_by_name(stand, "c-1", orders)

    def test_a_definite_refusal_is_one(self, stand: Stand) -> None:
        stand.start()
        stand.plan(Fault.REFUSED, "submit")
        got = _attempt(stand, stand.broker.submit(_order(stand, "c-1")))
        assert isinstance(got, OrderRejected)
        assert not leaves_doubt(got)

    def test_what_was_accepted_without_an_answer_is_in_doubt(self, stand: Stand) -> None:
        stand.start()
        stand.plan(Fault.FAILED_AFTER, "submit")
        got = _attempt(stand, stand.broker.submit(_order(stand, "c-1")))
        assert isinstance(got, GatewayError)
        assert leaves_doubt(got)

    def test_a_fill_may_be_told_before_the_answer(self, stand: Stand) -> None:
        stand.start()
        stand.slow("submit", 3.0)
        answer = stand.broker.submit(_order(stand, "c-1"))
        pass_time(stand.clock, 1.0, lambda: bool(stand.ledger()))
        stand.fill(stand.ledger()[0].order_id, "10")
        pass_time(stand.clock, 1.0)
        assert not answer.called
        assert _last(stand, stand.ledger()[0].order_id).status is OrderStatus.FILLED
        assert outcome(stand.clock, answer).client_order_id == "c-1"
        assert stand.submits() == 1

    def test_a_link_lost_in_the_middle_of_a_submit_costs_no_order(self, stand: Stand) -> None:
        stand.start()
        stand.slow("submit", 2.0)
        answer = stand.broker.submit(_order(stand, "c-1"))
        pass_time(stand.clock, 1.0, lambda: bool(stand.ledger()))
        stand.lose_link(5.0)
        order = outcome(stand.clock, answer)
        pass_time(stand.clock, ENOUGH_SECONDS, lambda: stand.told.names().count("up") == 2)
        working = outcome(stand.clock, stand.broker.open_orders())
        assert [each.id for each in working] == [order.id]
        assert stand.submits() == 1

    # -- executions

    def test_partial_fills_add_up(self, stand: Stand) -> None:
        stand.start()
        order = outcome(stand.clock, stand.broker.submit(_order(stand, "c-1")))
        for quantity in ("3", "4", "3"):
            stand.fill(order.id, quantity)
            pass_time(stand.clock, 0.5)
        assert _executed(stand) == [Decimal(3), Decimal(4), Decimal(3)]
        filled = [each.filled_quantity for each in _orders(stand, order.id) if each.filled_quantity]
        assert filled == [Decimal(3), Decimal(7), Decimal(10)]
        assert _last(stand, order.id).status is OrderStatus.FILLED

    def test_a_fill_that_is_told_three_times_executed_once(self, stand: Stand) -> None:
        stand.start()
        order = outcome(stand.clock, stand.broker.submit(_order(stand, "c-1")))
        stand.repeat_fills(3)
        stand.fill(order.id, "4")
        pass_time(stand.clock, 1.0)
        assert _executed(stand) == [Decimal(4)]

    def test_fills_out_of_order_all_count(self, stand: Stand) -> None:
        stand.start()
        order = outcome(stand.clock, stand.broker.submit(_order(stand, "c-1")))
        stand.delay_fill(2.0)
        stand.fill(order.id, "4")
        pass_time(stand.clock, 0.5)
        stand.fill(order.id, "6")
        pass_time(stand.clock, 5.0)
        assert sorted(_executed(stand)) == [Decimal(4), Decimal(6)]

    def test_the_stream_and_the_history_name_an_execution_alike(self, stand: Stand) -> None:
        stand.start()
        order = outcome(stand.clock, stand.broker.submit(_order(stand, "c-1")))
        stand.fill(order.id, "4")
        stand.fill(order.id, "6")
        pass_time(stand.clock, 1.0)
        history = outcome(stand.clock, stand.broker.trades(TradeQuery()))
        streamed = [each for each in stand.told.events if isinstance(each, TradeEvent)]
        assert {trade.id for trade in history} == {event.trade.id for event in streamed}
        assert len(history) == 2

    # -- cancels

    def test_an_order_that_nobody_knows_cannot_be_cancelled(self, stand: Stand) -> None:
        stand.start()
        for order_id in (UNKNOWN_ID, "../orders"):
            got = _attempt(stand, stand.broker.cancel(order_id))
            assert isinstance(got, OrderNotFound)

    def test_a_cancelled_order_is_told_and_gone(self, stand: Stand) -> None:
        stand.start()
        order = outcome(stand.clock, stand.broker.submit(_order(stand, "c-1")))
        pass_time(stand.clock, 1.0)
        cancelled = outcome(stand.clock, stand.broker.cancel(order.id))
        assert cancelled.status in (OrderStatus.CANCELLED, OrderStatus.PENDING_CANCEL)
        pass_time(stand.clock, 1.0)
        assert _last(stand, order.id).status is OrderStatus.CANCELLED
        assert not [each for each in stand.ledger() if each.works]
        assert not outcome(stand.clock, stand.broker.open_orders())

    def test_a_filled_order_cannot_be_cancelled(self, stand: Stand) -> None:
        stand.start()
        order = outcome(stand.clock, stand.broker.submit(_order(stand, "c-1")))
        stand.fill(order.id, "10")
        pass_time(stand.clock, 1.0)
        got = _attempt(stand, stand.broker.cancel(order.id))
        assert isinstance(got, OrderNotModifiable)

    @pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.REFUSED])
    def test_a_cancel_says_no_more_than_is_true(self, stand: Stand, fault: Fault) -> None:
        stand.start()
        order = outcome(stand.clock, stand.broker.submit(_order(stand, "c-1")))
        pass_time(stand.clock, 1.0)
        stand.plan(fault, "cancel")
        got = _attempt(stand, stand.broker.cancel(order.id))
        pass_time(stand.clock, 5.0)
        works = any(each.works for each in stand.ledger())
        assert works is not fault.is_accepted
        if isinstance(got, GatewayError):
            assert leaves_doubt(got) or works
        else:
            assert got.status in (OrderStatus.CANCELLED, OrderStatus.PENDING_CANCEL)
            assert not works

    # -- what the stream should not say, or says no more

    def test_news_of_an_unknown_kind_stops_nothing(self, stand: Stand) -> None:
        stand.start()
        order = outcome(stand.clock, stand.broker.submit(_order(stand, "c-1")))
        stand.tell_unknown(order.id)
        stand.fill(order.id, "10")
        pass_time(stand.clock, 1.0)
        assert _last(stand, order.id).status is OrderStatus.FILLED
        assert "down" not in stand.told.names()

    def test_garbage_is_suspicious_and_stops_nothing(self, stand: Stand) -> None:
        stand.start()
        order = outcome(stand.clock, stand.broker.submit(_order(stand, "c-1")))
        stand.tell_garbage()
        pass_time(stand.clock, 1.0)
        assert {"suspicion", "down"} & set(stand.told.names())
        pass_time(stand.clock, ENOUGH_SECONDS)
        stand.fill(order.id, "10")
        pass_time(stand.clock, 1.0)
        assert _last(stand, order.id).status is OrderStatus.FILLED

    def test_a_stream_that_stays_silent_about_our_orders_is_found_out(self, stand: Stand) -> None:
        stand.start()
        stand.mute()
        outcome(stand.clock, stand.broker.submit(_order(stand, "c-1")))
        pass_time(stand.clock, 30.0, lambda: "suspicion" in stand.told.names())
        assert "suspicion" in stand.told.names()
        outcome(stand.clock, stand.broker.submit(_order(stand, "c-2")))
        pass_time(stand.clock, 60.0, lambda: stand.told.names().count("up") == 2)
        assert stand.told.names().count("up") == 2

    def test_what_was_missed_in_a_gap_is_there_for_the_asking(self, stand: Stand) -> None:
        stand.start()
        order = outcome(stand.clock, stand.broker.submit(_order(stand, "c-1")))
        pass_time(stand.clock, 1.0)
        stand.lose_link(10.0)
        pass_time(stand.clock, 1.0)
        stand.fill(order.id, "10")
        pass_time(stand.clock, ENOUGH_SECONDS, lambda: stand.told.names().count("up") == 2)
        found = outcome(stand.clock, stand.broker.order(order.id))
        assert found.status is OrderStatus.FILLED
        closed = outcome(stand.clock, stand.broker.closed_orders(OrderQuery()))
        assert order.id in {each.id for each in closed}
        trades = outcome(stand.clock, stand.broker.trades(TradeQuery()))
        assert sum(trade.quantity for trade in trades) == Decimal(10)
        positions = outcome(stand.clock, stand.broker.positions())
        assert [(each.symbol, each.quantity) for each in positions] == [(stand.symbol, Decimal(10))]

    # -- slow answers

    def test_a_slow_answer_is_waited_for(self, stand: Stand) -> None:
        stand.start()
        stand.slow("submit", 8.0)
        order = outcome(stand.clock, stand.broker.submit(_order(stand, "c-1")))
        assert order.client_order_id == "c-1"

    def test_an_answer_that_is_too_slow_leaves_doubt(self, stand: Stand) -> None:
        stand.start()
        stand.slow("submit", 60.0)
        got = _attempt(stand, stand.broker.submit(_order(stand, "c-1")))
        assert isinstance(got, GatewayError)
        assert leaves_doubt(got)
        assert stand.submits() == 1


def _start(stand: Stand) -> None:
    stand.broker.startService()


def _order(stand: Stand, name: str) -> OrderRequest:
    return OrderRequest(
        symbol=stand.symbol,
        side=Side.BUY,
        quantity=Decimal(10),
        order_type=OrderType.LIMIT,
        limit_price=Decimal(1),
        client_order_id=name,
    )


def _attempt(stand: Stand, work: Deferred[T]) -> T | GatewayError:
    try:
        return outcome(stand.clock, work, ENOUGH_SECONDS)
    except GatewayError as error:
        return error


def _found_by_name(stand: Stand, name: str, orders: list[Entry]) -> None:
    try:
        found = outcome(stand.clock, stand.broker.order_by_client_id(name))
    except OrderNotFound:
        assert not orders
    else:
        assert [found.id] == [each.order_id for each in orders]


def _orders(stand: Stand, order_id: str) -> list[Order]:
    events = (each for each in stand.told.events if isinstance(each, OrderEvent))
    return [event.order for event in events if event.order.id == order_id]


def _last(stand: Stand, order_id: str) -> Order:
    return _orders(stand, order_id)[-1]


def _executed(stand: Stand) -> list[Decimal]:
    """What was told to have executed, each execution once by its name."""
    trades: dict[str, Decimal] = {}
    told: list[Any] = [each for each in stand.told.events if isinstance(each, TradeEvent)]
    for event in told:
        assert event.trade.id not in trades, "told twice"
        trades[event.trade.id] = event.trade.quantity
    return list(trades.values())

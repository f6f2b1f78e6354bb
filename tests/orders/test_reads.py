"""What clients ask: answered by the broker; linked, filtered and sorted here (protocol 3)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from tests.orders.core import Core, a_position, failure_of, result_of
from tests.orders.samples import a_trade, an_order
from tradegw.errors import OrderNotFound, PositionNotFound, ProviderError, SymbolNotFound
from tradegw.interfaces import IBroker, IEnquiry
from tradegw.model.account import TradeQuery
from tradegw.model.enums import OrderStatus, Timeframe
from tradegw.model.market import Bar, BarQuery, Quote
from tradegw.model.order import OrderQuery
from tradegw.orders.filters import MAX_BARS
from tradegw.orders.reads import STATUS_SECONDS
from tradegw.testing.broker import EPOCH

ALL = frozenset(OrderStatus)


@pytest.fixture
def core() -> Core:
    return Core()


def test_keeps_its_promises(core: Core) -> None:
    assert verifyObject(IEnquiry, core.reads)
    assert verifyObject(IBroker, core.broker)


def test_lk01_lists_single_reads_and_history_show_the_parent_of_a_leg(core: Core) -> None:
    entry_id = core.entered("1")
    opened = result_of(core.reads.open_orders(OrderQuery()))
    assert {(order.client_order_id, order.parent_order_id) for order in opened} == {
        ("c1-sl", entry_id),
        ("c1-tp", entry_id),
    }
    leg = core.leg("c1-sl")
    assert result_of(core.reads.order(leg.id)).parent_order_id == entry_id
    history = result_of(core.reads.order_history(OrderQuery(status=ALL)))
    assert {order.parent_order_id for order in history if order.id != entry_id} == {entry_id}


def test_lk02_lk05_the_brokers_own_link_is_shown_and_none_is_invented(core: Core) -> None:
    core.broker.orders = {
        "plain": an_order("plain"),
        "native": an_order("native", parent_order_id="entry"),
    }
    opened = result_of(core.reads.open_orders(OrderQuery()))
    assert {order.id: order.parent_order_id for order in opened} == {
        "plain": None,
        "native": "entry",
    }


def test_both_lists_are_asked_only_if_the_statuses_need_it(core: Core) -> None:
    result_of(core.reads.open_orders(OrderQuery()))
    result_of(core.reads.order_history(OrderQuery()))
    assert [name for name, _ in core.broker.calls] == ["open_orders", "closed_orders"]
    core.broker.calls.clear()
    result_of(core.reads.open_orders(OrderQuery(status=ALL)))
    result_of(core.reads.order_history(OrderQuery(status=ALL)))
    assert sorted(name for name, _ in core.broker.calls) == [
        "closed_orders",
        "closed_orders",
        "open_orders",
        "open_orders",
    ]


def test_an_order_that_ends_between_the_two_calls_is_listed_once(core: Core) -> None:
    handle = core.submit()
    answer: Deferred[None] = Deferred()
    core.broker.plan("closed_orders", answer)
    work = core.reads.open_orders(OrderQuery(status=ALL))
    core.broker.fill(handle.id, "1")
    answer.callback(None)
    (order,) = result_of(work)
    assert order.status is OrderStatus.FILLED


def test_history_with_working_orders_misses_none_that_ends_meanwhile(core: Core) -> None:
    handle = core.submit()
    answer: Deferred[None] = Deferred()
    core.broker.plan("open_orders", answer)
    work = core.reads.order_history(OrderQuery(status=ALL))
    core.broker.fill(handle.id, "1")
    answer.callback(None)
    (order,) = result_of(work)
    assert order.status is OrderStatus.FILLED


def test_lists_can_be_asked_by_oco_group_though_the_broker_knows_none(core: Core) -> None:
    core.broker.orders = {}
    wanted = core.submit(oco_group_id="g").id
    core.submit()
    for order_id in list(core.broker.orders):
        core.broker.end(order_id, OrderStatus.CANCELLED, oco_group_id=None)
    query = OrderQuery(oco_group_id="g", limit=1)
    assert [order.id for order in result_of(core.reads.order_history(query))] == [wanted]
    (hint,) = core.broker.asked("closed_orders")
    assert hint.limit is None  # its newest few might be of no group at all


def test_an_unknown_order_is_not_found(core: Core) -> None:
    failure_of(core.reads.order("nope"), OrderNotFound)


def test_trades_are_filtered_and_sorted(core: Core) -> None:
    core.broker.executions = [a_trade("t0"), a_trade("t1", 1), a_trade("t2", 2, symbol="MSFT")]
    found = result_of(core.reads.trades(TradeQuery(symbol="AAPL")))
    assert [trade.id for trade in found] == ["t1", "t0"]


def test_positions_by_symbol_id_and_netted_symbol(core: Core) -> None:
    core.broker.held = {"p1": a_position(id="p1"), "p2": a_position(id="p2", symbol="MSFT")}
    assert len(result_of(core.reads.positions(None))) == 2
    assert [p.id for p in result_of(core.reads.positions("MSFT"))] == ["p2"]
    assert result_of(core.reads.positions("NONE")) == []
    assert result_of(core.reads.position("p1")).id == "p1"
    assert result_of(core.reads.position("MSFT")).id == "p2"
    failure_of(core.reads.position("p3"), PositionNotFound)


def test_account_and_quote_are_the_brokers(core: Core) -> None:
    assert result_of(core.reads.account()) == core.broker.money
    price = Decimal(1)
    quote = Quote(symbol="AAPL", provider="x", bid=price, ask=price, last=price, timestamp=EPOCH)
    core.broker.quotes["AAPL"] = quote
    assert result_of(core.reads.quote("AAPL")) == quote
    failure_of(core.reads.quote("NONE"), SymbolNotFound)


@pytest.mark.parametrize(
    ("asked", "passed"), [(None, None), (5, 5), (MAX_BARS, MAX_BARS), (2**32 - 1, MAX_BARS)]
)
def test_bars_are_capped(core: Core, asked: int | None, passed: int | None) -> None:
    result_of(core.reads.bars("AAPL", BarQuery(timeframe=Timeframe.M1, limit=asked)))
    ((_, query),) = core.broker.asked("bars")
    assert query.limit == passed


def test_a_limit_of_zero_bars_is_an_empty_list(core: Core) -> None:
    one = Decimal(1)
    core.broker.history["AAPL"] = [
        Bar(
            symbol="AAPL",
            provider="x",
            timeframe=Timeframe.M1,
            timestamp=EPOCH,
            open=one,
            high=one,
            low=one,
            close=one,
            volume=one,
        )
    ]
    assert result_of(core.reads.bars("AAPL", BarQuery(timeframe=Timeframe.M1, limit=0))) == []


def test_status_measures_the_broker_now(core: Core) -> None:
    answer: Deferred[None] = Deferred()
    core.broker.plan("ping", answer)
    work = core.reads.status()
    core.clock.advance(0.042)
    answer.callback(None)
    status = result_of(work)
    assert (status.connected, status.latency_ms) == (True, 42)
    assert status.last_heartbeat == EPOCH + timedelta(seconds=0.042)


@pytest.mark.parametrize("error", [ProviderError("no answer"), RuntimeError("a defect")])
def test_status_of_a_broker_that_fails_is_an_answer_and_no_error(
    core: Core, error: Exception
) -> None:
    core.broker.plan("ping", error)
    assert not result_of(core.reads.status()).connected
    assert core.breakers.adapter.snapshot(0).failure_count == 0


def test_status_of_a_broker_that_hangs_is_told_in_time(core: Core) -> None:
    core.broker.plan("ping", Deferred())
    work = core.reads.status()
    core.clock.advance(STATUS_SECONDS)
    status = result_of(work)
    assert (status.connected, status.latency_ms) == (False, 5000)

"""The filters and the order of lists (protocol 3.3, 3.8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.orders.samples import a_trade, an_order
from tradegw.model.account import TradeQuery
from tradegw.model.enums import TERMINAL_STATUSES, WORKING_STATUSES, OrderStatus, Side
from tradegw.model.order import Order, OrderQuery
from tradegw.orders import filters
from tradegw.testing.broker import EPOCH

ORDERS = [
    an_order("old", 0),
    an_order("msft", 1, symbol="MSFT"),
    an_order("sell", 2, side=Side.SELL),
    an_order("mine", 3, client_order_id="c1"),
    an_order("grouped", 4, oco_group_id="g"),
    an_order("partial", 5, status=OrderStatus.PARTIALLY_FILLED, filled="0.5"),
    an_order("filled", 6, status=OrderStatus.FILLED, filled=1),
    an_order("cancelled", 7, status=OrderStatus.CANCELLED),
]
WORKING = ["partial", "grouped", "mine", "sell", "msft", "old"]
MINUTE = timedelta(minutes=1)


def open_ids(**query: Any) -> list[str]:
    return [order.id for order in filters.open_orders(ORDERS, OrderQuery(**query))]


def closed_ids(**query: Any) -> list[str]:
    return [order.id for order in filters.order_history(ORDERS, OrderQuery(**query))]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, WORKING),
        ({"symbol": "MSFT"}, ["msft"]),
        ({"symbol": "NONE"}, []),
        ({"side": Side.SELL}, ["sell"]),
        ({"client_order_id": "c1"}, ["mine"]),
        ({"oco_group_id": "g"}, ["grouped"]),
        ({"status": frozenset()}, WORKING),
        ({"status": frozenset({OrderStatus.FILLED})}, ["filled"]),
        (
            {"status": frozenset({OrderStatus.PARTIALLY_FILLED, OrderStatus.CANCELLED})},
            ["cancelled", "partial"],
        ),
        ({"since": EPOCH + 4 * MINUTE}, ["partial", "grouped"]),
        ({"until": EPOCH + MINUTE}, ["old"]),
        ({"since": EPOCH + MINUTE, "until": EPOCH + 2 * MINUTE}, ["msft"]),
        ({"limit": 0}, []),
        ({"limit": 2}, ["partial", "grouped"]),
        ({"limit": 99}, WORKING),
        ({"symbol": "AAPL", "side": Side.SELL, "client_order_id": "c1"}, []),
    ],
)
def test_open_orders(query: dict[str, Any], expected: list[str]) -> None:
    assert open_ids(**query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["cancelled", "filled"]),
        ({"status": frozenset()}, ["cancelled", "filled"]),
        ({"status": frozenset({OrderStatus.OPEN}), "symbol": "MSFT"}, ["msft"]),
        ({"limit": 1}, ["cancelled"]),
        ({"limit": 0}, []),
        ({"until": EPOCH + 7 * MINUTE}, ["filled"]),
    ],
)
def test_order_history(query: dict[str, Any], expected: list[str]) -> None:
    assert closed_ids(**query) == expected


def test_open_orders_are_sorted_by_creation_and_history_by_its_latest_change() -> None:
    first = an_order("first", 0, updated_at=EPOCH + 9 * MINUTE)
    second = an_order("second", 1)
    both = frozenset(OrderStatus)
    query = OrderQuery(status=both)
    assert [order.id for order in filters.open_orders([first, second], query)] == [
        "second",
        "first",
    ]
    assert [order.id for order in filters.order_history([first, second], query)] == [
        "first",
        "second",
    ]


TRADES = [
    a_trade("t0", 0),
    a_trade("t1", 1, symbol="MSFT"),
    a_trade("t2", 2, order_id="o2"),
    a_trade("t3", 3, order_id=""),
]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["t3", "t2", "t1", "t0"]),
        ({"symbol": "MSFT"}, ["t1"]),
        ({"order_id": "o2"}, ["t2"]),
        ({"since": EPOCH + 2 * MINUTE}, ["t3", "t2"]),
        ({"until": EPOCH + 2 * MINUTE}, ["t1", "t0"]),
        ({"since": EPOCH + 2 * MINUTE, "until": EPOCH + 2 * MINUTE}, []),
        ({"limit": 0}, []),
        ({"limit": 1}, ["t3"]),
    ],
)
def test_trades(query: dict[str, Any], expected: list[str]) -> None:
    assert [trade.id for trade in filters.trades(TRADES, TradeQuery(**query))] == expected


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


orders = st.lists(
    st.builds(
        lambda number, minute, changed, **members: an_order(
            f"o{number}", minute, updated_at=EPOCH + MINUTE * (minute + changed), **members
        ),
        st.integers(0, 10_000),
        st.integers(0, 5),
        st.integers(0, 5),
        symbol=st.sampled_from(["AAPL", "MSFT"]),
        side=st.sampled_from(Side),
        status=st.sampled_from(OrderStatus),
        client_order_id=maybe(st.sampled_from(["c1", "c2"])),
        oco_group_id=maybe(st.just("g")),
    ),
    max_size=12,
)
times = maybe(st.integers(0, 6).map(lambda minute: EPOCH + minute * MINUTE))
queries = st.builds(
    OrderQuery,
    symbol=maybe(st.sampled_from(["AAPL", "MSFT"])),
    status=maybe(st.frozensets(st.sampled_from(OrderStatus))),
    side=maybe(st.sampled_from(Side)),
    client_order_id=maybe(st.just("c1")),
    oco_group_id=maybe(st.just("g")),
    since=times,
    until=times,
    limit=maybe(st.integers(0, 5)),
)


def wanted(order: Order, query: OrderQuery, statuses: frozenset[OrderStatus]) -> bool:
    """The rules of protocol 3.3, one by one."""
    if order.status not in (query.status or statuses):
        return False
    for name in ("symbol", "side", "client_order_id", "oco_group_id"):
        asked = getattr(query, name)
        if asked is not None and getattr(order, name) != asked:
            return False
    if query.since is not None and order.created_at < query.since:
        return False
    return query.until is None or order.created_at < query.until


@given(orders, queries)
def test_lists_hold_what_was_asked_for_newest_first_up_to_the_limit(
    found: list[Order], query: OrderQuery
) -> None:
    opened = filters.open_orders(found, query)
    closed = filters.order_history(found, query)
    for answer, statuses in ((opened, WORKING_STATUSES), (closed, TERMINAL_STATUSES)):
        matching = [order for order in found if wanted(order, query, statuses)]
        assert all(order in matching for order in answer)
        expected = len(matching) if query.limit is None else min(query.limit, len(matching))
        assert len(answer) == expected
    assert [o.created_at for o in opened] == sorted((o.created_at for o in opened), reverse=True)
    assert [o.updated_at for o in closed] == sorted((o.updated_at for o in closed), reverse=True)


def test_histories_without_a_limit_are_the_newest_thousand() -> None:
    many = [an_order(str(n), n, status=OrderStatus.CANCELLED) for n in range(1001)]
    assert [o.id for o in filters.order_history(many, OrderQuery())][::999] == ["1000", "1"]
    assert len(filters.order_history(many, OrderQuery(limit=1001))) == 1001
    trades = [a_trade(str(n)) for n in range(1001)]
    assert len(filters.trades(trades, TradeQuery())) == 1000

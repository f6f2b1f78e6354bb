"""Each order type on plain ticks, and what is told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.simulator.floor import (
    ABSOLUTE,
    BUY,
    DAY,
    FOK,
    IOC,
    LIMIT,
    ONE_FILL,
    PERCENT,
    SELL,
    STOP,
    STOP_LIMIT,
    TRAILING,
    Floor,
    order,
    shown,
)
from tradegw.model.enums import OrderStatus, RejectReason
from tradegw.model.events import AccountEvent, OrderEvent, PositionEvent, TradeEvent
from tradegw.simulator.costs import Commission


def test_nothing_fills_before_the_next_tick_not_even_a_market_order() -> None:
    floor = Floor()
    floor.at(100)
    sent = floor.send(BUY, 10)
    assert sent.status is OrderStatus.OPEN
    assert floor.kinds == ["ORDER_CREATED"]
    floor.forget()
    floor.at(101)
    assert floor.kinds == ONE_FILL
    filled = floor.exchange.order(sent.id)
    assert filled.status is OrderStatus.FILLED
    assert filled.average_fill_price == 101
    assert filled.position_id == "pos-X"


def test_the_state_is_there_before_the_first_event_of_a_fill() -> None:
    floor = Floor()
    seen: list[tuple[Any, ...]] = []

    def listener(_event: object) -> None:
        exchange = floor.exchange
        seen.append((len(exchange.trades()), len(exchange.positions()), exchange.balance))

    floor.send(BUY, 10)
    floor.listener = listener
    floor.at(100)
    assert seen == [(1, 1, Decimal(100_000))] * 4


def test_buyers_pay_the_ask_and_sellers_get_the_bid() -> None:
    floor = Floor()
    floor.send(BUY, 10)
    floor.at(100, spread=2)
    floor.send(SELL, 10)
    floor.at(100, spread=2)
    assert [trade.price for trade in floor.exchange.trades()] == [101, 99]
    assert floor.exchange.balance == 99_980


@pytest.mark.parametrize(
    ("sent", "prices", "expected"),
    [
        (order(BUY, 1, LIMIT, limit_price=100), [101, 100], 100),
        (order(BUY, 1, LIMIT, limit_price=100), [101, 99], 99),
        (order(SELL, 1, LIMIT, limit_price=100), [99, 101], 101),
        (order(BUY, 1, STOP, stop_price=100), [99, 100], 100),
        (order(BUY, 1, STOP, stop_price=100), [99, 105], 105),
        (order(SELL, 1, STOP, stop_price=100), [101, 95], 95),
        (order(BUY, 1, STOP_LIMIT, stop_price=100, limit_price=102), [99, 101], 101),
        (order(BUY, 1, STOP_LIMIT, stop_price=100, limit_price=102), [99, 105, 103, 102], 102),
        (order(BUY, 1, STOP_LIMIT, stop_price=100, limit_price=102), [99, 98], None),
        (order(SELL, 1, STOP_LIMIT, stop_price=100, limit_price=99), [101, 98, 99.5], 99.5),
        (
            order(SELL, 1, TRAILING, trailing_distance=5, trailing_type=ABSOLUTE),
            [100, 110, 106, 104],
            104,
        ),
        (
            order(SELL, 1, TRAILING, trailing_distance=10, trailing_type=PERCENT),
            [100, 120, 109, 107],
            107,
        ),
        (
            order(BUY, 1, TRAILING, trailing_distance=5, trailing_type=ABSOLUTE),
            [100, 90, 94, 96],
            96,
        ),
        (order(SELL, 1, TRAILING, trailing_distance=5, trailing_type=ABSOLUTE), [100, 96], None),
    ],
)
def test_fills_when_the_ticks_reach_its_price(
    sent: Any, prices: list[float], expected: float | None
) -> None:
    floor = Floor()
    floor.exchange.submit(sent, floor.time)
    for price in prices[:-1]:
        floor.at(price)
        assert floor.exchange.trades() == []
    floor.at(prices[-1])
    traded = [trade.price for trade in floor.exchange.trades()]
    assert traded == ([] if expected is None else [Decimal(str(expected))])


def test_stops_and_limits_are_looked_at_on_every_tick_not_once() -> None:
    floor = Floor()
    floor.send(BUY, 1, LIMIT, limit_price=90)
    for price in (100, 99, 98, 97, 96, 91):
        floor.at(price)
    assert floor.exchange.trades() == []
    floor.at(90)
    assert len(floor.exchange.trades()) == 1


@pytest.mark.parametrize("tif", [IOC, FOK])
def test_ioc_and_fok_act_at_their_first_price_only(tif: Any) -> None:
    floor = Floor()
    away = floor.send(BUY, 1, LIMIT, limit_price=90, time_in_force=tif)
    here = floor.send(BUY, 1, LIMIT, limit_price=110, time_in_force=tif)
    floor.at(100)
    assert floor.exchange.order(away.id).status is OrderStatus.CANCELLED
    assert floor.exchange.order(here.id).status is OrderStatus.FILLED


def test_a_day_order_lives_until_midnight_after_it_first_met_a_price() -> None:
    floor = Floor()
    floor.time = datetime(2024, 1, 5, 23, 59, 50, tzinfo=UTC)
    late = floor.send(BUY, 1, LIMIT, limit_price=90, time_in_force=DAY)
    floor.time = datetime(2024, 1, 8, 9, tzinfo=UTC)
    floor.at(100)
    assert floor.exchange.order(late.id).status is OrderStatus.OPEN
    floor.exchange.advance(datetime(2024, 1, 9, tzinfo=UTC))
    assert floor.exchange.order(late.id).status is OrderStatus.EXPIRED
    assert floor.order_kinds(late.id) == ["ORDER_CREATED", "ORDER_EXPIRED"]


def test_a_session_that_ends_when_an_order_first_meets_a_price_is_not_its_own() -> None:
    floor = Floor()
    sent = floor.send(BUY, 1, LIMIT, limit_price=90, time_in_force=DAY)
    floor.at(100)
    floor.exchange.expire_day_orders(floor.time)
    assert floor.exchange.order(sent.id).status is OrderStatus.OPEN
    floor.exchange.expire_day_orders(floor.time + timedelta(seconds=1))
    assert floor.exchange.order(sent.id).status is OrderStatus.EXPIRED


def test_the_tick_of_another_symbol_ends_the_day_too() -> None:
    floor = Floor()
    sent = floor.send(BUY, 1, LIMIT, limit_price=90, time_in_force=DAY)
    floor.at(100)
    floor.time += timedelta(days=1)
    floor.at(50, symbol="Y")
    assert floor.exchange.order(sent.id).status is OrderStatus.EXPIRED


def test_post_only_rests_or_is_rejected_but_never_takes() -> None:
    floor = Floor()
    taking = floor.send(BUY, 1, LIMIT, limit_price=101, post_only=True)
    resting = floor.send(BUY, 1, LIMIT, limit_price=99, post_only=True)
    floor.at(100)
    rejected = floor.exchange.order(taking.id)
    assert rejected.status is OrderStatus.REJECTED
    assert rejected.reject_reason is RejectReason.POST_ONLY_VIOLATED
    floor.at(98)
    assert floor.exchange.order(resting.id).status is OrderStatus.FILLED
    assert [trade.is_maker for trade in floor.exchange.trades()] == [True]


def test_a_resting_limit_is_a_maker_and_everything_else_takes() -> None:
    floor = Floor(commission=Commission.parse("maker:-1bps;taker:10bps"))
    floor.send(BUY, 1, LIMIT, limit_price=100)
    floor.send(BUY, 1, LIMIT, limit_price=90)
    floor.at(100)
    floor.at(90)
    assert [(t.is_maker, t.commission) for t in floor.exchange.trades()] == [
        (False, Decimal("0.1")),
        (True, Decimal("-0.009")),
    ]


def test_orders_echo_what_they_were_sent_with() -> None:
    floor = Floor()
    sent = floor.send(
        BUY,
        10,
        LIMIT,
        limit_price=90,
        stop_loss=80,
        take_profit=120,
        hidden=True,
        display_quantity=Decimal(1),
        oco_group_id="g",
        client_order_id="c",
        post_only=True,
        time_in_force=DAY,
    )
    assert floor.exchange.open_orders() == [sent]
    assert shown(sent.stop_loss, sent.take_profit, sent.hidden) == [80, 120, True]
    assert shown(sent.display_quantity, sent.oco_group_id, sent.client_order_id) == [1, "g", "c"]
    assert shown(sent.post_only, sent.time_in_force, sent.reduce_only) == [True, DAY, None]


def test_the_events_of_a_flip_close_one_position_and_open_another() -> None:
    floor = Floor()
    floor.send(BUY, 10)
    floor.at(100)
    floor.send(SELL, 15)
    floor.forget()
    floor.at(110)
    assert floor.kinds == [
        "ORDER_FILLED",
        "TRADE_FILLED",
        "POSITION_CLOSED",
        "POSITION_OPENED",
        "BALANCE_UPDATED",
    ]
    closed, opened = (event.position for event in floor.told(PositionEvent))
    assert shown(str(closed.side), closed.quantity, closed.realized_pnl) == ["LONG", 0, 100]
    assert closed.unrealized_pnl == 0
    assert shown(str(opened.side), opened.quantity, opened.realized_pnl) == ["SHORT", 5, 0]
    (account,) = (event.account for event in floor.told(AccountEvent))
    assert shown(account.balance, account.equity) == [100_100, 100_100]


def test_adding_and_reducing_modify_the_position() -> None:
    floor = Floor()
    for side, quantity, price in ((BUY, 10, 100), (BUY, 10, 110), (SELL, 5, 115)):
        floor.send(side, quantity)
        floor.at(price)
    assert [k for k in floor.kinds if "POSITION" in k] == [
        "POSITION_OPENED",
        "POSITION_MODIFIED",
        "POSITION_MODIFIED",
    ]
    (position,) = floor.exchange.positions()
    assert shown(position.quantity, position.average_entry_price) == [15, 105]
    assert shown(position.realized_pnl, position.unrealized_pnl) == [50, 150]
    assert floor.exchange.position("X") == position


def test_an_order_event_carries_its_own_time_and_a_trade_its_commission_currency() -> None:
    floor = Floor(currency="EUR")
    floor.send(BUY, 1)
    floor.at(100)
    created, filled = floor.told(OrderEvent)
    assert created.timestamp == created.order.created_at
    assert filled.timestamp == floor.time
    (trade,) = (event.trade for event in floor.told(TradeEvent))
    assert trade.commission_currency == "EUR"

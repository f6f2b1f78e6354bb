"""Orders that answer events, orders filled at once, and what is remembered."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.simulator.floor import (
    BUY,
    LIMIT,
    ONE_FILL,
    SELL,
    STOP,
    STOP_LIMIT,
    Floor,
    change,
    order,
    shown,
)
from tradegw.errors import OrderNotFound
from tradegw.model.enums import OrderStatus
from tradegw.model.events import OrderEvent, PositionEvent, TradeEvent
from tradegw.simulator.ticks import Tick


def test_at_once_fills_whole_at_the_price_last_shown() -> None:
    floor = Floor(partial_ratio=Decimal("0.5"), volume_limit=Decimal("0.1"))
    floor.at(100, spread=2, volume=Decimal(10))
    sent = floor.exchange.submit(order(BUY, 5), floor.time, at_once=True)
    assert shown(sent.status, sent.average_fill_price) == [OrderStatus.FILLED, 101]
    assert floor.kinds == ["ORDER_CREATED", *ONE_FILL]


def test_at_once_waits_where_there_is_no_price_yet() -> None:
    floor = Floor()
    sent = floor.exchange.submit(order(BUY, 5), floor.time, at_once=True)
    assert sent.status is OrderStatus.OPEN
    floor.at(100)
    assert floor.exchange.order(sent.id).status is OrderStatus.FILLED


def test_orders_that_answer_a_fill_join_at_that_price_and_harm_no_iteration() -> None:
    """A listener that sends, cancels and replaces while a tick is being matched."""
    floor = Floor()
    doomed = floor.send(BUY, 1, LIMIT, limit_price=95, client_order_id="doomed")
    moved = floor.send(BUY, 1, LIMIT, limit_price=50)
    first = floor.send(BUY, 2, client_order_id="first")
    answers: list[str] = []

    def listener(event: object) -> None:
        if isinstance(event, OrderEvent) and event.order.client_order_id == "first":
            if event.order.status is not OrderStatus.FILLED or answers:
                return
            floor.exchange.cancel(doomed.id, floor.time)
            floor.exchange.replace(moved.id, change(limit_price=120), floor.time)
            answers.append(floor.send(SELL, 2).id)

    floor.listener = listener
    floor.at(100)
    assert floor.exchange.order(first.id).status is OrderStatus.FILLED
    assert floor.exchange.order(doomed.id).status is OrderStatus.CANCELLED
    assert floor.exchange.order(moved.id).average_fill_price == 100
    assert floor.exchange.order(answers[0]).average_fill_price == 100
    assert floor.kinds[3:10] == [
        *ONE_FILL,
        "ORDER_CANCELLED",
        "ORDER_MODIFIED",
        "ORDER_CREATED",
    ]


def test_within_a_bar_an_answer_to_a_fill_joins_at_the_price_of_the_fill() -> None:
    floor = Floor()
    floor.send(BUY, 1, LIMIT, limit_price=95)
    sent: list[str] = []

    def listener(event: object) -> None:
        if isinstance(event, TradeEvent) and not sent:
            sent.append(floor.send(SELL, 1, STOP, stop_price=93).id)
            sent.append(floor.send(BUY, 1).id)

    floor.at(100)
    floor.listener = listener
    floor.to(90)
    prices = {trade.order_id: trade.price for trade in floor.exchange.trades()}
    assert prices[sent[0]] == 93
    assert prices[sent[1]] == 95


def test_an_order_sent_between_two_corners_of_a_bar_joins_where_the_price_is() -> None:
    floor = Floor()
    floor.at(100)
    market = floor.send(BUY, 1)
    limit = floor.send(BUY, 1, LIMIT, limit_price=105)
    stop = floor.send(SELL, 1, STOP, stop_price=98)
    floor.to(90)
    averages = [floor.exchange.order(o.id).average_fill_price for o in (market, limit, stop)]
    assert averages == [100, 100, 98]


def test_within_a_bar_a_position_is_worth_the_middle_at_the_price_of_its_fill() -> None:
    floor = Floor()
    floor.at(100, spread=2)
    floor.send(BUY, 1, LIMIT, limit_price=96)
    floor.to(90, spread=2)
    (opened,) = (event.position for event in floor.told(PositionEvent))
    assert shown(opened.average_entry_price, opened.current_price) == [96, 95]
    assert opened.unrealized_pnl == -1


def test_a_stop_limit_that_another_order_takes_along_trades_at_its_stop() -> None:
    """Both are met at 105; the second is triggered while the first is filled."""
    floor = Floor()
    floor.at(100)
    floor.send(BUY, 1, STOP, stop_price=105)
    both = floor.send(BUY, 1, STOP_LIMIT, stop_price=105, limit_price=106)
    rests = floor.send(BUY, 1, STOP_LIMIT, stop_price=105, limit_price=104)
    floor.at(100)
    floor.to(110)
    assert floor.exchange.order(both.id).average_fill_price == 105
    assert floor.exchange.order(rests.id).status is OrderStatus.OPEN
    floor.to(100)
    assert floor.exchange.order(rests.id).average_fill_price == 104
    makers = {trade.order_id: trade.is_maker for trade in floor.exchange.trades()}
    assert shown(makers[both.id], makers[rests.id]) == [False, True]


def test_times_within_a_bar_never_run_before_the_order() -> None:
    floor = Floor()
    floor.at(100)
    floor.time += timedelta(seconds=30)
    late = floor.send(BUY, 1, LIMIT, limit_price=99)
    floor.time += timedelta(seconds=29)
    floor.to(90)
    done = floor.exchange.order(late.id)
    assert done.created_at <= done.updated_at <= floor.time


@pytest.mark.parametrize("continuous", [False, True])
def test_a_tick_that_comes_late_fills_no_order_before_it_was_sent(continuous: bool) -> None:
    floor = Floor()
    floor.at(100)
    floor.time += timedelta(seconds=30)
    sent = floor.send(BUY, 1)
    floor.time -= timedelta(seconds=20)
    floor.exchange.tick(Tick("X", floor.time, *(Decimal(100),) * 3, continuous=continuous))
    done = floor.exchange.order(sent.id)
    assert done.status is OrderStatus.FILLED
    assert done.updated_at == done.created_at


def test_a_tick_inside_of_a_tick_of_the_same_symbol_is_a_defect() -> None:
    floor = Floor()
    floor.send(BUY, 1)

    def listener(event: object) -> None:
        if isinstance(event, TradeEvent):
            floor.send(BUY, 1)
            floor.at(101)

    floor.listener = listener
    with pytest.raises(RuntimeError):
        floor.at(100)


def test_steps_pause_after_each_fill_so_that_a_driver_may_wait() -> None:
    floor = Floor()
    floor.send(BUY, 1)
    floor.send(BUY, 2)
    walk = floor.exchange.steps(Tick("X", floor.time, *(Decimal(100),) * 3))
    counts = [len(floor.exchange.trades()) for _ in walk]
    assert counts == [1, 2]


def test_only_so_many_terminal_orders_and_trades_are_remembered() -> None:
    floor = Floor(retained=3)
    sent = [floor.send(BUY, 1, client_order_id=f"c{n}").id for n in range(5)]
    floor.at(100)
    assert [o.id for o in floor.exchange.closed_orders()] == sent[2:]
    assert [t.order_id for t in floor.exchange.trades()] == sent[2:]
    with pytest.raises(OrderNotFound):
        floor.exchange.order(sent[0])
    floor.send(BUY, 1, client_order_id="c0")

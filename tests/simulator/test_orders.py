"""Each order type and instruction on plain ticks, and what is told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.simulator.floor import (
    BUY,
    DAY,
    FOK,
    IOC,
    LIMIT,
    SELL,
    STOP,
    STOP_LIMIT,
    TRAILING,
    Floor,
    order,
    shown,
)
from tradegw.errors import (
    GatewayError,
    InvalidRequest,
    InvalidValue,
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
    SymbolNotFound,
)
from tradegw.model.enums import OrderStatus, OrderType, RejectReason, TrailingType
from tradegw.model.events import AccountEvent, OrderEvent, PositionEvent, TradeEvent
from tradegw.model.order import OrderChange
from tradegw.simulator.costs import Commission
from tradegw.simulator.ticks import Tick

PERCENT, ABSOLUTE = TrailingType.PERCENT, TrailingType.ABSOLUTE
ONE_FILL = ["ORDER_FILLED", "TRADE_FILLED", "POSITION_OPENED", "BALANCE_UPDATED"]


def change(**prices: object) -> OrderChange:
    return OrderChange(**{name: Decimal(str(value)) for name, value in prices.items()})


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


class TestReduceOnly:
    def test_is_capped_to_the_position_and_the_rest_cancelled(self) -> None:
        floor = Floor()
        floor.send(BUY, 5)
        floor.at(100)
        sent = floor.send(SELL, 8, reduce_only=True)
        floor.at(101)
        done = floor.exchange.order(sent.id)
        assert shown(done.status, done.filled_quantity) == [OrderStatus.CANCELLED, 5]
        assert floor.exchange.positions() == []

    @pytest.mark.parametrize("side", [BUY, SELL])
    def test_is_refused_without_anything_to_reduce(self, side: Any) -> None:
        floor = Floor()
        if side is BUY:
            floor.send(BUY, 5)
        floor.at(100)
        with pytest.raises(OrderRejected) as refusal:
            floor.send(side, 1, reduce_only=True)
        assert refusal.value.reject_code == "REDUCE_ONLY_VIOLATED"

    def test_goes_when_its_position_is_gone_but_not_before_others_could_cancel_it(self) -> None:
        floor = Floor()
        floor.send(BUY, 5)
        floor.at(100)
        stop = floor.send(SELL, 5, STOP, stop_price=90, reduce_only=True)
        floor.at(100)
        floor.send(SELL, 5)
        floor.at(100)
        assert floor.exchange.order(stop.id).status is OrderStatus.OPEN
        floor.at(100)
        assert floor.exchange.order(stop.id).status is OrderStatus.CANCELLED

    def test_never_opens_anything_even_if_the_position_goes_in_the_same_tick(self) -> None:
        floor = Floor()
        floor.send(BUY, 5)
        floor.at(100)
        sent = [floor.send(SELL, 5, STOP, stop_price=90, reduce_only=True) for _ in range(2)]
        floor.at(80)
        assert floor.exchange.positions() == []
        statuses = [floor.exchange.order(one.id).status for one in sent]
        assert statuses == [OrderStatus.FILLED, OrderStatus.CANCELLED]

    def test_may_wait_for_an_entry_that_is_at_work(self) -> None:
        floor = Floor()
        floor.send(BUY, 5)
        stop = floor.send(SELL, 5, STOP, stop_price=90, reduce_only=True)
        floor.at(100)
        floor.at(90)
        assert floor.exchange.order(stop.id).status is OrderStatus.FILLED


class TestParts:
    """``partial_ratio``: two tranches per order."""

    def test_two_fills_a_tick_apart_with_a_weighted_average(self) -> None:
        floor = Floor(partial_ratio=Decimal("0.4"))
        sent = floor.send(BUY, 10)
        floor.at(100)
        half = floor.exchange.order(sent.id)
        assert half.status is OrderStatus.PARTIALLY_FILLED
        assert shown(half.filled_quantity, half.remaining_quantity) == [4, 6]
        floor.at(110)
        full = floor.exchange.order(sent.id)
        assert full.status is OrderStatus.FILLED
        assert full.average_fill_price == 106
        assert [trade.quantity for trade in floor.exchange.trades()] == [4, 6]
        assert floor.order_kinds(sent.id) == [
            "ORDER_CREATED",
            "ORDER_PARTIALLY_FILLED",
            "ORDER_FILLED",
        ]

    def test_a_cancel_in_between_stops_the_rest(self) -> None:
        floor = Floor(partial_ratio=Decimal("0.5"))
        sent = floor.send(SELL, 10)
        floor.at(100)
        cancelled = floor.exchange.cancel(sent.id, floor.time)
        assert shown(cancelled.status, cancelled.filled_quantity) == [OrderStatus.CANCELLED, 5]
        floor.at(100)
        assert len(floor.exchange.trades()) == 1
        (position,) = floor.exchange.positions()
        assert shown(str(position.side), position.quantity) == ["SHORT", 5]

    def test_the_rest_waits_for_the_limit(self) -> None:
        floor = Floor(partial_ratio=Decimal("0.5"))
        sent = floor.send(BUY, 10, LIMIT, limit_price=100)
        floor.at(100)
        floor.at(101)
        assert floor.exchange.order(sent.id).filled_quantity == 5
        floor.at(99)
        assert floor.exchange.order(sent.id).average_fill_price == Decimal("99.5")

    def test_the_rest_of_a_triggered_stop_goes_at_any_price(self) -> None:
        floor = Floor(partial_ratio=Decimal("0.5"))
        sent = floor.send(BUY, 10, STOP, stop_price=100)
        floor.at(100)
        floor.at(95)
        assert floor.exchange.order(sent.id).status is OrderStatus.FILLED

    def test_within_a_bar_the_rest_comes_with_the_next_corner(self) -> None:
        floor = Floor(partial_ratio=Decimal("0.5"))
        sent = floor.send(BUY, 10, LIMIT, limit_price=95)
        floor.at(100)
        floor.to(90)
        assert floor.exchange.order(sent.id).filled_quantity == 5
        floor.to(99)
        full = floor.exchange.order(sent.id)
        assert shown(full.status, full.average_fill_price) == [OrderStatus.FILLED, 95]

    def test_a_fok_order_is_not_divided(self) -> None:
        floor = Floor(partial_ratio=Decimal("0.5"))
        sent = floor.send(BUY, 10, time_in_force=FOK)
        floor.at(100)
        assert floor.exchange.order(sent.id).status is OrderStatus.FILLED

    def test_a_quantity_too_small_to_divide_is_filled_whole(self) -> None:
        floor = Floor(partial_ratio=Decimal("0.5"))
        sent = floor.send(BUY, "0.000000001")
        floor.at(100)
        assert floor.exchange.order(sent.id).status is OrderStatus.FILLED


class TestVolume:
    """``volume_limit``: a share of what is traded."""

    def test_orders_share_what_a_tick_offers_in_sequence(self) -> None:
        floor = Floor(volume_limit=Decimal("0.5"))
        first, second = floor.send(BUY, 60), floor.send(SELL, 60)
        floor.at(100, volume=Decimal(200))
        assert floor.exchange.order(first.id).filled_quantity == 60
        assert floor.exchange.order(second.id).filled_quantity == 40
        floor.at(100, volume=Decimal(0))
        assert floor.exchange.order(second.id).filled_quantity == 40
        floor.at(100, volume=Decimal(40))
        assert floor.exchange.order(second.id).filled_quantity == 60

    def test_quotes_offer_each_side_its_own_size(self) -> None:
        floor = Floor(volume_limit=Decimal(1))
        bought, sold = floor.send(BUY, 60), floor.send(SELL, 60)
        floor.at(100, bid_size=Decimal(10), ask_size=Decimal(20))
        assert floor.exchange.order(bought.id).filled_quantity == 20
        assert floor.exchange.order(sold.id).filled_quantity == 10

    def test_a_bar_has_one_budget_from_open_to_close(self) -> None:
        floor = Floor(volume_limit=Decimal("0.1"))
        sent = floor.send(BUY, 150, LIMIT, limit_price=101)
        floor.at(100, volume=Decimal(1000))
        floor.to(90, volume=Decimal(1000))
        floor.to(100, volume=Decimal(1000))
        assert floor.exchange.order(sent.id).filled_quantity == 100

    def test_no_volume_no_limit(self) -> None:
        floor = Floor(volume_limit=Decimal("0.1"))
        sent = floor.send(BUY, 150)
        floor.at(100)
        assert floor.exchange.order(sent.id).status is OrderStatus.FILLED


class TestCancelAndReplace:
    def test_cancel_before_the_fill(self) -> None:
        floor = Floor()
        sent = floor.send(BUY, 10)
        cancelled = floor.exchange.cancel(sent.id, floor.time)
        assert cancelled.status is OrderStatus.CANCELLED
        floor.at(100)
        assert floor.exchange.trades() == []
        assert floor.order_kinds(sent.id) == ["ORDER_CREATED", "ORDER_CANCELLED"]

    def test_what_is_unknown_or_over_cannot_be_changed(self) -> None:
        floor = Floor()
        sent = floor.send(BUY, 10)
        floor.at(100)
        floor.forget()
        exchange, time = floor.exchange, floor.time
        with pytest.raises(OrderNotModifiable, match="FILLED"):
            exchange.cancel(sent.id, time)
        with pytest.raises(OrderNotModifiable):
            exchange.replace(sent.id, OrderChange(), time)
        with pytest.raises(OrderNotFound):
            exchange.cancel("nobody", time)
        with pytest.raises(OrderNotFound):
            exchange.replace("nobody", OrderChange(), time)
        with pytest.raises(OrderNotFound):
            exchange.order("nobody")
        assert floor.events == []

    def test_a_replace_keeps_the_id_and_what_is_not_mentioned(self) -> None:
        floor = Floor()
        sent = floor.send(BUY, 10, LIMIT, limit_price=90, client_order_id="mine")
        changed = floor.exchange.replace(sent.id, change(limit_price=95), floor.time)
        assert changed.id == sent.id
        assert shown(changed.limit_price, changed.quantity) == [95, 10]
        assert changed.client_order_id == "mine"
        assert floor.order_kinds(sent.id) == ["ORDER_CREATED", "ORDER_MODIFIED"]
        floor.at(95)
        assert floor.exchange.order(sent.id).status is OrderStatus.FILLED

    def test_a_new_price_costs_priority_and_a_smaller_quantity_does_not(self) -> None:
        floor = Floor()
        first = floor.send(BUY, 10, LIMIT, limit_price=90)
        second = floor.send(BUY, 10, LIMIT, limit_price=90)
        third = floor.send(BUY, 10, LIMIT, limit_price=90)
        floor.exchange.replace(first.id, change(limit_price=90), floor.time)
        floor.exchange.replace(second.id, change(quantity=5), floor.time)
        floor.at(90)
        orders = [trade.order_id for trade in floor.exchange.trades()]
        assert orders == [second.id, third.id, first.id]

    def test_a_repriced_post_only_order_is_judged_again(self) -> None:
        floor = Floor()
        sent = floor.send(BUY, 10, LIMIT, limit_price=90, post_only=True)
        floor.at(100)
        floor.exchange.replace(sent.id, change(limit_price=105), floor.time)
        floor.at(100)
        assert floor.exchange.order(sent.id).status is OrderStatus.REJECTED

    def test_a_trailing_stop_keeps_its_best_price_when_its_distance_changes(self) -> None:
        floor = Floor()
        sent = floor.send(SELL, 10, TRAILING, trailing_distance=20, trailing_type=ABSOLUTE)
        floor.at(100)
        floor.at(110)
        floor.exchange.replace(sent.id, change(trailing_distance=5), floor.time)
        floor.at(106)
        assert floor.exchange.trades() == []
        floor.at(105)
        assert floor.exchange.order(sent.id).status is OrderStatus.FILLED

    @pytest.mark.parametrize(
        ("wanted", "field"),
        [
            ({"quantity": 4}, "quantity"),
            ({"quantity": 3}, "quantity"),
            ({"quantity": 0}, "quantity"),
            ({"limit_price": -1}, "limit_price"),
            ({"stop_price": 90}, "stop_price"),
            ({"trailing_distance": 1}, "trailing_distance"),
        ],
    )
    def test_a_change_that_makes_no_sense_changes_nothing(
        self, wanted: dict[str, object], field: str
    ) -> None:
        floor = Floor(volume_limit=Decimal(1))
        sent = floor.send(BUY, 10, LIMIT, limit_price=100)
        floor.at(100, volume=Decimal(4))
        before = floor.exchange.order(sent.id)
        with pytest.raises(InvalidValue) as refusal:
            floor.exchange.replace(sent.id, change(**wanted), floor.time)
        assert refusal.value.details is not None
        assert refusal.value.details["field"] == field
        assert floor.exchange.order(sent.id) == before

    def test_a_triggered_stop_cannot_be_moved(self) -> None:
        floor = Floor()
        sent = floor.send(BUY, 1, STOP_LIMIT, stop_price=100, limit_price=95)
        floor.at(100)
        with pytest.raises(InvalidValue):
            floor.exchange.replace(sent.id, change(stop_price=110), floor.time)

    def test_a_change_beyond_the_means_is_refused(self) -> None:
        floor = Floor(cash=Decimal(1000))
        sent = floor.send(BUY, 5, LIMIT, limit_price=100)
        with pytest.raises(OrderRejected) as refusal:
            floor.exchange.replace(sent.id, change(quantity=11), floor.time)
        assert refusal.value.reject_code == "INSUFFICIENT_FUNDS"


@pytest.mark.parametrize(
    ("members", "error", "field"),
    [
        ({"quantity": 0}, InvalidValue, "quantity"),
        ({"quantity": -1}, InvalidValue, "quantity"),
        ({"quantity": "NaN"}, InvalidValue, "quantity"),
        ({"order_type": LIMIT}, InvalidRequest, "limit_price"),
        ({"order_type": LIMIT, "limit_price": 0}, InvalidValue, "limit_price"),
        ({"order_type": LIMIT, "limit_price": -5}, InvalidValue, "limit_price"),
        ({"order_type": LIMIT, "limit_price": 5, "stop_price": 5}, InvalidValue, "stop_price"),
        ({"limit_price": 5}, InvalidValue, "limit_price"),
        ({"order_type": STOP}, InvalidRequest, "stop_price"),
        ({"order_type": STOP_LIMIT, "stop_price": 5}, InvalidRequest, "limit_price"),
        ({"order_type": TRAILING, "trailing_distance": 5}, InvalidRequest, "trailing_type"),
        (
            {"order_type": TRAILING, "trailing_distance": 100, "trailing_type": PERCENT},
            InvalidValue,
            "trailing_distance",
        ),
        ({"stop_loss": 0}, InvalidValue, "stop_loss"),
        ({"take_profit": -1}, InvalidValue, "take_profit"),
        (
            {"order_type": STOP, "stop_price": 5, "time_in_force": IOC},
            InvalidValue,
            "time_in_force",
        ),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_its_field(
    members: dict[str, Any], error: type[GatewayError], field: str
) -> None:
    floor = Floor()
    quantity = members.pop("quantity", 1)
    with pytest.raises(error) as refusal:
        floor.send(BUY, quantity, members.pop("order_type", OrderType.MARKET), **members)
    assert refusal.value.details is not None
    assert refusal.value.details["field"] == field
    assert floor.events == []
    assert floor.exchange.open_orders() == []


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"quantity": "0.0000000001"}, "INVALID_QUANTITY"),
        ({"quantity": "1e15"}, "INVALID_QUANTITY"),
        ({"order_type": LIMIT, "limit_price": "0.0000000000001"}, "INVALID_PRICE"),
        ({"quantity": 1001}, "INSUFFICIENT_FUNDS"),
        ({"quantity": 1001, "order_type": LIMIT, "limit_price": 100}, "INSUFFICIENT_FUNDS"),
        ({"client_order_id": "used"}, "DUPLICATE_CLIENT_ORDER_ID"),
    ],
)
def test_an_order_that_the_exchange_refuses_has_a_code(members: dict[str, Any], code: str) -> None:
    floor = Floor()
    floor.at(100)
    floor.send(BUY, 1, client_order_id="used")
    floor.forget()
    quantity = members.pop("quantity", 1)
    with pytest.raises(OrderRejected) as refusal:
        floor.send(BUY, quantity, members.pop("order_type", OrderType.MARKET), **members)
    assert refusal.value.reject_code == code
    assert floor.events == []


def test_a_used_client_order_id_names_the_order_that_has_it() -> None:
    floor = Floor()
    sent = floor.send(BUY, 1, client_order_id="once")
    floor.at(100)
    with pytest.raises(OrderRejected) as refusal:
        floor.send(SELL, 1, client_order_id="once")
    assert refusal.value.details == {
        "order_id": sent.id,
        "reject_code": "DUPLICATE_CLIENT_ORDER_ID",
    }
    found = floor.exchange.order_by_client_id("once")
    assert found is not None
    assert found.status is OrderStatus.FILLED


def test_an_unknown_symbol_is_not_found() -> None:
    floor = Floor()
    with pytest.raises(SymbolNotFound):
        floor.exchange.submit(order(BUY, 1, symbol="NONE"), floor.time)


def test_a_closed_market_takes_no_orders_but_cancels() -> None:
    floor = Floor()
    sent = floor.send(BUY, 1, LIMIT, limit_price=50)
    floor.at(100)
    floor.exchange.close_market("X")
    with pytest.raises(OrderRejected) as refusal:
        floor.send(BUY, 1)
    assert refusal.value.reject_code == "MARKET_CLOSED"
    assert floor.exchange.cancel(sent.id, floor.time).status is OrderStatus.CANCELLED


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


def test_times_within_a_bar_never_run_before_the_order() -> None:
    floor = Floor()
    floor.at(100)
    floor.time += timedelta(seconds=30)
    late = floor.send(BUY, 1, LIMIT, limit_price=99)
    floor.time += timedelta(seconds=29)
    floor.to(90)
    done = floor.exchange.order(late.id)
    assert done.created_at <= done.updated_at <= floor.time


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

"""What Binance tells of futures, as the gateway does."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradegw.brokers.binance.futures import decoding, wire, worth
from tradegw.brokers.binance.wire import read
from tradegw.model.enums import OrderStatus, OrderType, RejectReason, Side, TrailingType

from .payloads import algo, child, order, update


def test_an_order_that_was_asked_for() -> None:
    told = decoding.order_from(order())
    assert (told.id, told.client_order_id) == ("SOLUSDT:41200118233", "gw-9a11")
    assert (told.status, told.filled_quantity) == (OrderStatus.FILLED, Decimal(5))
    assert told.average_fill_price == Decimal("131.48")
    assert told.created_at == datetime(2026, 1, 1, 0, 3, 20, 333000, UTC)
    assert (told.position_id, told.reduce_only) == ("SOLUSDT", None)
    assert told.stop_price is None


def test_the_answer_to_a_new_order_has_neither_time_nor_average() -> None:
    body = (
        b'{"orderId":41200118233,"symbol":"SOLUSDT","status":"NEW","clientOrderId":"gw-9a11",'
        b'"price":"131.500","origQty":"5","executedQty":"0","cumQty":"0","timeInForce":"GTX",'
        b'"type":"LIMIT","side":"BUY","updateTime":1767225800333}'
    )
    told = decoding.order_from(read(body, wire.Order))
    assert told.created_at == told.updated_at
    assert told.average_fill_price is None
    assert told.post_only


def test_the_news_of_an_execution() -> None:
    news = update().o
    told = decoding.order_from(news.order())
    trade = decoding.trade_of(news, told.id)
    assert trade is not None
    assert (trade.id, trade.order_id) == ("551002311", "SOLUSDT:41200118233")
    assert (trade.commission, trade.commission_currency) == (Decimal("0.26296"), "USDT")
    assert told.average_fill_price == Decimal("131.48")


def test_an_order_that_waits() -> None:
    told = decoding.waiting_from(algo())
    assert told.id == "algo:SOLUSDT:3004410021"
    assert (told.order_type, told.side) == (OrderType.STOP, Side.SELL)
    assert (told.status, told.stop_price) == (OrderStatus.OPEN, Decimal(125))
    assert told.client_order_id == "gw-sl-9a11"
    assert told.reduce_only


def test_what_it_became_is_the_same_order() -> None:
    became = child(X="PARTIALLY_FILLED", z="2", l="2", ap="124.9").o.order()
    told = decoding.waiting_from(algo(algoStatus="TRIGGERED", actualOrderId="41200119000"), became)
    assert told.id == "algo:SOLUSDT:3004410021"
    assert (told.status, told.filled_quantity) == (OrderStatus.PARTIALLY_FILLED, Decimal(2))
    assert (told.order_type, told.stop_price) == (OrderType.STOP, Decimal(125))
    assert told.average_fill_price == Decimal("124.9")


@pytest.mark.parametrize(
    ("status", "done", "expected"),
    [
        ("TRIGGERING", "0", OrderStatus.OPEN),
        ("TRIGGERED", "0", OrderStatus.OPEN),
        ("FINISHED", "5", OrderStatus.FILLED),
        ("FINISHED", "2", OrderStatus.CANCELLED),
        ("FINISHED", "0", OrderStatus.CANCELLED),
        ("CANCELED", "0", OrderStatus.CANCELLED),
        ("EXPIRED", "0", OrderStatus.EXPIRED),
        ("BLESSED", "0", OrderStatus.OPEN),
    ],
)
def test_the_states_of_what_waits(status: str, done: str, expected: OrderStatus) -> None:
    told = decoding.waiting_from(algo(algoStatus=status, actualQty=done))
    assert told.status is expected


def test_an_order_refused_when_its_price_came_says_why() -> None:
    for text, reason in (
        ("Margin is insufficient.", RejectReason.INSUFFICIENT_MARGIN),
        ("ReduceOnly Order is rejected.", RejectReason.REDUCE_ONLY_VIOLATED),
    ):
        told = decoding.waiting_from(algo(algoStatus="REJECTED", rejectReason=text))
        assert (told.status, told.reject_reason) == (OrderStatus.REJECTED, reason)


def test_a_trailing_stop_tells_its_distance() -> None:
    told = decoding.waiting_from(algo(orderType="TRAILING_STOP_MARKET", callbackRate="1.5"))
    assert (told.trailing_distance, told.trailing_type) == (Decimal("1.5"), TrailingType.PERCENT)


def test_hedged_orders_name_their_position_and_say_whether_they_reduce() -> None:
    told = decoding.order_from(order(positionSide="LONG", side="SELL"))
    assert (told.position_id, told.reduce_only) == ("SOLUSDT:LONG", True)
    told = decoding.order_from(order(positionSide="SHORT", side="SELL"))
    assert (told.position_id, told.reduce_only) == ("SOLUSDT:SHORT", None)


def test_what_has_no_side_is_not_invented() -> None:
    with pytest.raises(ValueError, match="neither side nor type"):
        decoding.order_from(order(side=""))


def test_the_price_follows_from_the_gain() -> None:
    found = worth.mark_price(
        Decimal("131.48"), Decimal(-5), Decimal("2.8895"), Decimal(1), is_linear=True
    )
    assert found == Decimal("130.9021")


prices = st.decimals("100", "99999", places=1)


@given(prices, prices, st.integers(-500, 500).filter(bool))
def test_the_price_of_coins_follows_from_the_gain(
    entry: Decimal, mark: Decimal, contracts: int
) -> None:
    gain = contracts * 100 * (1 / entry - 1 / mark)
    found = worth.mark_price(entry, Decimal(contracts), gain, Decimal(100), is_linear=False)
    assert abs(found - mark) < Decimal("0.0001")

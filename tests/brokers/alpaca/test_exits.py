"""Exits of ours and closes, where Alpaca's rules stand in their way; pitfalls by their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tradegw.errors import OrderRejected, lacks_holding
from tradegw.model.enums import OrderType, Side
from tradegw.model.limits import Lane
from tradegw.model.order import ClosePositionRequest
from tradegw.testing.alpaca import Fault, drop, html, stall

from .stand import Stand, request

LIMIT = OrderType.LIMIT


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand()
    stand.start()
    yield stand
    stand.stop()


def test_37_an_exit_whose_stop_the_market_has_passed_goes_out_as_triggered(stand: Stand) -> None:
    """As it would have, had it been there in time; the same stop would be refused for ever."""
    stand.submit()
    stand.wait()
    leg = request(side=Side.SELL, order_type=OrderType.STOP, stop_price="235", client_order_id="x")
    order = stand.ask(stand.broker.submit(leg, Lane.EMERGENCY))
    stand.wait()
    assert (order.client_order_id, order.order_type) == ("x", OrderType.MARKET)
    assert stand.fake.positions == {}


def test_37_an_exit_of_crypto_that_was_passed_keeps_its_limit(stand: Stand) -> None:
    stand.submit(symbol="ETH/USD", quantity="2")
    stand.wait()
    leg = request(
        symbol="ETH/USD",
        quantity="1.9",
        side=Side.SELL,
        order_type=OrderType.STOP,
        stop_price="3200",
    )
    order = stand.ask(stand.broker.submit(leg, Lane.EMERGENCY))
    assert (order.order_type, order.limit_price) == (LIMIT, Decimal(3072))


def test_37_a_stop_of_a_client_is_refused_and_not_sent_otherwise(stand: Stand) -> None:
    stand.submit()
    stand.wait()
    with pytest.raises(OrderRejected):
        stand.submit(side=Side.SELL, order_type=OrderType.STOP, stop_price="235")
    stand.wait()
    assert stand.fake.positions == {"AAPL": 10}


def test_38_an_exit_never_opens_the_other_side(stand: Stand) -> None:
    """What it was to protect may be gone, and nobody told of that yet."""
    leg = request(side=Side.SELL, order_type=OrderType.STOP, stop_price="220")
    with pytest.raises(OrderRejected) as refusal:
        stand.ask(stand.broker.submit(leg, Lane.EMERGENCY))
    assert lacks_holding(refusal.value)
    assert not stand.fake.orders


def test_07_an_exit_of_what_others_hold_already_says_that_it_lacks(stand: Stand) -> None:
    stand.submit()
    stand.wait()
    stand.submit(side=Side.SELL, order_type=LIMIT, limit_price="300")
    leg = request(side=Side.SELL, order_type=OrderType.STOP, stop_price="220")
    with pytest.raises(OrderRejected) as refusal:
        stand.ask(stand.broker.submit(leg, Lane.EMERGENCY))
    assert lacks_holding(refusal.value)
    assert refusal.value.details is not None
    assert refusal.value.details["held_for_orders"] == "10"


def test_16_a_close_takes_away_what_is_in_its_way(stand: Stand) -> None:
    """One after the other, as Alpaca names them; what is no wash trade stays."""
    stand.submit()
    stand.wait()
    others = [stand.submit(order_type=LIMIT, limit_price=price).id for price in ("200", "201")]
    else_where = stand.submit(symbol="ETH/USD", quantity="1", order_type=LIMIT, limit_price="100")
    stand.wait()
    (position,) = stand.ask(stand.broker.positions())
    closed = stand.ask(stand.broker.close(position, ClosePositionRequest(), "close-1"))
    stand.wait()
    assert closed.client_order_id == "close-1"
    assert stand.fake.positions == {}
    assert [stand.fake.order(each).status for each in others] == ["canceled", "canceled"]
    assert stand.fake.order(else_where.id).is_open


def test_16_a_close_at_a_price_takes_nothing_away(stand: Stand) -> None:
    stand.submit()
    stand.wait()
    other = stand.submit(order_type=LIMIT, limit_price="200")
    stand.wait()
    (position,) = stand.ask(stand.broker.positions())
    wanted = ClosePositionRequest(order_type=LIMIT, limit_price=Decimal(199))
    with pytest.raises(OrderRejected):
        stand.ask(stand.broker.close(position, wanted, "close-1"))
    assert stand.fake.order(other.id).is_open


@pytest.mark.parametrize("fault", [html(502), html(502, accepted=True), drop(), stall()])
def test_16_whatever_becomes_of_what_is_in_the_way_the_close_leaves_no_doubt(
    stand: Stand, fault: Fault
) -> None:
    """It was refused, and is not sent again before the other has ended."""
    stand.submit()
    stand.wait()
    stand.submit(order_type=LIMIT, limit_price="200")
    stand.wait()
    (position,) = stand.ask(stand.broker.positions())
    stand.fake.faults.plan(fault, "DELETE", "/v2/orders/*")
    with pytest.raises(OrderRejected) as refusal:
        stand.ask(stand.broker.close(position, ClosePositionRequest(), "close-1"))
    assert refusal.value.reject_code == "WASH_TRADE"
    stand.wait()
    assert stand.fake.positions == {"AAPL": 10}

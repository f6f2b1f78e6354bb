"""Filters of ``exchangeInfo``, checked before anything is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tradegw.brokers.binance.filters import Span
from tradegw.brokers.binance.spot import filters, rules
from tradegw.brokers.binance.spot.orders import exit_of
from tradegw.errors import InvalidValue, OrderDenied, UnsupportedOperation
from tradegw.model.enums import OrderType, Side, TimeInForce
from tradegw.model.money import ZERO
from tradegw.model.order import OrderRequest

from .payloads import SOLUSDC, D, symbol


def request(**members: Any) -> OrderRequest:
    """A limit buy of 2 SOLUSDC at 130, unless said otherwise; numbers may be texts."""
    members = {
        "symbol": "SOLUSDC",
        "side": Side.BUY,
        "quantity": "2",
        "order_type": OrderType.LIMIT,
        "limit_price": "130",
        **members,
    }
    made: Any = {
        name: Decimal(value)
        if type(value) is str and name not in ("symbol", "client_order_id")
        else value
        for name, value in members.items()
    }
    return OrderRequest(**made)


def check(asked: OrderRequest, **changes: Any) -> None:
    shown = symbol(**changes)
    rules.check(asked)
    rules.check_symbol(asked, shown, filters.read(shown))


def refused(asked: OrderRequest, **changes: Any) -> InvalidValue:
    with pytest.raises(InvalidValue) as found:
        check(asked, **changes)
    return found.value


def test_what_is_right_passes() -> None:
    check(request())
    check(request(order_type=OrderType.MARKET, limit_price=None))
    check(request(order_type=OrderType.STOP, limit_price=None, stop_price="140.01"))
    check(request(post_only=True, display_quantity="0.02"))


@pytest.mark.parametrize(
    ("members", "field", "text"),
    [
        ({"quantity": "1.0005"}, "quantity", "a multiple of 0.001: 1 or 1.001"),
        ({"quantity": "0.0001"}, "quantity", "a multiple of 0.001"),
        ({"quantity": "1000000"}, "quantity", "at most 900000"),
        ({"limit_price": "130.005"}, "limit_price", "a multiple of 0.01: 130 or 130.01"),
        ({"limit_price": "10001"}, "limit_price", "at most 10000"),
        ({"stop_loss": "120.001"}, "stop_loss", "a multiple of 0.01"),
        ({"quantity": "0.01"}, "quantity", "must be at least 5"),
        ({"display_quantity": "0.019"}, "display_quantity", "at least a 100th"),
        ({"time_in_force": TimeInForce.DAY}, "time_in_force", "GTC, IOC, FOK"),
        ({"post_only": True, "time_in_force": TimeInForce.IOC}, "post_only", "GTC"),
    ],
)
def test_2_what_is_not_is_refused_with_field_and_step(
    members: dict[str, Any], field: str, text: str
) -> None:
    error = refused(request(**members))
    assert (error.details or {})["field"] == field
    assert text in error.message


def test_21_a_step_of_zero_is_no_rule_and_divides_nothing() -> None:
    market = request(order_type=OrderType.MARKET, limit_price=None, quantity="7325.4")
    check(market)
    over = request(order_type=OrderType.MARKET, limit_price=None, quantity="7325.5")
    assert "at most 7325.412" in refused(over).message


def test_steps_of_whole_numbers_are_steps() -> None:
    lot = {"filterType": "LOT_SIZE", "minQty": "1.00", "maxQty": "0", "stepSize": "1.00000000"}
    found = [each for each in SOLUSDC["filters"] if each["filterType"] != "LOT_SIZE"]
    assert "1 or 2" in refused(request(quantity="1.5"), filters=[*found, lot]).message


def test_only_what_is_traded_takes_orders() -> None:
    with pytest.raises(OrderDenied):
        check(request(), status="CANCEL_ONLY")


def test_types_that_a_symbol_lacks_are_not_sent() -> None:
    stop = request(order_type=OrderType.STOP, limit_price=None, stop_price="140")
    with pytest.raises(UnsupportedOperation):
        check(stop, orderTypes=["LIMIT", "MARKET", "STOP_LOSS_LIMIT"])


@pytest.mark.parametrize(
    "members",
    [{"hidden": True}, {"leverage": Decimal(2)}, {"order_type": OrderType.TRAILING_STOP}],
)
def test_what_spot_has_not_is_said(members: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedOperation):
        check(request(**members))


def test_nothing_is_short_so_no_buy_reduces() -> None:
    with pytest.raises(OrderDenied):
        check(request(reduce_only=True))


# -- exits of ours are rounded


def exit_order(order_type: OrderType, **members: Any) -> OrderRequest:
    shown = symbol()
    asked = request(side=Side.SELL, order_type=order_type, limit_price=None, **members)
    return exit_of(asked, shown, filters.read(shown))


def test_a_stop_of_ours_goes_to_the_step_further_from_the_market() -> None:
    made = exit_order(OrderType.STOP, stop_price="125.019", quantity="1.9989")
    assert (made.stop_price, made.quantity) == (D("125.01"), D("1.998"))


def test_a_limit_of_ours_is_never_worse_than_asked() -> None:
    shown = symbol()
    asked = request(side=Side.SELL, limit_price="160.001", time_in_force=TimeInForce.DAY)
    made = exit_of(asked, shown, filters.read(shown))
    assert made.limit_price == D("160.01")
    assert made.tif is TimeInForce.GTC


def test_where_there_are_no_plain_stops_an_exit_is_a_stop_with_a_limit() -> None:
    shown = symbol(orderTypes=["LIMIT", "MARKET", "STOP_LOSS_LIMIT"])
    asked = request(
        side=Side.SELL, order_type=OrderType.STOP, limit_price=None, stop_price="125.019"
    )
    made = exit_of(asked, shown, filters.read(shown))
    assert made.order_type is OrderType.STOP_LIMIT
    assert made.limit_price == D("120.00")  # 4 % below 125.01, on the step


@given(
    value=some.decimals("0.00000001", 100_000, places=8),
    step=some.sampled_from(["0", "0.00000001", "0.001", "0.25", "1", "100"]),
)
def test_rounding_stays_on_the_step_and_next_to_the_value(value: Decimal, step: str) -> None:
    span = Span(step=Decimal(step))
    low, high = span.floor(value), span.ceiling(value)
    assert low <= value <= high
    assert not span.off_step(low)
    assert not span.off_step(high)
    assert high - low <= span.step or span.step == ZERO


def test_the_instrument_says_that_what_rests_is_held() -> None:
    found = filters.instrument(filters.read(symbol()))
    assert found.one_exit
    assert (found.quantity_step, found.price_step) == (D("0.001"), D("0.01"))
    assert (found.minimum_quantity, found.minimum_notional) == (D("0.001"), D("5"))

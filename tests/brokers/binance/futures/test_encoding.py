"""What futures take: names, sides and steps."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradegw.brokers.binance.futures import encoding, filters, ids, rules, sides
from tradegw.brokers.binance.requests import on_steps
from tradegw.errors import InvalidValue, OrderDenied, OrderNotFound, UnsupportedOperation
from tradegw.model.enums import OrderType, Side, TimeInForce, TrailingType

from .payloads import request, symbol

LIMITS = filters.read(symbol())


def check(least: str = "5", **members: object) -> None:
    rules.check_symbol(request(**members), symbol(), LIMITS, Decimal(least))


def test_a_limit_order_is_sent_whole_and_its_state_is_asked_for() -> None:
    wanted = request(order_type=OrderType.LIMIT, limit_price="131.500", quantity="1E+1")
    assert encoding.new_order(wanted, "BOTH") == (
        ("symbol", "SOLUSDT"),
        ("side", "BUY"),
        ("positionSide", "BOTH"),
        ("type", "LIMIT"),
        ("timeInForce", "GTC"),
        ("quantity", "10"),
        ("price", "131.5"),
        ("newClientOrderId", "gw-1"),
        ("newOrderRespType", "RESULT"),
    )


def test_post_only_is_a_time_in_force() -> None:
    wanted = request(order_type=OrderType.LIMIT, limit_price="131", post_only=True)
    assert dict(encoding.new_order(wanted, "BOTH"))["timeInForce"] == "GTX"


def test_a_stop_goes_to_the_algo_service_under_its_names() -> None:
    wanted = request(order_type=OrderType.STOP, side=Side.SELL, stop_price="125", reduce_only=True)
    assert encoding.waits(wanted)
    assert encoding.new_algo(wanted, "BOTH") == (
        ("algoType", "CONDITIONAL"),
        ("symbol", "SOLUSDT"),
        ("side", "SELL"),
        ("positionSide", "BOTH"),
        ("type", "STOP_MARKET"),
        ("quantity", "5"),
        ("triggerPrice", "125"),
        ("workingType", "CONTRACT_PRICE"),
        ("reduceOnly", "true"),
        ("clientAlgoId", "gw-1"),
    )


def test_a_stop_limit_is_what_binance_calls_a_stop() -> None:
    wanted = request(order_type=OrderType.STOP_LIMIT, stop_price="135", limit_price="136")
    sent = dict(encoding.new_algo(wanted, "BOTH"))
    assert (sent["type"], sent["price"], sent["timeInForce"]) == ("STOP", "136", "GTC")


def test_a_trailing_stop_is_native_and_in_percent() -> None:
    wanted = request(
        order_type=OrderType.TRAILING_STOP,
        side=Side.SELL,
        trailing_distance="1.5",
        trailing_type=TrailingType.PERCENT,
    )
    rules.check(wanted)
    sent = dict(encoding.new_algo(wanted, "BOTH"))
    assert (sent["type"], sent["callbackRate"]) == ("TRAILING_STOP_MARKET", "1.5")
    assert "triggerPrice" not in sent


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"trailing_type": TrailingType.ABSOLUTE}, UnsupportedOperation),
        ({"trailing_distance": "0.05"}, InvalidValue),
        ({"trailing_distance": "20.1"}, InvalidValue),
    ],
)
def test_other_trails_are_refused(members: dict[str, object], error: type[Exception]) -> None:
    wanted = {
        "order_type": OrderType.TRAILING_STOP,
        "trailing_distance": "1",
        "trailing_type": TrailingType.PERCENT,
        **members,
    }
    with pytest.raises(error):
        rules.check(request(**wanted))


def test_hedged_orders_never_say_reduce_only_but_the_side_of_their_position() -> None:
    wanted = request(side=Side.SELL, reduce_only=True)
    side = sides.position_side(wanted, hedging=True)
    assert side == "LONG"
    assert "reduceOnly" not in dict(encoding.new_order(wanted, side))


@pytest.mark.parametrize(
    ("side", "reduce_only", "position", "expected"),
    [
        (Side.BUY, None, None, "LONG"),
        (Side.SELL, None, None, "SHORT"),
        (Side.BUY, True, None, "SHORT"),
        (Side.SELL, True, None, "LONG"),
        (Side.SELL, None, "SOLUSDT:LONG", "LONG"),
        (Side.SELL, True, "SOLUSDT:LONG", "LONG"),
        (Side.BUY, None, "SOLUSDT:LONG", "LONG"),
    ],
)
def test_the_side_of_a_hedged_position_follows_from_the_order(
    side: Side, reduce_only: bool | None, position: str | None, expected: str
) -> None:
    wanted = request(side=side, reduce_only=reduce_only, position_id=position)
    assert sides.position_side(wanted, hedging=True) == expected


def test_what_cannot_reduce_is_refused_here() -> None:
    wanted = request(side=Side.BUY, reduce_only=True, position_id="SOLUSDT:LONG")
    with pytest.raises(OrderDenied) as caught:
        sides.position_side(wanted, hedging=True)
    assert caught.value.reject_code == "REDUCE_ONLY_VIOLATED"


@pytest.mark.parametrize("hedging", [False, True])
def test_a_position_of_another_symbol_is_not_meant(hedging: bool) -> None:
    for named in ("BTCUSDT", "BTCUSDT:LONG", "SOLUSDT:BOTH"):
        with pytest.raises(InvalidValue, match="SOLUSDT"):
            sides.position_side(request(position_id=named), hedging=hedging)
    assert sides.position_side(request(position_id="SOLUSDT"), hedging=False) == "BOTH"


def test_where_positions_are_netted_none_has_a_side() -> None:
    assert sides.position_side(request(position_id="SOLUSDT"), hedging=False) == "BOTH"
    with pytest.raises(InvalidValue):
        sides.position_side(request(position_id="SOLUSDT:LONG"), hedging=False)


def test_the_notional_is_of_orders_that_open_alone() -> None:
    small = {"order_type": OrderType.LIMIT, "limit_price": "1.02", "quantity": "4"}
    with pytest.raises(InvalidValue):
        check(**small)
    assert filters.least_notional(LIMITS, is_linear=True, reduces=True) == 0
    check("0", **small)
    assert filters.instrument(LIMITS).minimum_notional is None


def test_steps_are_counted_from_the_least() -> None:
    odd = filters.read(
        symbol(
            filters=[
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": "0.005",
                    "maxPrice": "0",
                    "tickSize": "0.010",
                }
            ]
        )
    )
    assert not odd.price.off_step(Decimal("131.005"))
    assert odd.price.off_step(Decimal("131.01"))
    assert odd.price.floor(Decimal("131.01")) == Decimal("131.005")


@given(st.decimals("0.42", "6000", places=4))
def test_rounded_prices_are_on_their_step(price: Decimal) -> None:
    lower, upper = LIMITS.price.floor(price), LIMITS.price.ceiling(price)
    assert lower <= price <= upper
    assert upper - lower <= Decimal("0.01")
    assert not LIMITS.price.off_step(lower)
    assert not LIMITS.price.off_step(upper)


def test_an_exit_is_rounded_and_an_order_of_a_client_is_not() -> None:
    stop = request(
        order_type=OrderType.STOP,
        side=Side.SELL,
        stop_price="125.004",
        quantity="4.7",
        reduce_only=True,
        time_in_force=TimeInForce.DAY,
    )
    rounded = on_steps(stop, LIMITS)
    assert (rounded.stop_price, rounded.quantity) == (Decimal("125.00"), Decimal(4))
    assert rounded.time_in_force is None
    with pytest.raises(InvalidValue, match="multiple of"):
        check(order_type=OrderType.STOP, stop_price="125.004")
    with pytest.raises(InvalidValue, match="DAY"):
        rules.check(stop)


@pytest.mark.parametrize("leverage", ["0.5", "1.5", "151"])
def test_leverage_is_a_whole_number(leverage: str) -> None:
    with pytest.raises(InvalidValue):
        rules.check(request(leverage=leverage))


def test_a_contract_that_is_not_traded_is_refused() -> None:
    with pytest.raises(OrderDenied):
        rules.check_symbol(request(), symbol(status="SETTLING"), LIMITS, Decimal(5))
    coin = symbol(status="", contractStatus="TRADING")
    rules.check_symbol(request(), coin, LIMITS, Decimal(5))


def test_ids_tell_the_service_and_the_symbol() -> None:
    for text in ("SOLUSDT:41200118233", "algo:SOLUSDT:3004410021", "algo:BTCUSD_PERP:1"):
        assert str(ids.parse(text)) == text
    assert ids.parse("algo:SOLUSDT:1").waits
    for text in ("41200118233", "algo:1", "SOLUSDT:", "../x", "bogus:SOLUSDT:1"):
        with pytest.raises(OrderNotFound):
            ids.parse(text)

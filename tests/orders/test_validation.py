"""What must fit together in an order (protocol sections 2.4, 3.2, 3.5, 3.10, 3.11)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradegw.errors import GatewayError, InvalidRequest, InvalidValue, ValidationFailed
from tradegw.model.enums import OrderType, Side, TrailingType
from tradegw.model.money import plain
from tradegw.model.order import ClosePositionRequest, OrderChange, OrderRequest
from tradegw.model.protection import ExitsChange
from tradegw.orders.validation import check_change, check_close, check_exits, check_order

D = Decimal
M, L, S = OrderType.MARKET, OrderType.LIMIT, OrderType.STOP
SL, T = OrderType.STOP_LIMIT, OrderType.TRAILING_STOP
ABSOLUTE, PERCENT = TrailingType.ABSOLUTE, TrailingType.PERCENT

GOOD: dict[OrderType, dict[str, Any]] = {
    M: {},
    L: {"limit_price": D(1)},
    S: {"stop_price": D(1)},
    SL: {"stop_price": D(1), "limit_price": D(1)},
    T: {"trailing_distance": D(1), "trailing_type": ABSOLUTE},
}


def order(order_type: OrderType = M, **members: Any) -> OrderRequest:
    usual: dict[str, Any] = {"symbol": "AAPL", "side": Side.BUY, "quantity": D(10)}
    return OrderRequest(**usual | GOOD[order_type] | {"order_type": order_type} | members)


def refusal(request: OrderRequest) -> GatewayError:
    with pytest.raises(GatewayError) as refused:
        check_order(request)
    return refused.value


@pytest.mark.parametrize("order_type", list(OrderType))
def test_each_type_is_accepted_with_just_what_it_needs(order_type: OrderType) -> None:
    check_order(order(order_type))


@pytest.mark.parametrize(
    ("order_type", "field"),
    [
        (L, "limit_price"),
        (S, "stop_price"),
        (SL, "stop_price"),
        (SL, "limit_price"),
        (T, "trailing_distance"),
        (T, "trailing_type"),
    ],
)
def test_what_is_needed_and_missing_is_an_invalid_request(
    order_type: OrderType, field: str
) -> None:
    error = refusal(order(order_type, **{field: None}))
    assert type(error) is InvalidRequest
    assert error.details == {"field": field}


@pytest.mark.parametrize("value", [D(0), D("-0.5"), D("-0")])
@pytest.mark.parametrize(
    ("order_type", "field"),
    [
        (L, "limit_price"),
        (S, "stop_price"),
        (SL, "stop_price"),
        (SL, "limit_price"),
        (T, "trailing_distance"),
        (M, "stop_loss"),
        (L, "take_profit"),
        (M, "leverage"),
        (M, "display_quantity"),
    ],
)
def test_what_is_not_positive_is_an_invalid_value(
    order_type: OrderType, field: str, value: Decimal
) -> None:
    error = refusal(order(order_type, **{field: value}))
    assert type(error) is InvalidValue
    assert error.details == {"field": field, "provided": plain(value)}


@pytest.mark.parametrize(
    ("order_type", "field"),
    [
        (M, "limit_price"),
        (M, "stop_price"),
        (M, "trailing_distance"),
        (L, "stop_price"),
        (L, "trailing_distance"),
        (S, "limit_price"),
        (S, "trailing_distance"),
        (SL, "trailing_distance"),
        (T, "limit_price"),
        (T, "stop_price"),
    ],
)
def test_a_price_that_does_not_belong_is_an_invalid_value(
    order_type: OrderType, field: str
) -> None:
    error = refusal(order(order_type, **{field: D("1E+2")}))
    assert type(error) is InvalidValue
    assert error.details == {"field": field, "provided": "100"}


@pytest.mark.parametrize(
    ("distance", "kind", "accepted"),
    [
        ("99.9", PERCENT, True),
        ("100", PERCENT, False),
        ("100.0001", PERCENT, False),
        ("100", ABSOLUTE, True),
    ],
)
def test_a_trailing_percentage_stays_below_100(
    distance: str, kind: TrailingType, accepted: bool
) -> None:
    request = order(T, trailing_distance=D(distance), trailing_type=kind)
    if accepted:
        check_order(request)
    else:
        assert refusal(request).details == {"field": "trailing_distance", "provided": distance}


@pytest.mark.parametrize("order_type", [M, L, S, SL])
def test_a_trailing_type_is_ignored_where_nothing_trails(order_type: OrderType) -> None:
    check_order(order(order_type, trailing_type=PERCENT))


@pytest.mark.parametrize(("shown", "accepted"), [("9.99", True), ("10", False), ("11", False)])
def test_less_is_displayed_than_ordered(shown: str, accepted: bool) -> None:
    request = order(display_quantity=D(shown))
    if accepted:
        check_order(request)
    else:
        assert refusal(request).details == {"field": "display_quantity", "provided": shown}


def test_exits_may_stand_on_any_type() -> None:
    for order_type in OrderType:
        check_order(order(order_type, stop_loss=D("0.01"), take_profit=D(999), leverage=D("0.5")))


def test_w60_exits_on_the_wrong_side_of_the_order_s_own_price_are_refused_last() -> None:
    error = refusal(order(L, stop_loss=D(1)))
    assert type(error) is InvalidValue
    assert error.details == {"field": "stop_loss", "provided": "1"}
    assert error.message == "stop_loss 1 of a BUY must be below its limit_price 1"
    assert refusal(order(L, stop_loss=D(1), leverage=D(0))).details == {
        "field": "leverage",
        "provided": "0",
    }


@pytest.mark.parametrize("symbol", ["A", "EURUSD:FxSpot", "x" * 20, "é" * 20, "😀" * 20])
def test_a_symbol_of_up_to_20_characters_is_accepted(symbol: str) -> None:
    check_order(order(symbol=symbol))


@pytest.mark.parametrize("symbol", ["", "x" * 21, "é" * 21])
def test_a_symbol_of_another_length_fails(symbol: str) -> None:
    params = {"min": 1, "max": 20, "value": symbol}
    assert refusal(order(symbol=symbol)).details == {
        "symbol": [{"code": "length", "message": None, "params": params}]
    }


@pytest.mark.parametrize("field", ["client_order_id", "oco_group_id"])
def test_ids_have_at_most_64_characters(field: str) -> None:
    check_order(order(M, **{field: "ü" * 64}))
    params = {"max": 64, "value": "ü" * 65}
    assert refusal(order(M, **{field: "ü" * 65})).details == {
        field: [{"code": "length", "message": None, "params": params}]
    }


def test_an_empty_client_order_id_is_refused_and_not_taken_for_none() -> None:
    params = {"min": 1, "max": 64, "value": ""}
    assert refusal(order(M, client_order_id="")).details == {
        "client_order_id": [{"code": "length", "message": None, "params": params}]
    }


@pytest.mark.parametrize("symbol", ["\0", "A\nB", "\x7f", "A\u2028"])
def test_a_symbol_can_be_printed(symbol: str) -> None:
    assert refusal(order(symbol=symbol)).details == {
        "symbol": [{"code": "printable", "message": None, "params": {"value": symbol}}]
    }


def test_a_long_text_is_not_sent_back_whole() -> None:
    assert len(str(refusal(order(symbol="x" * 100_000)).details)) < 500


@pytest.mark.parametrize("quantity", ["0", "-1", "0.00"])
def test_a_quantity_is_positive(quantity: str) -> None:
    error = refusal(order(quantity=D(quantity)))
    assert type(error) is ValidationFailed
    assert error.details == {
        "quantity": [{"code": "must be positive", "message": None, "params": {"value": quantity}}]
    }


def test_all_failing_lengths_and_quantities_are_told_together_and_before_prices() -> None:
    error = refusal(
        order(
            L,
            symbol="",
            quantity=D(0),
            client_order_id="x" * 65,
            oco_group_id="x" * 65,
            limit_price=None,
        )
    )
    assert type(error) is ValidationFailed
    assert error.details is not None
    assert set(error.details) == {"symbol", "quantity", "client_order_id", "oco_group_id"}


ORDER_OF_CHECKS: list[tuple[OrderType, dict[str, Any], str]] = [
    (SL, {"stop_price": None, "limit_price": None}, "stop_price"),
    (SL, {"stop_price": D(0), "limit_price": None}, "stop_price"),
    (SL, {"limit_price": D(0), "trailing_distance": D(1)}, "limit_price"),
    (T, {"trailing_distance": D(0), "trailing_type": None}, "trailing_distance"),
    (T, {"trailing_type": None, "limit_price": D(1)}, "trailing_type"),
    (
        T,
        {"trailing_distance": D(100), "trailing_type": PERCENT, "limit_price": D(1)},
        "trailing_distance",
    ),
    (T, {"limit_price": D(1), "stop_price": D(1)}, "limit_price"),
    (M, {"limit_price": D(1), "stop_price": D(1), "trailing_distance": D(1)}, "limit_price"),
    (M, {"stop_price": D(1), "trailing_distance": D(1)}, "stop_price"),
    (L, {"limit_price": None, "stop_loss": D(0)}, "limit_price"),
    (M, {"trailing_distance": D(1), "stop_loss": D(0)}, "trailing_distance"),
    (M, {"stop_loss": D(0), "take_profit": D(0)}, "stop_loss"),
    (M, {"take_profit": D(0), "display_quantity": D(0)}, "take_profit"),
    (M, {"display_quantity": D(10), "leverage": D(0)}, "display_quantity"),
]


@pytest.mark.parametrize(("order_type", "members", "first"), ORDER_OF_CHECKS)
def test_the_first_violation_is_the_one_told(
    order_type: OrderType, members: dict[str, Any], first: str
) -> None:
    details = refusal(order(order_type, **members)).details
    assert details is not None
    assert details["field"] == first


decimals = st.none() | st.decimals(-5, 120, places=1)


@given(
    st.sampled_from(OrderType),
    st.fixed_dictionaries(
        dict.fromkeys(
            ("limit_price", "stop_price", "trailing_distance", "stop_loss", "leverage"), decimals
        )
    ),
    st.sampled_from([None, *TrailingType]),
)
def test_what_is_accepted_has_exactly_its_prices_all_positive(
    order_type: OrderType, prices: dict[str, Decimal | None], trailing_type: TrailingType | None
) -> None:
    request = order(order_type, **prices, trailing_type=trailing_type)
    needs = {name for name in GOOD[order_type] if name != "trailing_type"}
    given_prices = {
        name
        for name in ("limit_price", "stop_price", "trailing_distance")
        if prices[name] is not None
    }
    fits = needs == given_prices and all(p is None or p > 0 for p in prices.values())
    if order_type is T:
        distance = prices["trailing_distance"] or D(0)
        fits = fits and trailing_type is not None
        fits = fits and not (trailing_type is PERCENT and distance >= 100)
    own = [prices[name] for name in ("limit_price", "stop_price")]
    if (stop_loss := prices["stop_loss"]) is not None:
        fits = fits and all(stop_loss < price for price in own if price is not None)
    try:
        check_order(request)
    except GatewayError:
        assert not fits
    else:
        assert fits


def test_a_change_of_nothing_is_legal() -> None:
    check_change(OrderChange())


@pytest.mark.parametrize("field", sorted({*OrderChange.__struct_fields__} - {"trailing_type"}))
def test_a_change_holds_positive_numbers(field: str) -> None:
    fine: dict[str, Any] = {field: D("0.01")}
    check_change(OrderChange(**fine))
    wrong: dict[str, Any] = {field: D("-0.01")}
    with pytest.raises(InvalidValue) as refused:
        check_change(OrderChange(**wrong))
    assert refused.value.details == {"field": field, "provided": "-0.01"}


@pytest.mark.parametrize(
    "request_",
    [
        ClosePositionRequest(),
        ClosePositionRequest(quantity=D(1)),
        ClosePositionRequest(order_type=M),
        ClosePositionRequest(order_type=L, limit_price=D(1)),
        ClosePositionRequest(limit_price=D(1)),
    ],
)
def test_a_position_closes_at_the_market_or_at_a_limit(request_: ClosePositionRequest) -> None:
    check_close(request_)


@pytest.mark.parametrize(
    ("members", "kind", "details"),
    [
        ({"quantity": D(0)}, InvalidValue, {"field": "quantity", "provided": "0"}),
        ({"order_type": L}, InvalidRequest, {"field": "limit_price"}),
        (
            {"order_type": L, "limit_price": D(-1)},
            InvalidValue,
            {"field": "limit_price", "provided": "-1"},
        ),
        ({"limit_price": D(0)}, InvalidValue, {"field": "limit_price", "provided": "0"}),
        ({"order_type": S}, InvalidValue, {"field": "order_type", "provided": "STOP"}),
        ({"order_type": T}, InvalidValue, {"field": "order_type", "provided": "TRAILING_STOP"}),
    ],
)
def test_other_closings_are_refused(
    members: dict[str, Any], kind: type[GatewayError], details: dict[str, str]
) -> None:
    with pytest.raises(kind) as refused:
        check_close(ClosePositionRequest(**members))
    assert refused.value.details == details


def test_an_exits_change_names_a_leg() -> None:
    check_exits(ExitsChange(stop_loss=D(1)))
    check_exits(ExitsChange(take_profit=D(1)))
    with pytest.raises(ValidationFailed) as refused:
        check_exits(ExitsChange())
    assert refused.value.details is not None
    ((key, (failure,)),) = refused.value.details.items()
    assert key == "__all__"
    assert failure["code"]
    assert failure["message"] is None
    assert failure["params"] == {}


@pytest.mark.parametrize("leg", ["stop_loss", "take_profit"])
def test_exits_trigger_at_positive_prices(leg: str) -> None:
    wrong: dict[str, Any] = {leg: D(0)}
    with pytest.raises(InvalidValue) as refused:
        check_exits(ExitsChange(**wrong))
    assert refused.value.details == {"field": leg, "provided": "0"}

"""W-60: exits on the wrong side of their entry, of the market, or of each other."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tradegw.errors import InvalidValue
from tradegw.model.enums import (
    OrderStatus,
    OrderType,
    PositionSide,
    Side,
    TimeInForce,
    TrailingType,
)
from tradegw.model.market import Quote
from tradegw.model.order import Order, OrderChange, OrderRequest
from tradegw.model.protection import ExitsChange
from tradegw.orders.sides import check_change, check_order, check_position
from tradegw.testing.broker import EPOCH

BUY, SELL = Side.BUY, Side.SELL
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
MARKET, LIMIT, STOP = OrderType.MARKET, OrderType.LIMIT, OrderType.STOP
STOP_LIMIT, TRAILING = OrderType.STOP_LIMIT, OrderType.TRAILING_STOP

Fault = tuple[str, str]
"""The field that is wrong, and the text that says how."""


def market(bid: str = "99", ask: str = "101") -> Quote:
    prices = {"bid": Decimal(bid), "ask": Decimal(ask), "last": Decimal(bid)}
    return Quote(symbol="AAPL", provider="x", timestamp=EPOCH, **prices)


def priced(members: dict[str, Any]) -> dict[str, Any]:
    return {k: Decimal(v) if type(v) is str else v for k, v in members.items()}


def entry(side: Side, order_type: OrderType = MARKET, **members: Any) -> OrderRequest:
    return OrderRequest(
        symbol="AAPL", side=side, quantity=Decimal(1), order_type=order_type, **priced(members)
    )


def order(side: Side, order_type: OrderType, filled: int = 0, **members: Any) -> Order:
    values: dict[str, Any] = {"status": OrderStatus.OPEN, **priced(members)}
    return Order(
        id="o1",
        symbol="AAPL",
        side=side,
        order_type=order_type,
        quantity=Decimal(2),
        filled_quantity=Decimal(filled),
        remaining_quantity=Decimal(2 - filled),
        time_in_force=TimeInForce.GTC,
        created_at=EPOCH,
        updated_at=EPOCH,
        **values,
    )


def fault(check: Callable[[], None]) -> Fault | None:
    try:
        check()
    except InvalidValue as error:
        return (error.details or {})["field"], error.message
    return None


def of_order(request: OrderRequest, quote: Quote | None = None) -> Fault | None:
    return fault(lambda: check_order(request, quote))


def of_change(known: Order, quote: Quote | None = None, **members: str) -> Fault | None:
    return fault(lambda: check_change(known, OrderChange(**priced(members)), quote))


def of_position(side: PositionSide, quote: Quote | None = None, **members: str) -> Fault | None:
    return fault(lambda: check_position(side, ExitsChange(**priced(members)), quote))


ENTRIES = [
    (LIMIT, {"limit_price": "100"}, "limit_price"),
    (STOP, {"stop_price": "100"}, "stop_price"),
    (STOP_LIMIT, {"stop_price": "100", "limit_price": "100"}, "stop_price"),
]


@pytest.mark.parametrize(("order_type", "prices", "name"), ENTRIES)
@pytest.mark.parametrize(
    ("side", "exit_name", "price", "word"),
    [
        (BUY, "stop_loss", "100.5", "below"),
        (BUY, "stop_loss", "100", "below"),
        (BUY, "take_profit", "99.5", "above"),
        (BUY, "take_profit", "100", "above"),
        (SELL, "stop_loss", "99.5", "above"),
        (SELL, "stop_loss", "100", "above"),
        (SELL, "take_profit", "100.5", "below"),
        (SELL, "take_profit", "100.00", "below"),
    ],
)
def test_w60_an_exit_on_the_wrong_side_of_its_entry_is_refused(
    order_type: OrderType,
    prices: dict[str, str],
    name: str,
    side: Side,
    exit_name: str,
    price: str,
    word: str,
) -> None:
    found = of_order(entry(side, order_type, **prices, **{exit_name: price}))
    text = f"{exit_name} {price} of a {side.value} must be {word} its {name} 100"
    assert found == (exit_name, text)


@pytest.mark.parametrize(("order_type", "prices", "name"), ENTRIES)
def test_w60_exits_around_their_entry_are_accepted(
    order_type: OrderType, prices: dict[str, str], name: str
) -> None:
    below, above = "99.99", "100.01"
    buy = entry(BUY, order_type, **prices, stop_loss=below, take_profit=above)
    sell = entry(SELL, order_type, **prices, stop_loss=above, take_profit=below)
    assert of_order(buy) is None, name
    assert of_order(sell) is None, name


@pytest.mark.parametrize(
    ("side", "stop_price", "limit_price", "better"),
    [(BUY, "100", "105", "stop"), (BUY, "100", "95", "limit"), (SELL, "100", "95", "stop")],
)
def test_w60_a_stop_limit_is_judged_by_whichever_of_its_prices_is_better_to_get(
    side: Side, stop_price: str, limit_price: str, better: str
) -> None:
    members: dict[str, Any] = {"stop_price": stop_price, "limit_price": limit_price}
    found = of_order(entry(side, STOP_LIMIT, stop_loss="100", **members))
    assert found is not None
    assert f"its {better}_price" in found[1]


@pytest.mark.parametrize(
    ("side", "exits", "text"),
    [
        (BUY, {"stop_loss": "99"}, "stop_loss 99 of a BUY must be below the bid 99"),
        (BUY, {"take_profit": "101"}, "take_profit 101 of a BUY must be above the ask 101"),
        (SELL, {"stop_loss": "101"}, "stop_loss 101 of a SELL must be above the ask 101"),
        (SELL, {"take_profit": "99"}, "take_profit 99 of a SELL must be below the bid 99"),
        (BUY, {"stop_loss": "98.9", "take_profit": "101.1"}, None),
        (SELL, {"stop_loss": "101.1", "take_profit": "98.9"}, None),
    ],
)
def test_w60_exits_of_a_market_order_stand_outside_the_quote(
    side: Side, exits: dict[str, Any], text: str | None
) -> None:
    found = of_order(entry(side, **exits), market())
    assert (None if found is None else found[1]) == text


UNUSABLE = [None, market("0", "101"), market("99", "0"), market("101", "99")]


@pytest.mark.parametrize("quote", UNUSABLE, ids=["none", "no bid", "no ask", "crossed"])
def test_w60_without_a_quote_exits_of_a_market_order_are_compared_with_each_other(
    quote: Quote | None,
) -> None:
    assert of_order(entry(BUY, stop_loss="500"), quote) is None
    assert of_order(entry(SELL, take_profit="500"), quote) is None
    assert of_order(entry(BUY, stop_loss="1", take_profit="2"), quote) is None
    found = of_order(entry(BUY, stop_loss="2", take_profit="2"), quote)
    assert found == ("stop_loss", "stop_loss 2 of a BUY must be below its take_profit 2")
    found = of_order(entry(SELL, stop_loss="1", take_profit="2"), quote)
    assert found == ("stop_loss", "stop_loss 1 of a SELL must be above its take_profit 2")


@pytest.mark.parametrize(("limit_price", "is_at_once"), [("101", True), ("100.9", False)])
def test_w60_a_limit_through_the_market_is_judged_by_the_market_too(
    limit_price: str, is_at_once: bool
) -> None:
    near = entry(BUY, LIMIT, limit_price=limit_price, stop_loss="98.99")
    assert of_order(near, market()) is None
    found = of_order(entry(BUY, LIMIT, limit_price=limit_price, stop_loss="99"), market())
    assert (found is not None) is is_at_once


@pytest.mark.parametrize(("stop_price", "is_at_once"), [("99", True), ("99.01", False)])
def test_w60_a_stop_that_triggers_at_once_is_judged_by_the_market_too(
    stop_price: str, is_at_once: bool
) -> None:
    plain = entry(BUY, STOP, stop_price=stop_price, take_profit="100.5")
    assert of_order(plain) is None
    assert (of_order(plain, market()) is not None) is is_at_once
    resting = replace(plain, order_type=STOP_LIMIT, limit_price=Decimal(100))
    assert of_order(resting, market()) is None, "below the ask it may not execute at once"


def test_w60_of_a_trailing_entry_only_the_exits_are_compared() -> None:
    trailing: dict[str, Any] = {
        "trailing_distance": "1",
        "trailing_type": TrailingType.ABSOLUTE,
    }
    assert of_order(entry(BUY, TRAILING, **trailing, stop_loss="500"), market()) is None
    crossed = entry(BUY, TRAILING, **trailing, stop_loss="500", take_profit="499")
    assert of_order(crossed, market()) is not None


prices = st.decimals("90", "110", places=1)
maybe = st.none() | prices
quotes = st.none() | st.builds(
    lambda one, two: market(str(min(one, two)), str(max(one, two))), prices, prices
)
requests = st.builds(
    OrderRequest,
    symbol=st.just("AAPL"),
    side=st.sampled_from(Side),
    quantity=st.just(Decimal(1)),
    order_type=st.sampled_from(OrderType),
    limit_price=prices,
    stop_price=prices,
    stop_loss=maybe,
    take_profit=maybe,
)
PRICES = ("limit_price", "stop_price", "stop_loss", "take_profit")


def mirrored(value: Decimal | None) -> Decimal | None:
    return None if value is None else 200 - value


def mirror(quote: Quote | None) -> Quote | None:
    return None if quote is None else market(str(200 - quote.ask), str(200 - quote.bid))


def where(found: Fault | None) -> str | None:
    return None if found is None else found[0]


@given(requests, quotes)
def test_w60_a_sell_is_the_mirror_image_of_a_buy(
    request: OrderRequest, quote: Quote | None
) -> None:
    other = replace(
        request,
        side=request.side.opposite,
        **{name: mirrored(getattr(request, name)) for name in PRICES},
    )
    assert where(of_order(request, quote)) == where(of_order(other, mirror(quote)))


@given(st.sampled_from(PositionSide), maybe, maybe, quotes)
def test_w60_a_short_position_is_the_mirror_image_of_a_long_one(
    side: PositionSide, stop: Decimal | None, target: Decimal | None, quote: Quote | None
) -> None:
    change = ExitsChange(stop_loss=stop, take_profit=target)
    image = ExitsChange(stop_loss=mirrored(stop), take_profit=mirrored(target))
    other = SHORT if side is LONG else LONG
    found = fault(lambda: check_position(side, change, quote))
    assert where(found) == where(fault(lambda: check_position(other, image, mirror(quote))))


@given(requests, quotes, st.sampled_from([Decimal("0.1"), Decimal(5)]))
def test_w60_exits_further_away_are_accepted_as_well(
    request: OrderRequest, quote: Quote | None, more: Decimal
) -> None:
    if of_order(request, quote) is not None:
        return
    away = request.side.sign * more
    stop, target = request.stop_loss, request.take_profit
    wider = replace(
        request,
        stop_loss=None if stop is None else stop - away,
        take_profit=None if target is None else target + away,
    )
    assert of_order(wider, quote) is None


@given(requests, quotes)
def test_w60_what_a_quote_makes_known_only_ever_refuses_more(
    request: OrderRequest, quote: Quote | None
) -> None:
    if of_order(request) is not None:
        assert of_order(request, quote) is not None


# -- changes of an order ---------------------------------------------------------------------------


def test_w60_new_exits_of_a_working_order_are_judged_by_its_price() -> None:
    works = order(BUY, LIMIT, limit_price="100", stop_loss="90", take_profit="110")
    assert of_change(works, stop_loss="99") is None
    assert of_change(works, stop_loss="100") == (
        "stop_loss",
        "stop_loss 100 of a BUY must be below its limit_price 100",
    )
    assert of_change(works, stop_loss="100", limit_price="101") is None


def test_w60_a_new_price_that_leaves_the_exits_on_the_wrong_side_is_what_is_wrong() -> None:
    works = order(BUY, LIMIT, limit_price="100", stop_loss="90", take_profit="110")
    assert of_change(works, limit_price="90") == (
        "limit_price",
        "stop_loss 90 of a BUY must be below its limit_price 90",
    )
    assert of_change(works, limit_price="110") == (
        "limit_price",
        "take_profit 110 of a BUY must be above its limit_price 110",
    )
    assert of_change(works, limit_price="91") is None
    stop = order(SELL, STOP, stop_price="100", stop_loss="110")
    found = of_change(stop, stop_price="111")
    assert found is not None
    assert found[0] == "stop_price"


def test_w60_one_new_exit_is_compared_with_the_other_that_the_order_has() -> None:
    works = order(BUY, MARKET, stop_loss="90", take_profit="110")
    assert of_change(works, stop_loss="110") == (
        "stop_loss",
        "stop_loss 110 of a BUY must be below its take_profit 110",
    )
    assert of_change(works, take_profit="90") == (
        "take_profit",
        "stop_loss 90 of a BUY must be below its take_profit 90",
    )
    assert of_change(works, stop_loss="120", take_profit="130") is None


def test_w60_an_exit_that_is_not_to_be_changed_stops_no_change_of_the_other() -> None:
    works = order(BUY, LIMIT, limit_price="100", stop_loss="105", take_profit="110")
    assert of_change(works, take_profit="120") is None
    assert of_change(works, quantity="3") is None


@pytest.mark.parametrize(
    "held",
    [
        order(BUY, LIMIT, 1, limit_price="100", take_profit="104"),
        order(BUY, LIMIT, 2, limit_price="100", take_profit="104", status=OrderStatus.FILLED),
        order(BUY, LIMIT, limit_price="100", take_profit="104", status=OrderStatus.CANCELLED),
    ],
    ids=["partly filled", "filled", "cancelled"],
)
def test_w60_once_something_is_held_its_exits_are_judged_by_the_market_alone(held: Order) -> None:
    assert of_change(held, market("109", "110"), stop_loss="105") is None
    assert of_change(held, market("109", "110"), stop_loss="109") == (
        "stop_loss",
        "stop_loss 109 of a BUY must be below the bid 109",
    )
    assert of_change(held, stop_loss="105") is None
    assert of_change(held, market("109", "110"), limit_price="1") is None
    assert of_change(held, stop_loss="5", take_profit="4") is not None


@given(requests, st.builds(OrderChange, **dict.fromkeys(PRICES, maybe)), quotes)
def test_w60_what_is_told_to_be_wrong_is_something_that_the_change_names(
    request: OrderRequest, change: OrderChange, quote: Quote | None
) -> None:
    members = {name: getattr(request, name) for name in PRICES}
    known = order(request.side, request.order_type, **members)
    found = fault(lambda: check_change(known, change, quote))
    if found is not None:
        assert getattr(change, found[0]) is not None


# -- positions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "exits", "text"),
    [
        (LONG, {"stop_loss": "99"}, "stop_loss 99 of a LONG position must be below the bid 99"),
        (LONG, {"take_profit": "99"}, "take_profit 99 of a LONG position must be above the bid 99"),
        (
            SHORT,
            {"stop_loss": "101"},
            "stop_loss 101 of a SHORT position must be above the ask 101",
        ),
        (
            SHORT,
            {"take_profit": "101.5"},
            "take_profit 101.5 of a SHORT position must be below the ask 101",
        ),
        (LONG, {"stop_loss": "98.9", "take_profit": "99.1"}, None),
        (SHORT, {"stop_loss": "101.1", "take_profit": "100.9"}, None),
    ],
)
def test_w60_exits_of_a_position_stand_around_the_price_at_which_it_would_be_closed(
    side: PositionSide, exits: dict[str, str], text: str | None
) -> None:
    found = of_position(side, market(), **exits)
    assert (None if found is None else found[1]) == text


def test_w60_without_a_quote_exits_of_a_position_are_compared_with_each_other() -> None:
    assert of_position(LONG, stop_loss="500") is None
    assert of_position(LONG, stop_loss="5", take_profit="6") is None
    assert of_position(SHORT, stop_loss="6", take_profit="5") is None
    assert of_position(LONG, stop_loss="6", take_profit="6") == (
        "stop_loss",
        "stop_loss 6 of a LONG position must be below its take_profit 6",
    )
    assert of_position(SHORT, stop_loss="5", take_profit="6") is not None

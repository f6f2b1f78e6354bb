"""What the gateway wants, as Alpaca takes it; and what is refused before it is sent."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradegw.brokers.alpaca import rules, wire
from tradegw.brokers.alpaca.encoding import (
    OFFSET,
    change_of,
    changes,
    encode,
    new_order,
    stop_limit,
)
from tradegw.brokers.alpaca.rules import Kind
from tradegw.errors import InvalidValue, OrderDenied, UnsupportedOperation
from tradegw.model.enums import OrderType, Side, TimeInForce, TrailingType
from tradegw.model.order import OrderChange

from .stand import request
from .test_decoding import decoded

CENT = Decimal("0.01")


def body(kind: Kind = Kind.STOCK, step: Decimal | None = None, **members: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encode(new_order(request(**members), kind, step)))
    return found


def test_a_market_order_says_no_more_than_it_must() -> None:
    assert body(client_order_id="c1") == {
        "symbol": "AAPL",
        "qty": "10",
        "side": "buy",
        "type": "market",
        "time_in_force": "gtc",
        "client_order_id": "c1",
    }


def test_numbers_leave_as_plain_texts() -> None:
    sent = body(quantity="10.00", order_type=OrderType.LIMIT, limit_price="1E+2")
    assert (sent["qty"], sent["limit_price"]) == ("10", "100")
    assert body(Kind.CRYPTO, quantity="0.000000001")["qty"] == "0.000000001"


def test_a_bracket() -> None:
    sent = body(stop_loss="220", take_profit="240.10")
    assert sent["order_class"] == "bracket"
    assert sent["take_profit"] == {"limit_price": "240.1"}
    assert sent["stop_loss"] == {"stop_price": "220"}


def test_trailing_stops() -> None:
    trailing: dict[str, Any] = {
        "order_type": OrderType.TRAILING_STOP,
        "trailing_distance": "1.50",
    }
    absolute = body(**trailing, trailing_type=TrailingType.ABSOLUTE)
    percent = body(**trailing, trailing_type=TrailingType.PERCENT)
    assert (absolute["trail_price"], percent["trail_percent"]) == ("1.5", "1.5")
    assert not absolute.keys() & {"trail_percent", "stop_price"}


def test_reduce_only_is_an_intent_to_close() -> None:
    assert body(reduce_only=True, side=Side.SELL)["position_intent"] == "sell_to_close"
    assert body(reduce_only=True)["position_intent"] == "buy_to_close"
    assert "position_intent" not in body(Kind.CRYPTO, reduce_only=True)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("order_type", list(OrderType))
@pytest.mark.parametrize("tif", [None, *TimeInForce])
def test_the_rule_matrix(kind: Kind, order_type: OrderType, tif: TimeInForce | None) -> None:
    """Whatever passes the check is in the table; whatever is in it passes."""
    wanted = request(order_type=order_type, time_in_force=tif)
    table = rules.RULES[kind]
    allowed = order_type in table.types and (tif is None or tif in table.times)
    try:
        rules.check(wanted, kind, "AAPL")
    except (InvalidValue, UnsupportedOperation):
        assert not allowed
    else:
        assert allowed
        sent = json.loads(encode(new_order(wanted, kind, None)))
        assert TimeInForce(sent["time_in_force"]) in table.times
        assert (kind, sent["type"]) != (Kind.CRYPTO, "stop")


@pytest.mark.parametrize(
    ("price", "is_fine"),
    [("231.41", True), ("231.411", False), ("0.9858", True), ("0.98581", False), ("1.001", False)],
)
def test_prices_are_in_cents_or_in_hundredths_of_them(price: str, is_fine: bool) -> None:
    if is_fine:
        rules.check_price("limit_price", Decimal(price))
        return
    with pytest.raises(InvalidValue):
        rules.check_price("limit_price", Decimal(price))


def test_brackets_are_of_whole_shares_and_fixed_exits() -> None:
    exits = {"stop_loss": "220"}
    assert rules.is_bracket(request(**exits), Kind.STOCK)
    assert not rules.is_bracket(request(), Kind.STOCK)
    assert not rules.is_bracket(request(**exits), Kind.FRACTION)
    assert not rules.is_bracket(request(**exits), Kind.CRYPTO)
    assert not rules.is_bracket(request(**exits, time_in_force=TimeInForce.IOC), Kind.STOCK)


def test_what_cannot_be_traded_is_denied() -> None:
    asset = wire.Asset(id="1", symbol="AAPL", tradable=False)
    with pytest.raises(OrderDenied):
        rules.check_asset(request(), asset, Kind.STOCK)


@given(
    st.sampled_from(list(Side)),
    st.decimals(min_value="0.000001", max_value=10**6, places=6),
    st.sampled_from(["0.01", "0.0000001", "0.5", "1"]),
)
def test_the_limit_of_a_stop_is_on_its_step_and_beyond_it(
    side: Side, stop: Decimal, step: str
) -> None:
    """Never nearer than the offset, and by less than a step further; never at no price."""
    limit, size = stop_limit(side, stop, Decimal(step)), Decimal(step)
    assert limit % size == 0
    assert limit > 0
    aim = stop * (1 + OFFSET * side.sign)
    beyond = (limit - aim) * side.sign
    assert 0 <= beyond < size or limit == size


def test_a_change_tells_the_quantity_and_a_new_name() -> None:
    sent = json.loads(encode(change_of(decoded(), OrderChange(limit_price=Decimal(412)), "c1~a")))
    assert sent == {"client_order_id": "c1~a", "qty": "12", "limit_price": "412"}


def test_a_change_in_a_bracket_is_of_prices_alone() -> None:
    change = change_of(decoded(), OrderChange(limit_price=Decimal(412)), "c1~a", in_bracket=True)
    assert json.loads(encode(change)) == {"client_order_id": "c1~a", "limit_price": "412"}


def test_a_limit_that_its_client_chose_stays_where_it_is() -> None:
    """Only the limit that was made here goes with the stop."""
    chosen = decoded(type="stop_limit", side="sell", stop_price="2900", limit_price="2850")
    move = OrderChange(stop_price=Decimal(2950))
    assert change_of(chosen, move, "n", price_step=CENT).limit_price is None
    ours = decoded(type="stop_limit", side="sell", stop_price="2900", limit_price="2784")
    assert change_of(ours, move, "n", price_step=CENT).limit_price == "2832"


def test_exits_are_changed_apart_from_the_order() -> None:
    found = changes(OrderChange(limit_price=Decimal(1), stop_loss=Decimal(2)))
    assert found.own == OrderChange(limit_price=Decimal(1))
    assert (found.stop_loss, found.take_profit) == (Decimal(2), None)
    assert changes(OrderChange(take_profit=Decimal(3))).own is None
    with pytest.raises(UnsupportedOperation):
        changes(OrderChange(trailing_distance=Decimal(1), trailing_type=TrailingType.PERCENT))

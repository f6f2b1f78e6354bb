"""What is sent, name by name."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tradegw.brokers.binance.query import number
from tradegw.brokers.binance.spot import encoding, ids
from tradegw.errors import OrderNotFound
from tradegw.model.enums import OrderType, Side

from .test_rules import request


def sent(*parts: tuple[str, str]) -> dict[str, str]:
    found = dict(parts)
    assert len(found) == len(parts)
    return found


def test_a_limit_order() -> None:
    assert sent(*encoding.new_order(request(client_order_id="gw-7f3a01"))) == {
        "symbol": "SOLUSDC",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "2",
        "price": "130",
        "newClientOrderId": "gw-7f3a01",
        "newOrderRespType": "FULL",
    }


def test_a_market_order_has_neither_price_nor_time() -> None:
    made = sent(*encoding.new_order(request(order_type=OrderType.MARKET, limit_price=None)))
    assert not {"price", "timeInForce", "stopPrice"} & made.keys()


@pytest.mark.parametrize(
    ("order_type", "members", "kind", "timed"),
    [
        (OrderType.LIMIT, {"post_only": True}, "LIMIT_MAKER", False),
        (OrderType.STOP, {"limit_price": None, "stop_price": "120"}, "STOP_LOSS", False),
        (OrderType.STOP_LIMIT, {"stop_price": "120"}, "STOP_LOSS_LIMIT", True),
    ],
)
def test_types_by_their_names(
    order_type: OrderType, members: dict[str, object], kind: str, timed: bool
) -> None:
    made = sent(*encoding.new_order(request(order_type=order_type, **members)))
    assert made["type"] == kind
    assert ("timeInForce" in made) is timed
    assert made["newOrderRespType"] == "FULL"  # else the answer of a stop tells next to nothing


@given(some.decimals("0.00000000001", "1e15", allow_nan=False, allow_infinity=False))
def test_2_numbers_have_no_exponent(value: Decimal) -> None:
    text = number(value)
    assert "E" not in text.upper()
    assert Decimal(text) == value


def test_numbers_that_python_would_write_with_one() -> None:
    assert number(Decimal("1E-7")) == "0.0000001"
    assert number(Decimal("1E+2")) == "100"
    assert number(Decimal("150.00")) == "150"


def test_a_limit_entry_leaves_with_both_exits_for_what_it_receives() -> None:
    asked = request(client_order_id="c-1", stop_loss="125", take_profit="160")
    made = sent(*encoding.bracket(asked))
    assert "pendingQuantity" not in made  # what was received, less fees, is known to the exchange
    assert made["workingType"] == "LIMIT"
    assert made["workingClientOrderId"] == "c-1"
    assert (made["pendingSide"], made["pendingAboveType"]) == ("SELL", "LIMIT_MAKER")
    assert (made["pendingAbovePrice"], made["pendingBelowStopPrice"]) == ("160", "125")
    for name in ("pendingAboveClientOrderId", "pendingBelowClientOrderId"):
        assert ids.is_beside(made[name])
        assert ids.CLIENT_IDS.fits(made[name])


def test_the_exits_of_a_market_buy_name_their_entry() -> None:
    asked = request(order_type=OrderType.MARKET, stop_loss="125", take_profit="160")
    made = sent(*encoding.exits_of(asked, 9013344211, Decimal("2.497")))
    assert (made["side"], made["quantity"]) == ("SELL", "2.497")
    assert (made["aboveType"], made["abovePrice"]) == ("LIMIT_MAKER", "160")
    assert (made["belowType"], made["belowStopPrice"]) == ("STOP_LOSS", "125")
    for name in ("aboveClientOrderId", "belowClientOrderId"):
        assert ids.entry_behind("SOLUSDC", made[name]) == "SOLUSDC:9013344211"
        assert ids.CLIENT_IDS.fits(made[name])
    assert ids.CLIENT_IDS.fits(ids.behind(10**18, ids.STOP_LOSS))


# -- ids


def test_20_an_id_carries_its_symbol() -> None:
    asked = ids.parse("SOLUSDC:9013344210")
    assert (asked.symbol, asked.number) == ("SOLUSDC", 9013344210)
    assert str(asked) == "SOLUSDC:9013344210"
    assert ids.parse("币安人生USDT:7").symbol == "币安人生USDT"


@pytest.mark.parametrize(
    "bad", ["", "9013344210", "SOLUSDC:", "SOLUSDC:x", "../orders", "A:1:2", "A:\u0661"]
)
def test_what_is_no_id_is_not_found(bad: str) -> None:
    with pytest.raises(OrderNotFound):
        ids.parse(bad)


def test_client_order_ids_that_do_not_fit_are_not_cut() -> None:
    assert ids.CLIENT_IDS.fits("gw-7f3a01_A")
    assert not ids.CLIENT_IDS.fits("x" * 37)
    assert not ids.CLIENT_IDS.fits("with space")
    assert not ids.CLIENT_IDS.unique


def test_side_is_told_by_its_name() -> None:
    assert dict(encoding.new_order(request(side=Side.SELL)))["side"] == "SELL"

"""Values to JSON (protocol 1.1)."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model.test_money import sane_decimals
from tests.orders.samples import an_order
from tradegw.model import wire
from tradegw.model.account import Account
from tradegw.model.enums import AlertCode, OrderStatus, Platform, StalenessEventKind, Timeframe
from tradegw.model.events import AlertEvent, FinancingEvent, PingEvent, StalenessEvent
from tradegw.model.market import BarQuery
from tradegw.model.order import Order, OrderRequest

NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)
PLAIN = re.compile(r"-?\d+(\.\d+)?")


def shown(value: Any) -> Any:
    return json.loads(wire.encode(value))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("150.00", "150.00"),
        ("1E-8", "0.00000001"),
        ("0E-7", "0.0000000"),
        ("1E+5", "100000"),
        ("-0", "0"),
        ("-0.00", "0.00"),
        ("-0.5", "-0.5"),
    ],
)
def test_a_decimal_is_text_in_plain_notation(text: str, expected: str) -> None:
    assert shown({"price": Decimal(text)}) == {"price": expected}
    assert shown([Decimal(text)]) == [expected]


@given(st.lists(sane_decimals(), max_size=5), st.text(max_size=20))
def test_no_exponent_ever_wherever_decimals_are_and_whatever_stands_beside(
    values: list[Decimal], text: str
) -> None:
    nested = {"deep": [{"values": values, "text": text}], "at": NOON}
    answer = shown(nested)
    texts = answer["deep"][0]["values"]
    assert all(PLAIN.fullmatch(one) for one in texts)
    assert [Decimal(one) for one in texts] == values
    assert not any(one.startswith("-") and Decimal(one) == 0 for one in texts)
    assert answer["deep"][0]["text"] == text
    assert answer["at"] == "2025-01-15T12:00:00Z"


@given(sane_decimals(), sane_decimals(), sane_decimals())
def test_an_order_comes_back_as_it_left(quantity: Decimal, filled: Decimal, price: Decimal) -> None:
    order = msgspec.structs.replace(
        an_order(client_order_id='E-1 "-0" 1E+5'),
        quantity=quantity,
        filled_quantity=filled,
        stop_price=price,
    )
    assert msgspec.json.decode(wire.encode(order), type=Order) == order


@given(
    st.datetimes(
        datetime(1970, 1, 1),  # noqa: DTZ001  (hypothesis adds the zone)
        datetime(2200, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    )
)
def test_times_are_utc_with_a_z_and_at_most_six_places(at: datetime) -> None:
    text = shown(PingEvent(timestamp=at))["timestamp"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", text)
    assert datetime.fromisoformat(text) == at


def test_a_decimal_is_never_a_number_and_numbers_stay_numbers() -> None:
    event = StalenessEvent(timestamp=NOON, event=StalenessEventKind.STALE, symbols=("AAPL",))
    assert shown(FinancingEvent(timestamp=NOON, symbol="X", amount=Decimal("-4.5873"))) == {
        "type": "financing",
        "symbol": "X",
        "amount": "-4.5873",
        "timestamp": "2025-01-15T12:00:00Z",
    }
    assert shown(event)["symbols"] == ["AAPL"]
    assert shown({"count": 3, "ok": True}) == {"count": 3, "ok": True}


def test_what_has_no_value_is_absent() -> None:
    assert set(shown(an_order())) == {
        "id",
        "symbol",
        "side",
        "order_type",
        "quantity",
        "filled_quantity",
        "remaining_quantity",
        "status",
        "time_in_force",
        "created_at",
        "updated_at",
    }


def test_false_is_a_value() -> None:
    assert shown(an_order(reduce_only=False))["reduce_only"] is False


def test_details_may_hold_nulls_decimals_and_enums() -> None:
    details = {"a": None, "b": Decimal("1E-9"), "c": [Platform.MOCK], "d": OrderStatus.OPEN}
    alert = AlertEvent(timestamp=NOON, code=AlertCode.LIQUIDATION, message="m", details=details)
    assert shown(alert)["details"] == {
        "a": None,
        "b": "0.000000001",
        "c": ["mock"],
        "d": "OPEN",
    }


def test_an_account_has_every_member_even_if_it_is_zero() -> None:
    zero = Decimal(0)
    account = Account(
        balance=zero,
        equity=zero,
        margin_used=zero,
        margin_available=zero,
        unrealized_pnl=zero,
        currency="USD",
    )
    of_engines = {"realized_pnl", "total_commission"}  # which others do not tell
    assert set(shown(account)) == set(Account.__struct_fields__) - of_engines


@pytest.mark.parametrize("side", ["buy", "BUY", "Buy"])
def test_words_are_read_in_any_letter_case(side: str) -> None:
    body = json.dumps({"symbol": "A", "side": side, "quantity": "1", "order_type": "Market"})
    request = msgspec.json.decode(body, type=OrderRequest)
    assert shown(request)["side"] == "BUY"
    assert shown(request)["order_type"] == "MARKET"


@pytest.mark.parametrize("text", ['"1E-3"', '"0.001"', "0.001", "1e-3"])
def test_numbers_are_read_from_their_text_and_never_through_a_float(text: str) -> None:
    body = f'{{"symbol":"A","side":"buy","quantity":{text},"order_type":"market"}}'
    assert msgspec.json.decode(body, type=OrderRequest).quantity == Decimal("0.001")


def test_a_long_number_is_read_exactly() -> None:
    body = (
        b'{"symbol":"A","side":"buy","order_type":"market",'
        b'"quantity":0.1234567890123456789012345678}'
    )
    request = msgspec.json.decode(body, type=OrderRequest)
    assert str(request.quantity) == "0.1234567890123456789012345678"


def test_timeframes_are_exact() -> None:
    assert msgspec.json.decode(b'{"timeframe":"1m"}', type=BarQuery).timeframe is Timeframe.M1
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"timeframe":"1M"}', type=BarQuery)

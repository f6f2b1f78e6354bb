"""JSON bodies."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rest.memory import Gateway
from tradegw.errors import InvalidRequest
from tradegw.model.enums import MarginMode, OrderType, Side, TimeInForce, TrailingType
from tradegw.model.money import is_sane
from tradegw.model.order import ClosePositionRequest, OrderRequest
from tradegw.rest.bodies import BodyReader

JSON = b"application/json"
MARKET = {"symbol": "AAPL", "side": "buy", "quantity": "100", "order_type": "market"}

reader = BodyReader(OrderRequest)
closing = BodyReader(ClosePositionRequest, optional=True)


def read(body: dict[str, Any]) -> OrderRequest:
    return reader.read(json.dumps(body).encode(), JSON)


def with_quantity(text: str) -> bytes:
    return json.dumps(MARKET).replace('"100"', text).encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"100"', "100"),
        ("100", "100"),
        ("0.1", "0.1"),
        ("0.1000000000000000055511151231", "0.1000000000000000055511151231"),
        ('"150.00"', "150.00"),
        ('"1e3"', "1E+3"),
        ("1.5E-3", "0.0015"),
        ('"+5"', "5"),
        ('".5"', "0.5"),
        ('"5."', "5"),
        ('"\\u0031\\u0030"', "10"),
        ('"9999999999999999999999999999"', "9999999999999999999999999999"),
        ('"0.0000000000000000000000000001"', "0.0000000000000000000000000001"),
    ],
)
def test_decimals_are_exact_from_string_or_number(text: str, expected: str) -> None:
    quantity = reader.read(with_quantity(text), JSON).quantity
    assert str(quantity) == str(Decimal(expected))


@pytest.mark.parametrize(
    "text",
    [
        '""',
        '"NaN"',
        '"sNaN"',
        '"Infinity"',
        '"-inf"',
        '"1_000"',
        '" 1"',
        '"1 "',
        '"1\\n"',
        '"\\u0661"',
        '"\u0661"',
        '"\uff11"',
        '"0x10"',
        '"1,000"',
        '"1e"',
        '"--1"',
        '"."',
        '"1e99"',
        "1e99",
        '"1e-99"',
        '"1e99999999999999999999"',
        "1e-99999999999999999999",
        '"12345678901234567890123456789"',
        "0.12345678901234567890123456789",
        "1" * 5000,
        "true",
        "[]",
        "{}",
        '["1"]',
        "null",
    ],
)
def test_what_is_not_a_sane_decimal_is_refused_by_name(gateway: Gateway, text: str) -> None:
    client = gateway.connect()
    reply = client.ask("POST", "/v1/orders", with_quantity(text))
    assert (reply.status, reply.code, reply.field) == (400, "INVALID_REQUEST", "quantity")
    assert gateway.calls == []
    assert client.ask("POST", "/v1/orders", MARKET).status == 201


@given(st.decimals(allow_nan=False, allow_infinity=False).filter(is_sane), st.booleans())
def test_every_sane_decimal_survives(value: Decimal, as_number: bool) -> None:
    text = format(value, "f")
    body = with_quantity(text if as_number else f'"{text}"')
    assert str(reader.read(body, JSON).quantity) == str(Decimal(text) if text != "-0" else value)


@pytest.mark.parametrize("spell", [str.upper, str.lower, str.title])
def test_words_are_read_in_any_case_and_kept_in_their_own(spell: Any) -> None:
    request = read(
        {
            "symbol": "AAPL",
            "side": spell("SELL"),
            "quantity": 1,
            "order_type": spell("TRAILING_STOP"),
            "trailing_type": spell("PERCENT"),
            "time_in_force": spell("FOK"),
            "margin_mode": spell("ISOLATED"),
        }
    )
    assert request.side is Side.SELL
    assert request.order_type is OrderType.TRAILING_STOP
    assert request.trailing_type is TrailingType.PERCENT
    assert request.time_in_force is TimeInForce.FOK
    assert request.margin_mode is MarginMode.ISOLATED


def test_null_is_absent_for_every_optional_member() -> None:
    optional = set(OrderRequest.__struct_fields__) - set(MARKET)
    assert read(MARKET | dict.fromkeys(optional)) == read(MARKET)


@pytest.mark.parametrize("member", sorted(MARKET))
def test_a_required_member_may_be_neither_missing_nor_null(member: str) -> None:
    for body in (
        {k: v for k, v in MARKET.items() if k != member},
        MARKET | {member: None},
    ):
        with pytest.raises(InvalidRequest) as refused:
            read(body)
        assert refused.value.details == {"field": member}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("symbol", 7),
        ("symbol", ["A"]),
        ("side", "LONG"),
        ("side", 1),
        ("side", ""),
        ("order_type", "ICEBERG"),
        ("order_type", " market"),
        ("time_in_force", "GTD"),
        ("trailing_type", "%"),
        ("reduce_only", 1),
        ("reduce_only", "true"),
        ("post_only", 0),
        ("hidden", {}),
        ("client_order_id", 12),
        ("position_id", True),
        ("margin_mode", "x - at `$.symbol`"),
    ],
)
def test_a_member_of_the_wrong_kind_is_named(member: str, value: object) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(MARKET | {member: value})
    assert refused.value.details == {"field": member}


@pytest.mark.parametrize("half", ["\\ud800", "A\\uDBFF", "\\udc00x", "\\ud800\\ud800"])
@pytest.mark.parametrize("member", ["symbol", "client_order_id", "x"])
def test_half_a_character_is_called_that(member: str, half: str) -> None:
    raw = json.dumps(MARKET)[:-1].replace('"symbol": "AAPL", ', "") + f', "{member}": "{half}"}}'
    with pytest.raises(InvalidRequest, match=r"half of a surrogate pair \(\\u[dD]"):
        reader.read(raw.encode(), JSON)


def test_a_whole_pair_is_a_character_and_broken_json_stays_broken() -> None:
    assert read(MARKET | {"client_order_id": "\U0001f600"}).client_order_id == "\U0001f600"
    with pytest.raises(InvalidRequest, match="not valid JSON"):
        reader.read(b'{"symbol": "\\ud83d\\ude00", ', JSON)


def test_unknown_members_are_ignored_whatever_they_hold() -> None:
    extra = {"cancel_associated_orders": True, "x": {"a:b": [1, {"c": ":"}]}, "y": 'q": "'}
    assert read(MARKET | extra) == read(MARKET)


@pytest.mark.parametrize(
    "repeated",
    ['"symbol":"MSFT"', '"quantity":5', '"unknown":1,"unknown":1', '"s\\u0069de":"sell"'],
)
def test_a_member_named_twice_is_refused(repeated: str) -> None:
    body = json.dumps(MARKET)[:-1] + f",{repeated}}}"
    with pytest.raises(InvalidRequest, match="twice"):
        reader.read(body.encode(), JSON)


def test_equal_names_at_different_depths_are_not_twice() -> None:
    body = json.dumps(
        MARKET | {"x": {"symbol": 1, "side": {"symbol": 2}}, "y": [{"x": 1}, {"x": 2}]}
    )
    assert reader.read(body.encode(), JSON) == read(MARKET)


def test_colons_in_values_are_not_members() -> None:
    assert read(MARKET | {"symbol": "EURUSD:FxSpot"}).symbol == "EURUSD:FxSpot"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"{",
        b'{"symbol":',
        b"}",
        b"[]",
        b"null",
        b"7",
        b'"text"',
        b"symbol=AAPL",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"symbol":"\xff"}',
        b'{"symbol":"A\x00"}',
        b'{"symbol":"\\ud800"}',
        b"{'symbol':'A'}",
        b'{"a":1,}',
        b'{"a":NaN}',
        b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}",
        json.dumps(MARKET).encode() + b"x",
        json.dumps(MARKET).encode() * 2,
        json.dumps(MARKET).encode("utf-16"),
    ],
)
def test_what_is_not_one_json_object_is_refused(gateway: Gateway, raw: bytes) -> None:
    client = gateway.connect()
    for method, path in (("POST", "/v1/orders"), ("PATCH", "/v1/orders/1")):
        reply = client.ask(method, path, raw)
        assert (reply.status, reply.code) == (400, "INVALID_REQUEST")
    assert gateway.calls == []


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=utf-8;x=y",
        "application/vnd.api+json",
        "application/merge-patch+json ; q=1",
    ],
)
def test_json_goes_by_many_names(gateway: Gateway, content_type: str) -> None:
    reply = gateway.ask("POST", "/v1/orders", MARKET, Content_Type=content_type)
    assert reply.status == 201


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/jsonx", "application/x-www-form-urlencoded", "+json", "json"],
)
def test_a_body_that_does_not_say_it_is_json_is_refused(
    gateway: Gateway, content_type: str
) -> None:
    for method, path in (("POST", "/v1/orders"), ("PATCH", "/v1/positions/1")):
        reply = gateway.ask(method, path, MARKET, Content_Type=content_type)
        assert (reply.status, reply.code) == (400, "INVALID_REQUEST")
        assert "details" not in reply.json
    assert gateway.calls == []


def test_no_body_at_all_is_refused_where_one_is_needed(gateway: Gateway) -> None:
    for method, path in (
        ("POST", "/v1/orders"),
        ("PATCH", "/v1/orders/1"),
        ("PATCH", "/v1/positions/1"),
    ):
        assert gateway.ask(method, path).code == "INVALID_REQUEST"


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        (b"", None),
        (b"", JSON),
        (b"", b"text/plain"),
        (b"{}", JSON),
        (b"{}", None),
        (b"null", JSON),
        (b" null ", None),
        (b'{"cancel_associated_orders":true}', JSON),
    ],
)
def test_an_optional_body_may_be_left_out(raw: bytes, content_type: bytes | None) -> None:
    assert closing.read(raw, content_type) == ClosePositionRequest()


def test_a_body_without_content_type_is_read_not_dropped() -> None:
    assert closing.read(b'{"quantity":"5"}', None).quantity == Decimal(5)


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        (b'{"quantity":"5"', JSON),
        (b'{"quantity":"5"', None),
        (b" ", JSON),
        (b"quantity=5", b"application/x-www-form-urlencoded"),
        (b'{"quantity":"5"}', b"text/plain"),
        (b"[]", JSON),
        (b'{"quantity":"all"}', JSON),
        (b'{"quantity":1,"quantity":2}', JSON),
    ],
)
def test_a_body_that_cannot_be_read_closes_nothing(
    gateway: Gateway, raw: bytes, content_type: bytes | None
) -> None:
    kind = (content_type or b"").decode()
    reply = gateway.ask("DELETE", "/v1/positions/p1", raw, Content_Type=kind)
    assert (reply.status, reply.code) == (400, "INVALID_REQUEST")
    assert gateway.calls == []


def test_error_messages_do_not_repeat_what_is_long() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(MARKET | {"side": " - at `$." + "x" * 100_000})
    assert refused.value.details == {"field": "side"}
    assert len(refused.value.message) < 300
    with pytest.raises(InvalidRequest) as refused:
        reader.read(b'{"%b":1,"%b":1}' % (b"k" * 9999, b"k" * 9999), JSON)
    assert len(str(refused.value.details)) < 300

"""Orders on their way out, and what comes back, word by word and digit by digit."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradegw.brokers.tektii import decoding, rules, wire
from tradegw.brokers.tektii.asked import Asked, Remembered
from tradegw.brokers.tektii.encoding import new_order
from tradegw.brokers.tektii.frames import Candle, Unreadable, ack, frame_of, id_in
from tradegw.brokers.tektii.times import moment
from tradegw.errors import InvalidValue
from tradegw.model.enums import (
    MarginMode,
    OrderStatus,
    OrderType,
    RejectReason,
    Side,
    Timeframe,
    TimeInForce,
    TrailingType,
)
from tradegw.model.wire import encode

from .stand import request

ORDER = {
    "id": "o-17",
    "client_order_id": "s1-0007",
    "symbol": "F:EURUSD",
    "side": "buy",
    "order_type": "stop_limit",
    "quantity": "1000",
    "filled_quantity": "400",
    "average_fill_price": "1.08012",
    "price": "1.0800",
    "limit_price": "1.0805",
    "status": "partially_filled",
    "time_in_force": "gtc",
    "position_id": "pos-3",
    "created_at": 1704067200000,
    "executed_at": 1704067260000,
}
TRADE = {
    "id": "trade-001",
    "order_id": "o-17",
    "position_id": "pos-3",
    "symbol": "C:BTCUSD",
    "side": "sell",
    "quantity": "0.5",
    "price": "45000",
    "commission": "1",
    "timestamp": 1704067200000,
}


def order(**members: Any) -> Any:
    shown = {**ORDER, **members}
    text = msgspec.json.encode({name: value for name, value in shown.items() if value is not None})
    return decoding.order_from(wire.read(text, wire.Order))


# -- the order request


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, {"order_type": "market"}),
        (
            {"order_type": OrderType.LIMIT, "limit_price": "1.0795", "client_order_id": "s1-7"},
            {"order_type": "limit", "limit_price": "1.0795", "client_order_id": "s1-7"},
        ),
        (
            {"order_type": OrderType.STOP, "stop_price": "1.09", "side": Side.SELL},
            {"order_type": "stop", "stop_price": "1.09", "side": "sell"},
        ),
        (
            {
                "order_type": OrderType.STOP_LIMIT,
                "stop_price": "1.09",
                "limit_price": "1.10",
                "position_id": "pos-3",
                "reduce_only": True,
            },
            {
                "order_type": "stop_limit",
                "stop_price": "1.09",
                "limit_price": "1.10",
                "position_id": "pos-3",
                "reduce_only": True,
            },
        ),
        (
            {"order_type": OrderType.LIMIT, "limit_price": "1", "time_in_force": TimeInForce.IOC},
            {"order_type": "limit", "limit_price": "1", "time_in_force": "ioc"},
        ),
        ({"quantity": "1E+3", "time_in_force": TimeInForce.GTC}, {"order_type": "market"}),
    ],
)
def test_every_member_of_an_order_is_written_numbers_as_plain_texts(
    members: dict[str, Any], expected: dict[str, Any]
) -> None:
    usual = {
        "symbol": "F:EURUSD",
        "side": "buy",
        "order_type": "market",
        "quantity": "1000",
        "limit_price": None,
        "stop_price": None,
        "client_order_id": None,
        "position_id": None,
        "reduce_only": False,
        "time_in_force": "gtc",
    }
    wanted = request(**members)
    rules.check(wanted)
    assert msgspec.json.decode(msgspec.json.encode(new_order(wanted))) == {**usual, **expected}


@pytest.mark.parametrize(
    ("members", "field", "provided"),
    [
        ({"trailing_distance": "5"}, "trailing_distance", "5"),
        ({"margin_mode": MarginMode.CROSS}, "margin_mode", "CROSS"),
        ({"leverage": "3"}, "leverage", "3"),
        ({"display_quantity": "1"}, "display_quantity", "1"),
        ({"post_only": True}, "post_only", "true"),
        ({"hidden": True}, "hidden", "true"),
        ({"order_type": OrderType.TRAILING_STOP}, "order_type", "TRAILING_STOP"),
        ({"time_in_force": TimeInForce.DAY}, "time_in_force", "DAY"),
        ({"time_in_force": TimeInForce.FOK}, "time_in_force", "FOK"),
        (
            {
                "order_type": OrderType.STOP,
                "stop_price": "1",
                "time_in_force": TimeInForce.IOC,
            },
            "time_in_force",
            "IOC",
        ),
        (
            {
                "order_type": OrderType.STOP_LIMIT,
                "stop_price": "1",
                "limit_price": "1",
                "time_in_force": TimeInForce.IOC,
            },
            "time_in_force",
            "IOC",
        ),
        ({"hidden": True, "trailing_distance": "5"}, "trailing_distance", "5"),  # in that order
    ],
)
def test_what_the_engine_does_not_have_is_refused_by_field_and_word(
    members: dict[str, Any], field: str, provided: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        rules.check(request(**members))
    assert refused.value.details == {"field": field, "provided": provided}


def test_exits_groups_and_flags_that_are_off_are_not_refused() -> None:
    rules.check(request(stop_loss="1", take_profit="2", oco_group_id="g", post_only=False))
    rules.check(request(trailing_type=TrailingType.PERCENT, hidden=False, reduce_only=True))


# -- orders


@pytest.mark.parametrize(
    ("kind", "price", "limit", "expected"),
    [
        ("market", "0", None, (None, None)),
        ("market", "7", "8", (None, None)),
        ("limit", "7", None, ("7", None)),
        ("limit", "7", "8", ("7", None)),
        ("stop", "7", None, (None, "7")),
        ("stop_limit", "7", "8", ("8", "7")),
        ("stop_limit", "0", "8", ("8", None)),
        ("limit", "0", None, (None, None)),
    ],
)
def test_the_one_price_is_a_limit_or_a_stop_by_the_kind_of_order(
    kind: str, price: str, limit: str | None, expected: tuple[str | None, str | None]
) -> None:
    found = order(order_type=kind, price=price, limit_price=limit)
    prices = (found.limit_price, found.stop_price)
    assert prices == tuple(None if each is None else Decimal(each) for each in expected)


def test_an_order_as_a_whole() -> None:
    assert msgspec.json.decode(encode(order())) == {
        "id": "o-17",
        "client_order_id": "s1-0007",
        "symbol": "F:EURUSD",
        "side": "BUY",
        "order_type": "STOP_LIMIT",
        "quantity": "1000",
        "filled_quantity": "400",
        "remaining_quantity": "600",
        "average_fill_price": "1.08012",
        "stop_price": "1.0800",
        "limit_price": "1.0805",
        "status": "PARTIALLY_FILLED",
        "time_in_force": "GTC",
        "position_id": "pos-3",
        "created_at": "2024-01-01T00:00:00Z",
        "updated_at": "2024-01-01T00:01:00Z",
    }


def test_open_and_partly_filled_is_partially_filled() -> None:
    assert order(status="open").status is OrderStatus.PARTIALLY_FILLED
    assert order(status="open", filled_quantity="0").status is OrderStatus.OPEN
    assert order(status="open", filled_quantity="0").average_fill_price is None


def test_a_time_in_force_that_is_missing_is_gtc_and_ioc_is_kept() -> None:
    assert order(time_in_force=None).time_in_force is TimeInForce.GTC
    assert order(time_in_force="ioc").time_in_force is TimeInForce.IOC


def test_it_was_updated_at_the_latest_of_its_times() -> None:
    found = order(cancelled_at=1704067320000, rejected_at=1704067300000, status="cancelled")
    assert found.updated_at == datetime(2024, 1, 1, 0, 2, tzinfo=UTC)
    assert order(executed_at=None).updated_at == datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("insufficient_margin", RejectReason.INSUFFICIENT_MARGIN),
        ("invalid_symbol", RejectReason.SYMBOL_NOT_TRADEABLE),
        ("invalid_quantity", RejectReason.INVALID_QUANTITY),
        ("position_size_limit_exceeded", RejectReason.INVALID_QUANTITY),
        ("price_out_of_bounds", RejectReason.INVALID_PRICE),
        ("reduce_only_violated", RejectReason.REDUCE_ONLY_VIOLATED),
        ("position_not_found", RejectReason.UNKNOWN),
        ("no idea", RejectReason.UNKNOWN),
        (None, RejectReason.UNKNOWN),
    ],
)
def test_every_reason_of_a_rejection(text: str | None, expected: RejectReason) -> None:
    assert order(status="rejected", reject_reason=text).reject_reason is expected
    assert order(status="open", reject_reason=text).reject_reason is None


def test_what_the_engine_does_not_say_is_remembered_from_the_submit() -> None:
    remembered = Remembered()
    asked = remembered.sending(
        request(client_order_id="s1-0007", reduce_only=True, stop_loss="1.07")
    )
    assert remembered.of("o-17", "s1-0007") == asked
    assert remembered.of("o-18", "another") is None
    remembered.accepted("o-18", asked)
    found = decoding.order_from(
        wire.read(msgspec.json.encode({**ORDER, "id": "o-18"}), wire.Order),
        remembered.of("o-18", None) or Asked(),
    )
    assert (found.reduce_only, found.stop_loss) == (True, Decimal("1.07"))


# -- numbers and times


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'"1.0801"', "1.0801"),
        (b"1.0801", "1.0801"),
        (b"45000", "45000"),
        (b'"1e2"', "1E+2"),
        (b"0.1234567890123456789012345", "0.1234567890123456789012345"),
        (b'"1.0801333333333333333333333333"', "1.0801333333333333333333333333"),
    ],
)
def test_decimals_come_as_text_whole_number_or_fraction_and_keep_their_digits(
    raw: bytes, expected: str
) -> None:
    text = msgspec.json.encode(TRADE).replace(b'"45000"', raw)
    trade = decoding.trade_from(wire.read(text, wire.Trade))
    assert str(trade.price) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"12345.67", "12345.67"),
        (b"10000.0", "10000"),
        (b"0.1", "0.1"),
        (b'"153"', "153"),
        (b"null", "0"),
        (b"1e400", "0"),
        (b'"NaN"', "0"),
    ],
)
def test_a_volume_is_told_by_the_digits_of_its_number(raw: bytes, expected: str) -> None:
    text = b'{"timestamp":0,"open":1,"high":1,"low":1,"close":1,"volume":' + raw + b"}"
    bar = decoding.bar_from("AAPL", Timeframe.M1, wire.read(text, wire.Bar))
    assert str(bar.volume) == expected


@given(st.integers(0, wire.LAST_MS))
def test_times_make_the_round_trip_to_the_millisecond(milliseconds: int) -> None:
    at = moment(milliseconds)
    assert round(at.timestamp() * 1000) == milliseconds


def test_zero_is_1970_and_what_is_no_time_is_unreadable() -> None:
    assert order(created_at=0, executed_at=None).created_at == datetime(1970, 1, 1, tzinfo=UTC)
    for odd in (-1, 1.5, wire.LAST_MS + 1, "1704067200000"):
        with pytest.raises(msgspec.ValidationError):
            order(created_at=odd)


@pytest.mark.parametrize("odd", [{"quantity": "NaN"}, {"price": "Infinity"}, {"quantity": "1E+99"}])
def test_a_number_that_is_none_is_not_told(odd: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="number"):
        order(**odd)


# -- trades, money, prices


def test_a_trade_may_say_nothing_of_liquidation() -> None:
    trade = decoding.trade_from(wire.read(msgspec.json.encode(TRADE), wire.Trade))
    assert (trade.liquidation, trade.commission_currency, trade.is_maker) == (None, "USD", None)


def test_what_else_the_engine_says_of_a_trade_is_passed_on() -> None:
    more = {"base_price": "45010", "slippage_bps": "2.2", "realized_pnl": -100, "liquidation": True}
    trade = decoding.trade_from(wire.read(msgspec.json.encode({**TRADE, **more}), wire.Trade))
    told = msgspec.json.decode(encode(trade))
    assert {name: told[name] for name in more} == {**more, "realized_pnl": "-100"}
    assert told["position_id"] == "pos-3"


def test_the_account_is_in_dollars() -> None:
    text = (
        b'{"balance":"100000","equity":105000,"unrealized_pnl":"5000","realized_pnl":"2000",'
        b'"total_commission":"100","margin_used":"10000","margin_available":"90000"}'
    )
    account = decoding.account_from(wire.read(text, wire.Account))
    assert account.currency == "USD"
    assert (account.equity, account.realized_pnl) == (Decimal(105000), Decimal(2000))


def test_the_last_price_of_a_quote_is_the_bid() -> None:
    text = b'{"symbol":"AAPL","bid":"150.00","ask":"150.50","timestamp":1704067200000}'
    quote = decoding.quote_from(wire.read(text, wire.Quote))
    assert (quote.last, quote.ask, quote.provider) == (
        Decimal("150.00"),
        Decimal("150.50"),
        "tektii",
    )
    assert (quote.bid_size, quote.volume) == (None, None)


# -- frames

CANDLE = (
    b'{"type":"candle","event_id":"evt-17","symbol":"F:EURUSD","timeframe":"1m",'
    b'"timestamp":1709283600000,"open":"1.0801","high":"1.0804","low":"1.0799",'
    b'"close":"1.0802","volume":153.0}'
)


def test_a_frame_may_hold_what_is_not_known() -> None:
    frame = frame_of(CANDLE.replace(b'"volume"', b'"mood":{"good":[true]},"volume"'))
    assert isinstance(frame, Candle)
    assert frame.event_id == "evt-17"


@pytest.mark.parametrize(
    "text",
    [
        CANDLE[:-1],
        CANDLE.replace(b'"1m"', b'"7m"'),
        CANDLE.replace(b'"type":"candle",', b""),
        CANDLE.replace(b'"candle"', b'"omen"'),
        CANDLE.replace(b'"open":"1.0801",', b""),
        CANDLE.replace(b"1709283600000", b"-1"),
        CANDLE.replace(b"1709283600000", b"17.5"),
        CANDLE.replace(b'"1.0801"', b'"dear"'),
        CANDLE.replace(b'"1.0801"', b"NaN"),
        b'[1,{"event_id": "evt-17"',
        b'\xff{"event_id":"evt-17"',
    ],
)
def test_whatever_is_wrong_with_a_frame_its_id_is_found(text: bytes) -> None:
    frame = frame_of(text)
    assert isinstance(frame, Unreadable)
    assert frame.event_id == "evt-17"


def test_an_id_is_taken_from_the_top_and_from_nowhere_else_of_what_is_json() -> None:
    assert id_in(b'{"type":"omen","inner":{"event_id":"evt-1"}}') is None
    assert id_in(b'{"type":"omen","inner":{"event_id":"evt-1"},"event_id":"evt-2"}') == "evt-2"
    assert id_in(b'{"event_id":17}') is None
    assert id_in(b'{"event_id":"e\\"1" oops') == 'e"1'
    assert id_in(b"") is None


@given(st.binary())
def test_no_bytes_make_the_reader_fail(payload: bytes) -> None:
    assert frame_of(payload) is not None
    assert isinstance(frame_of(payload, is_binary=True), Unreadable)


def test_an_acknowledgement_names_its_ids_in_order_and_has_no_time() -> None:
    said = msgspec.json.decode(ack(("evt-19", "evt-18"), "c-1"))
    assert said == {
        "type": "event_ack",
        "correlation_id": "c-1",
        "events_processed": ["evt-19", "evt-18"],
    }

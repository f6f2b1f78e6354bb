"""What goes over the wire, and what clients' texts mean (protocol sections 1.1, 5.3, 5.4)."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from tektii.models import GatewayEvent
from websockets.frames import Frame, Opcode

from tradegw.model.enums import AlertCode, ConnectionEventKind, OrderEventKind, OrderStatus
from tradegw.model.events import AlertEvent, Event
from tradegw.model.wire import encode
from tradegw.stream.fanout import frame_of
from tradegw.stream.messages import (
    MAX_MESSAGE_BYTES,
    EventAck,
    Pong,
    Unreadable,
    framed,
    read,
    replacement,
)

from . import samples

EVERY = [
    samples.quote(),
    samples.candle(),
    samples.order(),
    samples.trade(),
    samples.position(),
    samples.account(),
    samples.financing(),
    *samples.SYSTEM,
]
_sdk: TypeAdapter[Any] = TypeAdapter(GatewayEvent)


def wire(event: Event) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(encode(event))
    return decoded


@pytest.mark.parametrize("event", EVERY, ids=lambda e: type(e).__name__)
def test_the_sdk_reads_every_message(event: Event) -> None:
    read_by_sdk = _sdk.validate_python(json.loads(encode(event)))
    assert read_by_sdk.type == event.__struct_config__.tag
    assert read_by_sdk.timestamp == samples.AT


@pytest.mark.parametrize("event", EVERY, ids=lambda e: type(e).__name__)
def test_the_sdk_does_not_mind_numbers_epochs_and_marks(event: Event) -> None:
    """Also from a journal whose first number is a time in milliseconds."""
    marked = msgspec.structs.replace(event, seq=1736937000123, epoch="5f0c9d1e", reconciled=True)
    plain, read_by_sdk = (_sdk.validate_python(json.loads(encode(e))) for e in (event, marked))
    assert read_by_sdk == plain
    assert wire(marked)["seq"] == 1736937000123


def test_a_quote_is_decimal_texts_and_zulu_times_and_nothing_that_is_absent() -> None:
    assert encode(samples.quote()) == (
        b'{"type":"quote","quote":{"symbol":"AAPL","provider":"mock","bid":"149.98",'
        b'"ask":"150.02","last":"150.00","timestamp":"2025-01-15T10:30:00Z"},'
        b'"timestamp":"2025-01-15T10:30:00Z"}'
    )


def test_a_candle_holds_its_bar() -> None:
    bar = wire(samples.candle())["bar"]
    assert bar["timeframe"] == "1m"
    assert bar["close"] == "1.0802"
    assert bar["volume"] == "153"


def test_a_fill_and_a_cancel_have_the_shape_of_orders() -> None:
    fill = wire(samples.order())
    assert fill["type"] == "order"
    assert fill["event"] == "ORDER_FILLED"
    assert fill["parent_order_id"] == fill["order"]["parent_order_id"] == "33de"
    assert fill["order"]["stop_price"] == "180.00"
    assert "limit_price" not in fill["order"]
    cancel = wire(samples.order("AAPL", OrderEventKind.CANCELLED, OrderStatus.CANCELLED))
    assert cancel["event"] == "ORDER_CANCELLED"
    assert cancel["order"]["status"] == "CANCELLED"


def test_connection_events_omit_what_is_absent_and_have_the_gap_on_reconnect() -> None:
    lost = wire(samples.connection())
    assert lost.keys() == {"type", "timestamp", "event", "broker"}
    back = wire(samples.connection(ConnectionEventKind.BROKER_RECONNECTED, gap_duration_ms=12345))
    assert back["gap_duration_ms"] == 12345
    stopping = wire(samples.connection(ConnectionEventKind.DISCONNECTING, broker=None))
    assert stopping.keys() == {"type", "timestamp", "event"}


def test_staleness_is_told_with_and_without_its_optional_members() -> None:
    whole = wire(samples.staleness())
    assert whole["stale_since"] == "2025-01-15T10:30:00Z"
    assert whole["symbols"] == ["AAPL", "MSFT"]
    bare = wire(samples.staleness(since=None, broker=None))
    assert bare.keys() == {"type", "timestamp", "event", "symbols"}


def test_the_amount_of_financing_is_a_text() -> None:
    assert wire(samples.financing())["amount"] == "-4.5873"


def test_the_end_of_a_backtest_is_not_a_disconnect() -> None:
    end = wire(samples.backtest_complete())
    assert end["type"] == "backtest_complete"
    assert end["event_id"] == "evt-9001"
    assert "event" not in end


@pytest.mark.parametrize("event", EVERY[:7], ids=lambda e: type(e).__name__)
def test_only_events_of_an_engine_have_an_event_id(event: Event) -> None:
    assert "event_id" not in wire(event)
    assert wire(msgspec.structs.replace(event, event_id="evt-17"))["event_id"] == "evt-17"


def test_a_time_has_at_most_six_digits_behind_the_second() -> None:
    late = samples.AT + timedelta(microseconds=123456)
    moved = msgspec.structs.replace(samples.ping(), timestamp=late)
    assert wire(moved)["timestamp"] == "2025-01-15T10:30:00.123456Z"


@pytest.mark.parametrize("number", ["0.00000001", "1E-8", "0E-10", "1E+3", "-0.5"])
def test_a_decimal_never_leaves_with_an_exponent(number: str) -> None:
    amount = wire(msgspec.structs.replace(samples.financing(), amount=Decimal(number)))["amount"]
    assert "E" not in amount.upper()
    assert Decimal(amount) == Decimal(number)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, MAX_MESSAGE_BYTES])
def test_a_frame_is_final_unmasked_text_of_its_length(size: int) -> None:
    text = b"x" * size
    assert framed(text) == Frame(Opcode.TEXT, text).serialize(mask=False)


def test_a_message_of_exactly_the_limit_is_sent_as_it_is() -> None:
    room = MAX_MESSAGE_BYTES - len(encode(samples.alert("")))
    assert frame_of(samples.alert("x" * room)) == framed(encode(samples.alert("x" * room)))


def test_an_event_too_large_becomes_an_alert_that_names_it() -> None:
    large = msgspec.structs.replace(
        samples.staleness(), symbols=tuple(f"S{n:06}" for n in range(40_000)), event_id="evt-3"
    )
    frame = frame_of(large)
    assert len(frame) < 1000
    sent = msgspec.json.decode(frame[4:])
    assert sent["type"] == "error"
    assert sent["code"] == "INTERNAL_ERROR"
    assert sent["event_id"] == "evt-3"
    assert sent["details"]["type"] == "data_staleness"
    assert sent["details"]["bytes"] > MAX_MESSAGE_BYTES == sent["details"]["limit"]
    _sdk.validate_python(sent)


def test_an_alert_too_large_keeps_its_code() -> None:
    short = replacement(samples.alert("no stop-loss! " * 40_000), 560_000)
    assert isinstance(short, AlertEvent)
    assert short.code is AlertCode.POSITION_UNPROTECTED
    assert short.message.startswith("no stop-loss!")
    assert len(encode(short)) < 4000


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (b'{"type":"pong"}', Pong()),
        (b'{"type":"pong","timestamp":[1,{}],"events_processed":5}', Pong()),
        (b'{"type":"event_ack","events_processed":["evt-17"]}', EventAck(("evt-17",))),
        (b'{"events_processed":["a","b"],"x":null,"type":"event_ack"}', EventAck(("a", "b"))),
        (b'{"type":"event_ack","events_processed":[]}', EventAck(())),
        (
            b'{"type":"event_ack","correlation_id":7,"timestamp":"?","events_processed":["e"]}',
            EventAck(("e",)),
        ),
    ],
)
def test_pongs_and_acknowledgements_are_understood(text: bytes, meaning: object) -> None:
    assert read(text) == meaning


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"garbage",
        b"{}",
        b"[]",
        b"null",
        b'{"type":5}',
        b'{"type":"PONG"}',
        b'{"type":"quote"}',
        b'{"type":"subscribe","symbols":["AAPL"]}',
        b'{"type":"event_ack"}',
        b'{"type":"event_ack","events_processed":null}',
        b'{"type":"event_ack","events_processed":"evt-1"}',
        b'{"type":"event_ack","events_processed":[1]}',
        b'{"type":"pong"} {"type":"pong"}',
        b'{"type":"\xff"}',
        b'{"type":"pong","x":' + b"[" * 100_000,
    ],
)
def test_anything_else_is_unreadable_and_says_why(text: bytes) -> None:
    verdict = read(text)
    assert isinstance(verdict, Unreadable)
    assert 0 < len(verdict.reason) <= 200


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_no_text_of_a_client_raises(text: bytes) -> None:
    assert isinstance(read(text), Pong | EventAck | Unreadable)

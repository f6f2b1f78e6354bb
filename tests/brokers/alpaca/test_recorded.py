"""What others recorded of Alpaca's servers, or keep for their own tests: all of it must be read.

The recordings are no part of this project; where they are missing nothing is tested.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tradegw.brokers.alpaca import ticks, wire
from tradegw.brokers.alpaca.decoding import (
    account_from,
    flat,
    is_readable,
    order_from,
    position_from,
    trade_from,
    trade_of,
)
from tradegw.brokers.alpaca.refusals import About, error_of
from tradegw.brokers.alpaca.statuses import KNOWN_EVENTS, is_known
from tradegw.brokers.alpaca.symbols import Symbols
from tradegw.errors import GatewayError, InternalError, OrderRejected
from tradegw.model.enums import OrderStatus

RECORDED = Path(__file__).parents[4] / "shared" / "data" / "recorded" / "alpaca"
NOW = datetime(2026, 10, 8, 15, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="there are no recordings of Alpaca")


def files() -> list[Path]:
    return sorted(RECORDED.rglob("*.json")) if RECORDED.exists() else []


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in *value*, however deep."""
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from objects(member)
    elif isinstance(value, list):
        for member in value:
            yield from objects(member)


def everything() -> Iterator[dict[str, Any]]:
    for file in files():
        yield from objects(json.loads(file.read_text(encoding="utf-8")))


def recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_text(encoding="utf-8"))


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


ORDER_MARKS = {"order_class", "filled_qty", "time_in_force", "id", "status"}


def test_every_order_is_read() -> None:
    count = 0
    for found in everything():
        if not found.keys() >= ORDER_MARKS or not isinstance(found["status"], str):
            continue
        order = wire.read(body(found), wire.Order)
        for shown in flat((order,)):
            if is_readable(shown.order):
                told = order_from(shown.order, Symbols())
                assert told.filled_quantity <= told.quantity
                assert isinstance(told.status, OrderStatus)
                count += 1
    assert count > 50


def test_no_status_and_no_event_is_unknown() -> None:
    statuses = {
        found["status"]
        for found in everything()
        if found.keys() >= ORDER_MARKS and isinstance(found["status"], str)
    }
    assert {status for status in statuses if not is_known(status)} == set()
    events = {found["event"] for found in everything() if found.keys() >= {"event", "order"}}
    assert {event for event in events if event not in KNOWN_EVENTS} == set()


def test_every_position_is_read() -> None:
    count = 0
    for found in everything():
        if found.keys() >= {"avg_entry_price", "qty", "symbol", "unrealized_pl"}:
            position = wire.read(body(found), wire.Position)
            assert position_from(position, Symbols(), NOW).quantity == abs(position.qty)
            count += 1
    assert count > 5


def test_every_execution_is_read() -> None:
    count = 0
    for found in everything():
        if found.get("activity_type") == "FILL" and "transaction_time" in found:
            trade = trade_from(wire.read(body(found), wire.Activity), Symbols())
            assert trade.quantity > 0
            count += 1
    assert count > 3


def test_every_account_that_shows_its_money_is_read() -> None:
    count = 0
    for found in everything():
        if found.keys() >= {"buying_power", "cash", "initial_margin", "account_number"}:
            account = wire.read(body(found), wire.Account)
            assert account_from(account, Decimal(0)).balance == Decimal(str(found["cash"]))
            count += 1
    assert count > 1


def test_every_asset_is_read() -> None:
    count = 0
    for found in everything():
        if found.keys() >= {"class", "exchange", "symbol", "tradable"}:
            wire.read(body(found), wire.Asset)
            count += 1
    assert count > 5


def test_a_session_of_the_trading_stream_is_read() -> None:
    told = [
        wire.read(message.data, wire.Update)
        for each in recorded("ccxt/ws_trade_updates_session.json")["messages"]
        if (message := wire.read(body(each), wire.StreamMessage)).stream == "trade_updates"
    ]
    assert [update.event for update in told] == ["pending_new", "new", "fill"]
    trade = trade_of(told[-1], order_from(told[-1].order, Symbols()))
    assert trade is not None
    assert (trade.quantity, trade.price) == (Decimal("129.7"), Decimal("0.0851119"))
    assert trade.symbol == "DOGE/USD"


def test_every_message_of_the_data_streams_is_read() -> None:
    messages = [
        found
        for found in everything()
        if found.keys() >= {"T", "S", "t"} and isinstance(found["t"], str)
    ]
    assert messages
    for message in messages:
        (read,) = ticks.read(body([message]))
        assert read is not None


def test_every_error_is_judged_and_none_is_called_a_defect() -> None:
    for entry in recorded("errors/bodies.json"):
        status = entry.get("http_status")
        if not isinstance(status, int) or status < 400:
            continue
        text = entry["body"]
        raw = text.encode() if isinstance(text, str) else body(text)
        found = error_of(status, raw, {}, About.NEW_ORDER, "it", NOW)
        assert isinstance(found, GatewayError)
        assert not isinstance(found, InternalError)
        is_verdict = isinstance(text, dict) and text.get("code") == 40310000
        if is_verdict:
            assert isinstance(found, OrderRejected)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("duplicate_client_order_id", "DUPLICATE_CLIENT_ORDER_ID"),
        ("sell_above_held", "INVALID_QUANTITY"),
        ("non_fractionable_sell_fractional", "INVALID_QUANTITY"),
    ],
)
def test_recorded_refusals(name: str, code: str) -> None:
    error = recorded(f"tradepartner/{name}.json")["error"]
    found = error_of(error["status_code"], error["body"].encode(), {}, About.NEW_ORDER, "it", NOW)
    assert isinstance(found, OrderRejected)
    assert found.reject_code == code

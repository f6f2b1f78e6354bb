"""What Binance tells, decoded exactly."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tradegw.brokers.binance.bars import bar_from
from tradegw.brokers.binance.spot import decoding, wire
from tradegw.brokers.binance.times import moment, number_of
from tradegw.brokers.binance.wire import Kline, read
from tradegw.brokers.binance.words import kind_of
from tradegw.model.commission import in_kind
from tradegw.model.enums import (
    OrderEventKind,
    OrderStatus,
    OrderType,
    RejectReason,
    Side,
    Timeframe,
    TimeInForce,
    TrailingType,
)

from .payloads import D, order, report, trade


def test_an_order_that_is_looked_up() -> None:
    found = decoding.order_from(order())
    assert found.id == "SOLUSDC:9013344210"
    assert (found.side, found.order_type, found.time_in_force) == (
        Side.BUY,
        OrderType.LIMIT,
        TimeInForce.GTC,
    )
    assert [found.quantity, found.filled_quantity, found.remaining_quantity] == [4, 1, 3]
    assert found.average_fill_price == D("131.5")
    assert found.stop_price is None
    assert found.oco_group_id is None
    assert found.status is OrderStatus.PARTIALLY_FILLED
    assert found.created_at == datetime(2026, 1, 1, 0, 0, 1, 456000, tzinfo=UTC)


def test_the_answer_to_a_new_order_has_another_time() -> None:
    found = decoding.order_from(order(time=None, updateTime=None, transactTime=1767225602001))
    assert found.created_at == found.updated_at == moment(1767225602001)


def test_12_the_average_is_of_the_quote_quantity_and_unknown_below_zero() -> None:
    assert decoding.average(D("3"), D("395")) == D("131.666666666666667")
    assert decoding.average(D("3"), D("-1")) is None
    assert decoding.average(D("0"), D("0")) is None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("LIMIT_MAKER", OrderType.LIMIT),
        ("STOP_LOSS", OrderType.STOP),
        ("TAKE_PROFIT", OrderType.STOP),
        ("STOP_LOSS_LIMIT", OrderType.STOP_LIMIT),
        ("TAKE_PROFIT_LIMIT", OrderType.STOP_LIMIT),
    ],
)
def test_types_are_read_back(kind: str, expected: OrderType) -> None:
    found = decoding.order_from(order(type=kind))
    assert found.order_type is expected
    assert found.post_only is (True if kind == "LIMIT_MAKER" else None)


def test_of_a_cancelled_order_its_own_name_is_told_and_not_the_cancels() -> None:
    found = decoding.order_from(order(origClientOrderId="gw-7f3a01", clientOrderId="cancel-9"))
    assert found.client_order_id == "gw-7f3a01"
    assert decoding.order_of(report(C="gw-7f3a01", c="cancel-9")).client_order_id == "gw-7f3a01"


def test_a_status_that_nobody_knows_keeps_the_order() -> None:
    assert decoding.order_from(order(status="PENDING_BLESSING")).status is OrderStatus.OPEN


def test_an_amended_order_shows_its_new_quantity() -> None:
    found = decoding.order_from(
        order(qty="3.00000000", origQty=None, cumulativeQuoteQty="131.5", cummulativeQuoteQty=None)
    )
    assert (found.quantity, found.average_fill_price) == (D("3"), D("131.5"))


def test_a_report() -> None:
    found = decoding.order_of(report())
    assert found.id == "SOLUSDC:9013344210"
    assert (found.filled_quantity, found.average_fill_price) == (D("1"), D("131.5"))
    assert found.created_at == moment(1767225601456)
    assert found.updated_at == moment(1767225640222)


def test_16_a_report_tells_totals_and_its_execution_apart() -> None:
    told = report(l="1.5", z="4.0", L="131.7", Z="526.3", X="FILLED", t=77120441)
    assert decoding.order_of(told).average_fill_price == D("131.575")
    execution = decoding.trade_of(told)
    assert execution is not None
    assert (execution.id, execution.quantity, execution.price) == ("77120441", D("1.5"), D("131.7"))
    assert (execution.commission, execution.commission_currency) == (D("0.00009100"), "BNB")


def test_22_a_fee_in_what_was_bought_is_seen_as_that() -> None:
    execution = decoding.trade_of(report(n="0.001", N="SOL"))
    assert execution is not None
    assert in_kind(execution) == D("0.001")
    paid_otherwise = decoding.trade_of(report(n="0.1", N="USDC"))
    assert paid_otherwise is not None
    assert in_kind(paid_otherwise) == 0


def test_a_report_without_fee_is_one_without_fee() -> None:
    execution = decoding.trade_of(report(n="0", N=None))
    assert execution is not None
    assert (execution.commission, execution.commission_currency) == (D("0"), "")


def test_what_is_no_execution_is_none() -> None:
    assert decoding.trade_of(report(x="NEW", X="NEW", t=-1, l="0")) is None


def test_the_history_and_the_stream_name_an_execution_alike() -> None:
    streamed = decoding.trade_of(report(t=77120011))
    listed = decoding.trade_from(trade(77120011, "1", "131.5"))
    assert streamed is not None
    assert streamed.id == listed.id


@pytest.mark.parametrize(
    ("execution", "status", "kind"),
    [
        ("NEW", "NEW", OrderEventKind.CREATED),
        ("TRADE", "PARTIALLY_FILLED", OrderEventKind.PARTIALLY_FILLED),
        ("TRADE", "FILLED", OrderEventKind.FILLED),
        ("CANCELED", "CANCELED", OrderEventKind.CANCELLED),
        ("REPLACED", "NEW", OrderEventKind.MODIFIED),
        ("REJECTED", "REJECTED", OrderEventKind.REJECTED),
        ("EXPIRED", "EXPIRED", OrderEventKind.EXPIRED),
        ("TRADE_PREVENTION", "EXPIRED_IN_MATCH", OrderEventKind.EXPIRED),
        ("TRADE_PREVENTION", "NEW", OrderEventKind.MODIFIED),
        ("CALCULATED", "FILLED", OrderEventKind.FILLED),
    ],
)
def test_events(execution: str, status: str, kind: OrderEventKind) -> None:
    found = decoding.order_of(report(x=execution, X=status))
    assert kind_of(execution, found.status) is kind


def test_a_rejection_says_why() -> None:
    found = decoding.order_of(report(x="REJECTED", X="REJECTED", r="OCO_BAD_PRICES"))
    assert found.reject_reason is RejectReason.INVALID_PRICE


def test_trailing_is_told_in_percent() -> None:
    found = decoding.order_of(report(o="STOP_LOSS", d=150))
    assert (found.trailing_distance, found.trailing_type) == (D("1.5"), TrailingType.PERCENT)


def test_a_list_is_no_group_for_the_gateway_to_keep() -> None:
    assert decoding.order_from(order(orderListId=88123)).oco_group_id is None
    assert decoding.order_of(report(g=88123)).oco_group_id is None


def test_what_has_no_side_cannot_be_told() -> None:
    with pytest.raises(ValueError, match="neither"):
        decoding.order_from(order(side=""))


def test_ids_and_times_may_be_texts() -> None:
    found = decoding.order_from(order(orderId="9013344210", time="1767225601456"))
    assert found.id == "SOLUSDC:9013344210"


def test_a_bar_begins_at_its_time() -> None:
    row = [1767222000000, "137.91", "138.6", "137.4", "138.05", "10433.1", 1767225599999, "1", 8]
    kline = read(msgspec.json.encode(row), Kline)
    bar = bar_from("SOLUSDC", Timeframe.H1, kline)
    assert (bar.timestamp, bar.open, bar.close) == (moment(1767222000000), D("137.91"), D("138.05"))


def test_a_quote_of_a_thin_book_has_a_last_price_still() -> None:
    found = decoding.quote_from("X", wire.Ticker(ask_price=D("10")), 1767222000000)
    assert found.last == 10
    with pytest.raises(ValueError, match="no price"):
        decoding.quote_from("X", wire.Ticker(), 0)


@given(some.datetimes(datetime(2017, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001  (made so next)
def test_times_go_there_and_back(at: datetime) -> None:
    aware = at.replace(tzinfo=UTC, microsecond=at.microsecond // 1000 * 1000)
    assert moment(number_of(aware)) == aware
    assert moment(number_of(aware) * 1000) == aware  # in microseconds


@given(
    some.dictionaries(
        some.sampled_from(list("siXxcCSofqpPgrlzLnNTtZOI")),
        some.one_of(
            some.text(max_size=5),
            some.integers(-10, 10**13),
            some.none(),
            some.booleans(),
        ),
    )
)
def test_no_report_does_more_than_fail_to_be_read(members: dict[str, object]) -> None:
    with contextlib.suppress(msgspec.DecodeError, ValueError):
        decoding.order_of(read(msgspec.json.encode(members), wire.Report))

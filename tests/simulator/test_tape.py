"""Recorded prices: the dialect, its faults, and the real files."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.floor import shown, steady
from tradegw.model.enums import Timeframe
from tradegw.simulator.paths import PriceBar
from tradegw.simulator.tape import Kind, Row, Tape, TapeError
from tradegw.simulator.ticks import Tick

REAL = Path(__file__).parents[3] / "shared" / "data" / "real"
BARS = "timestamp,open,high,low,close,volume"
D = Decimal


def read(*lines: str, timeframe: Timeframe | None = Timeframe.M1) -> tuple[Tape, list[Row]]:
    tape = Tape([f"{line}\n" for line in lines], "X.csv", "X", timeframe)
    return tape, list(tape)


def ticks(*lines: str) -> list[Tick]:
    return [row for row in read(*lines)[1] if isinstance(row, Tick)]


def test_bars() -> None:
    tape, (row,) = read(BARS, "2024-01-01T00:00:00Z,100,105.50,95,102,7")
    assert tape.kind is Kind.BARS
    assert isinstance(row, PriceBar)
    assert row.time == datetime(2024, 1, 1, tzinfo=UTC)
    assert shown(row.bid.open, row.bid.high, row.bid.low, row.bid.close) == [
        100,
        D("105.50"),
        95,
        102,
    ]
    assert row.ask is row.bid
    assert row.volume == 7


def test_bars_without_volume_in_another_order_and_with_more_columns() -> None:
    _, (row,) = read("Close,NOTE,Low,High,Open,Timestamp", "2,hello,1,3,2,2024-01-01T00:00:00Z")
    assert isinstance(row, PriceBar)
    assert shown(row.bid.open, row.bid.high, row.volume) == [2, 3, None]


def test_bars_of_both_sides_count_the_crossed() -> None:
    header = "timestamp,bid_open,bid_high,bid_low,bid_close,ask_open,ask_high,ask_low,ask_close"
    tape, rows = read(
        header,
        "2024-01-01T00:00:00Z,10,12,9,11,10.1,12.1,9.1,11.1",
        "2024-01-01T00:01:00Z,10,12,9,11,9.9,12.1,9.1,11.1",
    )
    assert tape.kind is Kind.BARS
    assert tape.crossed == 1
    assert isinstance(rows[0], PriceBar)
    assert shown(rows[0].bid.close, rows[0].ask.close) == [11, D("11.1")]


def test_quotes_with_and_without_sizes() -> None:
    (plain,) = ticks("timestamp,bid,ask", "2024-01-01T00:00:00.022Z,1.38748,1.38750")
    assert shown(plain.bid, plain.ask, plain.last) == [D("1.38748"), D("1.38750"), D("1.38749")]
    assert plain.time.microsecond == 22_000
    (sized,) = ticks("timestamp,bid,ask,bid_size,ask_size", "2024-01-01T00:00:00Z,1,2,3,4")
    assert shown(sized.bid_size, sized.ask_size) == [3, 4]


def test_trades() -> None:
    (tick,) = ticks("timestamp,price,size", "2024-01-01T00:00:00Z,181.9,200")
    assert shown(tick.bid, tick.ask, tick.last, tick.volume) == [D("181.9")] * 3 + [200]


def test_crossed_quotes_are_uncrossed_and_counted() -> None:
    tape, rows = read("timestamp,bid,ask", "2024-01-01T00:00:00Z,2,1", "2024-01-01T00:00:01Z,1,2")
    assert tape.crossed == 1
    assert all(isinstance(row, Tick) and row.bid <= row.ask for row in rows)


def test_equal_stamps_keep_the_order_of_the_file() -> None:
    stamp = "2024-01-01T00:00:00Z"
    rows = ticks("timestamp,price", f"{stamp},3", f"{stamp},1", f"{stamp},2")
    assert [row.last for row in rows] == [3, 1, 2]


def test_other_zones_a_byte_order_mark_blank_lines_and_windows_line_ends() -> None:
    tape = Tape(
        ["\ufefftimestamp,price\r\n", "2024-01-01T01:00:00+01:00,3\r\n", "\r\n"], "f", "X", None
    )
    (row,) = tape
    assert row.time == datetime(2024, 1, 1, tzinfo=UTC)
    assert row.time.tzinfo is UTC


def test_a_repeated_bar_is_left_out() -> None:
    row = "2024-01-01T00:00:00Z,1,1,1,1,1"
    assert len(read(BARS, row, row)[1]) == 1


@pytest.mark.parametrize(
    ("lines", "line", "what"),
    [
        ([], 1, "neither"),
        (["a,b,c"], 1, "neither"),
        (["timestamp,price,price"], 1, "twice"),
        ([BARS, "2024-01-01T00:00:00Z,1,1,1"], 2, "4 cells under 6 columns"),
        ([BARS, "yesterday,1,1,1,1,1"], 2, "not a time stamp"),
        ([BARS, "2024-01-01T00:00:00,1,1,1,1,1"], 2, "no time zone"),
        ([BARS, "0001-01-01T00:00:00Z,1,1,1,1,1"], 2, "not of this age"),
        ([BARS, "9999-12-31T23:59:59Z,1,1,1,1,1"], 2, "not of this age"),
        ([BARS, "2024-01-01T00:00:00Z,x,1,1,1,1"], 2, "open is 'x', not a number"),
        ([BARS, "2024-01-01T00:00:00Z,,1,1,1,1"], 2, "open is ''"),
        ([BARS, "2024-01-01T00:00:00Z,NaN,1,1,1,1"], 2, "not a usable number"),
        ([BARS, "2024-01-01T00:00:00Z,1e999,1,1,1,1"], 2, "not a usable number"),
        ([BARS, "2024-01-01T00:00:00Z,0,1,1,1,1"], 2, "not above zero"),
        ([BARS, "2024-01-01T00:00:00Z,1,1,1,1,-1"], 2, "below zero"),
        ([BARS, "2024-01-01T00:00:00Z,5,4,1,2,1"], 2, "outside"),
        ([BARS, "2024-01-01T00:00:00Z,2,4,1,5,1"], 2, "outside"),
        ([BARS, "2024-01-01T00:00:00Z,2,4,3,3,1"], 2, "outside"),
        ([BARS, "2024-01-01T00:01:00Z,1,1,1,1,1", "2024-01-01T00:00:00Z,1,1,1,1,1"], 3, "step"),
        ([BARS, "2024-01-01T00:00:00Z,1,1,1,1,1", "2024-01-01T00:00:30Z,1,1,1,1,1"], 3, "ended"),
        ([BARS, "2024-01-01T00:00:00Z,1,1,1,1,1", "2024-01-01T00:00:00Z,2,2,2,2,1"], 3, "ended"),
        (["timestamp,price", "2024-01-01T00:00:01Z,1", "2024-01-01T00:00:00Z,1"], 3, "step"),
    ],
)
def test_a_bad_row_is_an_error_that_names_file_and_line(
    lines: list[str], line: int, what: str
) -> None:
    with pytest.raises(TapeError, match=what) as error:
        read(*lines)
    assert f"X.csv, line {line}:" in str(error.value)


def test_bars_without_a_timeframe_are_an_error() -> None:
    with pytest.raises(TapeError, match="timeframe"):
        read(BARS, timeframe=None)


@given(st.lists(st.text(max_size=60), max_size=6))
@steady
def test_garbage_is_read_or_refused_but_never_crashes(lines: list[str]) -> None:
    for header in (BARS, "timestamp,bid,ask", "timestamp,price,size"):
        with suppress(TapeError):
            read(header, *lines)


@pytest.mark.parametrize(
    ("name", "kind", "rows", "crossed"),
    [
        ("BTCPERP.1m.csv", Kind.BARS, 20_160, 0),
        ("SPY.1m.csv", Kind.BARS, 2340, 0),
        ("IBM.1m.csv", Kind.BARS, 2338, 0),
        ("EURUSD.1m.bidask.csv", Kind.BARS, 4341, 259),
        ("EURUSD.quotes.csv", Kind.QUOTES, 17_428, 1538),
        ("IBM.trades.csv", Kind.TRADES, 24_106, 0),
    ],
)
def test_the_real_tapes_are_read_to_their_end(
    name: str, kind: Kind, rows: int, crossed: int
) -> None:
    path = REAL / name
    if not path.exists():
        pytest.skip("the recorded prices (shared/data/real) are not here")
    with path.open(encoding="utf-8") as lines:
        tape = Tape(lines, name, "X", Timeframe.M1 if kind is Kind.BARS else None)
        read_rows = list(tape)
    assert tape.kind is kind
    assert len(read_rows) == rows
    assert tape.crossed == crossed
    assert all(before.time <= row.time for before, row in pairwise(read_rows))
    if kind is Kind.TRADES:
        equal = sum(before.time == row.time for before, row in pairwise(read_rows))
        assert equal == 4909

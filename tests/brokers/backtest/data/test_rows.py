"""What a file of each kind holds, and the shapes that files come in."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.brokers.backtest.data.files import (
    BARS,
    QUOTES,
    TRADES,
    TWO_SIDED,
    Folder,
    at,
    prices,
    steps,
)
from tradegw.brokers.backtest.data.bars import Bars
from tradegw.brokers.backtest.data.loaded import DataSets
from tradegw.brokers.backtest.data.scaled import Columns, decimal
from tradegw.brokers.backtest.data.steps import BarClose, BarOpen, TickStep
from tradegw.brokers.backtest.data.table import ROWS
from tradegw.model.market import Bar
from tradegw.simulator.ticks import Tick


def bars(datasets: DataSets) -> list[Bar]:
    return [step.bar for step in steps(datasets) if isinstance(step, BarClose)]


def ticks(datasets: DataSets) -> list[Tick]:
    return [step.tick for step in steps(datasets) if isinstance(step, TickStep)]


def four(bar: Bar) -> list[str]:
    return prices([bar.open, bar.high, bar.low, bar.close, bar.volume])


def test_bars_of_one_price(folder: Folder) -> None:
    datasets = folder.one("1d", BARS, "2024-01-02T00:00:00Z,100,105.50,95,102.123456789,7.25")
    (bar,) = bars(datasets)
    assert four(bar) == ["100", "105.5", "95", "102.123456789", "7.25"]
    assert (bar.symbol, bar.provider, bar.timestamp) == ("X", "backtest", at("2024-01-02"))
    opened, closed = steps(datasets)
    assert isinstance(opened, BarOpen)
    assert opened.bar.ask is opened.bar.bid
    assert opened.bar.volume == Decimal("7.25")
    assert (opened.time, opened.end) == (at("2024-01-02"), at("2024-01-03"))
    assert closed.time == at("2024-01-03")
    assert not datasets.warnings


def test_columns_in_any_order_and_letter_case_with_others_between(folder: Folder) -> None:
    header = "Close,NOTE, Low ,High,OPEN,Date"
    (bar,) = bars(folder.one("1d", header, "2,hello,1,3,2.5,2024-01-02"))
    assert four(bar) == ["2.5", "3", "1", "2", "0"]


@pytest.mark.parametrize("name", ["timestamp", "date", "Time", "DateTime", ""])
def test_each_name_of_the_time_stamp(folder: Folder, name: str) -> None:
    datasets = folder.one("1d", f"{name},open,high,low,close", "2024-01-02,1,1,1,1")
    assert datasets.begin == at("2024-01-02")


def test_a_byte_order_mark_windows_line_ends_blank_lines_and_no_last_line_end(
    folder: Folder,
) -> None:
    text = "\ufefftimestamp,price\r\n2024-01-01,3\r\n\r\n2024-01-02,4\r\n \r\n2024-01-03,5"
    path = folder.write("X.trades.csv", text, end="")
    datasets = folder.load({"symbol": "X", "kind": "trades", "path": path})
    assert [tick.last for tick in ticks(datasets)] == [3, 4, 5]


def test_quoted_cells_and_space_around_them(folder: Folder) -> None:
    lines = [TRADES, '"2024-01-01 00:00:00", "3.50",2', "2024-01-02 00:00:00 , 4 , 1"]
    assert prices([tick.last for tick in ticks(folder.one("trades", *lines))]) == ["3.5", "4"]


def test_bars_of_both_sides_are_shown_in_the_middle(folder: Folder) -> None:
    line = "2024-01-02,10,12,9,11,10.1,12.2,9.1,11.1,5"
    datasets = folder.one("1d", TWO_SIDED, line)
    (bar,) = bars(datasets)
    assert four(bar) == ["10.05", "12.1", "9.05", "11.05", "5"]
    (opened, _) = steps(datasets)
    assert isinstance(opened, BarOpen)
    assert prices([opened.bar.bid.low, opened.bar.ask.high]) == ["9", "12.2"]
    assert datasets.series[0].two_sided


def test_quotes_with_and_without_sizes(folder: Folder) -> None:
    (plain,) = ticks(folder.one("quotes", QUOTES, "2024-01-01T00:00:00.022Z,1.38748,1.38750"))
    assert prices([plain.bid, plain.ask, plain.last]) == ["1.38748", "1.3875", "1.38749"]
    assert plain.bid_size is None
    assert plain.time.microsecond == 22_000
    header = "timestamp,bid,ask,bid_size,ask_size"
    (sized,) = ticks(folder.one("quotes", header, "2024-01-01,1,2,3,4"))
    assert sized.bid_size == 3
    assert sized.ask_size == 4


def test_trades(folder: Folder) -> None:
    (tick,) = ticks(folder.one("trades", TRADES, "2024-01-01,181.9,200"))
    assert (tick.bid, tick.ask, tick.last, tick.volume) == (*[Decimal("181.9")] * 3, 200)


def test_ticks_with_one_stamp_keep_the_order_of_the_file(folder: Folder) -> None:
    lines = [f"2024-01-01,{price},1" for price in (3, 1, 2, 1)]
    assert [t.last for t in ticks(folder.one("trades", TRADES, *lines))] == [3, 1, 2, 1]


def test_a_file_of_many_reads_is_whole(folder: Folder) -> None:
    """Also where later rows have more decimals than earlier ones."""
    count = 2 * ROWS + 5
    lines = [
        f"{n},{n + 1}{'.5' if n > ROWS else ''}{'0625' if n > 2 * ROWS else ''},1"
        for n in range(count)
    ]
    found = ticks(folder.one("trades", TRADES, *lines))
    assert len(found) == count
    assert found[0].last == 1
    assert format(found[1].last, "f") == "2"
    assert found[ROWS + 1].last == Decimal(ROWS + 2) + Decimal("0.5")
    assert found[-1].last == Decimal(count) + Decimal("0.50625")


def test_numbers_that_need_more_than_64_bits_are_kept_exactly(folder: Folder) -> None:
    many = "1234567890.123456789012345678"
    lines = ["2024-01-01,1,1", f"2024-01-02,{many},1e3", "2024-01-03,0.00000000000000000001,1"]
    found = ticks(folder.one("trades", TRADES, *lines))
    assert prices([t.last for t in found]) == ["1", many, "0.00000000000000000001"]
    assert found[1].volume == 1000


def test_a_year_of_minutes_needs_few_bytes_a_bar(folder: Folder) -> None:
    lines = [f"{60 * n},{n + 1}.5,{n + 2},{n + 1},{n + 1}.75,9" for n in range(1000)]
    data = folder.one("1m", BARS, *lines).series[0].data
    assert isinstance(data, Bars)
    assert data.bytes / len(data) < 64
    assert data.bytes / len(data) >= 48


@given(
    st.lists(
        st.decimals(
            allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9
        )
        | st.integers(-(10**25), 10**25).map(Decimal),
        min_size=1,
    ),
    st.integers(1, 5),
)
def test_numbers_are_kept_as_they_are(values: list[Decimal], size: int) -> None:
    columns = Columns(1)
    for first in range(0, len(values), size):
        columns.extend(["price"], [[format(v, "f") for v in values[first : first + size]]])
    found = [decimal(value, columns.scale) for value in columns.columns[0]]
    assert found == values
    assert [format(v, "f") for v in found] == [
        (
            format(v, "f").rstrip("0").rstrip(".") if "." in format(v, "f") else format(v, "f")
        ).replace("-0", "0" if not v else "-0")
        for v in values
    ]

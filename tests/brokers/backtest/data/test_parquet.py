"""Parquet files hold the same as CSV files, whatever their columns are made of."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.brokers.backtest.data.files import BARS, QUOTES, Folder, prices, real, steps
from tradegw.brokers.backtest.data.errors import DataError
from tradegw.brokers.backtest.data.load import load
from tradegw.brokers.backtest.data.loaded import DataSets
from tradegw.brokers.backtest.data.steps import TickStep

STAMPS = [datetime(2024, 1, day, 14, 30, tzinfo=UTC) for day in (2, 3, 4)]
TEXTS = ["1.38727", "100", "0.1"]


def written(path: Path, **columns: Any) -> DataSets:
    """One file of trades with these columns, loaded."""
    pq.write_table(pa.table(columns), path / "X.trades.parquet")
    return load(f"X@trades={path / 'X.trades.parquet'}")


def told(datasets: DataSets) -> list[tuple[str, str]]:
    ticks = [step.tick for step in steps(datasets) if isinstance(step, TickStep)]
    return [(tick.time.isoformat(), format(tick.last, "f")) for tick in ticks]


EXPECTED = [(stamp.isoformat(), text) for stamp, text in zip(STAMPS, TEXTS, strict=True)]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(map(Decimal, TEXTS), pa.decimal128(20, 8)),
        pa.array(map(float, TEXTS), pa.float64()),
        pa.array(map(float, TEXTS), pa.float32()),
        pa.array(TEXTS, pa.string()),
        pa.array(TEXTS, pa.large_string()),
        pa.array(TEXTS, pa.string()).dictionary_encode(),
    ],
    ids=lambda column: str(column.type),
)
def test_prices_of_each_type(tmp_path: Path, column: pa.Array) -> None:
    assert told(written(tmp_path, timestamp=pa.array(STAMPS), price=column)) == EXPECTED


@pytest.mark.parametrize(
    "column",
    [
        pa.array(STAMPS, pa.timestamp("ns", "America/New_York")),
        pa.array(STAMPS, pa.timestamp("us", "UTC")),
        pa.array(STAMPS, pa.timestamp("ms")),
        pa.array(STAMPS, pa.timestamp("s")),
        pa.array([int(stamp.timestamp()) for stamp in STAMPS], pa.int64()),
        pa.array([int(stamp.timestamp()) * 1000 for stamp in STAMPS], pa.int64()),
        pa.array([int(stamp.timestamp()) * 10**9 for stamp in STAMPS], pa.int64()),
        pa.array([stamp.isoformat() for stamp in STAMPS]),
    ],
    ids=lambda column: str(column.type),
)
def test_time_stamps_of_each_type(tmp_path: Path, column: pa.Array) -> None:
    assert told(written(tmp_path, Date=column, Price=pa.array(TEXTS))) == EXPECTED


def test_stamps_without_a_zone_are_of_the_one_that_is_said(folder: Folder) -> None:
    path = folder.path / "x.parquet"
    stamps = pa.array([datetime(2024, 1, 2, 9, 30)], pa.timestamp("us"))  # noqa: DTZ001  (as it is)
    pq.write_table(pa.table({"timestamp": stamps, "price": pa.array([1])}), path)
    item = {"symbol": "X", "kind": "trades", "path": str(path), "tz": "America/New_York"}
    assert folder.load(item).begin == STAMPS[0]


def test_dates_of_daily_bars(folder: Folder) -> None:
    days = pa.array([stamp.date() for stamp in STAMPS])
    columns = {name: pa.array([1, 2, 3]) for name in ("open", "high", "low", "close")}
    pq.write_table(pa.table({"date": days, **columns}), folder.path / "X.1d.parquet")
    datasets = load(str(folder.path))
    assert datasets.begin == datetime(2024, 1, 2, tzinfo=UTC)
    assert datasets.series[0].rows == 3


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ({"price": [1, 1, None]}, "row 3: price is empty"),
        ({"price": [1.0, float("nan"), 1.0]}, "row 2: price is 'nan', not a usable number"),
        ({"price": [1, 1, 0]}, "row 3: price is not above zero"),
        ({"timestamp": [STAMPS[0], None, STAMPS[1]]}, "row 2: the time stamp is empty"),
        ({"timestamp": STAMPS[::-1]}, "row 2: a step back in time"),
        ({"timestamp": [True, False, True]}, "row 1: .* is not a time stamp"),
        ({"price": [["a"], ["b"], ["c"]]}, "row 1 or later: "),
        ({"cost": [1, 1, 1], "price": None}, "no column price"),
        ({"Price": [1, 1, 1]}, "there are two columns 'price'"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, columns: dict[str, Any], what: str) -> None:
    good = {"timestamp": STAMPS, "price": [1, 1, 1]}
    held = {name: column for name, column in {**good, **columns}.items() if column is not None}
    with pytest.raises(DataError, match=rf"X\.trades\.parquet(, |: ){what}"):
        written(tmp_path, **held)


def test_what_is_no_parquet_file_or_an_empty_one_is_refused(folder: Folder) -> None:
    path = folder.write("X.trades.parquet", "timestamp,price")
    with pytest.raises(DataError, match="not a Parquet file that can be read"):
        load(f"X@trades={path}")
    with pytest.raises(DataError, match="no rows"):
        written(folder.path, timestamp=pa.array([], pa.int64()), price=pa.array([], pa.int64()))


def test_without_pyarrow_it_is_told_what_to_install(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = folder.write("X.trades.parquet", "")
    with pytest.raises(DataError, match=r"need pyarrow: pip install 'tradegw\[parquet\]'"):
        load(f"X@trades={path}")


@pytest.mark.parametrize(("name", "kind"), [("SPY.1m.csv", "1m"), ("EURUSD.quotes.csv", "quotes")])
def test_real_prices_are_the_same_from_both(tmp_path: Path, name: str, kind: str) -> None:
    source = real(name)
    header, *lines = source.read_text().split()
    assert header.startswith((BARS, QUOTES))
    cells = zip(*(line.split(",") for line in lines), strict=True)
    columns = dict(zip(header.split(","), map(list, cells), strict=True))
    table = {
        word: pa.array([datetime.fromisoformat(cell) for cell in column])
        if word == "timestamp"
        else pa.array(map(float, column))
        for word, column in columns.items()
    }
    pq.write_table(pa.table(table), tmp_path / "x.parquet")
    text, binary = load(f"X@{kind}={source}"), load(f"X@{kind}={tmp_path / 'x.parquet'}")
    assert steps(text) == steps(binary)
    assert text.series[0].warnings[1:] == binary.series[0].warnings[1:]
    assert prices([text.series[0].data.first_price]) == prices([binary.series[0].data.first_price])

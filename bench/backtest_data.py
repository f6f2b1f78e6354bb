"""Loading the data of a backtest, against a plain reading of the same CSV file.

    python -m bench.backtest_data [--rows 200000] [--rounds 5]

Everything is on one core, in one process; in every round each way reads the same file of minutes
anew. Shown are rows a second (the median of the rounds) and the ratio to the plain reading (the
median of the rounds' ratios), and what a bar takes in memory.

Ways:

plain     ``csv.reader``, ``datetime.fromisoformat`` and ``Decimal`` for each cell, rows in a list
csv       ``load``: the same with all checks and the hash of the file, into columns
parquet   ``load`` of the same bars as 64-bit floats
steps     the course of what was loaded, steps a second; a bar has two
"""

from __future__ import annotations

import argparse
import csv
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.csv as pc
import pyarrow.parquet as pq

from tradegw.brokers.backtest.data.bars import Bars
from tradegw.brokers.backtest.data.course import Course
from tradegw.brokers.backtest.data.deliveries import deliveries
from tradegw.brokers.backtest.data.load import load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with TemporaryDirectory() as directory:
        path = Path(directory) / "X.1m.csv"
        _write(path, asked.rows)
        pq.write_table(pc.read_csv(path), path.with_suffix(".parquet"))
        ways: dict[str, Callable[[], object]] = {
            "plain": lambda: _plain(path),
            "csv": lambda: load(f"X@1m={path}"),
            "parquet": lambda: load(f"X@1m={path.with_suffix('.parquet')}"),
        }
        seconds = {name: [_seconds(way)] for name, way in ways.items()}
        for _ in range(asked.rounds - 1):
            for name, way in ways.items():
                seconds[name].append(_seconds(way))
        for name, taken in seconds.items():
            pairs = zip(seconds["plain"], taken, strict=True)
            ratio = statistics.median(plain / own for plain, own in pairs)
            print(f"{name:8} {asked.rows / statistics.median(taken):10,.0f} rows/s  {ratio:5.2f}")
        _tell_rest(path)


def _tell_rest(path: Path) -> None:
    datasets = load(f"X@1m={path}")
    course = Course(datasets, deliveries(datasets, ()))
    began = time.perf_counter()
    steps = sum(1 for _ in course)
    print(f"{'steps':8} {steps / (time.perf_counter() - began):10,.0f} /s")
    data = datasets.series[0].data
    assert isinstance(data, Bars)
    print(f"{'memory':8} {data.bytes / len(data):10.1f} bytes a bar")


def _seconds(way: Callable[[], object]) -> float:
    began = time.perf_counter()
    way()
    return time.perf_counter() - began


def _plain(path: Path) -> list[tuple[datetime, list[Decimal]]]:
    with path.open(newline="") as lines:
        rows = csv.reader(lines)
        next(rows)
        return [(datetime.fromisoformat(row[0]), [Decimal(c) for c in row[1:]]) for row in rows]


def _write(path: Path, count: int) -> None:
    rng = random.Random(7)
    time_, close = datetime(2023, 1, 1, tzinfo=UTC), 4_186_900
    with path.open("w") as file:
        file.write("timestamp,open,high,low,close,volume\n")
        for _ in range(count):
            opened, close = close, max(1_000, close + rng.randint(-3_000, 3_000))
            high = max(opened, close) + rng.randint(0, 500)
            low = min(opened, close) - rng.randint(0, 500)
            prices = ",".join(f"{price / 100:.2f}" for price in (opened, high, low, close))
            volume = rng.randint(0, 10**9) / 10**4
            file.write(f"{time_:%Y-%m-%dT%H:%M:%SZ},{prices},{volume:.4f}\n")
            time_ += timedelta(minutes=1)


if __name__ == "__main__":
    main()

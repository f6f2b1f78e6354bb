"""What the tests of the data share: files with a few rows, loaded, and walked through."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tradegw.brokers.backtest.data.course import Course
from tradegw.brokers.backtest.data.deliveries import deliveries
from tradegw.brokers.backtest.data.errors import DataError
from tradegw.brokers.backtest.data.load import load
from tradegw.brokers.backtest.data.loaded import DataSets
from tradegw.brokers.backtest.data.steps import BarClose, BarOpen, Over, Step
from tradegw.model.enums import Platform
from tradegw.model.subscription import Subscription

REAL = Path(__file__).parents[5] / "shared" / "data" / "real"

D = Decimal
BARS = "timestamp,open,high,low,close,volume"
QUOTES = "timestamp,bid,ask"
TRADES = "timestamp,price,size"
TWO_SIDED = (
    "timestamp,bid_open,bid_high,bid_low,bid_close,ask_open,ask_high,ask_low,ask_close,volume"
)


def at(text: str) -> datetime:
    """``2024-01-02 03:04`` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def real(name: str) -> Path:
    """A file of recorded prices; skips the test where it is not."""
    path = REAL / name
    if not path.exists():
        pytest.skip(f"the recorded prices (shared/data/real/{name}) are not here")
    return path


class Folder:
    """Writes files into a directory and loads them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0

    def write(self, name: str, *lines: str, end: str = "\n") -> str:
        """A file of *lines*; its path."""
        path = self.path / name
        path.write_bytes("".join(line + end for line in lines).encode())
        return str(path)

    def item(self, symbol: str, kind: str, *lines: str, **options: Any) -> dict[str, Any]:
        """A data set as JSON has it, of a file of *lines*."""
        self.count += 1
        path = self.write(f"file{self.count}.csv", *lines)
        return {"symbol": symbol, "kind": kind, "path": path, **options}

    def load(self, *items: dict[str, Any], **arguments: Any) -> DataSets:
        """Data sets of *items*."""
        return load(msgspec.json.encode(items).decode(), **arguments)

    def one(self, kind: str, *lines: str, **options: Any) -> DataSets:
        """The data of one file, symbol X."""
        return self.load(self.item("X", kind, *lines, **options))

    def refused(self, kind: str, *lines: str, **options: Any) -> str:
        """Why that file is refused; its path is shown as FILE."""
        item = self.item("X", kind, *lines, **options)
        with pytest.raises(DataError) as error:
            self.load(item)
        assert str(error.value).startswith("BACKTEST_DATA: ")
        return error.value.what.replace(item["path"], "FILE")


def wish(*wishes: str) -> list[Subscription]:
    """Subscriptions, each as ``SYMBOL:pattern,pattern``."""
    parts = [wish.rsplit(":", 1) for wish in wishes]
    return [Subscription(Platform.BACKTEST, s, tuple(events.split(","))) for s, events in parts]


def steps(datasets: DataSets, *wishes: str) -> list[Step]:
    """All steps of the run."""
    return list(Course(datasets, deliveries(datasets, wish(*wishes))))


def shown(step: Step) -> str:
    """A step in a few words, its time as hours and minutes of the day of the month."""
    time = f"{step.time:%d %H:%M}"
    if isinstance(step, BarOpen):
        return f"{time} open {step.symbol} {step.bar.bid.open:f}"
    if isinstance(step, BarClose):
        told = " told" if step.told else ""
        return f"{time} close {step.symbol} {step.timeframe} {step.bar.close:f}{told}"
    if isinstance(step, Over):
        return f"{time} over {step.symbol}"
    return f"{time} tick {step.symbol} {step.tick.last:f}{' told' if step.told else ''}"


def minutes(*closes: object, first: str = "2024-01-01T00:00", length: int = 1) -> list[str]:
    """A CSV file of bars that open where the one before has closed, of *length* minutes."""
    start = datetime.fromisoformat(first).replace(tzinfo=UTC)
    lines = [BARS]
    before = closes[0]
    for number, close in enumerate(closes):
        stamp = datetime.fromtimestamp(start.timestamp() + 60 * length * number, UTC)
        low, high = sorted((D(str(before)), D(str(close))))
        lines.append(f"{stamp:%Y-%m-%dT%H:%M:%SZ},{before},{high},{low},{close},{number + 1}")
        before = close
    return lines


def prices(values: Sequence[Any]) -> list[str]:
    """Decimals as they are written."""
    return [format(value, "f") for value in values]

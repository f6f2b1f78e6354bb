"""The recorded prices, and those that the independent backtester ships, load as documented."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest

from tests.brokers.backtest.data.files import REAL, Folder, real, steps
from tradegw.brokers.backtest.data.history import History
from tradegw.brokers.backtest.data.load import load
from tradegw.brokers.backtest.data.steps import BarClose, BarOpen, TickStep
from tradegw.model.enums import Timeframe
from tradegw.model.market import BarQuery
from tradegw.simulator.tape import Tape


@pytest.mark.parametrize(
    ("name", "rows", "warning"),
    [
        ("BTCPERP.1m.csv", 20_160, None),
        ("SPY.1m.csv", 2340, None),
        ("IBM.1m.csv", 2338, None),
        ("EURUSD.1m.bidask.csv", 4341, "408 rows with a bid above the ask"),
        ("EURUSD.quotes.csv", 17_428, "1538 rows with a bid above the ask"),
        ("IBM.trades.csv", 24_106, None),
    ],
)
def test_a_file_is_whole_and_its_oddities_are_counted(
    name: str, rows: int, warning: str | None
) -> None:
    """The hash is the one that its documentation gives."""
    path = real(name)
    symbol, kind, _ = name.split(".", 2)
    datasets = load(f"{symbol}@{kind}={path}")
    (series,) = datasets.series
    assert series.rows == rows
    assert re.search(rf"{series.sha256}\s+{re.escape(name)}", real("README.md").read_text())
    said = " ".join(text for text in series.warnings if "volume" not in text)
    assert said.startswith(warning) if warning else not said
    told = steps(datasets)
    assert all(one.time <= other.time for one, other in pairwise(told))
    moved = [step for step in told if isinstance(step, BarOpen | TickStep)]
    assert len(moved) == rows


@pytest.mark.parametrize("name", ["EURUSD.quotes.csv", "IBM.trades.csv", "SPY.1m.csv"])
def test_the_tapes_of_the_simulated_broker_hold_the_same(name: str) -> None:
    path = real(name)
    symbol, kind, _ = name.split(".", 2)
    with path.open() as lines:
        tape = list(Tape(lines, name, symbol, Timeframe.M1 if kind == "1m" else None))
    told = steps(load(f"{symbol}@{kind}={path}"))
    opened = [step.bar for step in told if isinstance(step, BarOpen)]
    ticks = [step.tick for step in told if isinstance(step, TickStep)]
    assert [*opened, *ticks] == tape


def test_a_directory_of_all_of_them(folder: Folder) -> None:
    real("SPY.1m.csv")
    datasets = load(str(REAL))
    assert datasets.symbols == ("BTCPERP", "EURUSD", "IBM", "SPY")
    assert datasets.driver("EURUSD").kind == "quotes"
    assert datasets.driver("IBM").kind == "trades"
    assert datasets.day_end("SPY", datasets.begin) > datasets.begin


def test_sessions_make_days_and_hours_of_minutes(folder: Folder) -> None:
    path = str(real("SPY.1m.csv"))
    new_york = {"tz": "America/New_York", "session": "09:30-16:00", "align": "session"}
    datasets = folder.load({"symbol": "SPY", "kind": "1m", "path": path, **new_york})
    assert not datasets.warnings
    days = [s for s in steps(datasets, "SPY:candle_1d") if isinstance(s, BarClose) and s.told]
    assert [f"{step.bar.timestamp:%m-%d %H:%M}" for step in days] == [
        f"10-{day} 04:00" for day in ("04", "07", "08", "09", "10", "11")
    ]
    hours = History(datasets).bars("SPY", BarQuery(timeframe=Timeframe.H1), days[0].time)
    assert [f"{bar.timestamp:%H:%M}" for bar in hours] == [f"{hour}:30" for hour in range(13, 20)]
    assert sum(bar.volume for bar in hours) == days[0].bar.volume
    assert max(bar.high for bar in hours) == days[0].bar.high
    assert all(step.time - step.bar.timestamp == timedelta(days=1) for step in days)


@pytest.mark.parametrize(
    ("name", "kind", "rows"), [("GOOG", "1d", 2148), ("EURUSD", "1h", 5000), ("BTCUSD", "1d", 156)]
)
def test_the_data_of_the_independent_backtester(name: str, kind: str, rows: int) -> None:
    found = find_spec("backtesting")
    if found is None or found.origin is None:
        pytest.skip("the package backtesting is not installed")
    path = Path(found.origin).parent / "test" / f"{name}.csv"
    datasets = load(f"{name}@{kind}={path}")
    assert datasets.series[0].rows == rows
    assert not datasets.warnings

"""What docs/backtest-data.md shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.brokers.backtest.data.files import Folder, at
from tradegw.brokers.backtest.data.forms import items
from tradegw.brokers.backtest.data.options import Options
from tradegw.model.enums import Timeframe

PAGE = (Path(__file__).parents[4] / "docs" / "backtest-data.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
FILES = [block.splitlines() for language, block in BLOCKS if language == "csv"]
REFUSED = re.findall(r"^\| `(.*)` \| (.*) \|$", PAGE.split("| Next line |")[1], re.MULTILINE)


def test_the_files_load(folder: Folder) -> None:
    assert len(FILES) == 2
    for lines in FILES:
        datasets = folder.one("1d", *lines)
        assert datasets.series[0].rows == len(lines) - 1
        assert not datasets.warnings


@pytest.mark.parametrize(("line", "message"), REFUSED)
def test_a_line_is_refused_as_shown(folder: Folder, line: str, message: str) -> None:
    assert folder.refused("1d", *FILES[1], line) == f"FILE, line 3: {message}"


def test_there_are_such_lines() -> None:
    assert len(REFUSED) > 10


def test_the_forms_can_be_read() -> None:
    (variable,) = re.findall("^BACKTEST_DATA=(.*)$", PAGE, re.MULTILINE)
    assert [(item.symbol, item.kind) for item in items(variable)] == [
        ("GOOG", "1d"),
        ("EURUSD", "quotes"),
    ]
    (text,) = [block for language, block in BLOCKS if language == "json"]
    assert [item.symbol for item in items(text)] == ["ES", "ES", "DAX", "EURUSD"]


def test_every_option_is_there_with_its_default() -> None:
    table = PAGE.split("## Options")[1].split("##")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", table, re.MULTILINE))
    shown = {name: getattr(Options(), name) for name in Options.__struct_fields__}
    assert list(rows) == list(shown)
    expected = {name: "none" if value is None else f"`{value}`" for name, value in shown.items()}
    expected |= {"currency": "the account's", "allow_negative": "`false`"}
    assert rows == expected


def test_every_timeframe_and_every_warning_is_there(folder: Folder) -> None:
    for timeframe in Timeframe:
        assert f"`{timeframe.value}`" in PAGE
    lines = [
        "timestamp,open,high,low,close",
        "2024-01-02 01:00,1,1,1,1",
        "2024-01-03 01:00,9,9,9,9",
    ]
    item = folder.item("X", "12h", *lines, tz="America/New_York", session="09:30-16:00")
    said = list(folder.load(item).series[0].warnings)
    trades = folder.item("X", "trades", "timestamp,price", "2024-01-01,1")
    other = folder.item("Y", "trades", "timestamp,price", "2025-01-01,1")
    said += folder.load(trades, other, start=at("2024-06-01")).warnings
    table = PAGE.split("## What is warned of")[1].split("##")[0]
    for warning in re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE)[1:]:
        for part in warning.split(", "):
            if part.strip("-"):
                words = part.replace("their length", "12h")
                assert any(words in text for text in said), part

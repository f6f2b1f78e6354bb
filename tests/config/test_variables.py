"""The manual, the list of variables and the code speak of the same ones."""

from __future__ import annotations

import re
from pathlib import Path

from tradegw.config.variables import GROUPS, KNOWN

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `([A-Z_]+)` \| (.*?) \|", re.MULTILINE)
NAME = re.compile(
    r'"((?:(?:GATEWAY|MOCK|RECONNECT|BACKTEST|JOURNAL|ALPACA|BINANCE|OANDA|SAXO|TEKTII)_[A-Z_]+'
    r"|(?:LOG|STATE|EXIT|ENABLE|SL_TP|SUBMIT|RECONCILE|GIT|RUST|K)_[A-Z_]+|SUBSCRIPTIONS|ENVIRONMENT))\""
)


def test_no_variable_is_listed_twice() -> None:
    names = [each.name for each in KNOWN]
    assert len(names) == len(set(names))
    assert all(GROUPS.values())


def test_the_manual_has_a_row_for_every_variable_and_no_other() -> None:
    rows = ROW.findall((ROOT / "docs" / "configuration.md").read_text(encoding="utf-8"))
    assert len(rows) == len(dict(rows))
    assert {name: default.strip("`") for name, default in rows} == {
        each.name: each.default for each in KNOWN
    }


def test_every_variable_that_the_code_reads_is_listed_and_every_listed_one_is_read() -> None:
    listed = {each.name for each in KNOWN}
    read: set[str] = set()
    for file in sorted((ROOT / "tradegw").rglob("*.py")):
        if file.name != "variables.py":
            read.update(NAME.findall(file.read_text(encoding="utf-8")))
    assert read - {each.name for each in KNOWN} == set(), "read but not listed"
    assert listed - read == set(), "listed but not read"

"""The manual's queries work, and what it says of limits is true."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from tests.journal.samples import Shelf, execution, intent, order, outcome, told
from tradegw.journal import commits, problems, retention
from tradegw.journal.opening import Options

MANUAL = (Path(__file__).parents[2] / "docs" / "journal.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", MANUAL, re.DOTALL)
EVENT = b'{"type":"order","event":"ORDER_FILLED","order":{"status":"FILLED","filled_quantity":"5"}}'


@pytest.mark.parametrize("number", range(3))
def test_a_query_of_the_manual(tmp_path: Path, number: int) -> None:
    """On a journal in use, through a connection that only reads."""
    shelf = Shelf(tmp_path)
    journal = shelf.journal
    journal.write(intent("i1", sent_as="s1", symbol="AAPL"), intent("i2", sent_as="s2"))
    journal.keep(outcome("i1", order_id="o1"), order("o1"), execution("e1"))
    journal.keep(told(journal.next_seq(), "o1", body=EVENT))
    shelf.turn()
    connection = sqlite3.connect(f"file:{shelf.file}?mode=ro", uri=True)
    found = connection.execute(QUERIES[number], {"order_id": "o1"}).fetchall()
    expected = [
        [
            ("2026-01-15 10:30:00", "submit", None, None, None, None),
            ("2026-01-15 10:30:00", "submit", "AAPL", "accepted", "o1", 0.0),
        ],
        [("i2", "2026-01-15 10:30:00", "submit", None, "s2", '{"symbol":"AAPL"}')],
        [(journal.span().newest, "2026-01-15 10:30:00", "ORDER_FILLED", "FILLED", "5")],
    ]
    assert found == expected[number]
    connection.close()
    journal.drop()


def test_every_table_is_explained(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    reader = shelf.journal._store.reader
    tables = reader.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    explained = re.findall(r"^\| `([a-z]+)` \|", MANUAL, re.MULTILINE)
    assert sorted(name for (name,) in tables) == sorted(explained)
    shelf.journal.drop()


def test_limits_are_as_the_manual_says() -> None:
    assert f"{commits.MOST_HELD:,}".replace(",", " ") in MANUAL
    assert f"within {commits.PATIENCE_SECONDS:g} seconds" in MANUAL
    assert f"{retention.ENOUGH:.0%}".replace("%", " %") in MANUAL
    assert f"`JOURNAL_MAX_MB={Options().max_mb}`" in MANUAL
    assert f"({Options().retention_days})" in MANUAL


def test_every_refusal_says_that_nothing_was_changed_or_what_to_mend() -> None:
    file = Path("state/journal.sqlite3")
    refusals: list[problems.JournalError] = [
        problems.JournalLocked(file.parent, ""),
        problems.PlaceUnusable(file.parent, "x"),
        problems.JournalDamaged(file, "x"),
        problems.JournalIncomplete(file),
        problems.JournalTooNew(file, 2, 1),
        problems.OtherAccount(file, "a", "b"),
    ]
    assert {type(each) for each in refusals} == set(problems.JournalError.__subclasses__())
    for each in refusals:
        assert "GATEWAY_STATE_DIR" in str(each) or "Nothing was changed" in str(each)

"""The SQLite side alone."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.journal.samples import intent, setting, step
from tradegw.journal import rows, schema
from tradegw.journal.reading import Reading
from tradegw.journal.store import Store
from tradegw.model.journal import Entry

TABLES = ("intents", "events", "orders", "executions", "plans", "steps", "settings")


def made(directory: Path) -> Store:
    directory.mkdir()
    store = Store(directory / "journal.sqlite3", fsync=False)
    schema.bring_up_to_date(store.writer)
    return store


def copied(store: Store, to: Path) -> Store:
    """What another process would find if this one died now."""
    shutil.copytree(store.file.parent, to, ignore=shutil.ignore_patterns("*-shm"))
    return Store(to / store.file.name, fsync=False)


def put(store: Store, *entries: Entry) -> None:
    store.insert(map(rows.written, entries))
    store.commit()


def test_a_commit_that_was_written_but_not_synced_does_not_come_back(tmp_path: Path) -> None:
    """If the sync fails the log holds a valid commit that SQLite ignores, until it recovers it."""
    first = made(tmp_path / "first")
    put(first, setting("n", b"1"))
    failed = copied(first, tmp_path / "failed")
    log, name = Path(f"{first.file}-wal"), f"{first.file.name}-wal"
    before = log.stat().st_size
    assert Reading(failed.reader).setting("n") is not None  # it has read its log by now
    put(first, intent("refused"))
    with (failed.file.parent / name).open("r+b") as opened:
        opened.seek(before)
        opened.write(log.read_bytes()[before:])
    assert Reading(failed.reader).intent("refused") is None

    risen = copied(failed, tmp_path / "risen")
    assert Reading(risen.reader).intent("refused") is not None, "the danger is real"
    failed._bury()
    buried = copied(failed, tmp_path / "buried")
    assert Reading(buried.reader).intent("refused") is None
    assert Reading(buried.reader).setting("n") is not None
    for store in (first, failed, risen, buried):
        store.close()


def test_a_commit_that_fails_is_rolled_back_and_buried(tmp_path: Path) -> None:
    """Made to fail by a constraint that SQLite looks at in the commit itself."""
    store = made(tmp_path / "a")
    store.writer.execute("PRAGMA foreign_keys = ON")
    store.writer.execute("CREATE TABLE parent (x PRIMARY KEY)")
    store.writer.execute("CREATE TABLE child (x REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
    store.insert(map(rows.written, [intent("i1")]))
    store.writer.execute("INSERT INTO child VALUES (1)")
    with pytest.raises(sqlite3.IntegrityError):
        store.commit()
    assert not store.writer.in_transaction
    assert Reading(store.reader).intent("i1") is None
    count = "SELECT value FROM about WHERE name = 'failed_commits'"
    assert store.reader.execute(count).fetchall() == [("1",)]
    store.close()


def test_reading_cannot_write(tmp_path: Path) -> None:
    store = made(tmp_path / "a")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store.reader.execute("DELETE FROM events")
    store.close()


def test_questions_are_answered_by_index(tmp_path: Path) -> None:
    """Each of them is asked while orders wait; none may look through a whole table."""
    store = made(tmp_path / "a")
    asked: list[str] = []
    store.reader.set_trace_callback(asked.append)
    reading = Reading(store.reader)
    reading.intent("a")
    reading.intent_sent_as("a")
    reading.intent_of_key("a")
    reading.intents_about("a")
    reading.unresolved()
    reading.orders(terminal=True, newest=9)
    reading.orders(terminal=False, newest=9)
    reading.order("a")
    reading.plans()
    reading.knows_execution("a", "b")
    reading.setting("a")
    reading.steps(["a"])
    reading.events_about("a")
    store.reader.set_trace_callback(None)
    assert len(asked) == 13
    for sql in asked:
        plan = [row[3] for row in store.reader.execute(f"EXPLAIN QUERY PLAN {sql}")]
        whole = [line for line in plan if line.startswith("SCAN") and line.split()[1] in TABLES]
        assert not [line for line in whole if "USING INDEX" not in line], (sql, plan)
    store.close()


def test_space_is_given_back(tmp_path: Path) -> None:
    store = made(tmp_path / "a")
    put(store, *(step("s", f"{n}", detail=b'"' + b"x" * 3000 + b'"') for n in range(400)))
    store.checkpoint()
    size = store.file.stat().st_size
    store.writer.execute("DELETE FROM steps")
    assert store.free_pages() > 300
    while store.free_pages():
        store.give_back(100)
    store.checkpoint()
    assert store.file.stat().st_size < size / 4
    store.close()

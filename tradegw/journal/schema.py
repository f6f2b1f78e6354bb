"""Tables and indexes, as steps from each version of the schema to the next.

A new journal takes all the steps, an older one those that it lacks; a step that was released is
never edited. Times are microseconds since 1970 (UTC), bodies JSON text as clients see it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from .problems import JournalDamaged, JournalTooNew

APPLICATION_ID: Final = (
    0x74677731  # "tgw1", in the header of the file: tells it from other databases
)

STEPS: Final[tuple[tuple[str, ...], ...]] = (
    (
        "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE intents (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            kind TEXT NOT NULL,
            at INTEGER NOT NULL,
            body TEXT NOT NULL,
            digest TEXT NOT NULL,
            symbol TEXT,
            client_order_id TEXT,
            sent_as TEXT,
            idempotency_key TEXT,
            target TEXT,
            resolved INTEGER NOT NULL DEFAULT 0,
            verdict TEXT,
            outcome_at INTEGER,
            order_id TEXT,
            answer TEXT,
            course TEXT)""",
        "CREATE INDEX intents_unresolved ON intents (number) WHERE resolved = 0",
        """CREATE INDEX intents_client_order_id ON intents (client_order_id)
            WHERE client_order_id IS NOT NULL""",
        "CREATE INDEX intents_sent_as ON intents (sent_as) WHERE sent_as IS NOT NULL",
        """CREATE INDEX intents_idempotency_key ON intents (idempotency_key)
            WHERE idempotency_key IS NOT NULL""",
        "CREATE INDEX intents_target ON intents (target) WHERE target IS NOT NULL",
        "CREATE INDEX intents_order_id ON intents (order_id) WHERE order_id IS NOT NULL",
        """CREATE TABLE events (
            seq INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            order_id TEXT,
            body TEXT NOT NULL)""",
        "CREATE INDEX events_order_id ON events (order_id) WHERE order_id IS NOT NULL",
        """CREATE TABLE orders (
            number INTEGER PRIMARY KEY,
            order_id TEXT NOT NULL UNIQUE,
            at INTEGER NOT NULL,
            terminal INTEGER NOT NULL,
            client_order_id TEXT,
            body TEXT NOT NULL,
            links TEXT NOT NULL)""",
        "CREATE INDEX orders_working ON orders (at) WHERE terminal = 0",
        "CREATE INDEX orders_terminal ON orders (at) WHERE terminal = 1",
        """CREATE TABLE executions (
            number INTEGER PRIMARY KEY,
            symbol TEXT NOT NULL,
            id TEXT NOT NULL,
            order_id TEXT NOT NULL,
            at INTEGER NOT NULL,
            UNIQUE (symbol, id))""",
        """CREATE TABLE plans (
            number INTEGER PRIMARY KEY,
            plan_id TEXT NOT NULL UNIQUE,
            at INTEGER NOT NULL,
            over INTEGER NOT NULL,
            body TEXT NOT NULL)""",
        "CREATE INDEX plans_live ON plans (number) WHERE over = 0",
        "CREATE INDEX plans_over ON plans (at) WHERE over = 1",
        """CREATE TABLE positions (
            symbol TEXT PRIMARY KEY,
            at INTEGER NOT NULL,
            quantity TEXT NOT NULL)""",
        """CREATE TABLE settings (
            name TEXT PRIMARY KEY,
            at INTEGER NOT NULL,
            value TEXT NOT NULL)""",
        """CREATE TABLE steps (
            number INTEGER PRIMARY KEY,
            subject TEXT NOT NULL,
            at INTEGER NOT NULL,
            name TEXT NOT NULL,
            detail TEXT NOT NULL)""",
        "CREATE INDEX steps_subject ON steps (subject)",
        # Orders of which nothing is forgotten: working ones, those in doubt, those with live exits.
        """CREATE VIEW open_orders AS
            SELECT order_id FROM orders WHERE terminal = 0
            UNION ALL SELECT target FROM intents WHERE resolved = 0 AND target IS NOT NULL
            UNION ALL SELECT order_id FROM intents WHERE resolved = 0 AND order_id IS NOT NULL
            UNION ALL SELECT plan_id FROM plans WHERE over = 0
            UNION ALL SELECT intents.order_id FROM plans JOIN intents ON intents.id = plans.plan_id
                WHERE plans.over = 0 AND intents.order_id IS NOT NULL""",
    ),
)


def examine(
    connection: sqlite3.Connection, file: Path, steps: Sequence[Sequence[str]] = STEPS
) -> None:
    """Make sure that *file* is whole, a journal, and not newer than we are; changes nothing.

    ``quick_check`` reads the whole file. The slower ``integrity_check`` also compares each index
    with its table; these cannot part, since both change in the same transaction.
    """
    complaints = connection.execute("PRAGMA quick_check(3)").fetchall()
    if complaints != [("ok",)]:
        raise JournalDamaged(file, "; ".join(str(text) for (text,) in complaints))
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if application_id != APPLICATION_ID:
        raise JournalDamaged(file, "it is an SQLite database, but not a journal of tradegw")
    version = _version(connection)
    if version > len(steps):
        raise JournalTooNew(file, version, len(steps))
    if version < 1:
        raise JournalDamaged(file, f"it says that its schema is {version}, which no journal has")
    found = _objects(connection)
    for name, sql in _expected(steps[:version]).items():
        if name not in found:
            raise JournalDamaged(file, f"{name} is missing in it")
        if found[name] != sql:
            raise JournalDamaged(file, f"{name} is not as it was made")


def bring_up_to_date(
    connection: sqlite3.Connection, steps: Sequence[Sequence[str]] = STEPS
) -> None:
    """Take the steps that are missing, each as a whole or not at all."""
    for number in range(_version(connection), len(steps)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in steps[number]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _expected(steps: Sequence[Sequence[str]]) -> dict[str, str]:
    """What a journal with these *steps* taken has; whatever else is in it does not matter."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        bring_up_to_date(connection, steps)
        return _objects(connection)


def _objects(connection: sqlite3.Connection) -> dict[str, str]:
    """Tables, indexes and views, each with the statement that made it."""
    found = connection.execute(
        "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL"
    )
    return dict(found.fetchall())


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])

"""Whether a journal can be relied upon, asked before anything is written to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from .problems import JournalDamaged
from .schema import examine

_NEEDED: Final = ("account", "epoch", "oldest")
_LONGEST_NUMBER: Final = 18
_UNREADABLE: Final = """
    SELECT 'intents', id FROM intents WHERE resolved = 0 AND NOT json_valid(body)
    UNION ALL SELECT 'orders', order_id FROM orders
        WHERE terminal = 0 AND NOT (json_valid(body) AND (links = '' OR json_valid(links)))
    UNION ALL SELECT 'plans', plan_id FROM plans WHERE over = 0 AND NOT json_valid(body)
    LIMIT 1"""
"""Of the rows by which the gateway goes on from where it was."""


def examined(file: Path) -> str:
    """Check the journal and say whose it is, through a connection that cannot change anything.

    Raises ``sqlite3.Error`` or ``UnicodeDecodeError``, or a
    :class:`tradegw.journal.problems.JournalError`.
    """
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
    with closing(connection):
        examine(connection, file)
        about = dict(connection.execute("SELECT name, value FROM about").fetchall())
        for name in _NEEDED:
            if name not in about:
                raise JournalDamaged(file, f"the row {name} of the table about is missing")
        for table, key in connection.execute(_UNREADABLE).fetchall():
            raise JournalDamaged(file, f"the row {key} of the table {table} holds no JSON")
        (newest,) = connection.execute("SELECT max(seq) FROM events").fetchone()
    oldest = str(about["oldest"])
    if not (oldest.isascii() and oldest.isdigit() and len(oldest) <= _LONGEST_NUMBER):
        raise JournalDamaged(file, f"the row oldest of the table about is no number: {oldest!r}")
    if newest is not None and newest < int(oldest) - 1:
        raise JournalDamaged(file, f"its newest event ({newest}) is older than its oldest")
    return str(about["account"])

"""What can be asked of the journal: a read-only connection that sees what is durable."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from ..errors import JournalUnavailable
from ..model.journal import NetPosition, OrderState, PlanState, Recorded, Setting, Step
from . import rows
from .problems import why
from .rows import Row

T = TypeVar("T")

NEWEST_EVENTS: Final = 1000
NEWEST_INTENTS: Final = 10_000
DAY: Final = 24 * 60 * 60 * 1_000_000
"""In microseconds: an intent that is older than the newest by more was looked at before."""


class Reading:
    """The reads of :class:`tradegw.interfaces.IJournal` that need no knowledge of the present.

    They are calls that return at once (tens of microseconds by index), and raise
    ``JournalUnavailable`` if the file cannot be read.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._reader = connection

    def intent(self, intent_id: str) -> Recorded | None:
        return self._one_intent("id = ?1", intent_id)

    def intent_sent_as(self, client_order_id: str) -> Recorded | None:
        return self._one_intent(
            "number = (SELECT max(number) FROM (SELECT max(number) AS number FROM intents"
            " WHERE client_order_id = ?1 UNION ALL SELECT max(number) FROM intents"
            " WHERE sent_as = ?1))",
            client_order_id,
        )

    def intent_of_key(self, idempotency_key: str) -> Recorded | None:
        return self._one_intent(
            "number = (SELECT max(number) FROM intents WHERE idempotency_key = ?1)",
            idempotency_key,
        )

    def intents_about(self, order_id: str) -> list[Recorded]:
        return self._intents(
            "number IN (SELECT number FROM intents WHERE order_id = ?1 UNION SELECT number"
            " FROM intents WHERE target = ?1 AND kind IN ('replace', 'cancel'))",
            order_id,
        )

    def unresolved(self) -> list[Recorded]:
        return self._intents("resolved = 0")

    def untold(self) -> list[Recorded]:
        return self._intents(
            "verdict = 'accepted' AND kind IN ('submit', 'leg', 'close') AND order_id IS NOT NULL"
            " AND number > (SELECT max(number) - ?1 FROM intents)"
            " AND at > (SELECT max(at) - ?2 FROM intents)"
            # the entry of a leg keeps its intent, but not what was told of it
            " AND (kind != 'leg' OR at >= coalesce((SELECT at FROM events WHERE seq >="
            " (SELECT CAST(value AS INTEGER) FROM about WHERE name = 'oldest')"
            " ORDER BY seq LIMIT 1), 0))"
            " AND NOT EXISTS (SELECT 1 FROM orders WHERE orders.order_id = intents.order_id)",
            NEWEST_INTENTS,
            DAY,
        )

    def orders(self, *, terminal: bool, newest: int) -> list[OrderState]:
        found = self._ask(
            rows.SELECT_ORDERS
            + f"terminal = {int(terminal)} ORDER BY at DESC, number DESC LIMIT ?",
            max(newest, 0),
        )
        return _taken("orders", rows.order_state, reversed(found))

    def order(self, order_id: str) -> OrderState | None:
        found = self._ask(rows.SELECT_ORDERS + "order_id = ?", order_id)
        return _taken("orders", rows.order_state, found)[0] if found else None

    def plans(self) -> list[PlanState]:
        found = self._ask(
            "SELECT plan_id, at, over, CAST(body AS BLOB) FROM plans WHERE over = 0 ORDER BY number"
        )
        return _taken("plans", rows.plan_state, found)

    def net_positions(self) -> list[NetPosition]:
        found = self._ask("SELECT symbol, at, quantity FROM positions ORDER BY rowid")
        return [each for each in _taken("positions", rows.net_position, found) if each.quantity]

    def knows_execution(self, symbol: str, execution_id: str) -> bool:
        return bool(
            self._ask("SELECT 1 FROM executions WHERE symbol = ? AND id = ?", symbol, execution_id)
        )

    def setting(self, name: str) -> Setting | None:
        found = self._ask("SELECT name, at, CAST(value AS BLOB) FROM settings WHERE name = ?", name)
        return _taken("settings", rows.setting, found)[0] if found else None

    def steps(self, subjects: Iterable[str]) -> list[Step]:
        found = self._ask(
            "SELECT subject, at, name, CAST(detail AS BLOB) FROM steps"
            " WHERE subject IN (SELECT value FROM json_each(?)) ORDER BY number",
            json.dumps(list(subjects)),
        )
        return _taken("steps", rows.step, found)

    def events_about(self, order_id: str) -> list[tuple[int, bytes]]:
        found = self._ask(
            "SELECT seq, CAST(body AS BLOB) FROM events WHERE order_id = ?"
            " ORDER BY seq DESC LIMIT ?",
            order_id,
            NEWEST_EVENTS,
        )
        return [(seq, body) for seq, body in reversed(found)]

    def _one_intent(self, condition: str, value: str) -> Recorded | None:
        found = self._intents(condition, value)
        return found[0] if found else None

    def _intents(self, condition: str, *values: Any) -> list[Recorded]:
        found = self._ask(f"{rows.SELECT_INTENTS}{condition} ORDER BY number", *values)
        return _taken("intents", rows.recorded, found)

    def _ask(self, sql: str, *values: Any) -> list[Row]:
        try:
            return self._reader.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise JournalUnavailable(f"The journal cannot be read: {why(error)}") from error
        except UnicodeDecodeError as error:
            raise JournalUnavailable(f"The journal cannot be read: {error}") from error


def _taken(table: str, take: Callable[[Row], T], found: Iterable[Row]) -> list[T]:
    """What *take* makes of the rows, whose first column is their key."""
    taken = []
    for row in found:
        try:
            taken.append(take(row))
        except (ValueError, TypeError, ArithmeticError) as error:
            raise JournalUnavailable(
                "The journal cannot be read: the row"
                f" {row[0]} of the table {table} makes no sense: {type(error).__name__} {error}"
            ) from error
    return taken

"""Entries to rows and back.

Bodies are stored as text, so that SQL can look into them, and come back byte for byte: SQLite casts
between text and bytes without looking at either, which spares us decoding them here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from ..model.journal import (
    Entry,
    Execution,
    Intent,
    IntentKind,
    NetPosition,
    OrderState,
    Outcome,
    PlanState,
    Recorded,
    Setting,
    Step,
    Told,
    Verdict,
)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

Row = tuple[Any, ...]


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // _MICROSECOND


def moment(at: int) -> datetime:
    """The reverse of :func:`micros`, in UTC."""
    return EPOCH + timedelta(microseconds=at)


class Writing(NamedTuple):
    """How entries of one type are written."""

    sql: str
    row: Callable[[Any], Row]


# In this order within one commit: an outcome finds the intent that was written along with it.
_WRITINGS: Final[dict[type[Entry], Writing]] = {
    Intent: Writing(
        "INSERT INTO intents (id, kind, at, body, digest, symbol, client_order_id, sent_as,"
        " idempotency_key, target) VALUES (?, ?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, at = excluded.at,"
        " body = excluded.body, digest = excluded.digest, symbol = excluded.symbol,"
        " client_order_id = excluded.client_order_id, sent_as = excluded.sent_as,"
        " idempotency_key = excluded.idempotency_key, target = excluded.target",
        lambda e: (
            e.id,
            e.kind.value,
            micros(e.at),
            e.body,
            e.digest,
            e.symbol,
            e.client_order_id,
            e.sent_as,
            e.idempotency_key,
            e.target,
        ),
    ),
    Outcome: Writing(
        "UPDATE intents SET resolved = ?, verdict = ?, outcome_at = ?, order_id = ?,"
        " answer = CAST(? AS TEXT), course = CAST(? AS TEXT) WHERE id = ?",
        lambda e: (
            e.verdict is not Verdict.UNKNOWN,
            e.verdict.value,
            micros(e.at),
            e.order_id,
            e.answer,
            e.course,
            e.intent_id,
        ),
    ),
    Told: Writing(
        "INSERT INTO events (seq, at, kind, order_id, body) VALUES (?, ?, ?, ?, CAST(? AS TEXT))"
        " ON CONFLICT DO NOTHING",
        lambda e: (e.seq, micros(e.at), e.kind, e.order_id, e.body),
    ),
    OrderState: Writing(
        "INSERT INTO orders (order_id, at, terminal, client_order_id, body, links)"
        " VALUES (?, ?, ?, ?, CAST(? AS TEXT), CAST(? AS TEXT))"
        " ON CONFLICT (order_id) DO UPDATE SET at = excluded.at, terminal = excluded.terminal,"
        " client_order_id = excluded.client_order_id, body = excluded.body, links = excluded.links",
        lambda e: (e.order_id, micros(e.at), e.terminal, e.client_order_id, e.body, e.links),
    ),
    Execution: Writing(
        "INSERT INTO executions (symbol, id, order_id, at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        lambda e: (e.symbol, e.id, e.order_id, micros(e.at)),
    ),
    PlanState: Writing(
        "INSERT INTO plans (plan_id, at, over, body) VALUES (?, ?, ?, CAST(? AS TEXT))"
        " ON CONFLICT (plan_id) DO UPDATE SET at = excluded.at, over = excluded.over,"
        " body = excluded.body",
        lambda e: (e.plan_id, micros(e.at), e.over, e.body),
    ),
    NetPosition: Writing(
        "INSERT INTO positions (symbol, at, quantity) VALUES (?, ?, ?)"
        " ON CONFLICT (symbol) DO UPDATE SET at = excluded.at, quantity = excluded.quantity",
        lambda e: (e.symbol, micros(e.at), str(e.quantity)),
    ),
    Setting: Writing(
        "INSERT INTO settings (name, at, value) VALUES (?, ?, CAST(? AS TEXT))"
        " ON CONFLICT (name) DO UPDATE SET at = excluded.at, value = excluded.value",
        lambda e: (e.name, micros(e.at), e.value),
    ),
    Step: Writing(
        "INSERT INTO steps (subject, at, name, detail) VALUES (?, ?, ?, CAST(? AS TEXT))",
        lambda e: (e.subject, micros(e.at), e.name, e.detail),
    ),
}


Written = tuple[type[Entry], Row]


def written(entry: Entry) -> Written:
    """*entry* as it will be inserted."""
    kind = type(entry)
    return kind, _WRITINGS[kind].row(entry)


def statements(entries: Iterable[Written]) -> list[tuple[str, list[Row]]]:
    """Statements and the rows for each, in the order in which they are to be run."""
    rows: dict[type[Entry], list[Row]] = {}
    for kind, row in entries:
        if kind in rows:
            rows[kind].append(row)
        else:
            rows[kind] = [row]
    return [(writing.sql, rows[kind]) for kind, writing in _WRITINGS.items() if kind in rows]


SELECT_INTENTS: Final = (
    "SELECT id, kind, at, CAST(body AS BLOB), digest, symbol, client_order_id, sent_as,"
    " idempotency_key, target, verdict, outcome_at, order_id, CAST(answer AS BLOB),"
    " CAST(course AS BLOB)"
    " FROM intents WHERE "
)
SELECT_ORDERS: Final = (
    "SELECT order_id, at, terminal, client_order_id, CAST(body AS BLOB), CAST(links AS BLOB)"
    " FROM orders WHERE "
)


def recorded(row: Row) -> Recorded:
    """From :data:`SELECT_INTENTS`."""
    intent = Intent(
        id=row[0],
        kind=IntentKind(row[1]),
        at=moment(row[2]),
        body=row[3],
        digest=row[4],
        symbol=row[5],
        client_order_id=row[6],
        sent_as=row[7],
        idempotency_key=row[8],
        target=row[9],
    )
    if row[10] is None:
        return Recorded(intent=intent)
    outcome = Outcome(
        intent_id=row[0],
        verdict=Verdict(row[10]),
        at=moment(row[11]),
        order_id=row[12],
        answer=row[13],
        course=row[14],
    )
    return Recorded(intent=intent, outcome=outcome)


def order_state(row: Row) -> OrderState:
    """From :data:`SELECT_ORDERS`."""
    return OrderState(
        order_id=row[0],
        at=moment(row[1]),
        terminal=bool(row[2]),
        client_order_id=row[3],
        body=row[4],
        links=row[5],
    )


def plan_state(row: Row) -> PlanState:
    """From ``plan_id, at, over, body``."""
    return PlanState(plan_id=row[0], at=moment(row[1]), over=bool(row[2]), body=row[3])


def net_position(row: Row) -> NetPosition:
    """From ``symbol, at, quantity``."""
    return NetPosition(symbol=row[0], at=moment(row[1]), quantity=Decimal(row[2]))


def setting(row: Row) -> Setting:
    """From ``name, at, value``."""
    return Setting(name=row[0], at=moment(row[1]), value=row[2])


def step(row: Row) -> Step:
    """From ``subject, at, name, detail``."""
    return Step(subject=row[0], at=moment(row[1]), name=row[2], detail=row[3])

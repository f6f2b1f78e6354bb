"""Entries for tests, and a journal on disk whose disk the test controls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, execute
from twisted.internet.task import Clock

from tradegw.journal.commits import LINGER_SECONDS
from tradegw.journal.durable import Journal
from tradegw.journal.opening import Options, open_journal
from tradegw.model.journal import (
    Execution,
    Intent,
    IntentKind,
    NetPosition,
    OrderState,
    Outcome,
    PlanState,
    Setting,
    Step,
    Told,
    Verdict,
)

AT = datetime(2026, 1, 15, 10, 30, 0, 123456, tzinfo=UTC)
ACCOUNT = "alpaca-paper PA123"


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def intent(name: str, **members: Any) -> Intent:
    members = (
        dict[str, Any]({"kind": IntentKind.SUBMIT, "at": AT, "body": b'{"symbol":"AAPL"}'})
        | members
    )
    return Intent(id=name, **members)


def outcome(name: str, verdict: Verdict = Verdict.ACCEPTED, **members: Any) -> Outcome:
    return Outcome(intent_id=name, verdict=verdict, **({"at": AT} | members))


def told(seq: int, order_id: str | None = None, **members: Any) -> Told:
    members = dict[str, Any]({"at": AT, "kind": "order", "body": b'{"seq":%d}' % seq}) | members
    return Told(seq=seq, order_id=order_id, **members)


def order(order_id: str, **members: Any) -> OrderState:
    members = dict[str, Any]({"at": AT, "terminal": False, "body": b'{"status":"OPEN"}'}) | members
    return OrderState(order_id=order_id, **members)


def execution(name: str, symbol: str = "AAPL", order_id: str = "o1", **members: Any) -> Execution:
    return Execution(id=name, symbol=symbol, order_id=order_id, **({"at": AT} | members))


def plan(name: str, **members: Any) -> PlanState:
    members = dict[str, Any]({"at": AT, "over": False, "body": b"{}"}) | members
    return PlanState(plan_id=name, **members)


def position(symbol: str, quantity: str, **members: Any) -> NetPosition:
    return NetPosition(symbol=symbol, quantity=Decimal(quantity), **({"at": AT} | members))


def setting(name: str, value: bytes, **members: Any) -> Setting:
    return Setting(name=name, value=value, **({"at": AT} | members))


def step(subject: str, name: str, **members: Any) -> Step:
    return Step(subject=subject, name=name, **({"at": AT} | members))


class Disk:
    """How commits are run: at once, failing with ``fault``, or held back until :meth:`answer`.

    What fails is not done at all, as when the disk is full.
    """

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.slow = False
        self.waiting: list[tuple[Callable[[], None], Deferred[None]]] = []
        self.done = 0

    def run(self, work: Callable[[], None]) -> Deferred[None]:
        if self.slow:
            waits: Deferred[None] = Deferred()
            self.waiting.append((work, waits))
            return waits
        return execute(self._do, work)

    def answer(self) -> None:
        """Do what has been asked for first, or let it fail."""
        work, waits = self.waiting.pop(0)
        execute(self._do, work).chainDeferred(waits)

    def _do(self, work: Callable[[], None]) -> None:
        if self.fault is not None:
            raise self.fault
        self.done += 1
        work()


class Shelf:
    """A journal on a real file with a made-up clock and disk."""

    def __init__(self, directory: Path, **options: Any) -> None:
        self.directory = directory
        self.options = Options(
            **(dict[str, Any]({"fsync": False, "new_epoch": lambda: "epoch-1"}) | options)
        )
        self.clock = Clock()
        self.disk = Disk()
        self.started = AT
        self.journal = self.open()

    @property
    def file(self) -> Path:
        return self.directory / "journal.sqlite3"

    def now(self) -> datetime:
        return self.started + timedelta(seconds=self.clock.seconds())

    def open(self, account: str = ACCOUNT) -> Journal:
        self.journal = open_journal(
            self.directory, account, self.clock, self.now, self.disk.run, self.options
        )
        return self.journal

    def turn(self) -> None:
        """The end of the reactor's turn, and of those that follow it at once."""
        self.clock.advance(0)
        self.clock.advance(LINGER_SECONDS)

    def died(self) -> Journal:
        """As the next process finds it after this one was killed."""
        self.journal.drop()
        return self.open()

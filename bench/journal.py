"""Durable appends with the real reactor: where the commit waits for the disk, and what it costs.

    python -m bench.journal [--orders 20000] [--rounds 3] [--directory DIR] [--random-ids]

An order is what a filled market order leaves: an intent, which is waited for, then an outcome, an
order, an execution, a position and an event, which are not. With so many orders in flight each
begins the next when its intent is durable. Ways, in turn in each round, each on a new journal:

writer thread   as the gateway does it: one commit at a time in a thread of its own
  default       the same with Python's own interval of switching between threads, 5 ms
in the turn     the commit at the end of the reactor's turn, in the reactor's thread
no fsync        in the turn, and the disk is not waited for: what all but the disk costs

Each with a reactor that sleeps when it has nothing to do, and with one that never does. Shown are
medians of the rounds: orders and rows a second, milliseconds from ``write`` to durable, and the
longest time for which a commit held the reactor. Ids grow with time, or are random as UUID4 is.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from msgspec import Struct
from twisted.internet import reactor as _reactor
from twisted.internet import task
from twisted.internet.defer import Deferred, execute, gatherResults

from tradegw.journal.commits import Run
from tradegw.journal.durable import Journal
from tradegw.journal.opening import Options, open_journal
from tradegw.journal.thread import SWITCH_SECONDS, WriterThread
from tradegw.model.journal import (
    Entry,
    Execution,
    Intent,
    IntentKind,
    NetPosition,
    OrderState,
    Outcome,
    Told,
    Verdict,
)


class Load(Struct):
    """Orders in flight, and whether the reactor is kept from sleeping."""

    in_flight: int
    busy: bool


reactor: Any = _reactor
LOADS = [Load(in_flight, busy=busy) for busy in (False, True) for in_flight in (1, 32)]
ROWS = 6
BODY = b'{"symbol":"AAPL","side":"BUY","quantity":"100","order_type":"MARKET","tags":["bench"]}'
EVENT = BODY * 5  # about as long as an order event


class Figures(Struct):
    """Of one run."""

    orders: float
    p50: float
    p99: float
    held: float


def wall() -> datetime:
    return datetime.now(UTC)


def after(journal: Journal, intent_id: str, at: datetime) -> tuple[Entry, ...]:
    order_id = f"order-{intent_id}"
    return (
        Outcome(
            intent_id=intent_id, at=at, verdict=Verdict.ACCEPTED, order_id=order_id, answer=BODY
        ),
        OrderState(order_id=order_id, at=at, terminal=True, body=EVENT),
        Execution(id=intent_id, symbol="AAPL", order_id=order_id, at=at),
        NetPosition(symbol="AAPL", at=at, quantity=Decimal(100)),
        Told(seq=journal.next_seq(), at=at, kind="order", body=EVENT, order_id=order_id),
    )


class Held:
    """Runs commits as *run* does, and notes the longest time until the reactor went on."""

    def __init__(self, run: Run) -> None:
        self.longest = 0.0
        self._run = run

    def __call__(self, work: Callable[[], None]) -> Deferred[None]:
        began = time.perf_counter()
        done = self._run(work)
        self.longest = max(self.longest, time.perf_counter() - began)
        return done


class Flow:
    """So many orders, so many of them at a time."""

    def __init__(self, journal: Journal, orders: int, random_ids: bool) -> None:
        self.journal = journal
        self.left = orders
        self.waits: list[float] = []
        self.random_ids = random_ids

    async def run(self, in_flight: int) -> float:
        began = time.perf_counter()
        await gatherResults([Deferred.fromCoroutine(self.one()) for _ in range(in_flight)])
        return time.perf_counter() - began

    async def one(self) -> None:
        while self.left:
            self.left -= 1
            intent_id = str(uuid4()) if self.random_ids else f"{time.time_ns():032x}"
            at = wall()
            began = time.perf_counter()
            await self.journal.write(
                Intent(
                    id=intent_id,
                    kind=IntentKind.SUBMIT,
                    at=at,
                    body=BODY,
                    digest="0123456789abcdef",
                    symbol="AAPL",
                    sent_as=intent_id,
                )
            )
            self.waits.append(time.perf_counter() - began)
            self.journal.keep(*after(self.journal, intent_id, at))


class Way(Struct):
    """Of making commits durable."""

    name: str
    run: Run
    fsync: bool = True
    switch_seconds: float = SWITCH_SECONDS


async def measured(way: Way, directory: Path, options: argparse.Namespace, load: Load) -> Figures:
    sys.setswitchinterval(way.switch_seconds)
    run = Held(way.run)
    journal = open_journal(
        directory / "state", "bench", reactor, wall, run, Options(fsync=way.fsync)
    )
    flow = Flow(
        journal, options.orders if load.in_flight > 1 else options.orders // 10, options.random_ids
    )
    spinning = task.LoopingCall(lambda: None)
    if load.busy:
        spinning.start(0)
    gc.collect()
    took = await flow.run(load.in_flight)
    if load.busy:
        spinning.stop()
    held = run.longest
    await journal.stop()
    cuts = statistics.quantiles(flow.waits, n=100)
    return Figures(len(flow.waits) / took, cuts[49] * 1000, cuts[98] * 1000, held * 1000)


def ways(thread: WriterThread) -> list[Way]:
    return [
        Way("writer thread", thread.run),
        Way("  default", thread.run, switch_seconds=0.005),
        Way("in the turn", execute),
        Way("no fsync", execute, fsync=False),
    ]


async def main(_reactor: Any) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--directory", help="on the disk to measure; else a temporary one")
    parser.add_argument("--random-ids", action="store_true")
    options = parser.parse_args()
    thread = WriterThread(reactor)
    await thread.run(lambda: None)  # started, which sets the interval
    print(
        f"{'':16}{'reactor':>8}{'in flight':>10}{'orders/s':>10}{'rows/s':>9}{'p50 ms':>9}"
        f"{'p99 ms':>9}{'held ms':>9}"
    )
    for load in LOADS:
        found: dict[str, list[Figures]] = {}
        for _ in range(options.rounds):
            for way in ways(thread):
                with tempfile.TemporaryDirectory(dir=options.directory) as directory:
                    figures = await measured(way, Path(directory), options, load)
                found.setdefault(way.name, []).append(figures)
        for name, figures_of in found.items():
            rate, p50, p99, held = (
                statistics.median(getattr(each, field) for each in figures_of)
                for field in Figures.__struct_fields__
            )
            print(
                f"{name:16}{'busy' if load.busy else 'sleeps':>8}{load.in_flight:>10}{rate:>10.0f}"
                f"{rate * ROWS:>9.0f}{p50:>9.2f}{p99:>9.2f}{held:>9.1f}"
            )
    thread.stop()


if __name__ == "__main__":
    task.react(lambda reactor: Deferred.fromCoroutine(main(reactor)))

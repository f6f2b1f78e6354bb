"""Durable appends with the real reactor: where the commit waits for the disk, and what it costs.

    python -m bench.journal [--orders 20000] [--rounds 3] [--directory DIR]

An order is what a filled market order leaves: an intent, which is waited for, then an outcome, an
order, an execution, a position and an event, which are not. With so many orders in flight each
begins the next when its intent is durable. Ways, in turn in each round, each on a new journal:

writer thread   as the gateway does it: one commit at a time in a thread of its own
in the turn     the commit at the end of the reactor's turn, in the reactor's thread
no fsync        in the turn, and the disk is not waited for: what all but the disk costs

Shown are medians of the rounds: orders and rows a second, time from ``write`` to durable, and the
longest turn of the reactor.
"""

from __future__ import annotations

import argparse
import gc
import statistics
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
from tradegw.journal.thread import WriterThread
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

reactor: Any = _reactor
ROWS = 6
BODY = b'{"symbol":"AAPL","side":"BUY","quantity":"100","order_type":"MARKET","tags":["bench"]}'
EVENT = BODY * 5  # about as long as an order event


class Figures(Struct):
    """Of one run."""

    orders: float
    p50: float
    p99: float
    longest_turn: float


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


class Flow:
    """So many orders, so many of them at a time."""

    def __init__(self, journal: Journal, orders: int, in_flight: int) -> None:
        self.journal = journal
        self.left = orders
        self.waits: list[float] = []
        self.longest_turn = 0.0
        self.in_flight = in_flight
        self._last = 0.0

    async def run(self) -> float:
        began = self._last = time.perf_counter()
        turns = task.LoopingCall(self.turn)
        turns.start(0, now=False)
        await gatherResults([Deferred.fromCoroutine(self.one()) for _ in range(self.in_flight)])
        took = time.perf_counter() - began
        turns.stop()
        return took

    async def one(self) -> None:
        while self.left:
            self.left -= 1
            intent_id = str(uuid4())
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

    def turn(self) -> None:
        now = time.perf_counter()
        self.longest_turn = max(self.longest_turn, now - self._last)
        self._last = now


async def measured(directory: Path, run: Run, fsync: bool, orders: int, in_flight: int) -> Figures:
    journal = open_journal(directory, "bench", reactor, wall, run, Options(fsync=fsync))
    flow = Flow(journal, orders, in_flight)
    gc.collect()
    took = await flow.run()
    await journal.stop()
    cuts = statistics.quantiles(flow.waits, n=100)
    return Figures(orders / took, cuts[49] * 1000, cuts[98] * 1000, flow.longest_turn * 1000)


async def main(_reactor: Any) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--directory", help="on the disk to measure; else a temporary one")
    options = parser.parse_args()
    thread = WriterThread(reactor)
    ways: dict[str, tuple[Callable[..., Any], bool]] = {
        "writer thread": (thread.run, True),
        "in the turn": (execute, True),
        "no fsync": (execute, False),
    }
    print(f"{'':16}{'in flight':>10}{'orders/s':>10}{'rows/s':>10}{'p50 ms':>9}{'p99 ms':>9}", end="")
    print(f"{'longest turn ms':>17}")
    for in_flight in (1, 32):
        found: dict[str, list[Figures]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, (run, fsync) in ways.items():
                with tempfile.TemporaryDirectory(dir=options.directory) as directory:
                    orders = options.orders if in_flight > 1 else options.orders // 10
                    found[name].append(
                        await measured(Path(directory) / "state", run, fsync, orders, in_flight)
                    )
        for name, figures in found.items():
            rate, p50, p99, turn = (
                statistics.median(getattr(each, field) for each in figures)
                for field in Figures.__struct_fields__
            )
            print(
                f"{name:16}{in_flight:>10}{rate:>10.0f}{rate * ROWS:>10.0f}{p50:>9.2f}{p99:>9.2f}"
                f"{turn:>17.1f}"
            )
    thread.stop()


if __name__ == "__main__":
    task.react(lambda reactor: Deferred.fromCoroutine(main(reactor)))

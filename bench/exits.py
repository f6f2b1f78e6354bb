"""How long a fill is without its exits: from the broker's event to the orders of both its legs.

The core is called directly, by the real reactor, at a broker that answers at once; so all that is
measured is the gateway's own. The events of a number of entries come in one turn of the reactor, as
in one read of a socket; each is measured from the first of them to its stop, and to the last of its
two legs, being handed to the broker: with 32 it waits for the work on 31 others. Beside it the same
with a journal in memory. Each run is a process of its own; the runs are interleaved.

    python bench/exits.py [--rounds 3] [--fills 640] [--dir .]
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from prometheus_client import CollectorRegistry
from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred

from tradegw.core import Core, Surroundings
from tradegw.daemon import GARBAGE_LOOKS
from tradegw.interfaces import IJournal
from tradegw.journal.opening import open_journal
from tradegw.journal.thread import WriterThread
from tradegw.metrics.meters import Meters
from tradegw.model.enums import OrderType, Side
from tradegw.model.identifiers import growing_id
from tradegw.model.order import Order, OrderRequest
from tradegw.testing.broker import ScriptedBroker
from tradegw.testing.journal import MemoryJournal

JOURNALS: Final = ("memory", "disk")
AT_ONCE: Final = (1, 32)
LOOK_SECONDS: Final = 0.001
PATIENCE: Final = 5000
"""Looks, before a run is given up."""
WARM_UP: Final = 5
reactor: Any = installed


def now() -> datetime:
    return datetime.now(UTC)


class Nobody:
    """The stream without a client."""

    def publish(self, _event: Any) -> int:
        return 0

    def audience(self) -> int:
        return 0


class Stopwatch(ScriptedBroker):
    """Notes when the legs of each entry are sent; ``filled_at`` has when each entry filled."""

    def __init__(self) -> None:
        super().__init__()
        self.filled_at: dict[str, float] = {}
        self.took: dict[str, list[float]] = {}

    def submit(self, request: OrderRequest, *lane: Any) -> Deferred[Order]:
        name = (request.client_order_id or "").removesuffix("-sl").removesuffix("-tp")
        if name in self.filled_at:
            seconds = time.perf_counter() - self.filled_at[name]
            self.took.setdefault(name, []).append(seconds)
        return super().submit(request, *lane)


class Rounds:
    """Has entries fill, *at_once* of them each time, until there were *fills*."""

    def __init__(self, core: Core, broker: Stopwatch, at_once: int, fills: int) -> None:
        self._core = core
        self._broker = broker
        self._at_once = at_once
        self._left = max(1, fills // at_once) + WARM_UP
        self._names: list[str] = []
        self._number = 0
        self.first: list[float] = []
        self.both: list[float] = []

    def begin(self) -> None:
        """Send the entries of a round."""
        self._number += 1
        self._names = [f"r{self._number}-{n}" for n in range(self._at_once)]
        answers = [self._core.desk.submit(_entry(name)) for name in self._names]
        self._until(lambda: all(answer.called for answer in answers), self._fill)

    def _fill(self) -> None:
        entries = {order.client_order_id: order.id for order in self._broker.orders.values()}
        self._broker.filled_at = dict.fromkeys(self._names, time.perf_counter())
        for name in self._names:
            self._broker.fill(entries[name], "1")
        took = self._broker.took
        self._until(lambda: [len(each) for each in took.values()] == [2] * self._at_once, self._end)

    def _end(self) -> None:
        """Take the profit of each entry: its plan is over."""
        broker, took = self._broker, list(self._broker.took.values())
        if self._number > WARM_UP:
            self.first += [each[0] for each in took]
            self.both += [each[-1] for each in took]
        broker.filled_at.clear()
        broker.took.clear()
        for order in list(broker.orders.values()):
            if order.order_type is OrderType.LIMIT and order.side is Side.SELL:
                broker.fill(order.id, "1")
        orders = broker.orders
        self._until(lambda: all(o.status.is_terminal for o in orders.values()), self._next)

    def _next(self) -> None:
        self._broker.orders.clear()
        self._broker.calls.clear()
        self._left -= 1
        if self._left:
            self.begin()
        else:
            reactor.stop()

    def _until(self, is_so: Callable[[], bool], then: Callable[[], None], looks: int = 0) -> None:
        """Go on with *then* when *is_so*, and what follows of it is done."""
        if looks == PATIENCE:
            reactor.stop()
            raise SystemExit("a round came to no end")
        if is_so():
            reactor.callLater(LOOK_SECONDS, then)
        else:
            reactor.callLater(LOOK_SECONDS, self._until, is_so, then, looks + 1)

    def figures(self) -> dict[str, list[float]]:
        """Milliseconds."""
        return {
            "first": [seconds * 1000 for seconds in self.first],
            "both": [seconds * 1000 for seconds in self.both],
        }


def _entry(name: str) -> OrderRequest:
    return OrderRequest(
        symbol=name,
        side=Side.BUY,
        quantity=Decimal(1),
        order_type=OrderType.LIMIT,
        limit_price=Decimal(100),
        stop_loss=Decimal(90),
        take_profit=Decimal(110),
        client_order_id=name,
    )


def core_at(broker: ScriptedBroker, kind: str, directory: str) -> Core:
    """The core with a journal of *kind* in *directory*."""
    journal: IJournal = MemoryJournal()
    if kind == "disk":
        run = WriterThread(reactor).run
        journal = open_journal(Path(directory), broker.account_name, reactor, now, run)
    core = Core(
        broker,
        Surroundings(
            journal=journal,
            sink=Nobody(),  # type: ignore[arg-type]
            meters=Meters(CollectorRegistry(), broker.platform),
            clock=reactor,
            seconds=time.monotonic,
            now=now,
            new_id=lambda: growing_id(now()),
        ),
    )
    broker.listener, broker.now = core.intake, now
    return core


def measure(kind: str, at_once: int, fills: int, directory: str) -> None:
    """One run: prints what each fill took as JSON."""
    broker = Stopwatch()
    core = core_at(broker, kind, directory)
    rounds = Rounds(core, broker, at_once, fills)
    gc.collect()  # as the daemon does
    gc.freeze()
    gc.set_threshold(GARBAGE_LOOKS, 20, 20)
    reactor.callWhenRunning(core.intake.on_link_up)
    reactor.callLater(0.1, rounds.begin)
    reactor.run()
    print(json.dumps(rounds.figures()))


def one(kind: str, at_once: int, chosen: argparse.Namespace) -> dict[str, list[float]]:
    """A run in a process of its own, with a journal of its own."""
    with tempfile.TemporaryDirectory(dir=chosen.dir) as directory:
        command = [sys.executable, __file__, "--one", kind, str(at_once)]
        command += ["--fills", str(chosen.fills), "--dir", directory]
        text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        took: dict[str, list[float]] = json.loads(text.stdout.splitlines()[-1])
        return took


def compare(chosen: argparse.Namespace) -> None:
    """Interleaved rounds of all kinds; the percentiles of all of their fills."""
    found: dict[tuple[str, int], dict[str, list[float]]] = {}
    for _ in range(chosen.rounds):
        for at_once in AT_ONCE:
            for kind in JOURNALS:
                so_far = found.setdefault((kind, at_once), {"first": [], "both": []})
                for name, took in one(kind, at_once, chosen).items():
                    so_far[name] += took
    print("milliseconds from the event of a fill to its stop, and to both its legs, being sent")
    print(
        f"{'journal':8}{'filling at once':>16}{'stop p50':>10}{'p99':>8}"
        f"{'both p50':>10}{'p99':>8}{'fills':>8}"
    )
    for (kind, at_once), each in sorted(found.items(), key=lambda item: item[0][1]):
        first, both = sorted(each["first"]), sorted(each["both"])
        print(
            f"{kind:8}{at_once:>16}{_share(first, 50):>10.2f}{_share(first, 99):>8.2f}"
            f"{_share(both, 50):>10.2f}{_share(both, 99):>8.2f}{len(both):>8}"
        )


def _share(took: list[float], percent: int) -> float:
    return took[len(took) * percent // 100]  # they are sorted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--fills", type=int, default=640, help="in each run")
    parser.add_argument("--dir", default=".", help="where the journals are made, and removed")
    parser.add_argument("--one", nargs=2, metavar=("JOURNAL", "AT_ONCE"))
    chosen = parser.parse_args()
    if chosen.one:
        kind, at_once = chosen.one
        measure(kind, int(at_once), chosen.fills, chosen.dir)
    else:
        compare(chosen)


if __name__ == "__main__":
    main()

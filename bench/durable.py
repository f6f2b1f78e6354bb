"""What durability costs an order: the core on the simulated broker, with and without its journal.

No HTTP: the core is called directly, at a fixed number of orders in flight, by the real reactor.
Each run is a process of its own; the runs are interleaved, and medians are shown.

    python bench/durable.py [--rounds 3] [--orders 6000] [--dir .]
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from prometheus_client import CollectorRegistry
from twisted.internet import reactor as installed
from twisted.python.failure import Failure

from tradegw.brokers.endpoint import dialler
from tradegw.brokers.memory import Memory
from tradegw.brokers.mock.plugin import plugin
from tradegw.brokers.registry import BrokerParts
from tradegw.config.read import read
from tradegw.core import Core, Surroundings
from tradegw.daemon import GARBAGE_LOOKS
from tradegw.interfaces import IJournal
from tradegw.journal.opening import open_journal
from tradegw.journal.thread import WriterThread
from tradegw.metrics.meters import Meters
from tradegw.model.enums import OrderType, Side
from tradegw.model.identifiers import growing_id
from tradegw.model.order import OrderRequest
from tradegw.service import Forwarding
from tradegw.testing.journal import MemoryJournal

JOURNALS: Final = ("memory", "disk")
IN_FLIGHT: Final = (1, 32)
SETTLE_SECONDS: Final = 0.3
reactor: Any = installed
REQUEST: Final = OrderRequest(
    symbol="AAPL",
    side=Side.BUY,
    quantity=Decimal(1),
    order_type=OrderType.LIMIT,
    limit_price=Decimal(1),
)


def now() -> datetime:
    return datetime.now(UTC)


class Nobody:
    """The stream without a client."""

    def publish(self, _event: Any) -> int:
        return 0

    def audience(self) -> int:
        return 0


def core_on_mock(kind: str, directory: str) -> tuple[Core, Any]:
    """The core with a journal of *kind* in *directory*, and its broker, which is not started."""
    environ = {
        "GATEWAY_PROVIDER": "mock",
        "GATEWAY_STATE_DIR": directory,
        "MOCK_ACCOUNT": "fresh",
        "MOCK_TICK_MS": "1000",
    }
    settings = read(environ)
    news = Forwarding()
    parts = BrokerParts(
        settings=settings,
        listener=news,
        clock=reactor,
        now=now,
        seconds=time.monotonic,
        random=random.random,
        dial=dialler(reactor),
        memory=Memory(now),
    )
    broker = plugin.build(plugin.configure(environ, settings), parts)
    journal: IJournal = MemoryJournal()
    if kind == "disk":
        run = WriterThread(reactor).run
        journal = open_journal(Path(directory), broker.account_name, reactor, now, run)
    core = Core(
        broker,
        Surroundings(
            journal=journal,
            sink=Nobody(),  # type: ignore[arg-type]
            meters=Meters(CollectorRegistry(), settings.platform),
            clock=reactor,
            seconds=time.monotonic,
            now=now,
            new_id=lambda: growing_id(now()),
        ),
    )
    news.to = core.intake
    return core, broker


class Load:
    """Keeps a fixed number of orders in flight, and measures each."""

    def __init__(self, core: Core, orders: int, in_flight: int) -> None:
        self._core = core
        self._orders = self._left = orders
        self._in_flight = in_flight
        self._took: list[float] = []
        self._began = self._busy = 0.0

    def begin(self) -> None:
        self._began, self._busy = time.perf_counter(), time.thread_time()
        for _ in range(self._in_flight):
            self._next()

    def _next(self) -> None:
        if not self._left:
            return
        self._left -= 1
        start = time.perf_counter()
        self._core.desk.submit(REQUEST).addCallbacks(self._done, self._failed, (start,))

    def _done(self, _handle: Any, start: float) -> None:
        self._took.append(time.perf_counter() - start)
        if len(self._took) == self._orders:
            self._end()
        else:
            reactor.callLater(0, self._next)

    def _failed(self, failure: Failure) -> None:
        failure.printTraceback()
        reactor.stop()

    def _end(self) -> None:
        self._seconds = time.perf_counter() - self._began
        self._busy = time.thread_time() - self._busy
        reactor.stop()

    def figures(self) -> dict[str, float]:
        took = sorted(self._took)
        return {
            "rate": self._orders / self._seconds,
            "cpu": self._busy / self._orders * 1e6,
            "p50": took[len(took) // 2] * 1000,
            "p99": took[len(took) * 99 // 100] * 1000,
        }


def measure(kind: str, in_flight: int, orders: int, directory: str, profile: str) -> None:
    """One run: prints its figures as JSON."""
    core, broker = core_on_mock(kind, directory)
    load = Load(core, orders, in_flight)
    broker.startService()
    gc.collect()  # as the daemon does
    gc.freeze()
    gc.set_threshold(GARBAGE_LOOKS, 20, 20)
    reactor.callWhenRunning(reactor.callLater, SETTLE_SECONDS, load.begin)
    if profile:
        profiler = cProfile.Profile()
        profiler.runcall(reactor.run)
        profiler.dump_stats(profile)
    else:
        reactor.run()
    print(json.dumps(load.figures()))


def one(kind: str, in_flight: int, chosen: argparse.Namespace) -> dict[str, float]:
    """The figures of a run in a process of its own, with a journal of its own."""
    with tempfile.TemporaryDirectory(dir=chosen.dir) as directory:
        orders = chosen.orders if in_flight > 1 else chosen.orders // 4
        command = [sys.executable, __file__, "--one", kind, str(in_flight)]
        command += ["--orders", str(orders), "--dir", directory]
        text = subprocess.run(command, check=True, capture_output=True, text=True)
        figures: dict[str, float] = json.loads(text.stdout.splitlines()[-1])
        return figures


def compare(chosen: argparse.Namespace) -> None:
    """Interleaved rounds of all kinds, and the medians."""
    found: dict[tuple[str, int], list[dict[str, float]]] = {}
    for _ in range(chosen.rounds):
        for in_flight in IN_FLIGHT:
            for kind in JOURNALS:
                found.setdefault((kind, in_flight), []).append(one(kind, in_flight, chosen))
    print(
        f"{'journal':8}{'in flight':>10}{'orders/s':>10}"
        f"{'p50 ms':>9}{'p99 ms':>9}{'reactor us/order':>18}"
    )
    for (kind, in_flight), runs in sorted(found.items(), key=lambda item: item[0][1]):
        middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
        print(
            f"{kind:8}{in_flight:>10}{middle['rate']:>10.0f}"
            f"{middle['p50']:>9.2f}{middle['p99']:>9.2f}{middle['cpu']:>18.0f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--orders", type=int, default=6000)
    parser.add_argument("--dir", default=".", help="where the journals are made, and removed")
    parser.add_argument("--one", nargs=2, metavar=("JOURNAL", "IN_FLIGHT"))
    parser.add_argument("--profile", default="", help="with --one: where to put the profile")
    chosen = parser.parse_args()
    if chosen.one:
        kind, in_flight = chosen.one
        measure(kind, int(in_flight), chosen.orders, chosen.dir, chosen.profile)
    else:
        compare(chosen)


if __name__ == "__main__":
    main()

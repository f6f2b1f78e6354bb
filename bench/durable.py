"""What durability costs an order: the core on the simulated broker, with and without its journal.

No HTTP: the core is called directly, at a fixed number of orders in flight, by the real reactor.
Each run is a process of its own; the runs are interleaved, and medians are shown.

    python bench/durable.py [--rounds 3] [--orders 6000] [--dir .]
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

JOURNALS = ("memory", "disk")
IN_FLIGHT = (1, 32)


def now() -> datetime:
    return datetime.now(UTC)


def measure(kind: str, in_flight: int, orders: int, directory: str, profile: str) -> None:
    """One run: prints its figures as JSON."""
    from prometheus_client import CollectorRegistry
    from twisted.internet import reactor as installed

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
    from tradegw.model.order import OrderRequest
    from tradegw.service import _Forwarding
    from tradegw.testing.journal import MemoryJournal

    reactor: Any = installed
    environ = {
        "GATEWAY_PROVIDER": "mock",
        "GATEWAY_STATE_DIR": directory,
        "MOCK_ACCOUNT": "fresh",
        "MOCK_TICK_MS": "1000",
    }
    settings = read(environ)
    news = _Forwarding()
    parts = BrokerParts(settings=settings, listener=news, clock=reactor, now=now)
    broker = plugin.build(plugin.configure(environ, settings), parts)

    class Nobody:
        def publish(self, event: Any) -> int:
            return 0

        def audience(self) -> int:
            return 0

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
            new_id=lambda: str(uuid4()),
        ),
    )
    news.to = core.intake
    request = OrderRequest(
        symbol="AAPL",
        side=Side.BUY,
        quantity=Decimal(1),
        order_type=OrderType.LIMIT,
        limit_price=Decimal(1),
    )
    taken: list[float] = []
    stopped: list[bool] = []
    left = orders
    under_way = 0
    began = busy = 0.0

    def next_one() -> None:
        nonlocal left, under_way
        if not left:
            if not under_way and not stopped:
                stopped.append(True)
                reactor.stop()
            return
        left -= 1
        under_way += 1
        start = time.perf_counter()

        def done(_handle: Any) -> None:
            nonlocal under_way
            taken.append(time.perf_counter() - start)
            under_way -= 1
            next_one() if kind == "disk" else reactor.callLater(0, next_one)

        core.desk.submit(request).addCallbacks(done, lambda failure: failure.printTraceback())

    def start() -> None:
        nonlocal began, busy
        began, busy = time.perf_counter(), time.thread_time()
        for _ in range(in_flight):
            next_one()

    broker.startService()
    gc.collect()  # as the daemon does
    gc.freeze()
    gc.set_threshold(GARBAGE_LOOKS, 20, 20)
    reactor.callWhenRunning(lambda: reactor.callLater(0.3, start))
    if profile:
        import cProfile

        profiler = cProfile.Profile()
        profiler.runcall(reactor.run)
        profiler.dump_stats(profile)
    else:
        reactor.run()
    seconds = time.perf_counter() - began
    busy = time.thread_time() - busy
    taken.sort()
    print(
        json.dumps(
            {
                "rate": orders / seconds,
                "cpu": busy / orders * 1e6,
                "p50": taken[len(taken) // 2] * 1000,
                "p99": taken[len(taken) * 99 // 100] * 1000,
            }
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--orders", type=int, default=6000)
    parser.add_argument("--dir", default=".", help="where the journals are made, and removed")
    parser.add_argument("--one", nargs=2, metavar=("JOURNAL", "IN_FLIGHT"))
    parser.add_argument("--profile", default="")
    chosen = parser.parse_args()
    if chosen.one:
        kind, in_flight = chosen.one
        measure(kind, int(in_flight), chosen.orders, chosen.dir, chosen.profile)
        return
    found: dict[tuple[str, int], list[dict[str, float]]] = {}
    for _ in range(chosen.rounds):
        for in_flight in IN_FLIGHT:
            for kind in JOURNALS:
                with tempfile.TemporaryDirectory(dir=chosen.dir) as directory:
                    orders = chosen.orders if in_flight > 1 else chosen.orders // 4
                    command = [sys.executable, __file__, "--one", kind, str(in_flight)]
                    command += ["--orders", str(orders), "--dir", directory]
                    text = subprocess.run(command, check=True, capture_output=True, text=True)
                    figures = json.loads(text.stdout.splitlines()[-1])
                    found.setdefault((kind, in_flight), []).append(figures)
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


if __name__ == "__main__":
    main()

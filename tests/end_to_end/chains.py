"""Plays chains: one gateway, killed again and again under strategies that go on all the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from tradegw.testing.ledger import KeptLedger, read_ledger

from .daemon import PATIENCE
from .killable import START
from .strategy import Address, Killable, Listener, Strategy, call

STRATEGIES: Final = 3
LONG: Final = 30
"""Settings of so many characters are not shown."""


class Chain(Struct, frozen=True):
    """Where the processes kill themselves, one after the other, and what is traded meanwhile.

    *unsettled* tells what is about to happen yet at the broker; *environment* is that of all
    processes, the last included.
    """

    strategy: type[Strategy]
    unsettled: Callable[[KeptLedger], list[str]]
    kills: tuple[str, ...]
    environment: Mapping[str, str] = {}

    @property
    def name(self) -> str:
        """Tells it from the others."""
        shown = (value for value in self.environment.values() if len(value) < LONG)
        return " ".join((self.strategy.__name__, *shown, *self.kills))


class Ended:
    """One chain, from its first start to the stop after the last: what was told, and what is."""

    def __init__(self, folder: Path, chain: Chain) -> None:
        self.codes: list[int] = []
        self.chain = chain
        address = Address()
        self.strategies = [chain.strategy(str(n), address) for n in range(STRATEGIES)]
        self.listener = Listener(address)
        with ThreadPoolExecutor(STRATEGIES + 1) as threads:
            under_way = [threads.submit(strategy.run) for strategy in self.strategies]
            listening = threads.submit(self.listener.run)
            try:
                port = 0
                for wanted in chain.kills:
                    port = self._killed(folder, port, wanted, address)
                with self._started(folder, port, "") as daemon:
                    self._end(daemon, address, under_way, listening)
            finally:
                address.over.set()

    def _killed(self, folder: Path, port: int, wanted: str, address: Address) -> int:
        """Start it, and wait until it has killed itself; the port it had."""
        daemon = self._started(folder, port, wanted)
        try:
            with daemon:
                address.url = daemon.url
                self.codes.append(daemon.process.wait(PATIENCE))
        except AssertionError:
            if not wanted.startswith(START):
                raise
            self.codes.append(daemon.process.wait(PATIENCE))
            daemon.__exit__(None, None, None)
        return daemon.port or port

    def _started(self, folder: Path, port: int, kill_at: str) -> Killable:
        settings = {"MOCK_CASH": "1000000000", "SUBMIT_WAIT_SECS": "1", **self.chain.environment}
        return Killable(folder, port, KILL_AT=kill_at, **settings)

    def _end(
        self,
        daemon: Killable,
        address: Address,
        under_way: list[Future[None]],
        listening: Future[None],
    ) -> None:
        """All strategies end what they are doing, and all that follows of it happens."""
        address.url = daemon.url
        address.over.set()
        for work in (*under_way, listening):
            work.result(30)
        deadline = time.monotonic() + PATIENCE
        while open_ends := self._open_ends(daemon):
            assert time.monotonic() < deadline, open_ends
            time.sleep(0.05)
        newest = int(self.told[-1]["seq"])
        while self.listener.last < newest:
            assert time.monotonic() < deadline, f"heard {self.listener.last} of {newest}"
            self.listener.listen_until(lambda: self.listener.last >= newest)

    def _open_ends(self, daemon: Killable) -> list[str]:
        """Look at the ledger, then at what was told; what is about to happen yet."""
        self.ledger = read_ledger(daemon.state / "state")
        self.told = pages(daemon)
        return [*self.chain.unsettled(self.ledger), *differences(self.ledger, self.told)]


def pages(daemon: Killable) -> list[dict[str, Any]]:
    """All events that were ever told, as ``GET /v1/events`` tells them."""
    found: list[dict[str, Any]] = []
    since = 0
    while True:
        status, page = call(daemon.url, "GET", f"/v1/events?since={since}&limit=1000")
        assert status == 200, page
        found += page["events"]
        since = page["next"]
        if since >= page["newest"]:
            return found


def differences(ledger: KeptLedger, told: list[dict[str, Any]]) -> list[str]:
    """The orders of which nothing is told, or something else than the ledger says."""
    last = {e["order"]["id"]: e["order"] for e in told if e["type"] == "order"}
    found = []
    for order in ledger.orders:
        shown = last.get(order.id, {"status": "NOTHING", "filled_quantity": "0"})
        is_right = (shown["status"], Decimal(shown["filled_quantity"])) == (
            order.status,
            order.filled_quantity,
        )
        if not is_right:
            found.append(f"{order.id} is {order.status}, told was {shown['status']}")
    return found

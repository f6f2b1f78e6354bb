"""The real process, killed at labelled points: no order lost, none doubled, every stream resumed.

Each case is a chain of kills of one gateway, under strategies that go on as if nothing had been.
The judge is the ledger of the simulated broker, which outlives the process.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tradegw.model.enums import OrderType
from tradegw.testing.ledger import KeptLedger, read_ledger

from .daemon import PATIENCE
from .killable import START
from .strategy import Address, Killable, Listener, Strategy, call

STRATEGIES = 3
AT_ONCE = 3
CHAINS = (
    ("commit.before:1", "commit.after:1", "publish.before:1"),
    ("submit.before:1", "submit.after:1", "start/open_orders.after:1", "answer.before:1"),
    ("insert.before:2", "insert.after:3", "commit.before:4", "commit.after:6"),
    ("cancel.before:1", "cancel.after:1", "replace.before:1", "replace.after:1"),
    ("close.before:1", "account.before:2"),  # that close is in doubt for a minute
    ("close.after:1", "account.after:3"),
    ("publish.after:2", "publish.before:7", "answer.after:3", "answer.before:9"),
    ("submit.before:8", "submit.after:9", "start/commit.before:1", "commit.after:20"),
    ("account.after:9", "start/commit.after:1", "cancel.after:3", "submit.after:15"),
)


class Ended:
    """One chain, from its first start to the stop after the last: what was told, and what is."""

    def __init__(self, folder: Path, chain: tuple[str, ...]) -> None:
        self.codes: list[int] = []
        address = Address()
        self.strategies = [Strategy(str(n), address) for n in range(STRATEGIES)]
        self.listener = Listener(address)
        with ThreadPoolExecutor(STRATEGIES + 1) as threads:
            under_way = [threads.submit(strategy.run) for strategy in self.strategies]
            listening = threads.submit(self.listener.run)
            try:
                port = 0
                for wanted in chain:
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
                self.codes.append(daemon.process.wait(20))
        except AssertionError:
            if not wanted.startswith(START):
                raise
            self.codes.append(daemon.process.wait(20))
            daemon.__exit__(None, None, None)
        return daemon.port or port

    @staticmethod
    def _started(folder: Path, port: int, kill_at: str) -> Killable:
        return Killable(
            folder,
            port,
            KILL_AT=kill_at,
            MOCK_CASH="1000000000",
            SUBMIT_WAIT_SECS="1",
        )

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
            self.listener.listen_until(lambda: self.listener.last >= newest)

    def _open_ends(self, daemon: Killable) -> list[str]:
        """Look at the ledger, then at what was told; what is about to happen yet."""
        self.ledger = read_ledger(daemon.state / "state")
        self.told = pages(daemon)
        return [*unsettled(self.ledger), *differences(self.ledger, self.told)]


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


def unsettled(ledger: KeptLedger) -> list[str]:
    """What is about to fill, and what was bought with exits and has them not."""
    about_to = [o.id for o in ledger.working() if o.order_type is OrderType.MARKET]
    return about_to + [
        f"{kind} legs of {symbol} for {covered(ledger, symbol, kind)} of {quantity}"
        for symbol, quantity in ledger.positions.items()
        if symbol.startswith("B")
        for kind in (OrderType.STOP, OrderType.LIMIT)
        if covered(ledger, symbol, kind) != quantity
    ]


def covered(ledger: KeptLedger, symbol: str, kind: OrderType) -> Decimal:
    """How much of *symbol* the working legs of one kind would sell."""
    legs = [o for o in ledger.working() if o.symbol == symbol and o.order_type is kind]
    return sum((leg.remaining_quantity for leg in legs), Decimal(0))


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], Ended]]:
    """Plays the chains, some at a time, and gives each when it is asked for."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        chains = [
            threads.submit(Ended, tmp_path_factory.mktemp(f"chain{number}"), chain)
            for number, chain in enumerate(CHAINS)
        ]
        yield lambda number: chains[number].result()


@pytest.mark.parametrize("number", range(len(CHAINS)), ids=[" ".join(chain) for chain in CHAINS])
def test_killed_again_and_again(ended: Callable[[int], Ended], number: int) -> None:
    played = ended(number)
    assert played.codes == [-signal.SIGKILL] * len(CHAINS[number])
    no_order_is_lost_or_doubled(played)
    the_stream_is_whole(played)
    what_was_told_is_what_is(played)


def no_order_is_lost_or_doubled(played: Ended) -> None:
    """At most one order for each client order id, and exactly one where that was the answer."""
    ledger = played.ledger
    asked: dict[str, tuple[int, Any]] = {}
    for strategy in played.strategies:
        asked |= strategy.answers
    assert len(asked) > 5
    for client_order_id, (status, answer) in asked.items():
        found = ledger.bearing(client_order_id)
        assert len(found) <= 1, client_order_id
        assert status in (201, 202), (client_order_id, status, answer)
        if status == 201:
            assert [order.id for order in found] == [answer["id"]], client_order_id
    known = [order.client_order_id for order in ledger.orders]
    assert len(set(known)) == len(known)


def the_stream_is_whole(played: Ended) -> None:
    """What was heard on all connections, joined, is the log of what was told."""
    heard, told = played.listener.heard, played.told
    numbers = [message["seq"] for message in heard]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert heard == told
    assert len(played.listener.epochs) == 1


def what_was_told_is_what_is(played: Ended) -> None:
    """The last told state of each order is the ledger's; each execution was told once."""
    assert differences(played.ledger, played.told) == []
    orders = {e["order"]["id"] for e in played.told if e["type"] == "order"}
    assert orders == {order.id for order in played.ledger.orders}
    trades = [e["trade"]["id"] for e in played.told if e["type"] == "trade"]
    assert sorted(trades) == sorted(trade.id for trade in played.ledger.trades)


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

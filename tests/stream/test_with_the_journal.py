"""Numbering, writing down, telling, resuming: all of it together, on a disk that is slow and fails.

The real journal and the real chronicle stand before the fan-out. A commit takes as long as the test
wants, and may fail; the process may die at any moment.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from tradegw.journal.opening import Options, open_journal
from tradegw.orders.blotter import Blotter
from tradegw.orders.books import Books
from tradegw.orders.chronicle import Chronicle

from . import samples
from .wires import START, Client, Gateway, Turns

STEPS: Final = 4000
CLIENTS: Final = 4


class Disk:
    """Does a commit when it is told to, or fails to."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Callable[[], None], Deferred[None]]] = []
        self.is_full = False

    def run(self, work: Callable[[], None]) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        self.jobs.append((work, done))
        return done

    def turn(self) -> None:
        """One commit ends."""
        if not self.jobs:
            return
        work, done = self.jobs.pop(0)
        if self.is_full:
            done.errback(Failure(sqlite3.OperationalError("database or disk is full")))
        else:
            work()
            done.callback(None)


class Strategy:
    """Resumes from the last number it has; notes what it hears, in its order."""

    def __init__(self) -> None:
        self.since = 0
        self.numbered: list[bytes] = []
        self.texts: set[str] = set()
        self.client: Client | None = None
        self.returns = 0
        self.sent_away = 0

    def come(self, gateway: Gateway) -> None:
        if self.client is not None and not self.client.wire.lost:
            return
        self.leave()
        self.returns += 1
        self.client = gateway.connect(f"?since={self.since}")

    def leave(self, lost: int = 0) -> None:
        if self.client is not None:
            sent = self.client.wire.sent
            self.client.wire.sent = sent[: max(0, len(sent) - lost)]
            self.take_in()
            self.sent_away += self.client.close_code == 1013
            self.client.vanish()
            self.client = None

    def take_in(self) -> None:
        if self.client is None:
            return
        texts = self.client.texts
        self.client.frames.clear()
        for text in texts:
            message: dict[str, Any] = msgspec.json.decode(text)
            assert message.get("code") == "POSITION_UNPROTECTED", message
            self.texts.add(message["message"])
            if "seq" in message:
                self.numbered.append(text)
                self.since = message["seq"]


class World:
    def __init__(self, seed: int, place: Path) -> None:
        self.random = random.Random(seed)
        self.place = place
        self.strategies = [Strategy() for _ in range(CLIENTS)]
        self.count = self.failures = self.deaths = 0
        self.start()

    def start(self) -> None:
        self.clock, self.disk = Turns(), Disk()
        options = Options(fsync=False, new_epoch=lambda: "e1")
        now = lambda: START  # noqa: E731  a wall clock that stands still
        self.journal = open_journal(self.place, "account", self.clock, now, self.disk.run, options)
        self.gateway = Gateway(log=self.journal, clock=self.clock)
        self.chronicle = Chronicle(
            self.journal, self.gateway.fanout, Blotter(), Books(), self.gateway.now
        )

    def step(self) -> None:
        actions: list[tuple[Callable[[], None], int]] = [
            (self.tell, 4),
            (self.disk.turn, 4),
            (self.clock.turn, 6),
            (lambda: self.clock.advance(1), 1),
            (lambda: self.any().come(self.gateway), 3),
            (lambda: self.any().leave(self.random.choice((0, 1, 100, 1000))), 1),
            (self.any().take_in, 2),
        ]
        [action] = self.random.choices(*zip(*actions, strict=True))
        action()
        if self.random.random() < 0.01:
            self.fail_or_mend()
        if self.random.random() < 0.003:
            self.die()

    def any(self) -> Strategy:
        return self.random.choice(self.strategies)

    def tell(self) -> None:
        for _ in range(self.random.choice((1, 1, 3))):
            self.count += 1
            self.chronicle.publish(samples.alert(f"number {self.count}"))

    def fail_or_mend(self) -> None:
        self.disk.is_full = not self.disk.is_full
        self.failures += self.disk.is_full

    def die(self) -> None:
        self.deaths += 1
        for strategy in self.strategies:
            strategy.leave(self.random.choice((0, 100)))
        self.journal.drop()
        self.start()

    def end(self) -> None:
        """The disk is mended, everybody comes back, and one more event is told."""
        self.disk.is_full = False
        for last in (False, True):
            for _ in range(10):
                for strategy in self.strategies:
                    strategy.come(self.gateway)
                for _ in range(10):
                    self.disk.turn()
                    self.clock.advance(1)
                for strategy in self.strategies:
                    strategy.take_in()
            if not last:
                self.tell()

    def log(self) -> list[bytes]:
        return [message for _seq, message in self.journal.events(0, 1_000_000)]


@pytest.mark.parametrize("seed", range(8))
def test_who_comes_back_hears_everything_that_was_written_down(seed: int, tmp_path: Path) -> None:
    """Each numbered message at most once and in order; what lacks was heard without a number."""
    world = World(seed, tmp_path)
    for _ in range(STEPS):
        world.step()
    world.end()
    log = world.log()
    written = {msgspec.json.decode(message)["message"] for message in log}
    for strategy in world.strategies:
        assert written <= strategy.texts
        heard = set(strategy.numbered)
        assert strategy.numbered == [message for message in log if message in heard]
        assert strategy.since == world.journal.span().newest
        assert strategy.returns > 30
    assert len(log) > 300
    assert world.failures > 3
    assert sum(strategy.sent_away for strategy in world.strategies) > 3
    assert world.deaths > 0
    world.journal.drop()

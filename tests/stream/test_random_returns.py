"""Clients killed at random, thousands of times: what they received, joined, is the log's slice."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

import msgspec
import pytest

from tradegw.model.events import SequencedEvent
from tradegw.stream import resume
from tradegw.stream.door import Limits

from . import samples
from .book import Book
from .wires import Client, Gateway

STEPS: Final = 5000
CLIENTS: Final = 5
NUMBERED: Final[tuple[SequencedEvent, ...]] = (
    samples.order(),
    samples.trade(),
    samples.position(),
    samples.account(),
    samples.alert("x" * 3000),
)


class _Heard(msgspec.Struct):
    seq: int | None = None


class Strategy:
    """Comes back whenever its connection breaks, and remembers every numbered message."""

    def __init__(self, number: int) -> None:
        self.epoch = "&epoch=e1" if number % 2 else ""
        self.since = 0
        self.numbered: list[bytes] = []
        self.client: Client | None = None
        self.returns = -1

    def come(self, gateway: Gateway) -> None:
        self.returns += 1
        self.client = gateway.connect(f"?since={self.since}{self.epoch}")
        self.client.wire.buffer_size = 2000

    def leave(self, lost: int = 0) -> None:
        """The connection breaks; the last *lost* bytes on the way never arrive."""
        if self.client is None:
            return
        sent = self.client.wire.sent
        self.client.wire.sent = sent[: len(sent) - lost] if lost else sent
        self.take_in()
        self.client.vanish()
        self.client = None

    def take_in(self) -> None:
        if self.client is None:
            return
        texts = self.client.texts
        self.client.frames.clear()
        for text in texts:
            seq = msgspec.json.decode(text, type=_Heard).seq
            if seq is not None:
                self.numbered.append(text)
                self.since = seq


class World:
    """A log, the gateway of the day, and strategies."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.book = Book()
        self.restarts = 0
        self.strategies = [Strategy(number) for number in range(CLIENTS)]
        self.start()

    def start(self) -> None:
        limits = Limits(backlog_messages=self.random.choice((20, 1024)))
        self.gateway = Gateway(log=self.book, limits=limits)
        self.gateway.fanout.eager_clients = self.random.choice((0, 16))

    def step(self) -> None:
        actions: list[Callable[[], None]] = [
            self.publish,
            self.publish,
            self.publish_unnumbered,
            self.turn,
            self.turn,
            self.break_one,
            self.break_one,
            self.let_one_come,
            self.let_one_come,
            self.let_one_come,
            self.stall_one,
            self.drain_one,
            self.take_in_one,
        ]
        self.random.choice(actions)()
        if self.random.random() < 0.01:
            self.restart()

    def any(self) -> Strategy:
        return self.random.choice(self.strategies)

    def publish(self) -> None:
        count = self.random.choice((1, 1, 2, 3, 10, 40))
        self.book.tell(self.gateway, *self.random.choices(NUMBERED, k=count))

    def publish_unnumbered(self) -> None:
        for _ in range(self.random.randrange(30)):
            self.gateway.fanout.publish(samples.quote())

    def turn(self) -> None:
        self.gateway.clock.turn()

    def break_one(self) -> None:
        self.any().leave(lost=self.random.choice((0, 1, 200, 5000)))

    def let_one_come(self) -> None:
        strategy = self.any()
        if strategy.client is not None and strategy.client.wire.lost:
            strategy.leave()
        if strategy.client is None:
            strategy.come(self.gateway)

    def stall_one(self) -> None:
        client = self.any().client
        if client is not None:
            client.wire.stall()

    def drain_one(self) -> None:
        client = self.any().client
        if client is not None:
            client.wire.drain()

    def take_in_one(self) -> None:
        self.any().take_in()

    def restart(self) -> None:
        """The process is killed; what was on the wires may be lost."""
        self.restarts += 1
        for strategy in self.strategies:
            strategy.leave(lost=self.random.choice((0, 300)))
        self.start()

    def end(self) -> None:
        """Everybody comes once more, and hears the last event live."""
        for strategy in self.strategies:
            strategy.leave()
            strategy.come(self.gateway)
        while any(strategy.since < self.book.newest for strategy in self.strategies):
            assert self.gateway.clock.getDelayedCalls()[0].getTime() == 0, "nothing goes on"
            self.gateway.clock.turn()
            for strategy in self.strategies:
                strategy.take_in()
        self.book.tell(self.gateway, samples.order())
        self.gateway.clock.advance(0)
        for strategy in self.strategies:
            strategy.take_in()


@pytest.mark.parametrize("seed", range(10))
def test_joined_output_is_the_slice_of_the_log(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through slow reading, evictions, torn frames, long replays, restarts of the gateway."""
    monkeypatch.setattr(resume, "PAGE_MESSAGES", 5 * (1 + seed))
    world = World(seed)
    for _ in range(STEPS):
        world.step()
    world.end()
    for strategy in world.strategies:
        assert strategy.numbered == world.book.after(0)
    assert len(world.book.told) > 2000
    assert sum(strategy.returns for strategy in world.strategies) > 400
    assert world.restarts > 10

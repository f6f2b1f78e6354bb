"""How soon a broken or silent stream is noticed, and how soon it is back: G5 in figures.

    python -m bench.link [--times 200]

The session, the streams, the WebSocket and their timers are the real ones; the broker is a double
in memory and time is a fake clock's, so the figures are those of the rules and not of this machine.
Each case happens *times* times, each time at another moment between two looks, pings and
heartbeats, and with other jitter. Shown are the median and the longest, in seconds from the moment
at which the broker stopped doing what it should.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock

from tests.brokers.far_end import FarEnd
from tests.brokers.wires import Line, parts, pass_time
from tradegw.brokers.link.course import Rules
from tradegw.brokers.link.session import Session
from tradegw.brokers.link.stream import Stream
from tradegw.testing.listener import Notebook

STEP = 0.05
SILENCE = 15.0
QUIET = 60.0


class Stand:
    """A live session; heartbeats each five seconds, prices each second."""

    def __init__(self, chance: random.Random) -> None:
        self.clock, self.told = Clock(), Notebook()
        given = parts(self.clock, self.told, random=chance.random)
        self.account, self.prices = Line(), Line()
        self.orders = Stream(
            "orders",
            self.account.connect,
            self.account.converse,
            given,
            Rules(silence_seconds=SILENCE, beats=True),
        )
        self.quotes = Stream("quotes", self.prices.connect, self.prices.converse, given)
        self.session = Session(given, self.orders, [self.quotes])
        self.symbols = self.session.liveness.prices[self.quotes].symbols
        self.symbols.follow("AAPL", QUIET)
        self.beats = self.ticks = True
        self._next_beat = self._next_tick = 0.0
        self.session.startService()
        self.account.log_on()
        self.prices.log_on()
        self.wait(chance.uniform(31, 47))
        self.told.links.clear()

    def step(self) -> None:
        pass_time(self.clock, STEP)
        now = self.clock.seconds()
        if now >= self._next_beat:
            self._next_beat = now + 5
            if self.beats and self.account.last.is_open:
                self.account.last.say(b"beat")
        if now >= self._next_tick:
            self._next_tick = now + 1
            if self.ticks:
                self.symbols.ticked("AAPL")
        for line in (self.account, self.prices):
            if not line.last.is_open and not line.last.opening.called:
                line.log_on()

    def wait(self, seconds: float) -> None:
        end = self.clock.seconds() + seconds
        while self.clock.seconds() < end:
            self.step()

    def until(self, happened: Callable[[], bool]) -> float:
        began = self.clock.seconds()
        while not happened():
            self.step()
        return self.clock.seconds() - began

    def until_told(self, name: str, times: int = 1) -> float:
        return self.until(lambda: self.told.names().count(name) >= times)


def half_open(chance: random.Random) -> float:
    """The far end is gone, and TCP does not say so."""
    far = FarEnd().dial()
    pass_time(far.clock, chance.uniform(0, 100))
    far.receive = lambda data: None  # type: ignore[method-assign]
    began = far.clock.seconds()
    while not far.transport.lost:
        pass_time(far.clock, STEP)
    return far.clock.seconds() - began


def no_heartbeat(chance: random.Random) -> float:
    """The account's stream says much, but not what its contract counts."""
    stand = Stand(chance)
    stand.beats = False
    return stand.until_told("down")


def unmentioned(chance: random.Random) -> float:
    """An order was accepted, and the stream does not tell of it."""
    stand = Stand(chance)
    watch = stand.session.liveness.account
    watch.expect("o1", watch.mark())
    return stand.until_told("suspicion")


def distrusted(chance: random.Random) -> float:
    """No order is mentioned any more, one every five seconds: until only reductions are taken."""
    stand = Stand(chance)
    watch = stand.session.liveness.account
    began, sent = stand.clock.seconds(), 0
    while "unreliable" not in stand.told.names():
        sent += 1
        watch.expect(f"o{sent}", watch.mark())
        for _ in range(int(5 / STEP)):
            stand.step()
    return stand.clock.seconds() - began


def quiet_symbol(chance: random.Random) -> float:
    """Subscribed, and no price comes."""
    stand = Stand(chance)
    stand.ticks = False
    return stand.until_told("prices_lost")


def back(chance: random.Random) -> float:
    """The connection breaks; until it is logged on again."""
    stand = Stand(chance)
    stand.account.last.lose("reset")
    return stand.until_told("up")


def back_after(outage: float) -> Callable[[random.Random], float]:
    """The broker is away for *outage* seconds; from its return until we are logged on."""

    def case(chance: random.Random) -> float:
        stand = Stand(chance)
        stand.account.broken = OSError("no route")
        stand.account.last.lose("reset")
        stand.wait(outage * chance.uniform(0.9, 1.1))
        stand.account.broken = None
        return stand.until_told("up")

    return case


CASES: dict[str, Callable[[random.Random], Any]] = {
    "half-open TCP (ping each 10)": half_open,
    f"no heartbeat (contract {SILENCE:g})": no_heartbeat,
    "own order not mentioned (10)": unmentioned,
    "no order mentioned: REDUCE_ONLY": distrusted,
    f"no price of a symbol ({QUIET:g})": quiet_symbol,
    "reconnected after a loss": back,
    "reconnected after 10 s of outage": back_after(10),
    "reconnected after 5 min of outage": back_after(300),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=200)
    options = parser.parse_args()
    print(f"{'seconds until noticed, or back':<38}{'median':>8}{'longest':>9}")
    for title, case in CASES.items():
        took = [case(random.Random(seed)) for seed in range(options.times)]
        print(f"{title:<38}{statistics.median(took):8.1f}{max(took):9.1f}")


if __name__ == "__main__":
    main()

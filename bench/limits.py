"""How long calls wait for a broker's limit, and how often it is hit all the same: G7 in figures.

    python bench/limits.py [--minutes 20]

The budget is the real one; the broker is a counter in memory and time a fake clock's, so the
figures are those of the rules and not of this machine. The broker allows 200 calls in each minute
of its own clock, tells in each reply what is left, and answers 429 to what is too much. Wanted are
far more: greedy callers ask for prices and look up orders without a pause, an order is sent each
second, and now and then everything is cancelled. Shown are the seconds that calls of each lane
waited. Without the budget the same callers send what they want, and wait when a 429 tells them to.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from twisted.internet.task import Clock

from tradegw.brokers.budget import Budget, Permit, Rules
from tradegw.brokers.memory import Memory
from tradegw.brokers.ratelimit import Limit, Reading, Told
from tradegw.model.limits import Lane

CAPACITY: Final = 200
WINDOW: Final = 60
STEP: Final = 0.05
DEADLINE: Final = 15.0
EPOCH: Final = datetime(2026, 3, 2, tzinfo=UTC)


class Broker:
    """Counts calls by the minutes of its clock; *others* use up so many of each for themselves."""

    def __init__(self, clock: Clock, others: int) -> None:
        self._clock = clock
        self._others = others
        self._window = -1
        self._used = 0
        self.limited = 0
        self.served = 0

    def answer(self) -> tuple[bool, Told]:
        """Whether a call was served, and what its reply tells."""
        now = self._clock.seconds() + 17.3  # its minutes are not ours
        if now // WINDOW != self._window:
            self._window, self._used = now // WINDOW, self._others
        resets_in = WINDOW - now % WINDOW
        if self._used >= CAPACITY:
            self.limited += 1
            return False, Told(pause=resets_in)
        self._used += 1
        self.served += 1
        left = CAPACITY - self._used
        return True, Told(readings=(Reading(limit="calls", left=left, resets_in=resets_in),))


class Life:
    """Callers of all lanes for some minutes, with the budget or *naive*, without."""

    def __init__(self, minutes: int, others: int, *, naive: bool) -> None:
        self.clock = Clock()
        self.broker = Broker(self.clock, others)
        self.waits: dict[Lane, list[float]] = defaultdict(list)
        self.refused: dict[Lane, int] = defaultdict(int)
        self._random = random.Random(7)
        self._naive = naive
        self._until = 0.0
        rules = Rules(name="bench", limits=(Limit("calls", CAPACITY, WINDOW),))
        now = lambda: EPOCH + timedelta(seconds=self.clock.seconds())  # noqa: E731
        self._budget = Budget(rules, self.clock, self.clock.seconds, now, Memory(now))
        for _ in range(20):
            self._again(Lane.DATA)
        for _ in range(5):
            self._again(Lane.QUERY)
        for second in range(minutes * WINDOW):
            self.clock.callLater(second, self._call, Lane.ENTRY)
            if self._random.random() < 1 / 90:
                for _ in range(15):
                    self.clock.callLater(second, self._call, Lane.EMERGENCY)
        self.clock.pump([STEP] * int((minutes * WINDOW + DEADLINE) / STEP))

    def _again(self, lane: Lane) -> None:
        """A caller that does nothing else."""
        self._call(lane, lambda: self.clock.callLater(STEP, self._again, lane))

    def _call(self, lane: Lane, done: Callable[[], object] = lambda: None) -> None:
        asked = self.clock.seconds()
        if self._naive:
            self._send(lane, asked, done)
            return
        self._budget.admit(lane, {"calls": 1}, DEADLINE).addCallbacks(
            lambda permit: self._leave(lane, asked, done, permit),
            lambda _failure: self._refuse(lane, done),
        )

    def _leave(self, lane: Lane, asked: float, done: Callable[[], object], permit: Permit) -> None:
        self.waits[lane].append(self.clock.seconds() - asked)

        def end() -> None:
            permit.ended(self.broker.answer()[1])
            done()

        self.clock.callLater(self._random.uniform(0.05, 0.3), end)

    def _send(self, lane: Lane, asked: float, done: Callable[[], object]) -> None:
        """What waits for nothing but a 429."""

        def end() -> None:
            served, told = self.broker.answer()
            if served:
                self.waits[lane].append(self.clock.seconds() - asked - 0.2)
                done()
            elif self.clock.seconds() + told.pause - asked > DEADLINE:
                self._refuse(lane, done)
            else:
                self.clock.callLater(told.pause, self._send, lane, asked, done)

        self.clock.callLater(self._random.uniform(0.05, 0.3), end)

    def _refuse(self, lane: Lane, done: Callable[[], object]) -> None:
        self.refused[lane] += 1
        self.clock.callLater(1, done)  # whoever is refused comes back after a second


def show(name: str, life: Life, minutes: int) -> None:
    print(
        f"\n{name}: {life.broker.served / minutes:.0f} calls a minute, 429: {life.broker.limited}"
    )
    print(f"{'':<12}{'sent':>8}{'median s':>10}{'longest s':>11}{'not in time':>13}")
    for lane in Lane:
        waits = [max(0.0, wait) for wait in life.waits[lane]] or [0.0]
        middle, longest = statistics.median(waits), max(waits)
        sent, refused = len(life.waits[lane]), life.refused[lane]
        print(f"{lane.name.lower():<12}{sent:>8}{middle:>10.2f}{longest:>11.2f}{refused:>13}")


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--minutes", type=int, default=20)
    minutes = options.parse_args().minutes
    show("with the budget", Life(minutes, 0, naive=False), minutes)
    show("the same, others use 60 a minute", Life(minutes, 60, naive=False), minutes)
    show("without it", Life(minutes, 0, naive=True), minutes)


if __name__ == "__main__":
    main()

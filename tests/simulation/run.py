"""One seed from beginning to end, and many of them."""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from twisted.logger import (
    ILogObserver,
    LogLevel,
    formatEvent,
    globalLogBeginner,
    globalLogPublisher,
)
from zope.interface import implementer

from . import building
from .client import Client
from .examination import Examination
from .judge import changes, exits, halts, intents, pairs, stream, told
from .life import Life, Lives
from .naive import NaiveGateway
from .schedule import LATEST_EFFECT_SECONDS, Schedule, schedule
from .steps import ACTIVE_SECONDS, WARM_UP_SECONDS
from .uncovered import Spell, Uncovered
from .watch import Watch
from .wire import FaultyBroker
from .world import World

LAST_DEATH_SECONDS: Final = ACTIVE_SECONDS + LATEST_EFFECT_SECONDS + 10
QUIET_SECONDS: Final = 240.0
"""Time to find everything out, after the last death and the last late effect."""

RESET_SECONDS: Final = 61.0


class Result(Struct, frozen=True, kw_only=True):
    """What became of a seed; :attr:`complaints` is empty if all is well."""

    seed: int
    complaints: list[str]
    hits: dict[str, int]
    trace: list[str]
    seconds: float
    uncovered: list[Spell]


class Simulation:
    """One world, one client, and gateways made by *build*."""

    def __init__(self, plan: Schedule, root: Path, build: Callable[[Life], Any]) -> None:
        self.schedule = plan
        self.world = World(plan)
        self.lives = Lives(self.world, root, build)
        self.client = Client(self.world, self.lives)
        self.watch = Watch(self.world, self.lives)
        self.uncovered = Uncovered(self.world)
        self.client.stream.on_message = self.watch.heard
        self.defects: list[str] = []

    def run(self) -> None:
        """Everything happens."""
        world, client = self.world, self.client
        client.stream.connect()
        for step in self.schedule.steps:
            world.later(step.at, self._take, step)
        self._operate()
        world.run(WARM_UP_SECONDS)
        world.stir()
        self.lives.current.is_mortal = True
        world.run(ACTIVE_SECONDS)
        world.settle()
        world.run(LAST_DEATH_SECONDS)
        self.lives.forbid_dying()
        world.run(LAST_DEATH_SECONDS + QUIET_SECONDS)

    def _take(self, step: Any) -> None:
        if step.what.startswith("hand_"):
            self.world.by_hand(step)
        elif step.what == "break_disk":
            self.world.break_disk(step.detail["seconds"])
        elif step.what == "link_down":
            self.lives.current.broker.lose_link(step.detail["seconds"])
        else:
            self.client.act(step)

    def _operate(self) -> None:
        self.client.reset_breakers()
        self.world.later(RESET_SECONDS, self._operate)

    def promises(self) -> Iterator[str]:
        """What a gateway that forgets and repeats cannot keep (G1)."""
        venue, wishes = self.world.venue, self.client.intents
        yield from intents.at_most_one_each(venue, wishes)
        yield from intents.answers_are_true(venue, wishes)

    def complaints(self) -> Iterator[str]:
        """Everything that was promised and not kept."""
        venue, client = self.world.venue, self.client
        examination = Examination(self.world, client)
        examination.ask()
        self.world.run(self.world.clock.seconds() + 30)
        yield from self.promises()
        yield from intents.closes_at_most_once(venue, client.intents, self.world.unwritten)
        yield from intents.answers_come_in_time(client.intents, self.lives.all)
        yield from changes.closes_are_true(venue, client.intents)
        yield from changes.cancels_are_true(venue, client.intents)
        yield from changes.replaces_are_true(venue, client.intents)
        yield from pairs.groups_are_withdrawn(venue, client.intents, self.world.sent)
        journal = self.lives.current.journal
        disk_failed = "disk_fails" in self.world.hits
        yield from stream.the_stream_is_whole(client.stream, disk_failed=disk_failed)
        yield from stream.the_stream_is_the_journal(client.stream, journal, disk_failed=disk_failed)
        client.stream.complete(journal, disk_failed=disk_failed)
        yield from told.told_states_are_true(venue, client.stream)
        yield from told.told_executions_are_true(venue, client.stream)
        yield from told.fills_never_shrink(client.stream)
        yield from exits.exits_cover(venue, self.schedule.exits)
        yield from exits.nothing_flipped(venue)
        yield from exits.attached_exits_cover(venue, client.intents, self.watch.known)
        losses = [life.ended_at for life in self.lives.all if life.ended_at is not None]
        if not disk_failed:  # nor does where the legs to come are to rest
            yield from exits.exits_are_where_they_were_put(venue, client.intents, losses)
        yield from pairs.groups_execute_once(
            venue, client.intents, self.world.sent, client.stream.told
        )
        yield from halts.sweeps_are_true(venue, client.intents, self.world.sent)
        if not disk_failed:  # what could not be written down does not survive
            yield from halts.nothing_leaves_that_must_not(venue, client.intents, self.world.sent)
        yield from self.watch.complaints(client.stream.told)
        yield from examination.complaints()
        yield from self.defects


def simulate(
    seed: int,
    *,
    naive: bool = False,
    calm: bool = False,
    deaths: bool = True,
    disk: bool = False,
    sabotage: Callable[[FaultyBroker], None] | None = None,
) -> Result:
    """Run *seed* and judge it. *sabotage* spoils each life's broker, to see the judge complain."""
    started = time.perf_counter()
    plan = schedule(seed, calm=calm, deaths=deaths, disk=disk)

    def build(life: Life) -> Any:
        if sabotage is not None:
            sabotage(life.broker)
        return NaiveGateway(life) if naive else building.build(life)

    _forget_the_dead()
    with (
        _no_collection(),
        tempfile.TemporaryDirectory(dir=_memory()) as root,
        _predictable_ids(seed),
    ):
        made: Simulation | None = None
        defects: list[str] = []
        with _defects_logged(defects):
            try:
                made = Simulation(plan, Path(root), build)
                made.defects = defects
                made.run()
                found = list(made.promises() if naive else made.complaints())
            except Exception as error:  # of a timer, which a reactor would have logged
                found = [f"{type(error).__name__}: {error}", *defects]
                if made is None or "--raise" in sys.argv:
                    raise
            finally:
                if made is not None:
                    made.lives.bury()
        hits = Counter(made.world.hits)
        for life in made.lives.all:
            hits.update({f"crossed {label}": n for label, n in life.crossed.items()})
        return Result(
            seed=seed,
            complaints=found,
            hits=dict(hits),
            trace=made.world.trace,
            seconds=time.perf_counter() - started,
            uncovered=[] if naive else made.uncovered.spells(),
        )


def many(seeds: Iterable[int], workers: int = 2, **how: Any) -> Iterator[Result]:
    """The results of *seeds*, in order; the traces of those that went well are left out."""
    if workers == 1:
        yield from map(_Task(how), seeds)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), quietly) as pool:
        yield from pool.map(_Task(how), seeds, chunksize=10)


def quietly() -> None:
    """Nothing is logged to the terminal from now on: results say what must be known."""
    globalLogBeginner.beginLoggingTo([], redirectStandardIO=False, discardBuffer=True)


class _Task:
    """Something that can be sent to another process."""

    def __init__(self, how: dict[str, Any]) -> None:
        self._how = how

    def __call__(self, seed: int) -> Result:
        result = simulate(seed, **self._how)
        return result if result.complaints else replace(result, trace=[])


def _memory() -> str | None:
    """A directory in memory, if there is one."""
    shared = Path("/dev/shm")  # noqa: S108  (temporary directories are made inside)
    return str(shared) if shared.is_dir() else None


def _forget_the_dead() -> None:
    """What the world before left behind complains when it is closed: of coroutines that end in the
    middle of something, which a process that is killed never hears of.
    """
    hook, sys.unraisablehook = sys.unraisablehook, lambda _unraisable: None
    try:
        gc.collect()
        if not gc.get_freeze_count():  # modules live on, and need not be gone through every time
            gc.freeze()
    finally:
        sys.unraisablehook = hook


@contextmanager
def _no_collection() -> Iterator[None]:
    """What the dead hold is closed afterwards, and not at some moment in between."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _predictable_ids(seed: int) -> Iterator[None]:
    """``uuid4`` of all our modules draws from the seed, so that a seed always runs the same way."""
    chance = Random(f"{seed}/ids")

    def uuid4() -> UUID:
        return UUID(int=chance.getrandbits(128), version=4)

    modules = [m for name, m in sys.modules.items() if name.startswith("tradegw.")]
    replaced = [(m, vars(m)["uuid4"]) for m in modules if "uuid4" in vars(m)]
    for module, _ in replaced:
        vars(module)["uuid4"] = uuid4
    try:
        yield
    finally:
        for module, original in replaced:
            vars(module)["uuid4"] = original


@contextmanager
def _defects_logged(into: list[str]) -> Iterator[None]:
    """What is logged as critical is a defect of the gateway."""

    @implementer(ILogObserver)
    def observe(event: Any) -> None:
        if event.get("log_level") is not LogLevel.critical:
            return
        failure = event.get("log_failure")
        if failure is None:
            into.append(f"logged as a defect: {formatEvent(event)}")
        else:
            frames = failure.getTraceback(elideFrameworkCode=True).splitlines()[-4:-1]
            into.append(f"logged as a defect: {failure.value!r} {' '.join(frames)}")

    globalLogPublisher.addObserver(observe)
    try:
        yield
    finally:
        globalLogPublisher.removeObserver(observe)

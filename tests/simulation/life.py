"""The lives of the gateway: each begins on what the one before left on disk, and may end anywhere.

Production code has no hooks for dying. From the crossing at which a life ends nothing that it does
reaches anybody: no call leaves for the broker, no commit is run, no byte arrives, its timers stand
still. The files of its journal are copied at that very moment, as the kernel would keep them
after ``kill -9``, and the next life opens the copy.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from sqlite3 import OperationalError
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock

from tradegw.config.settings import Mode, Provider, Settings
from tradegw.model.enums import Platform

from .building import bury
from .pipes import Pipe, Reader
from .schedule import Death
from .wire import FaultyBroker
from .world import World


class Life:
    """One process of the gateway, from its start on."""

    def __init__(
        self,
        world: World,
        number: int,
        directory: Path,
        death: Death | None,
        on_end: Callable[[Life], None],
    ) -> None:
        self.world = world
        self.on_end = on_end
        self.number = number
        self.directory = directory
        self.death = death
        self.alive = True
        self.is_mortal = number > 1
        self.crossed: Counter[str] = Counter()
        self.ended_at: float | None = None
        self.left_behind: Path | None = None
        self.reactor = MemoryReactorClock()
        self.pipes: list[Pipe] = []
        world.new_clock(self.reactor)
        self.broker = FaultyBroker(world, self, f"life {number}")
        self.gateway: Any = None
        self.journal: Any = None
        self._disk = world.schedule.random(f"disk of life {number}")

    def start(self, build: Callable[[Life], Any]) -> None:
        """Make a gateway and start it; it may die of that already."""
        self.world.note(f"life {self.number} begins")
        self.gateway = build(self)
        self.gateway.startService()

    @property
    def settings(self) -> Settings:
        return Settings(
            provider=Provider.MOCK,
            platform=Platform.MOCK,
            mode=Mode.PAPER,
            state_dir=self.directory,
        )

    # A life is its gateway's broker plugin.

    def configure(self, environ: Any, settings: Any) -> None:
        """Nothing to configure."""

    def build(self, own: Any, parts: Any) -> FaultyBroker:
        self.broker.listener = parts.listener
        return self.broker

    # -- living and dying

    def cross(self, label: str) -> bool:
        """Count a crossing, which may be the last; whether the gateway is still alive."""
        if not self.alive:
            return False
        if not self.is_mortal:
            return True
        self.crossed[label] += 1
        death = self.death
        if death is not None and death.label == label and self.crossed[label] == death.nth:
            self.world.hit(f"died at {label}")
            self.die(f"at crossing {death.nth} of {label}")
        return self.alive

    def die(self, where: str) -> None:
        """As by ``kill -9``."""
        self.alive = False
        self.ended_at = self.world.clock.seconds()
        self.world.note(f"life {self.number} ends {where}")
        self.world.forget()
        self.left_behind = self.directory.with_name(f"{self.directory.name}-{self.number}")
        shutil.copytree(self.directory, self.left_behind)
        self.world.reach(up=False)
        self.world.drop_clock(self.reactor)
        for pipe in self.pipes:
            pipe.cut()
        self.on_end(self)

    def bury(self) -> None:
        """Let go of what the dead, or retired, gateway still has open."""
        self.alive = False
        self.world.drop_clock(self.reactor)
        bury(self)

    # -- the journal's disk

    def commit(self, work: Callable[[], None]) -> Deferred[None]:
        """Run a commit as the weather has it; the journal is given this as its way to do so."""
        done: Deferred[None] = Deferred()
        latency = self.world.schedule.weather.commit_latency
        if latency:
            self.world.later(self._disk.uniform(0, latency), self._commit, work, done)
        else:
            self._commit(work, done)
        return done

    def _commit(self, work: Callable[[], None], done: Deferred[None]) -> None:
        if not self.cross("commit:before"):
            return
        if self.world.disk_fails:
            self.world.hit("disk_fails")
            done.errback(OperationalError("disk I/O error"))
            return
        try:
            work()
        except Exception:
            done.errback()
            return
        if self.cross("commit:after"):
            done.callback(None)

    # -- clients

    def connect(self, reader: Reader, label: str) -> Pipe | None:
        """A connection to the port; ``None`` if nobody listens there."""
        if not self.alive or not self.reactor.tcpServers:
            return None
        factory: Any = self.reactor.tcpServers[0][1]
        pipe = Pipe(self.world, self, reader, label)
        pipe.protocol = factory.buildProtocol(None)
        pipe.protocol.makeConnection(pipe)
        self.pipes.append(pipe)
        return pipe


class Lives:
    """All lives of the gateway, one after the other."""

    def __init__(self, world: World, root: Path, build: Callable[[Life], Any]) -> None:
        self.world = world
        self.all: list[Life] = []
        self._build = build
        self._deaths = list(world.schedule.deaths)
        self._begin(root / "state")

    @property
    def current(self) -> Life:
        return self.all[-1]

    def forbid_dying(self) -> None:
        """Whoever lives now, or comes next, lives to the end."""
        self._deaths.clear()
        self.current.death = None

    def bury(self) -> None:
        for life in self.all:
            life.bury()

    def _begin(self, directory: Path) -> None:
        directory.mkdir(exist_ok=True)
        death = self._deaths.pop(0) if self._deaths else None
        life = Life(self.world, len(self.all) + 1, directory, death, self._ended)
        self.all.append(life)
        life.start(self._build)

    def _ended(self, life: Life) -> None:
        assert life.left_behind is not None
        pause = life.death.seconds if life.death is not None else 1.0
        self.world.later(pause, self._begin, life.left_behind)

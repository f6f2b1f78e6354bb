"""What a seed means: the weather on the wires, the kind of broker, what clients and people do."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from msgspec import Struct

from .episodes import episodes_of
from .steps import Step, disk_failures, steps_of

LATEST_EFFECT_SECONDS: Final = 25.0
"""What the broker does, it does at the latest so long after the request left the gateway."""

CROSSINGS: Final = (
    "commit:before",
    "commit:after",
    "call:before",
    "call:after",
    "effect:before",
    "effect:after",
    "answer:before",
    "answer:after",
    "event:before",
    "event:after",
    "reply:before",
    "reply:after",
    "tell:before",
    "tell:after",
)
"""Where a gateway can be made to die. *Commit* is the journal's; *call* a request leaving for the
broker, *effect* its taking effect there, *answer* its answer coming in; *event* news from the
broker; *reply* bytes to an HTTP client, *tell* bytes to a listener."""

REQUEST_FAULTS: Final = (
    "lost",
    "reset",
    "unavailable",
    "refused",
    "limited",
    "answer_lost",
    "answer_reset",
    "unreadable",
    "unavailable_after",
    "stalled",
    "late",
)
EVENT_FAULTS: Final = ("event_lost", "event_twice", "event_late")


class Broker(Struct, frozen=True, kw_only=True):
    """What kind of broker it is."""

    refuses_repeats: bool
    finds_client_ids: bool
    replaces: bool
    partial: bool
    holds: bool = False
    """What resting exits would sell cannot be sold by another order."""
    renames: bool = False
    tells_groups: bool = True
    native: bool = False
    """It keeps attached exits itself."""
    native_late: bool = False
    """But places them only when all of the entry has filled,"""
    native_linked: bool = False
    """or cancels both for one,"""
    native_loses: int = 0
    """or forgets each so many-th."""
    one_exit: bool = False
    """A stop and a limit cannot rest for the same."""


class Weather(Struct, frozen=True, kw_only=True):
    """How likely which fault is; latencies in seconds."""

    request: dict[str, float]
    event: dict[str, float]
    latency: float
    event_latency: float
    hang_up: float
    commit_latency: float


class Death(Struct, frozen=True):
    """The gateway dies at the *nth* crossing of *label*, and is back after *seconds*."""

    label: str
    nth: int
    seconds: float


class Schedule(Struct, frozen=True, kw_only=True):
    """All that is decided beforehand. What is decided on the way comes from ``random(name)``."""

    seed: int
    broker: Broker
    weather: Weather
    deaths: tuple[Death, ...]
    steps: tuple[Step, ...]
    exits: tuple[str, ...]

    def random(self, name: str) -> Random:
        """Chance for one purpose, the same for a seed whatever happens elsewhere."""
        return Random(f"{self.seed}/{name}")


def schedule(seed: int, *, calm: bool = False, deaths: bool = True, disk: bool = False) -> Schedule:
    """The schedule of *seed*.

    *calm* has no faults, without *deaths* the gateway lives on, with *disk* the disk fails at times
    """
    chance = Random(f"{seed}/schedule")
    steps = [*steps_of(chance, exits := _exits(chance)), *episodes_of(seed, exits)]
    habits, own = Random(f"{seed}/habits"), _own_exits(Random(f"{seed}/own exits"))
    if disk:
        steps += disk_failures(Random(f"{seed}/disk"))
    return Schedule(
        seed=seed,
        broker=Broker(
            refuses_repeats=chance.random() < 0.5,
            finds_client_ids=chance.random() < 0.7,
            replaces=chance.random() < 0.7,
            partial=chance.random() < 0.4,
            holds=Random(f"{seed}/holds").random() < 0.5,
            renames=habits.random() < 0.4,
            tells_groups=habits.random() < 0.5,
            **own,
        ),
        weather=_weather(chance, calm=calm),
        deaths=tuple(_deaths(chance)) if deaths else (),
        steps=tuple(sorted(steps, key=lambda step: step.at)),
        exits=exits,
    )


def _own_exits(chance: Random) -> dict[str, Any]:
    """Most brokers have orders and nothing else; some keep exits, each in its own way."""
    kind = chance.random()
    if kind < 0.7:
        return {}
    if kind < 0.8:
        return {"one_exit": True}
    return {
        "native": True,
        "native_late": chance.random() < 0.3,
        "native_linked": chance.random() < 0.3,
        "native_loses": chance.choice((0, 0, 2, 5)),
    }


def _exits(chance: Random) -> tuple[str, ...]:
    return chance.choice((("stop_loss", "take_profit"), ("stop_loss",), ("take_profit",)))


def _weather(chance: Random, *, calm: bool) -> Weather:
    worst = 0.0 if calm else chance.choice((0.0, 0.04, 0.1, 0.2))
    kinds = chance.sample(REQUEST_FAULTS, chance.randint(2, 5))
    events = chance.sample(EVENT_FAULTS, chance.randint(1, 3))
    bad_events = 0.0 if calm else chance.choice((0.0, 0.05, 0.2))
    return Weather(
        request={kind: worst for kind in kinds if worst},
        event={kind: bad_events for kind in events if bad_events},
        latency=chance.choice((0.0, 0.02, 0.2, 1.5)),
        event_latency=chance.choice((0.0, 0.01, 0.3)),
        hang_up=0.0 if calm else chance.choice((0.0, 0.2)),
        commit_latency=chance.choice((0.0, 0.0, 0.003, 0.05)),
    )


def _deaths(chance: Random) -> list[Death]:
    """One death in most schedules; a rare crossing gets a small number, so that it is reached."""
    number = chance.choice((0, 1, 1, 1, 2, 3))
    return [
        Death(
            chance.choice(CROSSINGS),
            int(chance.paretovariate(0.6)) if chance.random() < 0.8 else chance.randint(1, 60),
            chance.choice((0.1, 2.0, 30.0)),
        )
        for _ in range(number)
    ]

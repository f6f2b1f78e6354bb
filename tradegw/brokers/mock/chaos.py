"""Faults on purpose: how often each happens, and the dice that decide, the same for a seed."""

from __future__ import annotations

import enum
import random
import re
from typing import Final, NamedTuple

from msgspec import Struct

_WHOLE: Final = re.compile(r"[0-9]{1,18}")
_SHARE: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{0,12})?|\.[0-9]{1,12}")


class CallFault(enum.StrEnum):
    """What may befall a call. Where the broker took part, it has done what was asked."""

    DROP_ANSWER = "drop_answer"
    LATE_ANSWER = "late_answer"
    RESET = "reset"
    REJECT = "reject"
    STALL = "stall"
    DISCONNECT = "disconnect"


class EventFault(enum.StrEnum):
    """What may befall an event on its way to us."""

    DUPLICATE = "duplicate_event"
    LOST = "lost_event"
    REORDER = "reorder"
    DISCONNECT = "disconnect"


class Chaos(Struct, frozen=True, kw_only=True):
    """The value of ``MOCK_CHAOS``: for each fault the probability that it befalls a call or event.

    At most one befalls each, so those of calls, and those of events, add up to 1 at most.
    """

    seed: int = 0
    drop_answer: float = 0.0
    late_answer: float = 0.0
    reset: float = 0.0
    reject: float = 0.0
    stall: float = 0.0
    disconnect: float = 0.0
    duplicate_event: float = 0.0
    lost_event: float = 0.0
    reorder: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Chaos:
        """Read ``seed=7,drop_answer=0.05``; ``ValueError`` says what is wrong."""
        values: dict[str, float] = {}
        for part in text.split(","):
            name, sign, value = (each.strip() for each in part.partition("="))
            if name not in cls.__struct_fields__ or not sign:
                known = ", ".join(cls.__struct_fields__)
                raise ValueError(f"{part.strip()[:40]!r} is not one of {known}, with = and a value")
            if name in values:
                raise ValueError(f"{name} is given twice")
            values[name] = _seed(value) if name == "seed" else _probability(name, value)
        found = cls(**values)  # type: ignore[arg-type]  # the seed alone is whole, and is so
        for faults in (CallFault, EventFault):
            if sum(getattr(found, fault) for fault in faults) > 1:
                raise ValueError(f"{', '.join(faults)} add up to more than 1")
        return found


class Draw(NamedTuple):
    """The fault, if any, and two numbers from 0 up to 1 for how it goes."""

    fault: str | None
    first: float
    second: float


class Dice:
    """One of its own for calls and one for events; each throw takes the same number of draws."""

    def __init__(self, chaos: Chaos) -> None:
        # A game of faults, not a secret.
        self._calls = random.Random(f"{chaos.seed}:calls")  # noqa: S311
        self._events = random.Random(f"{chaos.seed}:events")  # noqa: S311
        self._of_calls = [(fault.value, getattr(chaos, fault)) for fault in CallFault]
        self._of_events = [(fault.value, getattr(chaos, fault)) for fault in EventFault]

    def call(self) -> Draw:
        """What befalls the next call."""
        return _throw(self._calls, self._of_calls)

    def event(self) -> Draw:
        """What befalls the next event."""
        return _throw(self._events, self._of_events)


def _throw(dice: random.Random, faults: list[tuple[str, float]]) -> Draw:
    left, first, second = dice.random(), dice.random(), dice.random()
    for fault, probability in faults:
        if left < probability:
            return Draw(fault, first, second)
        left -= probability
    return Draw(None, first, second)


def _seed(value: str) -> int:
    if not _WHOLE.fullmatch(value):
        raise ValueError(f"seed must be a whole number, not {value[:40]!r}")
    return int(value)


def _probability(name: str, value: str) -> float:
    if not _SHARE.fullmatch(value) or float(value) > 1:
        raise ValueError(f"{name} must be a probability from 0 to 1, not {value[:40]!r}")
    return float(value)

"""One request to the broker and its answer, on their ways: what can happen to them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final, Protocol, TypeVar

from twisted.internet.defer import Deferred

from tradegw.errors import (
    GatewayError,
    InternalError,
    OrderRejected,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)

from .schedule import LATEST_EFFECT_SECONDS
from .world import World

T = TypeVar("T")

RESET_SECONDS: Final = 0.3
LATE_SECONDS: Final = 6.0
"""An answer that is late comes so long after its effect; most events overtake it."""

_NOT_DONE: Final[dict[str, Callable[[], GatewayError]]] = {
    "reset": lambda: ProviderError("connection reset", "simulated"),
    "unavailable": lambda: ProviderUnavailable("503"),
    "refused": lambda: OrderRejected("refused", "NOT_TODAY"),
    "limited": lambda: RateLimited("slow down"),
}
"""Faults of requests that came to nothing, and what is answered."""

_DONE_BUT: Final[dict[str, Callable[[], GatewayError]]] = {
    "answer_reset": lambda: ProviderError("connection reset", "simulated"),
    "unreadable": lambda: InternalError("the answer cannot be read"),
    "unavailable_after": lambda: ProviderUnavailable("502"),
}
"""Faults of answers to requests that took effect, and what comes instead."""


class Mortal(Protocol):
    """Who uses the broker. ``cross`` counts a crossing; whether it is still alive after that."""

    alive: bool

    def cross(self, label: str) -> bool: ...


class RoundTrip:
    """One request and its answer on their ways."""

    def __init__(
        self,
        world: World,
        life: Mortal,
        delays: Random,
        title: str,
        work: Callable[[], T],
        answer: Deferred[T],
    ) -> None:
        self._world = world
        self._life = life
        self._delays = delays
        self._title = title
        self._work: Callable[[], Any] = work
        self._answer: Deferred[Any] = answer
        self._instead: GatewayError | None = None
        self._silent = False
        self._back = delays.uniform(0, world.schedule.weather.latency)

    def send(self, fault: str | None) -> None:
        """Let it go, to suffer *fault*."""
        there = self._delays.uniform(0, self._world.schedule.weather.latency)
        if fault == "lost":
            return
        if fault in _NOT_DONE:
            self._fail(there + self._back, _NOT_DONE[fault]())
            return
        if fault in _DONE_BUT:
            self._instead = _DONE_BUT[fault]()
        elif fault == "answer_lost":
            self._silent = True
        elif fault == "late":
            self._back += LATE_SECONDS
        elif fault == "stalled":
            there = self._delays.uniform(5, LATEST_EFFECT_SECONDS)
            if self._delays.random() < 0.5:  # the connection breaks, the request is queued
                self._silent = True
                self._fail(RESET_SECONDS, ProviderError("connection reset", "simulated"))
        self._world.later(there, self._take_effect)

    def _fail(self, delay: float, error: GatewayError) -> None:
        self._world.later(delay, self._come_back, error)

    def _take_effect(self) -> None:
        self._life.cross("effect:before")
        result: Any
        try:
            result = self._work()
        except GatewayError as error:
            result = error
        self._life.cross("effect:after")
        if not self._silent:
            self._world.later(self._back, self._come_back, self._instead or result)

    def _come_back(self, result: Any) -> None:
        if not self._life.cross("answer:before") or self._answer.called:
            return
        if isinstance(result, Exception):
            self._world.note(f"answer: {self._title}: {result!r}")
            self._answer.errback(result)
        else:
            self._answer.callback(result)
        self._life.cross("answer:after")

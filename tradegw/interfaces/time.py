"""The two clocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct
from twisted.internet.interfaces import IReactorTime

WallClock: TypeAlias = Callable[[], datetime]
"""Tells the time, aware, in UTC. Timers use ``twisted.internet.interfaces.IReactorTime``."""


class Time(Struct, frozen=True, kw_only=True):
    """By which orders, exits and alerts live and are stamped.

    *clock* runs their timers, *seconds* tells what lapses, *now* what is written beside things.
    *look_seconds* is how often all exits are looked at, *trail_seconds* how often prices are asked
    for that stops follow and that do not come by themselves; each costs a timer each time.
    """

    clock: IReactorTime
    now: WallClock
    seconds: Callable[[], float]
    look_seconds: float = 5.0
    trail_seconds: float = 5.0

"""The two clocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

WallClock: TypeAlias = Callable[[], datetime]
"""Tells the time, aware, in UTC. Timers use ``twisted.internet.interfaces.IReactorTime``."""

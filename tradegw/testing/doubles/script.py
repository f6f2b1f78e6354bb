"""What happens to the events of a stream on their way out, as a test wants it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, TypeAlias

from msgspec import Struct
from twisted.internet.interfaces import IReactorTime

Message: TypeAlias = dict[str, Any]


class Deed(Enum):
    """What is done to an event."""

    PASS = "pass"  # noqa: S105  not a secret
    LOSE = "lose"
    REPEAT = "repeat"
    HOLD = "hold"
    DELAY = "delay"


class _Line(Struct):
    deed: Deed
    kinds: tuple[str, ...]
    times: int
    number: float = 0.0


class Script:
    """Deeds for the events to come, in order; an event meets the first line that is meant for it.

    *kinds* are names of events (``"fill"``), or types of market data (``"q"``); none means all.
    ``script.keep(1, "fill"); script.lose(2, "fill")`` loses the second and third fill.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._lines: list[_Line] = []
        self._held: list[tuple[Message, Callable[[Message], None]]] = []

    def keep(self, times: int, *kinds: str) -> None:
        """The next *times* events are told as they are."""
        self._lines.append(_Line(Deed.PASS, kinds, times))

    def lose(self, times: int, *kinds: str) -> None:
        """They are never told."""
        self._lines.append(_Line(Deed.LOSE, kinds, times))

    def repeat(self, times: int, *kinds: str, copies: int = 2) -> None:
        """They are told *copies* times, with the same ids."""
        self._lines.append(_Line(Deed.REPEAT, kinds, times, copies))

    def hold(self, times: int, *kinds: str) -> None:
        """They wait for :meth:`release`."""
        self._lines.append(_Line(Deed.HOLD, kinds, times))

    def delay(self, times: int, seconds: float, *kinds: str) -> None:
        """They come *seconds* late."""
        self._lines.append(_Line(Deed.DELAY, kinds, times, seconds))

    def release(self, *, backwards: bool = False) -> None:
        """Tell what waits, the last first if *backwards*."""
        held, self._held = self._held, []
        for message, send in reversed(held) if backwards else held:
            send(message)

    def clear(self) -> None:
        """All is told as it is; what waits is lost."""
        self._lines.clear()
        self._held.clear()

    def play(self, kind: str, message: Message, send: Callable[[Message], None]) -> None:
        """Give *message* to *send*, as often and as late as the script has it."""
        line = self._line_for(kind)
        deed = Deed.PASS if line is None else line.deed
        number = 0.0 if line is None else line.number
        if deed is Deed.HOLD:
            self._held.append((message, send))
        elif deed is Deed.DELAY:
            self._clock.callLater(number, send, message)
        elif deed is not Deed.LOSE:
            for _ in range(int(number) if deed is Deed.REPEAT else 1):
                send(message)

    def _line_for(self, kind: str) -> _Line | None:
        for line in self._lines:
            if not line.kinds or kind in line.kinds:
                line.times -= 1
                if not line.times:
                    self._lines.remove(line)
                return line
        return None

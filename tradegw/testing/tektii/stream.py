"""The WebSocket: events go out, acknowledgements come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReactorTime

from ..doubles.endpoints import Endpoint
from ..doubles.wires import Wire


class Stream(Endpoint):
    """One client at a time; ``joins`` counts those that came. ``odd`` is what was not understood.

    A run puts itself at ``on_join``, ``on_ack`` and ``on_leave``.
    """

    ping_seconds = 1e9  # this server sends none

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__(clock)
        self.joins = 0
        self.frames: list[Any] = []
        self.odd: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.on_join: Callable[[], None] = _nothing
        self.on_leave: Callable[[], None] = _nothing
        self.on_ack: Callable[[tuple[str, ...]], None] = _ignore

    def joined(self, wire: Wire) -> None:
        super().joined(wire)
        self.joins += 1
        self.headers.append(wire.headers)
        if hasattr(wire.transport, "setTcpNoDelay"):
            wire.transport.setTcpNoDelay(True)
        self.on_join()

    def left(self, wire: Wire) -> None:
        was_here = wire in self.wires
        super().left(wire)
        if was_here:
            self.on_leave()

    def heard(self, wire: Wire, message: Any) -> None:
        self.frames.append(message)
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "ping":
            wire.say({"type": "pong"})
        elif kind == "event_ack" and _is_ack(message):
            self.on_ack(tuple(message["events_processed"]))
        elif kind != "pong":
            self.odd.append(message)

    def send(self, message: dict[str, Any]) -> None:
        """Tell *message* to whoever is here."""
        for wire in tuple(self.wires):
            wire.say(message, event=True)

    def close(self, code: int, reason: str) -> None:
        """Close with a *code* of one's own."""
        for wire in tuple(self.wires):
            wire.sendClose(code, reason)


def _is_ack(message: dict[str, Any]) -> bool:
    ids = message.get("events_processed")
    is_list = isinstance(ids, list) and all(isinstance(each, str) for each in ids)
    return is_list and isinstance(message.get("correlation_id"), str)


def _nothing() -> None:
    """Nobody has put anything there."""


def _ignore(ids: tuple[str, ...]) -> None:
    """The same."""

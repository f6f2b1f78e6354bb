"""Connections in memory between a gateway and its clients, which break when the gateway dies.

What the gateway writes arrives a moment later, in order, never inside of the write itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from .round_trip import Mortal
from .world import World


class Reader(Protocol):
    """The client's end of a connection."""

    def received(self, data: bytes) -> None: ...

    def lost(self) -> None: ...


class Pipe(StringTransport):
    """The gateway's end of one connection. *label* is what its writes cross."""

    protocol: Any

    def __init__(self, world: World, life: Mortal, reader: Reader, label: str) -> None:
        super().__init__()
        self.label = label
        self._world = world
        self._life = life
        self._reader = reader
        self._over = False

    # -- the gateway's side

    def write(self, data: bytes) -> None:
        if self._over or not self._life.cross(f"{self.label}:before"):
            return
        self._world.later(0, self._arrive, bytes(data))
        self._life.cross(f"{self.label}:after")

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        if not self._over and self._life.alive:
            self._end(ConnectionDone())
            self._world.later(0, self._reader.lost)

    abortConnection = loseConnection

    # -- the client's side

    def send(self, data: bytes) -> None:
        if not self._over and self._life.alive:
            self.protocol.dataReceived(data)

    def hang_up(self) -> None:
        """The client is gone; it hears nothing more."""
        if not self._over:
            self._reader = _Nobody()
            self._end(ConnectionLost())

    def cut(self) -> None:
        """The gateway is gone."""
        if not self._over:
            self._over = True
            self._world.later(0, self._reader.lost)

    def _arrive(self, data: bytes) -> None:
        self._reader.received(data)

    def _end(self, why: Exception) -> None:
        self._over = True
        if self._life.alive:
            self.protocol.connectionLost(Failure(why))


class _Nobody:
    def received(self, data: bytes) -> None:
        """Nobody listens any more."""

    def lost(self) -> None:
        """Nobody listens any more."""


class Answer:
    """The client's end of one HTTP request: *done* is told status and body, or ``None`` twice."""

    def __init__(self, done: Callable[[int | None, Any], None]) -> None:
        self._done: Callable[[int | None, Any], None] | None = done
        self._data = b""

    def received(self, data: bytes) -> None:
        self._data += data
        head, end, body = self._data.partition(b"\r\n\r\n")
        if not end:
            return
        lines = head.decode().lower().split("\r\n")
        length = next(int(x.split(":")[1]) for x in lines if x.startswith("content-length:"))
        if len(body) >= length:
            self._finish(int(lines[0].split()[1]), json.loads(body))

    def lost(self) -> None:
        self._finish(None, None)

    def _finish(self, status: int | None, body: Any) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(status, body)


def request(method: str, path: str, body: Any = None, key: str | None = None) -> bytes:
    """The bytes of an HTTP request."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: gateway", f"Content-Length: {len(content)}"]
    if body is not None:
        lines.append("Content-Type: application/json")
    if key is not None:
        lines.append(f"Idempotency-Key: {key}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def frames(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The whole frames at the front of *data*, as operation and payload, and what is left."""
    found = []
    while len(data) >= 2:
        length, at = data[1], 2
        if length == 126:
            length, at = int.from_bytes(data[2:4]), 4
        elif length == 127:
            length, at = int.from_bytes(data[2:10]), 10
        if len(data) < at + length:
            break
        found.append((data[0] & 0x0F, data[at : at + length]))
        data = data[at + length :]
    return found, data

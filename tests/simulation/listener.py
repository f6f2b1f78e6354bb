"""The well-behaved client's WebSocket: it goes on where it had been when it lost it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, Final

from .life import Lives
from .pipes import Pipe, frames
from .world import World

MASK: Final = bytes(4)
HANDSHAKE: Final = (
    "GET /v1/ws{since} HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    f"Sec-WebSocket-Key: {base64.b64encode(b'k' * 16).decode()}\r\n\r\n"
)


class Listener:
    """Follows the stream. :attr:`told` is all numbered messages in the order of their coming."""

    def __init__(self, world: World, lives: Lives) -> None:
        self.told: list[dict[str, Any]] = []
        self.texts: list[bytes] = []
        self.others: list[dict[str, Any]] = []
        self.refusals: list[str] = []
        self.connections = 0
        self.on_message: Callable[[dict[str, Any]], None] = lambda _message: None
        self._world = world
        self._lives = lives
        self._chance = world.schedule.random("stream")
        self._pipe: Pipe | None = None
        self._data = b""
        self._open = False

    @property
    def since(self) -> int | None:
        """The last number heard."""
        return int(self.told[-1]["seq"]) if self.told else None

    def connect(self) -> None:
        """Go on where it had been."""
        self._data, self._open = b"", False
        self._pipe = self._lives.current.connect(self, "tell")
        if self._pipe is None:
            self.lost()
            return
        self.connections += 1
        since = "" if self.since is None else f"?since={self.since}"
        self._pipe.send(HANDSHAKE.format(since=since).encode())

    def complete(self, journal: Any, *, disk_failed: bool) -> None:
        """Take in what was told before the first connection, for those who judge the whole.

        What is told while the disk fails bears no number, and gets one when it is written down: to
        a client that listens there is a gap. Then the journal is what was told.
        """
        if journal is None:
            return
        oldest = journal.span().oldest
        first = self.told[0]["seq"] if self.told else journal.span().newest + 1
        if disk_failed:
            self.told.clear()
            first = journal.span().newest + 1
        earlier = journal.events(oldest - 1, first - oldest)
        self.told[:0] = [json.loads(bytes(body)) for _, body in earlier]

    def drop(self) -> None:
        """The connection breaks."""
        if self._pipe is not None:
            self._world.note(f"the stream is dropped after {self.since}")
            self._world.hit("drop_stream")
            self._pipe.hang_up()
            self.lost()

    def lost(self) -> None:
        self._pipe = None
        self._world.later(self._chance.choice((0.05, 1.0, 5.0)), self.connect)

    def received(self, data: bytes) -> None:
        self._data += data
        if not self._open:
            head, end, rest = self._data.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.refusals.append(head.decode().split("\r\n")[0])
                return
            self._open, self._data = True, rest
        found, self._data = frames(self._data)
        for operation, payload in found:
            self._frame(operation, payload)

    def _frame(self, operation: int, payload: bytes) -> None:
        if operation == 9 and self._pipe is not None:
            self._pipe.send(bytes([0x8A, 0x80 | len(payload)]) + MASK + payload)
        elif operation == 8:
            code = int.from_bytes(payload[:2])
            if code == 1008:
                self.refusals.append(f"1008 {payload[2:].decode()}")
        elif operation == 1:
            message = json.loads(payload)
            if "seq" in message:
                self.told.append(message)
                self.texts.append(payload)
                self.on_message(message)
                self._world.note(f"heard: {message['seq']} {_summary(message)}")
            else:
                self.others.append(message)


def _summary(message: dict[str, Any]) -> str:
    subject = message.get("order") or message.get("trade") or message.get("position") or {}
    return " ".join(
        str(x)
        for x in (
            message.get("event") or message.get("code") or message["type"],
            subject.get("id"),
            subject.get("client_order_id"),
            subject.get("filled_quantity") or subject.get("quantity"),
            "reconciled" if message.get("reconciled") else "",
        )
        if x
    )

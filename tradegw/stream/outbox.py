"""What waits for a client that reads more slowly than events come, within bounds."""

from __future__ import annotations

from collections import deque
from typing import Final

MAX_MESSAGES: Final = 1024
MAX_BYTES: Final = 8 * 1024 * 1024


class Outbox:
    """Framed messages in the order in which they must leave, at most so many and so many bytes.

    Frames come and go in batches. The bytes of a batch are shared by all clients that wait for it.
    """

    __slots__ = ("_batches", "_max_bytes", "_max_messages", "messages", "size")

    def __init__(self, max_messages: int = MAX_MESSAGES, max_bytes: int = MAX_BYTES) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._batches: deque[tuple[bytes, int]] = deque()
        self.messages = 0
        self.size = 0

    def __bool__(self) -> bool:
        return bool(self._batches)

    def add(self, frames: bytes, messages: int) -> bool:
        """Keep a batch of so many *messages*; ``False``, and nothing kept, if it does not fit."""
        if (
            self.messages + messages > self._max_messages
            or self.size + len(frames) > self._max_bytes
        ):
            return False
        self._batches.append((frames, messages))
        self.messages += messages
        self.size += len(frames)
        return True

    def take(self, limit: int) -> bytes:
        """The oldest batches, joined: as many as fit into *limit* bytes, and at least one."""
        taken: list[bytes] = []
        size = 0
        while self._batches and (not taken or size + len(self._batches[0][0]) <= limit):
            frames, messages = self._batches.popleft()
            taken.append(frames)
            size += len(frames)
            self.messages -= messages
        self.size -= size
        return b"".join(taken)

    def clear(self) -> None:
        """Forget all that waits."""
        self._batches.clear()
        self.messages = self.size = 0

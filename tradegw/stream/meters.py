"""What the stream counts, for whoever wants to show it."""

from __future__ import annotations

from typing import Protocol


class StreamMeters(Protocol):
    """Told of comings, goings and backlogs."""

    def connected(self) -> None:
        """A client's handshake is done."""

    def disconnected(self) -> None:
        """The connection of such a client is gone."""

    def evicted(self) -> None:
        """A client read too slowly and is being closed; once per client."""

    def backlog(self, messages: int) -> None:
        """So many messages wait for the client with the most; 0 when nobody is behind."""


class NoMeters:
    """Counts nothing."""

    def connected(self) -> None:
        pass

    def disconnected(self) -> None:
        pass

    def evicted(self) -> None:
        pass

    def backlog(self, messages: int) -> None:
        pass

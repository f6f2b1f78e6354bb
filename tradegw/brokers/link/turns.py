"""What a stream reacts to in its states, and what it tells of itself."""

from __future__ import annotations

from typing import Protocol

from ...model.link import StreamState
from .attempt import Owner


class News(Protocol):
    """Who hears of a stream."""

    def changed(self, state: StreamState) -> None:
        """It is in another state; before anything else is told of that."""

    def retrying(self) -> None:
        """It is tried once more."""

    def up(self) -> None:
        """It is logged on."""

    def lost(self, reason: str) -> None:
        """It was logged on, and is not any more."""

    def failed(self, reason: str) -> None:
        """It is not up for longer than is tolerable, or the credentials are refused. Tries go on.

        Once per outage; and once more if the refusal comes after the time was over.
        """


class Inputs(Owner, Protocol):
    """What a stream reacts to, in whatever state it is."""

    def start(self) -> None:
        """It is wanted."""

    def late(self) -> None:
        """What was waited for took too long."""

    def due(self) -> None:
        """The pause is over."""

    def doubt(self, reason: str) -> None:
        """The connection is there, but what came through it cannot be all."""

    def renew(self) -> None:
        """The broker will end the connection soon: another is to take its place."""

    def relieved(self) -> None:
        """That one is logged on."""

    def stop(self) -> None:
        """It is not wanted any more."""

    def gone(self) -> None:
        """What was being closed is closed."""

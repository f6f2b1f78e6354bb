"""What was told and done in a run, line by line: the same inputs give the same lines, anywhere."""

from __future__ import annotations

import hashlib
from collections import deque
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from twisted.logger import Logger

from ...model import wire
from ...model.events import Event

log = Logger()


class Command:
    """A place in the transcript, kept for a command while it is carried out."""

    __slots__ = ("line", "of")

    def __init__(self, of: Transcript) -> None:
        self.of = of
        self.line: bytes | None = None

    def taken(self, at: datetime, method: str, path: str, body: Any, result_id: str) -> None:
        """The exchange took it: one of clients or of the gateway's own, put as a request."""
        told = {"at": at, "method": method, "path": path, "body": body, "result_id": result_id}
        self.line = wire.canonical(told)
        self.of.go_on()

    def refused(self) -> None:
        """It did not, and the place is given up."""
        self.line = b""
        self.of.go_on()


class Transcript:
    """One line of canonical JSON for every event as it was told and every command that was taken.
    With a *file* it is written there, too.

    A command stands before all that it caused, however soon that was told.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._hash = hashlib.sha256()
        self._waiting: deque[Command | bytes] = deque()
        self._lines: BinaryIO | None = None
        if file is not None:
            self._lines = file.open("wb")

    def told(self, event: Event) -> None:
        """*event* goes to the clients, with its id and simulated times."""
        line = wire.canonical(event)
        if self._waiting:
            self._waiting.append(line)
        else:
            self._add(line)

    def command(self) -> Command:
        """A command is about to be carried out; say what came of it."""
        command = Command(self)
        self._waiting.append(command)
        return command

    @property
    def sha256(self) -> str:
        """Of all lines so far."""
        return self._hash.hexdigest()

    def close(self) -> None:
        """All that is to be in the file is in it; what comes now is not."""
        if self._lines is not None:
            self._lines.close()
            self._lines = None

    def go_on(self) -> None:
        """Write what waits for no command any more."""
        waiting = self._waiting
        while waiting:
            first = waiting[0]
            line = first.line if isinstance(first, Command) else first
            if line is None:
                return
            waiting.popleft()
            if line:
                self._add(line)

    def _add(self, line: bytes) -> None:
        line += b"\n"
        self._hash.update(line)
        if self._lines is not None:
            self._write(self._lines, line)

    def _write(self, lines: BinaryIO, line: bytes) -> None:
        try:
            lines.write(line)
        except OSError as error:
            self._lines = None
            log.error(  # noqa: TRY400  (where in our code a disk is full helps nobody)
                "the transcript cannot be written: {reason}", reason=error.strerror
            )

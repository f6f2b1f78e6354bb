"""The other process of ``fanout.py``, seen from the server: started, asked how much it has read."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

DRAIN = Path(__file__).with_name("fanout_drain.py")


class Clients(ProcessProtocol):
    """So many clients in one process. It ends when it is told to, or when this process does."""

    def __init__(self, reactor: Any, port: int, count: int) -> None:
        self.count = count
        self._expected = 0
        self._answer: Deferred[None] = Deferred()
        self._ended: Deferred[None] = Deferred()
        self._process = reactor.spawnProcess(
            self,
            sys.executable,
            [sys.executable, "-P", str(DRAIN), f"{port}", f"{count}"],
            childFDs={0: "w", 1: "r", 2: 2},
        )

    async def are_connected(self) -> None:
        """Returns when all handshakes are done."""
        await self._answer

    async def have_read(self, size: int) -> None:
        """Returns when each client has read *size* more bytes of frames."""
        self._expected += size * self.count
        self._answer = Deferred()
        self.transport.write(b"%d\n" % self._expected)  # type: ignore[union-attr]
        await self._answer

    async def stop(self) -> None:
        """Let the process end, and wait for that."""
        self.transport.closeStdin()  # type: ignore[union-attr]
        await self._ended

    def outReceived(self, data: bytes) -> None:
        if data.strip() and not self._answer.called:
            self._answer.callback(None)

    def processEnded(self, reason: Failure) -> None:
        if not self._answer.called:
            self._answer.errback(reason)
        if reason.check(ProcessDone):
            self._ended.callback(None)
        else:
            self._ended.errback(reason)


def allow_many_files() -> None:
    """A thousand clients need a thousand files in either process."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))

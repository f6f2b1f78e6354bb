"""A process that writes to a journal without end, and says what is durable: to be killed.

``python -m tests.journal.writer DIRECTORY``: a line on standard output for each order, when it is
acknowledged: its number, and the number of its event.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from tests.journal.samples import ACCOUNT, intent, order, outcome, told
from tradegw.journal.opening import open_journal
from tradegw.journal.thread import WriterThread


def wall() -> datetime:
    return datetime.now(UTC)


async def write(reactor: Any, directory: Path) -> None:
    journal = open_journal(directory, ACCOUNT, reactor, wall, WriterThread(reactor).run)
    seq = 0

    async def orders() -> None:
        nonlocal seq
        while True:
            seq = journal.next_seq()
            name = f"{seq}"
            await journal.write(intent(f"i{name}", sent_as=name))
            await journal.keep(outcome(f"i{name}", order_id=name), order(name), told(seq, name))
            os.write(1, f"{name}\n".encode())

    await Deferred.fromCoroutine(orders())


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(write(reactor, Path(sys.argv[1]))))

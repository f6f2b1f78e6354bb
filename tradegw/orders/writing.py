"""Intents into the journal, before anything is sent: waited for, but not for ever.

A disk that hangs is neither a yes nor a no. What raises risk must not leave when it answers at
last, minutes later at another price: it is given up. What lowers risk leaves without the record.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from twisted.internet.interfaces import IReactorTime

from ..deferreds import deadline, shield
from ..errors import JournalUnavailable
from ..interfaces import IJournal
from ..model.journal import Intent

WRITE_SECONDS: Final = 5.0
"""So long the disk has to write down what raises risk."""

URGENT_SECONDS: Final = 1.0
"""And so long what lowers risk waits for it."""


class Overdue(Exception):
    """The disk has not answered."""

    def __init__(self) -> None:
        super().__init__(f"The disk has not answered for {WRITE_SECONDS:g} seconds")

    def refusal(self) -> JournalUnavailable:
        """What clients are told; nothing was sent."""
        return JournalUnavailable(f"The journal cannot be written: {self}")


class Writing:
    """Has intents written down, by *clock*."""

    def __init__(self, journal: IJournal, clock: IReactorTime) -> None:
        self._journal = journal
        self._clock = clock

    async def before(self, intent: Intent) -> None:
        """Ends when *intent* is durable. Fails with ``JournalUnavailable`` if it never will be,
        and with :class:`Overdue` if it may be later: an outcome is to be kept behind it then.
        """
        try:
            await deadline(shield(self._journal.write(intent)), WRITE_SECONDS, self._clock)
        except TimeoutError:
            raise Overdue from None

    async def if_possible(self, intent: Intent) -> None:
        """Ends when *intent*, which lowers risk, is durable, or has waited for long enough."""
        try:
            await deadline(shield(self._journal.write(intent)), URGENT_SECONDS, self._clock)
        except JournalUnavailable:
            self._journal.keep(intent)
        except TimeoutError:
            pass  # it is in the journal's hands, and is written as soon as that is possible

    async def settled(self) -> None:
        """Ends when all that was to be written so far is durable, or has waited for long enough."""
        with suppress(TimeoutError, JournalUnavailable):  # then it is written when that works again
            await deadline(shield(self._journal.write()), URGENT_SECONDS, self._clock)

    def beside(self, intent: Intent) -> None:
        """Have *intent*, which lowers risk, written down; nobody waits for it."""
        self._journal.keep(intent)

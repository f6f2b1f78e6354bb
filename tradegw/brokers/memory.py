"""What a broker must not forget while the gateway is down: bans, for one."""

from __future__ import annotations

from typing import Final

from twisted.logger import Logger
from zope.interface import implementer

from ..errors import JournalUnavailable
from ..interfaces import IJournal, IMemory, WallClock
from ..model.journal import Setting

_PREFIX: Final = "broker:"


@implementer(IMemory)
class Memory:
    """Small named values among the journal's settings.

    While the journal cannot be written they last as long as the process, and are written as soon as
    it can be; so it is before :meth:`keep_in`.
    """

    log = Logger()

    def __init__(self, now: WallClock) -> None:
        self._now = now
        self._journal: IJournal | None = None
        self._values: dict[str, bytes] = {}

    def keep_in(self, journal: IJournal) -> None:
        """From now on *journal* holds what is remembered."""
        self._journal = journal
        for name, value in self._values.items():
            self._write(journal, name, value)

    def recall(self, name: str) -> bytes | None:
        if name in self._values or self._journal is None:
            return self._values.get(name)
        try:
            kept = self._journal.setting(_PREFIX + name)
        except JournalUnavailable:
            self.log.failure("{name} cannot be read from the journal", name=name)
            return None
        return None if kept is None else kept.value

    def remember(self, name: str, value: bytes) -> None:
        if self.recall(name) == value:
            return
        self._values[name] = value
        if self._journal is not None:
            self._write(self._journal, name, value)

    def _write(self, journal: IJournal, name: str, value: bytes) -> None:
        journal.keep(Setting(name=_PREFIX + name, at=self._now(), value=value))

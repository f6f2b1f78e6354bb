"""The alarm for changes that the journal could not even hold while the disk was failing."""

from __future__ import annotations

from ..interfaces import IAlarm, IJournal
from ..model.enums import AlertCode


class Losses:
    """Raises it once for each time that the journal is failing, and says what to do."""

    def __init__(self, journal: IJournal, alarm: IAlarm) -> None:
        self._journal = journal
        self._alarm = alarm
        self._before = journal.lost
        self._is_told = False
        journal.observe(self._journal_changed)

    def _journal_changed(self, problem: str | None) -> None:
        if problem is None:
            self._before, self._is_told = self._journal.lost, False
        elif self._journal.lost > self._before and not self._is_told:
            self._is_told = True
            self._alarm.raise_alert(
                AlertCode.INTERNAL_ERROR,
                "The journal has been failing for so long that further changes are lost to it:"
                " when it is mended, restart the gateway, to compare with the broker",
                {"journal": problem},
            )

"""How far the run has come: a line on a terminal, elsewhere a line in the log from time to time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Final, TextIO

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from ...model.backtest import BacktestStatus

EVERY_SECONDS: Final = 1.0
LOG_EVERY: Final = 30
"""So many times it is told on a terminal for one line in a log."""

log = Logger()


class Progress:
    """Asks *status* every second and writes to *out* if that is a terminal."""

    def __init__(
        self,
        status: Callable[[], BacktestStatus],
        equity: Callable[[], Decimal],
        reactor: IReactorTime,
        out: TextIO | None,
    ) -> None:
        self._status = status
        self._equity = equity
        self._out = out if out is not None and out.isatty() else None
        self._looks = 0
        self._loop = LoopingCall(self._look)
        self._loop.clock = reactor

    def start(self) -> None:
        """From now on."""
        self._loop.start(EVERY_SECONDS, now=False)

    def stop(self) -> None:
        """The last time, as it is now."""
        if not self._loop.running:
            return
        self._loop.stop()
        self._write("\n")

    def _look(self) -> None:
        self._looks += 1
        self._write("")
        if self._out is None and self._looks % LOG_EVERY == 0:
            log.info("{line}", line=self.line())

    def line(self) -> str:
        """What is shown: how much is done, where the clock is, events and their rate, equity."""
        status = self._status()
        done = 100 * float(status.progress or 0)
        rate = status.events / status.wall_seconds if status.wall_seconds else 0.0
        waits = "" if status.state != "waiting" else "  waiting for clients"
        return (
            f"backtest {done:5.1f} %  {status.clock:%Y-%m-%d %H:%M}  {status.events} events"
            f"  {rate:.0f}/s  equity {self._equity():.2f}{waits}"
        )

    def _write(self, end: str) -> None:
        if self._out is not None:
            self._out.write(f"\r{self.line()}\x1b[K{end}")
            self._out.flush()


def progress(begin: datetime, now: datetime, end: datetime) -> Decimal:
    """The share of the way from *begin* to *end*, 0 to 1, to a thousandth."""
    whole = (end - begin).total_seconds()
    done = (now - begin).total_seconds()
    return Decimal(1) if whole <= 0 else Decimal(min(1000, int(1000 * done / whole))) / 1000

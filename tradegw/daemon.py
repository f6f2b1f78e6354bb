"""The gateway as a process among others: where its log goes, and what signals do to it.

twistd begins a new log file on SIGUSR1. Here that signal halts trading, in every way of running and
whether or not there is a log file; SIGUSR2 begins a new file, and SIGHUP does nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn, TextIO, TypeVar, cast

from twisted.application.service import IServiceCollection, MultiService
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError, ReactorNotRunning
from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized
from twisted.python.logfile import LogFile

from . import logs, signals
from .config.settings import Settings
from .journal.durable import Journal
from .journal.problems import JournalError

T = TypeVar("T")

LOG_FILE: Final = "twistd.log"
GARBAGE_LOOKS: Final = 20_000
"""So many objects more than before, and the collector looks for cycles."""


class Daemon(MultiService):
    """The gateway as a process: its log and its signals.

    *twistd* holds twistd's own options, of which those about logging are obeyed.
    """

    log = Logger()

    halt: Callable[[], object] | None = None
    """What SIGUSR1 has done, in the reactor's turn; given before the reactor runs."""

    journal: Journal | None = None
    """The one that is open; what it could not write when it was closed makes the exit code 1."""

    exit_code = 0
    """With which the process ends if it stops by itself and all could be written down."""

    def __init__(self, settings: Settings, reactor: Any, twistd: Mapping[str, Any]) -> None:
        super().__init__()
        self._settings = settings
        self._reactor = reactor
        self._twistd = twistd
        self._stopping = False
        self._file: LogFile | None = None

    def setServiceParent(self, parent: IServiceCollection) -> None:
        """Gives the application, which comes to us only here, the log observer for twistd."""
        super().setServiceParent(parent)
        own = any(self._twistd.get(name) for name in ("logger", "syslog"))
        if isinstance(parent, Componentized) and not own:
            out = self._log_file()
            json_lines = self._settings.log_json
            if json_lines is None:
                json_lines = not (hasattr(out, "isatty") and out.isatty())
            parent.setComponent(
                ILogObserver,
                logs.observer(out, self._settings.log_level, json_lines, self._settings.api_key),
            )
            logs.route_stdlib(self._settings.log_level)

    def catch_signals(self) -> None:
        """Take over from :mod:`tradegw.signals`, before the gateway is built, for that may take its
        time. What is asked for is done in the reactor's first turn: before any client is heard.
        """
        for number in filter(signals.is_free, signals.OURS):
            signal.signal(number, self._asked)
        while signals.asked:
            self._asked(signals.asked.pop(0), None)

    def end_when(self, over: Deferred[int]) -> None:
        """Stop when *over* fires, and have the process end with the code that it fires with."""
        over.addCallback(self._end)

    def _end(self, exit_code: int) -> None:
        self.exit_code = exit_code
        self._stopping = True
        self._stop("the run is over")

    def startService(self) -> None:
        """Start the gateway; or print why its journal or port cannot be opened, and exit with 1."""
        for warning in self._settings.warnings:
            self.log.warn("{warning}", warning=warning)
        try:
            super().startService()
        except (CannotListenError, JournalError, OSError) as error:
            self.log.critical("cannot start: {error}", error=error)
            if self._twistd.get("statusPipe") is not None:
                raise  # twistd, now in the background, tells whoever waits for it
            self._exit(error)
        self._reactor.callWhenRunning(self._running)

    def stopService(self) -> Deferred[Any]:
        """Stop the gateway; if something could not be written down, the process ends with 1."""
        stopped: Deferred[Any] = super().stopService()
        return stopped.addBoth(self._look_back)

    def _look_back(self, result: T) -> T:
        if self.journal is not None and self.journal.unwritten:
            self.exit_code = 1
        if self.exit_code:
            atexit.register(_end_with, self.exit_code)
        return result

    def _running(self) -> None:
        # What has been built by now stays; the collector need not walk it again, and what comes
        # is freed by reference counts: cycles are rare, and looked for less often.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE_LOOKS, 20, 20)
        # Later than the reactor's own, which would make the process die of the signal.
        for number in (signal.SIGTERM, signal.SIGINT):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._signalled)

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        if self._stopping:
            os._exit(128 + number)
        self._stopping = True
        self._reactor.callFromThread(self._stop, signal.Signals(number).name)

    def _asked(self, number: int, _frame: FrameType | None) -> None:
        self._reactor.callFromThread(self._obey, signal.Signals(number))

    def _obey(self, number: signal.Signals) -> None:
        if number is signal.SIGUSR1:
            self.log.warn("{signal}: trading is to be halted", signal=number.name)
            if self.halt is not None:
                self.halt()
        elif number is signal.SIGHUP:
            self.log.info("{signal}: nothing is done on it", signal=number.name)
        elif self._file is None:
            self.log.info("{signal}: there is no log file to begin anew", signal=number.name)
        else:
            self._file.rotate()

    def _stop(self, name: str) -> None:
        self.log.info("{signal}: stopping; a signal exits at once", signal=name)
        with contextlib.suppress(ReactorNotRunning):  # it may be stopping for another reason
            self._reactor.stop()

    def _exit(self, error: Exception) -> NoReturn:
        """Tell the terminal as well, for the log may be elsewhere; take the pid file away."""
        print(f"tradegw cannot run: {error}", file=sys.__stderr__)
        if pid_file := self._twistd.get("pidfile"):
            Path(pid_file).unlink(missing_ok=True)
        raise SystemExit(1) from error

    def _log_file(self) -> TextIO:
        name = self._twistd.get("logfile")
        if name == "-" or (not name and self._twistd.get("nodaemon", True)):
            return sys.stdout
        self._file = LogFile.fromFullPath(name or LOG_FILE)
        return cast("TextIO", self._file)


def _end_with(code: int) -> None:
    """For twistd, which knows of no failure once the reactor ran, and would end with 0."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)

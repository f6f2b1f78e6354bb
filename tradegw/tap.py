"""``twistd tradegw``: its options, and the service that it runs.

The only module that knows the reactor, and it imports that late: twistd loads this module also to
list what it can run. Exit codes: 0 after a stop that was asked for, 1 if the gateway cannot run as
configured, 2 for a wrong command line. A backtest ends the process itself: with 0 if it was
completed, 2 if it was ruined, 3 if it could not go on.
"""

from __future__ import annotations

from . import signals  # isort: skip  # noqa: F401  (before all that takes time: from now on none is lost)

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import entry_points
from typing import Any, Final, cast

from msgspec import Struct
from twisted.application.service import MultiService
from twisted.python import usage

from . import __version__
from .brokers import registry
from .brokers.registry import BrokerPlugin
from .config.problems import ConfigError
from .config.read import read
from .config.report import report
from .config.settings import Settings
from .config.variables import GROUPS
from .daemon import Daemon
from .journal.durable import Journal
from .journal.opening import Options as JournalOptions
from .journal.opening import look_at, open_journal
from .journal.problems import JournalError
from .journal.thread import WriterThread
from .model.enums import Platform

_FOR_EVER_DAYS: Final = 365_000


class Configured(Struct, frozen=True):
    """What the environment asks for: settings, and the broker's plugin with its own."""

    settings: Settings
    plugin: Any
    broker_settings: Any


def configure(environ: Mapping[str, str]) -> Configured:
    """Read *environ*; raises :class:`ConfigError` if the gateway cannot run with it."""
    settings = read(environ)
    plugin: BrokerPlugin | None = registry.find(settings.provider.value)
    if plugin is None:
        there = ", ".join(sorted(entry_points(group=registry.GROUP).names)) or "none"
        problem = (
            f"this installation of tradegw {__version__} has no broker {settings.provider}; "
            f"brokers it has: {there}"
        )
        raise ConfigError([problem])
    return Configured(settings, plugin, plugin.configure(environ, settings))


class Options(usage.Options):
    """The command line; all else comes from the environment."""

    optFlags = (
        ("check-config", None, "Read the environment, print what would run, and exit with 0 or 1."),
    )
    longdesc = (
        "One REST and WebSocket trading API in front of many brokers. It is configured by "
        "environment variables; docs/configuration.md tells all about each of them."
    )

    def getUsage(self, width: int | None = None) -> str:
        """The text of ``--help``: the options, and the variables."""
        groups = "\n".join(
            f"\nVariables, {title}:\n"
            + "\n".join(f"  {each.name:<30} {each.meaning} [{each.default}]" for each in variables)
            for title, variables in GROUPS.items()
        )
        return f"{super().getUsage(width)}\n{groups}\n"

    def opt_version(self) -> None:
        """Print tradegw's version and exit."""
        sys.stdout.write(f"tradegw {__version__}\n")
        raise SystemExit(0)

    def parseOptions(self, options: Any = None) -> None:
        """As twistd does it, but a wrong command line exits with 2."""
        try:
            super().parseOptions(options)
        except usage.UsageError as error:
            sys.stderr.write(f"twistd tradegw: {error} (--help tells what there is)\n")
            raise SystemExit(2) from error

    def postOptions(self) -> None:
        """``--check-config`` needs no more than the options, and no daemon's pid file."""
        if self["check-config"]:
            found = _or_exit(os.environ)
            sys.stdout.write(report(found.settings, found.broker_settings) + "\n")
            raise SystemExit(0)


def makeService(options: Options) -> MultiService:
    """The gateway that the environment asks for; or prints what is wrong and exits with 1."""
    from twisted.internet import reactor  # noqa: PLC0415  see the module's docstring

    from .service import Gateway  # noqa: PLC0415  --help and --check-config need none of it

    found = _or_exit(os.environ)
    # Its own clock is the wall's: set back by an hour, it would let every timer wait for that hour.
    cast("Any", reactor).seconds = time.monotonic
    daemon = Daemon(found.settings, cast("Any", reactor), getattr(options, "parent", None) or {})
    daemon.catch_signals()

    def open_journal_of(account_name: str) -> Journal:
        daemon.journal = _journal(found.settings, reactor, account_name)
        return daemon.journal

    with _told():
        look_at(found.settings.state_dir, _now)
        gateway = Gateway(
            found.settings,
            found.plugin,
            found.broker_settings,
            cast("Any", reactor),
            _now,
            time.monotonic,
            open_journal_of,
        )
    daemon.halt = gateway.halt
    if gateway.over is not None:
        daemon.end_when(gateway.over)
    gateway.setServiceParent(daemon)
    return daemon


def _journal(settings: Settings, reactor: Any, account_name: str) -> Journal:
    """The journal of that account. A simulated one may be another every time; that of a backtest
    lives in the past, for one run, and is not worth waiting for the disk.
    """
    is_past = settings.platform in (Platform.BACKTEST, Platform.TEKTII)
    options = JournalOptions(
        retention_days=_FOR_EVER_DAYS if is_past else settings.journal_retention_days,
        max_mb=settings.journal_max_mb,
        set_aside=is_past or settings.platform is Platform.MOCK,
        passing="backtest:" if settings.platform is Platform.BACKTEST else None,
        fsync=not is_past,
    )
    run = WriterThread(reactor).run
    return open_journal(settings.state_dir, account_name, reactor, _now, run, options)


def _or_exit(environ: Mapping[str, str]) -> Configured:
    with _told():
        return configure(environ)


@contextmanager
def _told() -> Iterator[None]:
    """Print what is wrong with the configuration or its directory, and exit with 1."""
    try:
        yield
    except (ConfigError, JournalError) as error:
        sys.stderr.write(f"tradegw cannot run:\n{error}\n")
        raise SystemExit(1) from error


def _now() -> datetime:
    return datetime.now(UTC)

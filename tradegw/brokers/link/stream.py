"""One connection to a broker that comes back whenever it is lost, and never gives up.

What opens it (``Connect`` in :mod:`tradegw.brokers.link.conversation`) and what is said on it
(``Converse``) are given; here is when.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred

from ...model.link import StreamState, StreamStatus
from ..registry import BrokerParts
from .attempt import Attempt, Owner
from .backoff import Backoff
from .conversation import Connect, Converse
from .course import Course, Rules
from .machine import Table, machine, stay
from .turns import Inputs, News

_S = StreamState
_RENEWAL: Final = ("renew", "relieved")

TABLE: Final[Table[StreamState]] = {
    _S.DOWN: {
        "start": (_S.CONNECTING, Course.connect),
        "stop": (_S.DOWN, Course.end),
        **stay(_S.DOWN, *_RENEWAL, "opened", "logged_on", "refused", "lost", "late", "due"),
        **stay(_S.DOWN, "doubt", "gone"),
    },
    _S.CONNECTING: {
        "opened": (_S.LOGGING_ON, Course.await_logon),
        "refused": (_S.WAITING, Course.refuse),
        "lost": (_S.WAITING, Course.try_again),
        "late": (_S.WAITING, Course.connect_late),
        "stop": (_S.STOPPING, Course.stop),
        **stay(_S.CONNECTING, *_RENEWAL, "start", "logged_on", "due", "doubt", "gone"),
    },
    _S.LOGGING_ON: {
        "logged_on": (_S.LIVE, Course.go_live),
        "refused": (_S.WAITING, Course.refuse),
        "lost": (_S.WAITING, Course.try_again),
        "late": (_S.WAITING, Course.logon_late),
        "stop": (_S.STOPPING, Course.stop),
        **stay(_S.LOGGING_ON, *_RENEWAL, "start", "opened", "due", "doubt", "gone"),
    },
    _S.LIVE: {
        "refused": (_S.WAITING, Course.lose_rights),
        "lost": (_S.WAITING, Course.lose),
        "doubt": (_S.WAITING, Course.lose),
        "renew": (_S.LIVE, Course.renew),
        "relieved": (_S.LIVE, Course.change_over),
        "stop": (_S.STOPPING, Course.stop),
        **stay(_S.LIVE, "start", "opened", "logged_on", "late", "due", "gone"),
    },
    _S.WAITING: {
        "due": (_S.CONNECTING, Course.connect),
        "stop": (_S.DOWN, Course.end),
        **stay(_S.WAITING, *_RENEWAL, "start", "opened", "logged_on", "refused", "lost", "late"),
        **stay(_S.WAITING, "doubt", "gone"),
    },
    _S.STOPPING: {
        "start": (_S.CONNECTING, Course.connect),  # the old connection is left to its end
        "late": (_S.DOWN, Course.end),
        "gone": (_S.DOWN, Course.end),
        **stay(_S.STOPPING, *_RENEWAL, "opened", "logged_on", "refused", "lost", "due"),
        **stay(_S.STOPPING, "doubt", "stop"),
    },
}

ORDINARY: Final = Rules()

_machine: Final = machine(Inputs, Course, TABLE)  # type: ignore[type-abstract]  # as Automat wants


class Stream(Service):
    """One reconnecting connection. *name* is for people: ``alpaca trading stream``.

    *symbols* says whose prices come with it. A ``Session`` starts it, stops it and hears of it.
    """

    def __init__(
        self,
        name: str,
        connect: Connect,
        converse: Converse,
        parts: BrokerParts,
        rules: Rules = ORDINARY,
        symbols: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        self.title = name  # ``name`` is the service's
        self.rules = rules
        self.symbols = symbols
        self.heard = False
        """Set at each sign of life; whoever looks for one clears it."""
        self._connect = connect
        self._converse = converse
        settings = parts.settings.reconnect
        backoff = Backoff(
            settings.initial_backoff_ms / 1000, settings.max_backoff_ms / 1000, parts.random
        )
        self._course = Course(
            name, self._attempt, parts.clock, backoff, settings.max_duration_secs, rules
        )
        self._course.inputs = self._inputs = _machine(self._course)

    def tell(self, news: News) -> None:
        """Have *news* told of all that happens; before it is started."""
        self._course.news = news

    @property
    def is_live(self) -> bool:
        return self._course.state is StreamState.LIVE

    def status(self) -> StreamStatus:
        """How it is now."""
        course = self._course
        return StreamStatus(name=self.title, state=course.state, problem=course.problem)

    def doubt(self, reason: str) -> None:
        """What came through it cannot be all: it is opened anew, if it is open."""
        self._inputs.doubt(reason)

    def renew(self) -> None:
        """Open another connection, and change over when it is logged on; for brokers that end each
        after a time. Both are heard meanwhile.
        """
        self._inputs.renew()

    def startService(self) -> None:
        super().startService()
        self._inputs.start()

    def stopService(self) -> Deferred[None]:
        super().stopService()
        stopped: Deferred[None] = Deferred()
        self._course.stopped.append(stopped)
        self._inputs.stop()
        return stopped

    def unstick(self) -> None:
        """For a watchdog, which trusts nothing: go on if a timer is missing."""
        self._course.unstick()

    def _attempt(self, owner: Owner) -> Attempt:
        return Attempt(owner, self._connect, self._converse, self, beats=self.rules.beats)

"""The factory of connections: their deadlines, the date, and an orderly end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web import http, server
from twisted.web.resource import Resource

from ..interfaces import IPacing, WallClock
from .connection import Connection, Phase
from .request import Request
from .settings import RestSettings

if TYPE_CHECKING:
    from .tree import Tree

Observe: TypeAlias = Callable[[str, int, float], None]
"""Takes the route, the status and the seconds of an answered request."""

_LOOK_SECONDS: Final = 1.0

log = Logger()


class Site(server.Site):
    """Serves a :class:`tradegw.rest.tree.Tree`; needs no :meth:`startFactory` to do so."""

    protocol = Connection  # type: ignore[assignment]  # twisted names its own proxy for HTTP/2
    noisy = False

    def __init__(
        self,
        tree: Tree,
        settings: RestSettings,
        clock: IReactorTime,
        now: WallClock,
        observe: Observe | None = None,
        pacing: IPacing | None = None,
    ) -> None:
        super().__init__(
            Resource(),  # never asked: requests go to the tree
            requestFactory=Request,
            parsePOSTFormSubmission=False,
            timeout=None,
            reactor=clock,
        )
        self.tree = tree
        self.settings = settings
        self.clock = clock
        self.pacing = pacing
        self.connections: set[Connection] = set()
        self.closing = False
        self.seconds_in = {
            Phase.IDLE: settings.idle_seconds,
            Phase.RECEIVING: settings.receive_seconds,
            Phase.ANSWERING: settings.answer_seconds,
            Phase.LEAVING: settings.leave_seconds,
        }
        self._now = now
        self._observe = observe
        self._looking = False
        self._date = (-1, b"")
        self._emptied: list[Deferred[None]] = []

    def date(self) -> bytes:
        """The ``Date`` header; rendered once a second."""
        second = int(self.clock.seconds())
        if self._date[0] != second:
            self._date = (second, http.datetimeToString(self._now().timestamp()))
        return self._date[1]

    def observed(self, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        if self._observe is not None:
            self._observe(route, status, seconds)

    def admit(self, connection: Connection) -> None:
        """Watch the deadlines of *connection* from now on."""
        self.connections.add(connection)
        self._look_later()

    def forget(self, connection: Connection) -> None:
        """*connection* is gone, or no longer speaks HTTP."""
        connection.unasked()
        self.connections.discard(connection)
        if self.closing and not self.connections:
            emptied, self._emptied = self._emptied, []
            for waiting in emptied:
                waiting.callback(None)

    def close_gently(self) -> Deferred[None]:
        """Close idle connections now and the others after their answer; fires when none is left.

        WebSockets do not count. Meant for after the port is closed; bounded by the deadlines.
        """
        self.closing = True
        for connection in tuple(self.connections):
            connection.leave()
        if not self.connections:
            return succeed(None)
        self._emptied.append(Deferred())
        return self._emptied[-1]

    def acceptableProtocols(self) -> list[bytes]:
        return [b"http/1.1"]

    # No access log: requests are counted and timed in the metrics.

    def startFactory(self) -> None:
        pass

    def stopFactory(self) -> None:
        pass

    def log(self, request: http.Request) -> None:
        pass

    def _look_later(self) -> None:
        if self.connections and not self._looking:
            self._looking = True
            self.clock.callLater(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._looking = False
        self._look_later()
        now = self.clock.seconds()
        for connection in tuple(self.connections):
            try:
                connection.look(now)
            except Exception:
                log.failure("deadlines of a connection not kept")  # the others' are

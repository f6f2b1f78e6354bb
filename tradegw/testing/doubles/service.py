"""A double as a service on a loopback port."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import IListeningPort, IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from ...interfaces import WallClock
from .endpoints import Endpoint
from .faults import Faults
from .site import Door, DoubleSite, Heard


class Served(Service, ABC):
    """A door served on ``127.0.0.1``; *port* 0 takes a free one.

    ``opened`` fires with the port's number when it is served; ``site`` can be served otherwise,
    too. ``faults`` are those of HTTP calls, the streams have theirs.
    """

    def __init__(self, reactor: Any, door: Door, port: int) -> None:
        self.opened: Deferred[int] = Deferred()
        self.port = port
        self.site = DoubleSite(door, reactor)
        self._door = door
        self._reactor = reactor
        self._listening: IListeningPort | None = None

    @property
    @abstractmethod
    def streams(self) -> Iterable[Endpoint]:
        """All of them."""

    def startService(self) -> None:
        """Open the port."""
        super().startService()
        endpoint = TCP4ServerEndpoint(self._reactor, self.port, interface="127.0.0.1")
        endpoint.listen(self.site).addCallbacks(self._opened, self._failed)

    def _opened(self, listening: IListeningPort) -> None:
        self._listening = listening
        host: Any = listening.getHost()
        self.port = host.port
        self.opened.callback(self.port)

    def _failed(self, failure: Failure) -> None:
        self.opened.errback(failure)

    def stopService(self) -> Deferred[Any]:
        """Close the port and all connections."""
        super().stopService()
        closing = [] if self._listening is None else [self._listening.stopListening()]
        for stream in self.streams:
            stream.shut()
        self.site.abort()
        closing.append(deferLater(self._reactor, 0))  # when aborted connections are really gone
        return gatherResults([each for each in closing if each is not None])

    @property
    def http_url(self) -> str:
        """Where REST is: ``http://127.0.0.1:49152``."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """Where the streams are: ``ws://127.0.0.1:49152``."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def faults(self) -> Faults:
        """What goes wrong with calls."""
        return self._door.faults

    @property
    def calls(self) -> list[Heard]:
        """The calls that came, in order."""
        return self._door.calls


def wall(clock: IReactorTime) -> WallClock:
    """The time of day as *clock* has it, which a real reactor has right."""
    return lambda: datetime.fromtimestamp(clock.seconds(), UTC)

"""The double as a service, and what a test does with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import IListeningPort, IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from ...interfaces import WallClock
from .budget import Budget
from .data_stream import DataStream
from .endpoints import Endpoint
from .faults import Faults
from .site import Door, DoubleSite, Heard
from .stage import Stage
from .trading_stream import TradingStream
from .world import Terms, World

STOCK_FEEDS: Final = ("iex", "sip", "delayed_sip", "test")
COIN_VENUES: Final = ("us", "us-1", "eu-1")
_MOST_SYMBOLS: Final = 30


class FakeAlpaca(Stage, Service):
    """One account at Alpaca, on ``127.0.0.1``.

    *reactor* is a real one; *port* 0 takes a free one. ``opened`` fires with the port's number when
    it is served; ``site`` can be served otherwise, too. ``faults`` are those of HTTP calls, the
    streams have theirs.
    """

    def __init__(
        self,
        reactor: Any,
        terms: Terms | None = None,
        *,
        port: int = 0,
        now: WallClock | None = None,
    ) -> None:
        self.terms = terms = terms or Terms()
        self.opened: Deferred[int] = Deferred()
        self.port = port
        self._reactor = reactor
        self._listening: IListeningPort | None = None
        now = now or _wall(reactor)
        key, secret = terms.key, terms.secret
        self.trading_stream = TradingStream(reactor, key, secret)
        world = World(terms, reactor, now, self.trading_stream.tell)
        super().__init__(world, _data_streams(reactor, terms))
        self._door = Door(
            reactor,
            self.world.stamps,
            self.world.routes(terms.feed),
            {"/stream": self.trading_stream, **self.data_streams},
            (key, secret),
            (
                Budget(terms.requests_per_minute, reactor, now),
                Budget(terms.data_requests_per_minute, reactor, now),
            ),
        )
        self.site = DoubleSite(self._door, reactor)

    # -- being served

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
    def streams(self) -> list[Endpoint]:
        """All of them."""
        return [self.trading_stream, *self.data_streams.values()]

    @property
    def http_url(self) -> str:
        """Of trading and data REST: ``http://127.0.0.1:49152``."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """Of the streams, whose paths are ``/stream``, ``/v2/iex`` and so on."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def faults(self) -> Faults:
        """What goes wrong with calls."""
        return self._door.faults

    @property
    def calls(self) -> list[Heard]:
        """The calls that came, in order."""
        return self._door.calls


def _wall(clock: IReactorTime) -> WallClock:
    return lambda: datetime.fromtimestamp(clock.seconds(), UTC)


def _data_streams(clock: IReactorTime, terms: Terms) -> dict[str, DataStream]:
    limit = None if terms.feed == "sip" else _MOST_SYMBOLS
    streams = {
        f"/v2/{feed}": DataStream(clock, terms.key, terms.secret, coins=False, most_symbols=limit)
        for feed in STOCK_FEEDS
    }
    streams["/v2/sip"].entitled = terms.feed == "sip"
    for venue in COIN_VENUES:
        streams[f"/v1beta3/crypto/{venue}"] = DataStream(
            clock, terms.key, terms.secret, coins=True, most_symbols=None
        )
    return streams

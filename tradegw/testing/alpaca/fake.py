"""The double as a service, and what a test does with it."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.interfaces import IReactorTime

from ...interfaces import WallClock
from ..doubles.endpoints import Endpoint as AnyEndpoint
from ..doubles.service import Served, wall
from .budget import Budget
from .data_stream import DataStream
from .site import Door
from .stage import Stage
from .trading_stream import TradingStream
from .world import Terms, World

STOCK_FEEDS: Final = ("iex", "sip", "delayed_sip", "test")
COIN_VENUES: Final = ("us", "us-1", "eu-1")
_MOST_SYMBOLS: Final = 30


class FakeAlpaca(Stage, Served):
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
        now = now or wall(reactor)
        key, secret = terms.key, terms.secret
        self.trading_stream = TradingStream(reactor, key, secret)
        world = World(terms, reactor, now, self.trading_stream.tell)
        Stage.__init__(self, world, _data_streams(reactor, terms))
        door = Door(
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
        Served.__init__(self, reactor, door, port)

    @property
    def streams(self) -> list[AnyEndpoint]:
        """All of them."""
        return [self.trading_stream, *self.data_streams.values()]


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

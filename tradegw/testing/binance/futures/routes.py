"""The classes of streams of USD-M, and an account put together."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from twisted.internet.interfaces import IReactorTime

from ...doubles.endpoints import Endpoint
from ..limits import Pool
from ..stamps import Stamps
from .contracts import Listing
from .listen_keys import FuturesStreams
from .market import TellMarket
from .stage import Stage
from .wallet import Mode
from .world import World

_PUBLIC: Final = ("bookTicker", "depth", "rpiDepth", "trade")


def is_public(name: str) -> bool:
    """Whether a stream is of the class that un-routed paths carry, too."""
    return name.partition("@")[2].startswith(_PUBLIC)


class FuturesRoutes:
    """``/public``, ``/market`` and ``/private``; what is of another class is silent there.

    ``unrouted`` is what is left of the paths without a class, below ``/fstream``.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self.public = FuturesStreams(clock, is_public)
        self.market = FuturesStreams(clock, lambda name: not is_public(name))
        self.private = FuturesStreams(clock, lambda _name: False)
        self.unrouted = FuturesStreams(clock, is_public)

    def tell(self, name: str, payload: dict[str, Any]) -> None:
        """Tell market data where it belongs."""
        for streams in (self.public, self.market, self.unrouted):
            streams.tell(name, payload)

    def paths(self) -> dict[str, Endpoint]:
        """Where they are."""
        return {
            "/public": self.public,
            "/market": self.market,
            "/private": self.private,
            "/fstream": self.unrouted,
            "/fstream/public": self.public,
            "/fstream/market": self.market,
            "/fstream/private": self.private,
        }


def futures(
    clock: IReactorTime,
    stamps: Stamps,
    listing: Listing,
    given: Mapping[str, Decimal],
    mode: Mode,
    pool: Pool,
    streams: tuple[TellMarket, FuturesStreams],
) -> Stage:
    """The stage of a futures account."""
    return Stage(World(clock, stamps, listing, given, mode, pool, streams))

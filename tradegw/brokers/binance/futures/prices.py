"""Where the streams of prices are: best prices come by one, all else by another.

On USD-M a stream asked for at the wrong place is silent, without an error.
"""

from __future__ import annotations

from typing import Final

from ...link.websocket import Limits
from ..prices import Route
from ..wanted import Wanted
from .venue import Venue

WIRE: Final = Limits(ping_seconds=60.0)
"""Binance pings every three minutes itself."""

_BEST: Final = "@bookTicker"


def routed(names: tuple[str, ...], venue: Venue) -> dict[str, tuple[str, ...]]:
    """The *names* of streams by the path at which they are."""
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        path = venue.public if name.endswith(_BEST) else venue.market
        found[path] = (*found.get(path, ()), name)
    return found


def routes(wanted: Wanted, venue: Venue) -> tuple[Route, ...]:
    """The connections that bring what is *wanted*."""
    found = []
    for path, names in routed(wanted.names(), venue).items():
        quotes = path == venue.public
        label = f"Binance's stream of {'best prices' if quotes else 'bars'}"
        symbols = wanted.quoted if quotes else ()
        found.append(Route(label=label, path=path, names=names, symbols=symbols, quotes=quotes))
    return tuple(found)

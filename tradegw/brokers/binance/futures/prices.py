"""The streams of prices, and what they tell: best prices come by one, all else by another.

On USD-M a stream asked for at the wrong place is silent, without an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.logger import Logger

from ....model.enums import Timeframe
from ....model.events import CandleEvent, QuoteEvent
from ....model.market import Bar, Quote
from ....model.money import ZERO
from ...endpoint import Url
from ...link.conversation import Progress
from ...link.course import Rules
from ...link.session import Session
from ...link.stream import Stream
from ...link.websocket import Limits, Target, web_socket
from ...registry import BrokerParts
from ..refusals import PROVIDER
from ..rotation import Rotation
from ..spot import ticks
from ..spot.candles import Candles
from ..spot.data_stream import DataConversation, Ears
from ..spot.decoding import middle
from ..spot.wanted import Wanted
from ..times import moment
from .venue import Venue

WIRE: Final = Limits(ping_seconds=60.0)
"""Binance pings every three minutes itself."""

QUOTED_SECONDS: Final = 120.0
_BEST: Final = "@bookTicker"


def routed(names: tuple[str, ...], venue: Venue) -> dict[str, tuple[str, ...]]:
    """The *names* of streams by the path at which they are."""
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        path = venue.public if name.endswith(_BEST) else venue.market
        found[path] = (*found.get(path, ()), name)
    return found


class Prices:
    """The streams that bring what is wanted."""

    log = Logger()

    def __init__(self, streams: Url, venue: Venue, parts: BrokerParts) -> None:
        self._url = streams
        self._venue = venue
        self._parts = parts
        self._listener = parts.listener
        self.wanted = Wanted(parts.settings.subscriptions)
        self._candles = Candles(self.wanted.frames, self._tell_candle)
        self._last: dict[str, ticks.Mini] = {}
        self._ticked: Callable[[str], None] = lambda _symbol: None
        self._rotations: list[Rotation] = []
        paths = routed(self.wanted.names(), venue)
        self._by_path = {path: self._stream(path, names) for path, names in paths.items()}
        self.streams = tuple(self._by_path.values())
        if self.wanted.has_everything:
            self.log.warn("Binance cannot stream every symbol: SUBSCRIPTIONS must name them")

    def follow(self, session: Session) -> None:
        """Prices are looked for: the market never closes."""
        stream = self._by_path.get(self._venue.public)
        if stream is None:
            return
        watch = session.liveness.prices[stream].symbols
        for symbol in self.wanted.quoted:
            watch.follow(symbol, QUOTED_SECONDS)
        self._ticked = watch.ticked

    def stop(self) -> None:
        """No more connections in place of others."""
        for rotation in self._rotations:
            rotation.stop()

    def _stream(self, path: str, names: tuple[str, ...]) -> Stream:
        url, parts = self._url, self._parts
        target = Target(url=Url(url.scheme, url.host, url.port, f"{url.path}{path}"))

        def renew() -> None:
            stream.renew()

        rotation = Rotation(parts.clock, renew)
        self._rotations.append(rotation)
        ears = Ears(
            quoted=self._quoted,
            traded=self._traded,
            barred=self._barred,
            ending=renew,
            opened=rotation.opened,
            gone=lambda: None,
        )
        quoted = path == self._venue.public

        def converse(progress: Progress) -> DataConversation:
            return DataConversation(progress, names, ears, parts.clock)

        stream = Stream(
            f"Binance's stream of {'best prices' if quoted else 'bars'}",
            web_socket(parts.dial, parts.clock, target, WIRE),
            converse,
            parts,
            Rules(),
            (lambda: self.wanted.quoted) if quoted else tuple,
        )
        return stream

    # -- what comes

    def _quoted(self, tick: ticks.Best) -> None:
        if not tick.b or not tick.a:
            return  # nobody buys, or nobody sells: that is no price
        self._ticked(tick.s)
        mini = self._last.get(tick.s)
        at = self._parts.now()
        quote = Quote(
            symbol=tick.s,
            provider=PROVIDER,
            bid=tick.b,
            ask=tick.a,
            last=middle(tick.b, tick.a) if mini is None else mini.c,
            timestamp=at,
            bid_size=tick.B,
            ask_size=tick.A,
            volume=None if mini is None else mini.v,
        )
        self._listener.on_event(QuoteEvent(timestamp=at, quote=quote))

    def _traded(self, tick: ticks.Mini) -> None:
        if tick.c > ZERO:
            self._last[tick.s] = tick

    def _barred(self, candle: ticks.Candle) -> None:
        try:
            timeframe = Timeframe(candle.i)
        except ValueError:
            return
        self._candles.add(
            Bar(
                symbol=candle.s,
                provider=PROVIDER,
                timeframe=timeframe,
                timestamp=moment(candle.t),
                open=candle.o,
                high=candle.h,
                low=candle.l,
                close=candle.c,
                volume=candle.v,
            )
        )

    def _tell_candle(self, bar: Bar) -> None:
        self._listener.on_event(CandleEvent(timestamp=self._parts.now(), bar=bar))

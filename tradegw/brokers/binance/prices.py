"""The streams of prices of a product, by one connection or more, and what they tell.

A stream that is asked for at the wrong place is silent, without an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct
from twisted.logger import Logger

from ...interfaces import IBrokerListener
from ...model.enums import Timeframe
from ...model.events import CandleEvent, QuoteEvent
from ...model.market import Bar, Quote
from ...model.money import ZERO
from ..endpoint import Url
from ..link.conversation import Progress
from ..link.course import Rules
from ..link.session import Session
from ..link.stream import Stream
from ..link.websocket import Limits, Target, web_socket
from ..registry import BrokerParts
from . import ticks
from .candles import Candles
from .data_stream import DataConversation, Ears
from .refusals import PROVIDER
from .rotation import Rotation
from .ticks import middle
from .times import moment
from .wanted import Wanted

QUOTED_SECONDS: Final = 120.0


class Route(Struct, frozen=True, kw_only=True):
    """A connection to *path*, which brings what the streams *names* do: of the prices of *symbols*
    nothing is heard without it. *quotes* says whether best prices are among them.
    """

    label: str
    path: str
    names: tuple[str, ...]
    symbols: tuple[str, ...]
    quotes: bool


class Prices:
    """The streams that bring what is wanted, as *routed*; *wire* is how their connections are."""

    log = Logger()

    def __init__(
        self,
        url: Url,
        parts: BrokerParts,
        wire: Limits,
        routed: Callable[[Wanted], Iterable[Route]],
    ) -> None:
        self._url = url
        self._parts = parts
        self._wire = wire
        self._listener: IBrokerListener = parts.listener
        self.wanted = Wanted(parts.settings.subscriptions)
        self._candles = Candles(self.wanted.frames, self._tell_candle)
        self._last: dict[str, ticks.Mini] = {}
        self._ticked: Callable[[str], None] = lambda _symbol: None
        self._rotations: list[Rotation] = []
        self._by_route = {route: self._stream(route) for route in routed(self.wanted)}
        self.streams = tuple(self._by_route.values())
        if self.wanted.has_everything:
            self.log.warn("Binance cannot stream every symbol: SUBSCRIPTIONS must name them")

    def follow(self, session: Session) -> None:
        """Prices are looked for: the market never closes. Bars come even where nothing trades."""
        for route, stream in self._by_route.items():
            if not route.quotes:
                continue
            watch = session.liveness.prices[stream].symbols
            for symbol in self.wanted.quoted:
                watch.follow(symbol, QUOTED_SECONDS)
            self._ticked = watch.ticked

    def stop(self) -> None:
        """No more connections in place of others."""
        for rotation in self._rotations:
            rotation.stop()

    def _stream(self, route: Route) -> Stream:
        url, parts = self._url, self._parts
        target = Target(url=Url(url.scheme, url.host, url.port, f"{url.path}{route.path}"))

        def renew() -> None:
            stream.renew()

        rotation = Rotation(parts.clock, renew)
        self._rotations.append(rotation)
        ears = Ears(
            quoted=self._quoted,
            traded=lambda tick: self._traded(tick, route),
            barred=lambda candle: self._barred(candle, route),
            ending=renew,
            opened=rotation.opened,
            gone=lambda: None,
        )

        def converse(progress: Progress) -> DataConversation:
            return DataConversation(progress, route.names, ears, parts.clock)

        stream = Stream(
            route.label,
            web_socket(parts.dial, parts.clock, target, self._wire),
            converse,
            parts,
            Rules(),
            lambda: route.symbols,
        )
        return stream

    # -- what comes

    def _quoted(self, tick: ticks.Best) -> None:
        if not tick.b or not tick.a:
            return  # nobody buys, or nobody sells: that is no price
        self._ticked(tick.s)
        mini = self._last.get(tick.s)
        at = self._parts.now()  # that of the tick is not told everywhere
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

    def _traded(self, tick: ticks.Mini, route: Route) -> None:
        if tick.c > ZERO:
            self._heard(tick.s, route)
            self._last[tick.s] = tick

    def _barred(self, candle: ticks.Candle, route: Route) -> None:
        self._heard(candle.s, route)
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

    def _heard(self, symbol: str, route: Route) -> None:
        """That something comes is evidence of best prices where they come the same way."""
        if route.quotes:
            self._ticked(symbol)

    def _tell_candle(self, bar: Bar) -> None:
        self._listener.on_event(CandleEvent(timestamp=self._parts.now(), bar=bar))

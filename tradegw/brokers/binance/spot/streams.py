"""The two streams as services, and what comes through that of prices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from twisted.logger import Logger

from ....interfaces import IBrokerListener
from ....model.enums import Timeframe
from ....model.events import CandleEvent, QuoteEvent
from ....model.market import Bar, Quote
from ....model.money import ZERO
from ...clock import BrokerClock
from ...link.conversation import Progress
from ...link.course import Rules
from ...link.session import Session
from ...link.stream import Stream
from ...link.websocket import Limits, Target, web_socket
from ...registry import BrokerParts
from ..config import BinanceSettings
from ..patience import Patience
from ..refusals import PROVIDER
from ..rotation import Rotation
from ..signing import Signer
from ..times import moment, number_of
from ..timing import PRECISION
from . import ticks, wire
from .account_stream import AccountConversation
from .account_stream import Ears as AccountEars
from .candles import Candles
from .data_stream import DataConversation, Ears
from .decoding import middle
from .wanted import Wanted

WIRE: Final = Limits(ping_seconds=20.0)
"""Binance pings every 20 seconds itself, and counts our pings among our messages."""

QUOTED_SECONDS: Final = 120.0
BAN_SECONDS: Final = 60.0


class Heard(Struct, frozen=True, kw_only=True):
    """Who hears of the account; ``gone`` that a connection ended."""

    reported: Callable[[wire.Report], None]
    moved: Callable[[], None]
    gone: Callable[[], None]


class AccountStream:
    """The stream of orders, which is opened whatever is subscribed to."""

    def __init__(
        self,
        own: BinanceSettings,
        parts: BrokerParts,
        signer: Signer,
        time: BrokerClock,
        heard: Heard,
    ) -> None:
        self._time = time
        target = Target(url=own.ws_api, query="returnRateLimits=false")
        self._patience = Patience(web_socket(parts.dial, parts.clock, target, WIRE), parts.clock)
        self.rotation = Rotation(parts.clock, self._renew)
        ears = AccountEars(
            reported=heard.reported,
            moved=heard.moved,
            odd=parts.listener.on_suspicion,
            ending=self._renew,
            banned=self._banned,
            dated=lambda number, took: time.answered(moment(number), took, PRECISION),
            seconds=parts.seconds,
            opened=self.rotation.opened,
            gone=heard.gone,
        )

        def converse(progress: Progress) -> AccountConversation:
            return AccountConversation(progress, signer, ears, logs_on=own.key.logs_on)

        self.stream = Stream("Binance's account stream", self._patience, converse, parts, Rules())

    def _renew(self) -> None:
        self.stream.renew()

    def _banned(self, until: int | None) -> None:
        left = 0.0 if until is None else (until - number_of(self._time.now())) / 1000
        self._patience.wait(max(BAN_SECONDS, left))


class Prices:
    """The stream of prices, if any are wanted, and what it tells."""

    log = Logger()

    def __init__(self, own: BinanceSettings, parts: BrokerParts) -> None:
        self._own = own
        self._parts = parts
        self._listener: IBrokerListener = parts.listener
        self.wanted = Wanted(parts.settings.subscriptions)
        self._candles = Candles(self.wanted.frames, self._tell_candle)
        self._last: dict[str, ticks.Mini] = {}
        self._ticked: Callable[[str], None] = lambda _symbol: None
        self.rotation = Rotation(parts.clock, self._renew)
        names = self.wanted.names()
        self.streams = (self._stream(names),) if names else ()
        if self.wanted.has_everything:
            self.log.warn("Binance cannot stream every symbol: SUBSCRIPTIONS must name them")

    def follow(self, session: Session) -> None:
        """Prices are looked for: the market never closes. Bars come even where nothing trades."""
        for stream in self.streams:
            watch = session.liveness.prices[stream].symbols
            for symbol in self.wanted.quoted:
                watch.follow(symbol, QUOTED_SECONDS)
            self._ticked = watch.ticked

    def _stream(self, names: tuple[str, ...]) -> Stream:
        own, parts = self._own, self._parts
        url = own.streams
        target = Target(url=type(url)(url.scheme, url.host, url.port, f"{url.path}/stream"))
        connect = web_socket(parts.dial, parts.clock, target, WIRE)
        ears = Ears(
            quoted=self._quoted,
            traded=self._traded,
            barred=self._barred,
            ending=self._renew,
            opened=self.rotation.opened,
            gone=lambda: None,
        )

        def converse(progress: Progress) -> DataConversation:
            return DataConversation(progress, names, ears, parts.clock)

        return Stream(
            "Binance's market stream",
            connect,
            converse,
            parts,
            Rules(),
            lambda: self.wanted.symbols,
        )

    def _renew(self) -> None:
        for stream in self.streams:
            stream.renew()

    # -- what comes

    def _quoted(self, tick: ticks.Best) -> None:
        if not tick.b or not tick.a:
            return  # nobody buys, or nobody sells: that is no price
        self._ticked(tick.s)
        mini = self._last.get(tick.s)
        at = self._parts.now()  # the tick has no time
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
            self._ticked(tick.s)
            self._last[tick.s] = tick

    def _barred(self, candle: ticks.Candle) -> None:
        self._ticked(candle.s)
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

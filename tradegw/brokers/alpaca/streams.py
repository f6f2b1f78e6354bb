"""The three streams as services, and what comes through those of prices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from ...deferreds import logged
from ...interfaces import IBrokerListener
from ...model.enums import Timeframe
from ...model.events import CandleEvent, QuoteEvent
from ...model.market import Bar, Quote
from ..link.conversation import Progress
from ..link.course import Rules
from ..link.session import Session
from ..link.stream import Stream
from ..link.websocket import Target, web_socket
from ..registry import BrokerParts
from . import ticks, wire
from .account_stream import AccountConversation
from .candles import Candles
from .config import AlpacaSettings
from .data_stream import DataConversation, Wish
from .instruments import Instruments
from .prices import PROVIDER, bar_from, middle
from .slots import Slot
from .times import moment
from .wanted import Wanted

QUOTED_SECONDS: Final = 180.0
"""A stock may be so long without a quote in an open market: IEX is but one of many exchanges."""

BARRED_SECONDS: Final = 1800.0
"""And so long without a trade, which makes bars."""

COIN_SECONDS: Final = 120.0
FINISH_SECONDS: Final = 5.0


def account_stream(
    own: AlpacaSettings,
    parts: BrokerParts,
    told: Callable[[wire.Update], None],
    gone: Callable[[], None],
) -> Stream:
    """The trading stream, which is opened whatever is subscribed to."""

    def converse(progress: Progress) -> AccountConversation:
        return AccountConversation(progress, own, told, parts.listener.on_suspicion, gone)

    target = Target(url=own.trading_stream)
    slot = Slot(web_socket(parts.dial, parts.clock, target), parts.clock)
    return Stream("Alpaca's trading stream", slot, converse, parts, Rules())


class Prices(Service):
    """The streams that are wanted, none or one or both, and what they tell."""

    log = Logger()

    def __init__(
        self,
        own: AlpacaSettings,
        parts: BrokerParts,
        instruments: Instruments,
        is_crypto: Callable[[str], bool],
    ) -> None:
        self._own = own
        self._parts = parts
        self._listener: IBrokerListener = parts.listener
        self._instruments = instruments
        self._wanted = Wanted(parts.settings.subscriptions, instruments.symbols.shown)
        self._candles = Candles(self._wanted.frames, self._tell_candle)
        self._finishing = LoopingCall(lambda: self._candles.finish(parts.now()))
        self._finishing.clock = parts.clock
        self._ticked: dict[str, Callable[[str], None]] = {}
        self._wishes = {
            crypto: self._wanted.wish(crypto=crypto, is_crypto=is_crypto)
            for crypto in (False, True)
        }
        self._streams = {
            crypto: self._stream(wish, crypto=crypto)
            for crypto, wish in self._wishes.items()
            if wish != Wish()
        }

    @property
    def streams(self) -> Sequence[Stream]:
        return tuple(self._streams.values())

    def follow(self, session: Session) -> None:
        """Prices are looked for, where there should be any."""
        for crypto, stream in self._streams.items():
            watch, wish = session.liveness.prices[stream].symbols, self._wishes[crypto]
            for symbol in wish.symbols:
                usual = QUOTED_SECONDS if symbol in wish.quotes else BARRED_SECONDS
                watch.follow(symbol, COIN_SECONDS if crypto else usual)
                self._ticked[symbol] = watch.ticked

    def startService(self) -> None:
        super().startService()
        started = self._finishing.start(FINISH_SECONDS, now=False)
        logged(started, self.log, "finishing candles")

    def stopService(self) -> Deferred[None] | None:
        super().stopService()
        if self._finishing.running:
            self._finishing.stop()
        return None

    def _stream(self, wish: Wish, *, crypto: bool) -> Stream:
        own, parts = self._own, self._parts
        url = own.crypto_stream if crypto else own.stock_stream
        slot = Slot(web_socket(parts.dial, parts.clock, Target(url=url)), parts.clock)

        def converse(progress: Progress) -> DataConversation:
            return DataConversation(progress, own, wish, self._quoted, self._barred, slot.taken)

        name = "Alpaca's crypto stream" if crypto else f"Alpaca's {own.feed} stream"
        return Stream(name, slot, converse, parts, Rules(), lambda: wish.symbols)

    def _quoted(self, tick: ticks.Quote) -> None:
        if not tick.bp or not tick.ap:
            return  # nobody buys, or nobody sells: that is no price
        self._tick(tick.S)
        quote = Quote(
            symbol=tick.S,
            provider=PROVIDER,
            bid=tick.bp,
            ask=tick.ap,
            last=middle(tick.bp, tick.ap),
            timestamp=moment(tick.t),
            bid_size=tick.bs,
            ask_size=tick.as_,
        )
        self._listener.on_event(QuoteEvent(timestamp=quote.timestamp, quote=quote))

    def _barred(self, tick: ticks.Bar) -> None:
        self._tick(tick.S)
        shown = wire.Bar(tick.t, tick.o, tick.h, tick.l, tick.c, tick.v)
        minute = bar_from(tick.S, Timeframe.M1, shown)
        self._instruments.saw(tick.S, minute.close)
        self._candles.add(minute)

    def _tick(self, symbol: str) -> None:
        ticked = self._ticked.get(symbol)
        if ticked is not None:
            ticked(symbol)

    def _tell_candle(self, bar: Bar) -> None:
        self._listener.on_event(CandleEvent(timestamp=self._parts.now(), bar=bar))

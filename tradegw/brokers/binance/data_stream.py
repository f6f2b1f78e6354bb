"""The stream of prices.

::

    gateway                                                     Binance (text frames)
      | {"method":"SUBSCRIBE","params":["solusdc@bookTicker",..],"id":1} ----->|
      |<----- {"result":null,"id":1}
      |<----- {"stream":"solusdc@bookTicker","data":{"s":"SOLUSDC", ...}}

A symbol that does not exist is subscribed to like any other, and nothing ever comes of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ..link.conversation import Progress, Wire
from . import ticks

BATCH: Final = 150
"""Names in one message."""

PACE_SECONDS: Final = 0.3
"""Between two messages; more than five in a second end the connection."""


class Ears(msgspec.Struct, frozen=True, kw_only=True):
    """Who hears what; ``ending`` that Binance will end the connection soon."""

    quoted: Callable[[ticks.Best], None]
    traded: Callable[[ticks.Mini], None]
    barred: Callable[[ticks.Candle], None]
    ending: Callable[[], None]
    opened: Callable[[], None]
    gone: Callable[[], None]


class DataConversation:
    """Subscribes to the streams of these *names*, and hands what comes to *ears*."""

    log = Logger()

    def __init__(
        self, progress: Progress, names: tuple[str, ...], ears: Ears, clock: IReactorTime
    ) -> None:
        self._progress = progress
        self._names = names
        self._ears = ears
        self._clock = clock
        self._wire: Wire
        self._asked = self._answered = 0
        self._next: IDelayedCall | None = None

    def opened(self, wire: Wire) -> None:
        self._wire = wire
        self._ears.opened()
        self._subscribe()

    def received(self, payload: bytes, is_binary: bool) -> None:  # noqa: ARG002  (always texts)
        try:
            frame = ticks.frames.decode(payload)
            if not frame.stream:
                self._control(frame)
            else:
                self._take(frame.stream, frame.data)
        except (msgspec.DecodeError, ValueError) as error:
            self.log.warn("the market stream said what cannot be read: {error}", error=str(error))

    def closed(self, reason: str) -> None:  # noqa: ARG002  (whoever wants to know was told)
        if self._next is not None and self._next.active():
            self._next.cancel()
        self._ears.gone()

    def _subscribe(self) -> None:
        first = self._asked * BATCH
        self._asked += 1
        request = {
            "method": "SUBSCRIBE",
            "params": self._names[first : first + BATCH],
            "id": self._asked,
        }
        self._wire.send(msgspec.json.encode(request))
        if first + BATCH < len(self._names):
            self._next = self._clock.callLater(PACE_SECONDS, self._subscribe)

    def _take(self, stream: str, data: msgspec.Raw) -> None:
        if stream.endswith("@bookTicker"):
            self._ears.quoted(ticks.bests.decode(data))
        elif stream.endswith("@miniTicker"):
            self._ears.traded(ticks.minis.decode(data))
        elif "@kline_" in stream:
            candle = ticks.candles.decode(data).k
            if candle.x:  # else it is not finished
                self._ears.barred(candle)
        elif "serverShutdown" in stream:
            self._ears.ending()

    def _control(self, frame: ticks.Frame) -> None:
        if frame.e == "serverShutdown":
            self._ears.ending()
        elif frame.error is not None or frame.code is not None:
            reason = str(frame.msg or frame.error)[:200]
            self._progress.failed(f"Binance's market stream says {reason}")
        elif frame.id is not None:
            self._answered += 1
            if self._answered * BATCH >= len(self._names):
                self._progress.logged_on()

"""Candles, and where an order meets them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, TypeAlias

from msgspec import Struct

from .orders import Order, text

Amount: TypeAlias = Decimal | int | str

MINUTE_MS: Final = 60_000
UNITS: Final = {"m": MINUTE_MS, "h": 60 * MINUTE_MS, "d": 1440 * MINUTE_MS, "w": 10_080 * MINUTE_MS}


class Candle(Struct, frozen=True, kw_only=True):
    """A bar that starts at *timestamp*, in milliseconds."""

    symbol: str
    timestamp: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: float = 100.0
    timeframe: str = "1m"

    @property
    def end(self) -> int:
        """When it is over."""
        return self.timestamp + int(self.timeframe[:-1]) * UNITS[self.timeframe[-1]]

    def bar(self) -> dict[str, Any]:
        """As history shows it; the volume is a number."""
        return {
            "timestamp": self.timestamp,
            "open": text(self.open),
            "high": text(self.high),
            "low": text(self.low),
            "close": text(self.close),
            "volume": self.volume,
        }

    def told(self) -> dict[str, Any]:
        """As the stream tells it."""
        return {"symbol": self.symbol, "timeframe": self.timeframe, **self.bar()}


def candles(symbol: str, start: int, *rows: str, timeframe: str = "1m") -> list[Candle]:
    """One after the other from *start* (milliseconds); each row is ``open high low close``, or one
    price for all four.
    """
    made: list[Candle] = []
    for row in rows:
        prices = [Decimal(word) for word in row.split()]
        o, h, l, c = prices if len(prices) == 4 else prices * 4  # noqa: E741  (the usual letters)
        at = made[-1].end if made else start
        made.append(
            Candle(symbol=symbol, timestamp=at, open=o, high=h, low=l, close=c, timeframe=timeframe)
        )
    return made


def at_open(order: Order, price: Decimal) -> Decimal | None:
    """At what *order* executes if the market opens at *price*; marks a stop that is met."""
    if order.stop_price is not None and not order.triggered:
        order.triggered = _is_beyond(order, price, order.stop_price, of_stop=True)
        if not order.triggered:
            return None
    limit = order.limit_price
    if limit is None or _is_beyond(order, price, limit, of_stop=False):
        return price
    return None


def within(order: Order, candle: Candle) -> Decimal | None:
    """At what *order*, which the open did not fill, executes between low and high."""
    if order.stop_price is not None and not order.triggered:
        far = candle.high if order.side == "buy" else candle.low
        if not _is_beyond(order, far, order.stop_price, of_stop=True):
            return None
        order.triggered = True
        if order.limit_price is None:
            return order.stop_price
    limit = order.limit_price
    near = candle.low if order.side == "buy" else candle.high
    if limit is not None and _is_beyond(order, near, limit, of_stop=False):
        return limit
    return None


def _is_beyond(order: Order, price: Decimal, level: Decimal, *, of_stop: bool) -> bool:
    upward = (order.side == "buy") is of_stop
    return price >= level if upward else price <= level

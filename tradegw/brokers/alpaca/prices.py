"""Quotes and bars as Alpaca writes them, and the other way round what it is asked for. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ...model.enums import Timeframe
from ...model.market import Bar, Quote
from ...model.money import ZERO
from . import wire
from .times import moment

PROVIDER: Final = "alpaca"
_TWO: Final = Decimal(2)

TIMEFRAMES: Final = {
    Timeframe.M1: "1Min",
    Timeframe.M2: "2Min",
    Timeframe.M5: "5Min",
    Timeframe.M10: "10Min",
    Timeframe.M15: "15Min",
    Timeframe.M30: "30Min",
    Timeframe.H1: "1Hour",
    Timeframe.H2: "2Hour",
    Timeframe.H4: "4Hour",
    Timeframe.H12: "12Hour",
    Timeframe.D1: "1Day",
    Timeframe.W1: "1Week",
}


def middle(bid: Decimal, ask: Decimal) -> Decimal:
    """Between *bid* and *ask*; where one side is missing, zero, the other."""
    return (bid + ask) / _TWO if bid and ask else bid or ask


def quote_from(symbol: str, snapshot: wire.Snapshot) -> Quote:
    """The newest of everything; raises ``ValueError`` if there is no price at all."""
    quote, trade = snapshot.latest_quote or wire.Quote(), snapshot.latest_trade or wire.Trade()
    bid, ask = quote.bp or ZERO, quote.ap or ZERO
    last = trade.p or middle(bid, ask)
    times = [moment(text) for text in (quote.t, trade.t) if text]
    if not last or not times:
        raise ValueError(f"no price of {symbol}")
    return Quote(
        symbol=symbol,
        provider=PROVIDER,
        bid=bid,
        ask=ask,
        last=last,
        timestamp=max(times),
        bid_size=quote.bs,
        ask_size=quote.as_,
        volume=None if snapshot.daily_bar is None else snapshot.daily_bar.v,
    )


def bar_from(symbol: str, timeframe: Timeframe, bar: wire.Bar) -> Bar:
    """One bar, which begins at its time."""
    return Bar(
        symbol=symbol,
        provider=PROVIDER,
        timeframe=timeframe,
        timestamp=moment(bar.t),
        open=bar.o,
        high=bar.h,
        low=bar.l,
        close=bar.c,
        volume=bar.v,
    )

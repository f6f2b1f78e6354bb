"""What of the data is told: which candles and quotes of which symbol."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ....model.enums import Platform, Timeframe
from ....model.subscription import CANDLE, EVERYTHING, QUOTE, Subscription
from .loaded import DataSets
from .options import QUOTES, TRADES

_ONE_FRAME = f"{CANDLE}:"


class Deliveries(Struct, frozen=True):
    """``candles`` are the timeframes that are told, by symbol, short ones first; ``quotes`` the
    symbols of which every tick is; ``impossible`` what is wanted and cannot be, in words.
    """

    candles: dict[str, tuple[Timeframe, ...]]
    quotes: frozenset[str]
    impossible: tuple[str, ...]


def deliveries(datasets: DataSets, subscriptions: Sequence[Subscription]) -> Deliveries:
    """What *subscriptions* ask for. Without any: bars as candles, quotes as quotes, trades as
    candles of a minute. Candles without a timeframe are those that are loaded.
    """
    wanted = [one for one in subscriptions if one.platform is Platform.BACKTEST]
    candles: dict[str, tuple[Timeframe, ...]] = {}
    quotes: set[str] = set()
    impossible = [
        f"{one.instrument} is not in the data"
        for one in wanted
        if one.instrument not in (EVERYTHING, *datasets.symbols)
    ]
    for symbol in datasets.symbols:
        is_ticks = datasets.driver(symbol).timeframe is None
        if _wants_quotes(datasets, symbol, wanted):
            if is_ticks:
                quotes.add(symbol)
            elif any(one.instrument == symbol and QUOTE in one.kinds for one in wanted):
                impossible.append(f"there are no quotes of {symbol}, only bars")
        frames = _frames(datasets, symbol, wanted)
        candles[symbol] = tuple(frame for frame in frames if datasets.offers(symbol, frame))
        impossible += [
            f"candles of {frame} cannot be made of the data of {symbol}"
            for frame in frames
            if frame not in candles[symbol]
        ]
    return Deliveries(candles, frozenset(quotes), tuple(impossible))


def _wants_quotes(datasets: DataSets, symbol: str, wanted: Sequence[Subscription]) -> bool:
    if not wanted:
        return datasets.driver(symbol).kind == QUOTES
    return any(one.covers(symbol, QUOTE) for one in wanted)


def _frames(datasets: DataSets, symbol: str, wanted: Sequence[Subscription]) -> list[Timeframe]:
    """The timeframes that are wanted, short ones first."""
    loaded = [one.timeframe for one in datasets.of(symbol)]
    natural = {frame for frame in loaded if frame is not None}
    if not wanted:
        has_trades = any(one.kind == TRADES for one in datasets.of(symbol))
        frames = natural or ({Timeframe.M1} if has_trades else set())
        return [frame for frame in Timeframe if frame in frames]
    frames = set()
    for one in wanted:
        if one.instrument not in (EVERYTHING, symbol):
            continue
        for kind in one.kinds:
            if kind in (EVERYTHING, CANDLE):
                frames |= natural or {Timeframe.M1}
            elif kind.startswith(_ONE_FRAME):
                frames.add(Timeframe(kind.removeprefix(_ONE_FRAME)))
    return [frame for frame in Timeframe if frame in frames]

"""What each symbol quotes, which a test says and nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from .amounts import CENT, ZERO
from .assets import Asset


@dataclass(slots=True, kw_only=True)
class Quote:
    """The market of a symbol. Sizes are what still can be had there; ``None`` is without end.

    ``bid`` and ``ask`` may be zero: nobody quotes that side.
    """

    bid: Decimal
    ask: Decimal
    last: Decimal
    bid_size: Decimal | None = None
    ask_size: Decimal | None = None
    moment: int = 0
    day_open: Decimal = ZERO
    volume: Decimal = ZERO

    def price(self, side: str) -> Decimal:
        """What a market order of *side* gets; zero if nothing."""
        return self.ask if side == "buy" else self.bid

    def within(self, side: str, wanted: Decimal) -> Decimal:
        """How much of *wanted* an order of *side* can get."""
        size = self.ask_size if side == "buy" else self.bid_size
        return wanted if size is None else min(size, wanted)

    def take(self, side: str, quantity: Decimal) -> None:
        """*quantity* is traded."""
        self.volume += quantity
        if side == "buy" and self.ask_size is not None:
            self.ask_size -= quantity
        elif side == "sell" and self.bid_size is not None:
            self.bid_size -= quantity


class Market:
    """All quotes. ``halted`` are symbols that do not trade, ``held`` those where a test fills.

    ``trades`` counts the last trades that were shown.
    """

    def __init__(self) -> None:
        self.quotes: dict[str, Quote] = {}
        self.halted: set[str] = set()
        self.held: set[str] = set()
        self.trades = 0

    def of(self, asset: Asset) -> Quote | None:
        """What *asset* quotes, if anything."""
        return self.quotes.get(asset.symbol)

    def show(
        self,
        asset: Asset,
        bid: Decimal,
        ask: Decimal,
        last: Decimal | None,
        sizes: tuple[Decimal | None, Decimal | None],
        moment: int,
    ) -> Quote:
        """From now on *asset* quotes that; without *last* the last trade was in the middle."""
        before = self.quotes.get(asset.symbol)
        if last is None:
            step = asset.price_increment if asset.is_crypto else CENT
            last = ((bid + ask) / 2).quantize(step) if bid and ask else bid or ask
        quote = Quote(
            bid=bid,
            ask=ask,
            last=last,
            bid_size=sizes[0],
            ask_size=sizes[1],
            moment=moment,
            day_open=before.day_open if before else last,
            volume=before.volume if before else ZERO,
        )
        self.quotes[asset.symbol] = quote
        self.trades += 1
        return quote

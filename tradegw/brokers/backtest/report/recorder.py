"""Takes down what happens in a run, in little memory per bar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from ....model.money import ZERO
from ....model.order import Order
from ....simulator.paths import Prices
from .curve import EquityCurve
from .facts import Fill
from .lots import Lots
from .track import Track
from .trips import Lot, Trip


class Recorder:
    """Told by the run, in the order of the simulated clock. *cash* is the balance at the start.

    ``closes``, ``exposed``  how many bars have closed, and how many of them with a position open
    ``refusals``     refusals at submit, by code
    ``at_stake``     of all ambiguous bars, how far apart the two ways ended
    """

    def __init__(self, cash: Decimal) -> None:
        self.cash = cash
        self.curve = EquityCurve()
        self.tracks: dict[str, Track] = {}
        self.fills: list[Fill] = []
        self.trips: list[Trip] = []
        self.orders: list[Order] = []
        self.closes = 0
        self.exposed = 0
        self.ambiguous_bars = 0
        self.at_stake = ZERO
        self.interruptions = 0
        self.refusals: Counter[str] = Counter()
        self._lots: dict[str, Lots] = {}
        self._held: set[str] = set()
        self._warnings: dict[str, None] = {}

    @property
    def warnings(self) -> list[str]:
        """What was warned of, once each."""
        return list(self._warnings)

    def open_lots(self) -> Iterator[Lot]:
        """What is open, oldest first within a symbol."""
        for lots in self._lots.values():
            yield from lots

    def closed(
        self,
        symbol: str,
        time: datetime,
        prices: Prices,
        balance: Decimal,
        equity: Decimal,
        margin_used: Decimal,
    ) -> None:
        """A bar of *symbol* has ended at *time*; *prices* are its middle prices.

        Told once per bar of the series that drives the symbol, not of coarser ones, and with tick
        data once per minute that had any. The account is told after the close is its mark.
        """
        self.closes += 1
        if self._held:
            self.exposed += 1
        if symbol not in self.tracks:
            self.tracks[symbol] = Track()
        self.tracks[symbol].closed(time, prices)
        self._lots_of(symbol).closed(prices)
        self.curve.add(time, balance, equity, margin_used)

    def filled(self, fill: Fill) -> None:
        """An order has filled, in whole or in part."""
        self.fills.append(fill)
        symbol = fill.trade.symbol
        lots = self._lots_of(symbol)
        lots.filled(fill)
        if lots.is_flat:
            self._held.discard(symbol)
        else:
            self._held.add(symbol)

    def ended(self, order: Order) -> None:
        """*order* is terminal: filled, cancelled, expired or rejected."""
        self.orders.append(order)

    def refused(self, time: datetime, code: str) -> None:
        """An order was refused at submit, with the *code* of the reason; there is no order."""
        del time  # the sum is what the report shows
        self.refusals[code] += 1

    def ambiguous(self, symbol: str, time: datetime, at_stake: Decimal = ZERO) -> None:
        """The two ways through a bar of *symbol* led to equities that are *at_stake* apart."""
        del symbol, time
        self.ambiguous_bars += 1
        self.at_stake += at_stake

    def interrupted(self, time: datetime) -> None:
        """No client was left, and one came back."""
        del time
        self.interruptions += 1

    def warned(self, message: str) -> None:
        """Something that who reads the report should know. The same message is kept once."""
        self._warnings[message] = None

    def _lots_of(self, symbol: str) -> Lots:
        lots = self._lots.get(symbol)
        if lots is None:
            lots = self._lots[symbol] = Lots(symbol, self.trips.append)
        return lots

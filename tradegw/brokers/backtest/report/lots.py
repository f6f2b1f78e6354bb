"""The lots that are open: fills come in, round trips come out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from decimal import Decimal, localcontext

from ....model.enums import PositionSide, Side
from ....model.money import ZERO
from ....simulator.paths import Prices
from .exact import MONEY
from .extremes import Extremes, Span
from .facts import Fill, Where
from .trips import Lot, Trip, part_of


class Lots:
    """The lots of one symbol, by position; *tell* hears of every round trip."""

    def __init__(self, symbol: str, tell: Callable[[Trip], None]) -> None:
        self._symbol = symbol
        self._tell = tell
        self._open: dict[str | None, deque[Lot]] = {}
        self._inside: list[Lot] = []
        self._extremes = Extremes()
        self.bars = 0
        """How many bars have closed: the number of the bar that comes next."""

    @property
    def is_flat(self) -> bool:
        return not self._open

    def __iter__(self) -> Iterator[Lot]:
        for lots in self._open.values():
            yield from lots

    def closed(self, prices: Prices) -> None:
        """A bar has ended."""
        if self._open:
            self._extremes.add(self.bars, prices)
            for lot in self._inside:
                _saw_rest(lot, prices)
            self._inside.clear()
        self.bars += 1

    def filled(self, fill: Fill) -> None:
        """Close what is open on the other side, oldest first; open what is left."""
        with localcontext(MONEY):
            trade = fill.trade
            entered = PositionSide.LONG if trade.side is Side.BUY else PositionSide.SHORT
            rest, charge = trade.quantity, trade.commission
            lots = self._open.setdefault(fill.position_id, deque())
            while rest and lots and lots[0].side is not entered:
                quantity = min(rest, lots[0].quantity)
                share = part_of(charge, quantity, rest)
                lot = lots.popleft() if quantity == lots[0].quantity else lots[0].split(quantity)
                self._close(lot, fill, share)
                rest -= quantity
                charge -= share
            if rest:
                self._enter(lots, fill, entered, rest, charge)
            elif not lots:
                self._forget(fill.position_id)

    def _enter(
        self,
        lots: deque[Lot],
        fill: Fill,
        side: PositionSide,
        quantity: Decimal,
        commission: Decimal,
    ) -> None:
        trade = fill.trade
        at_open = fill.where is Where.OPEN
        lot = Lot(
            symbol=self._symbol,
            side=side,
            quantity=quantity,
            price=trade.price,
            commission=commission,
            time=trade.timestamp,
            order_id=trade.order_id,
            bar=self.bars,
            first=self.bars if at_open else self.bars + 1,
            value=fill.multiplier * fill.rate,
            seen=Span(trade.price, trade.price),
        )
        lots.append(lot)
        if not at_open:
            self._inside.append(lot)

    def _close(self, lot: Lot, fill: Fill, charge: Decimal) -> None:
        trade, value = fill.trade, fill.multiplier * fill.rate
        lot.saw(trade.price, trade.price)
        seen = lot.extremes(self._extremes.since(lot.first))
        stood = [lot.gain(price, lot.quantity, value) for price in (seen.high, seen.low)]
        commission = lot.commission + charge
        self._tell(
            Trip(
                symbol=lot.symbol,
                side=lot.side,
                quantity=lot.quantity,
                entry_time=lot.time,
                entry_price=lot.price,
                entry_order=lot.order_id,
                exit_time=trade.timestamp,
                exit_price=trade.price,
                exit_order=trade.order_id,
                pnl=lot.gain(trade.price, lot.quantity, value) - commission,
                commission=commission,
                paid=abs(lot.price) * lot.quantity * lot.value,
                bars=self.bars - lot.bar,
                adverse=min(ZERO, *stood),
                favourable=max(ZERO, *stood),
                liquidation=fill.liquidation,
            )
        )

    def _forget(self, position_id: str | None) -> None:
        del self._open[position_id]
        if not self._open:
            self._extremes.clear()
            self._inside.clear()


def _saw_rest(lot: Lot, prices: Prices) -> None:
    """*lot* was opened on the way through a bar; how much of it came after is not known.

    The extreme against it counts, of the other way only the close: what is silent is not flattered.
    """
    lot.saw(prices.close, prices.close)
    against = prices.low if lot.side is PositionSide.LONG else prices.high
    lot.saw(against, against)

"""Which way round a bar goes where the account decides it: both ways are tried on copies.

The copies have no client, but they have the exits that the gateway would place for what fills, and
know which orders take from each other. Nothing of it is told, and nothing of it happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Final, NamedTuple

from msgspec.structs import replace

from ..model.enums import OrderType
from ..model.money import ONE, ZERO
from .account import MarginAccount
from .counter import exhaust
from .desk import Desk, Ids
from .diary import Diary
from .guard import Guard
from .inside import Inside
from .ledger import Ledger
from .liquidation import Liquidation
from .margin import MarginWatch
from .market import Market
from .matching import could_meet
from .outbox import Silence
from .paths import Path, PriceBar, corners, is_high_first
from .terms import Terms
from .ticks import Tick
from .working import WorkingOrder

_PLAIN: Final = (OrderType.LIMIT, OrderType.STOP)
_REMEMBERED: Final = 1000


class Choice(NamedTuple):
    """Where the price goes, and how much equity the other way round would have made a difference.

    ``quiet``: no order that rests is concerned by it.
    """

    corners: tuple[Tick, Tick, Tick]
    at_stake: Decimal
    quiet: bool


class Foresight:
    """Chooses for the *account* of an exchange with this *ledger* and *watch*."""

    def __init__(
        self, terms: Terms, account: MarginAccount, ledger: Ledger, watch: MarginWatch
    ) -> None:
        self._path = terms.path
        self._terms = replace(terms, native_brackets=True)
        self._account = account
        self._ledger = ledger
        self._watch = watch

    def choose(self, market: Market, bar: PriceBar, end: datetime) -> Choice:
        """The way through *bar*, whose open *market* shows and has settled."""
        symbol = market.instrument.symbol
        by_account = self._path in (Path.WORST, Path.BEST)
        high_first = is_high_first(bar, Path.NEAREST if by_account else self._path)
        one = corners(symbol, bar, end, high_first=high_first)
        reached = _within_reach(market, bar)
        if not self._matters(market, reached):
            return Choice(one, ZERO, not reached)
        other = corners(symbol, bar, end, high_first=not high_first)
        gained = self._equity(market, other) - self._equity(market, one)
        if (self._path is Path.WORST and gained < 0) or (self._path is Path.BEST and gained > 0):
            one = other
        return Choice(one, abs(gained), quiet=False)

    def _matters(self, market: Market, reached: Sequence[WorkingOrder]) -> bool:
        """Whether the way round can make a difference, with these orders within its reach."""
        fit = [order for order in reached if market.left(order.side) != ZERO]
        if len(fit) != 1 or self._terms.leverage != ONE:
            return bool(fit)
        (only,) = fit
        has_exits = any((only.stop_loss, only.take_profit, only.trail))
        return has_exits or only.order_type not in _PLAIN

    def _equity(self, market: Market, way: Sequence[Tick]) -> Decimal:
        """What the account is worth at the end of *way*."""
        symbol, outbox = market.instrument.symbol, Silence()
        account = self._account.copy(self._terms)
        ledger = self._copied(symbol)
        numbers = count(1)
        ids = Ids(lambda: f"dry-{next(numbers)}", lambda: "")
        desk = Desk(self._terms, account, ledger, outbox, ids)
        copied = Market(market.instrument, ledger.book(symbol), self._terms, desk)
        assert market.tick is not None
        copied.restore(market.state(market.tick))
        watch = MarginWatch(account)
        watch.warned = self._watch.warned
        markets = {symbol: copied}
        liquidation = Liquidation(account, ledger, desk, outbox)
        guard = Guard(account, watch, liquidation, markets, outbox)
        exhaust(Inside(copied, way, guard, through=self._terms.limit_through).all())
        copied.arrive(way[-1])
        exhaust(guard.steps(copied))
        return account.equity

    def _copied(self, symbol: str) -> Ledger:
        """Copies of the orders of *symbol*; those of a pair know each other."""
        ledger = Ledger(_REMEMBERED, Diary(None))
        orders = [order.copy() for order in self._ledger.book(symbol).values()]
        pairs: dict[str, WorkingOrder] = {}
        for order in orders:
            if order.pair is None:
                continue
            other = pairs.setdefault(order.pair, order)
            if other is not order and other.order_type is not order.order_type:
                other.sibling_id, order.sibling_id = order.id, other.id
        ledger.restore(orders, (), (), self._ledger.sequence)
        ledger.ordinals[symbol] = self._ledger.ordinals.get(symbol, 0)
        return ledger


def _within_reach(market: Market, bar: PriceBar) -> list[WorkingOrder]:
    """The orders that *bar* could do something to."""
    low, high = min(bar.bid.low, bar.ask.low), max(bar.bid.high, bar.ask.high)
    orders = market.book.values()
    return [order for order in orders if not order.waits and could_meet(order, low, high)]

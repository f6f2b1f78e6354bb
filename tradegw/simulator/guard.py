"""Looks at the margin where prices change: marks what is held, warns, and has it liquidated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TypeVar

from ..model.enums import AccountEventKind
from .account import MarginAccount
from .liquidation import Liquidation
from .margin import MarginWatch
from .market import Market
from .outbox import Outbox
from .ticks import Tick

T = TypeVar("T")


class Guard:
    """Of one account, whose *markets* are known by symbol."""

    def __init__(
        self,
        account: MarginAccount,
        watch: MarginWatch,
        liquidation: Liquidation,
        markets: Mapping[str, Market],
        outbox: Outbox,
    ) -> None:
        self._account = account
        self._watch = watch
        self._liquidation = liquidation
        self._markets = markets
        self._outbox = outbox

    def steps(self, market: Market) -> Iterator[None]:
        """*market* shows a price: mark what is held there, and look. Pauses to be told."""
        symbol = market.instrument.symbol
        if self._account.holds(symbol):
            self._account.mark(symbol, market.last)
        verdict = self._watch.look()
        if verdict is AccountEventKind.MARGIN_CALL:
            yield from self._liquidation.steps(self._markets, market.time)
        elif verdict is not None:
            self._outbox.account(verdict, self._account.snapshot(), market.time)
            yield

    def is_concerned(self, market: Market, price: Decimal) -> bool:
        """Whether a look at *price* could have consequences.

        Exact for the only position there is; beside others, whose marks may still change, and at
        rates that may, it could.
        """
        account, watch = self._account, self._watch
        if not account.holds(market.instrument.symbol):
            return False
        if len(account.holdings) > 1 or account.converts:
            return True
        (key,) = account.holdings
        return watch.judge(*account.stake(key, price)) != (None, watch.warned)

    def look_at(self, market: Market, corner: Tick) -> Iterator[None]:
        """The price turns round at *corner*; that is shown only if something comes of it."""
        symbol = market.instrument.symbol
        if not self._account.holds(symbol):
            return
        verdict = self._at(symbol, corner.last, self._watch.foresee)[0]
        market.catch_up(corner.time)
        if verdict is not None:
            market.be_at(corner.bid, corner.ask, corner.time)
            yield from self.steps(market)
        else:
            self._at(symbol, corner.last, self._watch.look)

    def _at(self, symbol: str, price: Decimal, ask: Callable[[], T]) -> T:
        """What *ask* answers while *symbol* is marked with *price*."""
        before = self._account.marked(symbol)
        self._account.mark(symbol, price)
        try:
            return ask()
        finally:
            self._account.mark(symbol, before)

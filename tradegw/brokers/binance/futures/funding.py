"""Funding that was paid or received, told once for each symbol."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ....deferreds import as_deferred, logged
from ....errors import GatewayError
from ....interfaces import IBrokerListener
from ....model.events import FinancingEvent
from ....model.money import ZERO
from ..times import moment
from . import events, wire
from .rest import Rest

PAUSES_SECONDS: Final = (2.0, 10.0, 60.0)
"""Before each look: what was paid is listed a little later."""

NEAR_MS: Final = 60_000
REMEMBERED: Final = 1000


class Fundings:
    """Asks *rest*, and tells *listener*. *currency* is the account's: of other money nothing can be
    told, for an amount has no name of its own there.
    """

    log = Logger()

    def __init__(
        self,
        rest: Rest,
        listener: IBrokerListener,
        clock: IReactorTime,
        currency: Callable[[], str],
    ) -> None:
        self._rest = rest
        self._listener = listener
        self._clock = clock
        self._currency = currency
        self._told: OrderedDict[tuple[str, str, int], None] = OrderedDict()
        self._heard: OrderedDict[object, None] = OrderedDict()

    def paid(self, change: events.Change, at: int) -> None:
        """The stream tells of funding, and of which symbol if that one's margin is its own."""
        key = (at, tuple(each.a for each in change.B), tuple(each.wb for each in change.B))
        if key in self._heard:
            return  # of another connection
        self._heard[key] = None
        _limit(self._heard)
        for balance in change.B:
            if balance.bc and len(change.P) == len(change.B) == 1:
                self._tell(change.P[0].s, balance.a, balance.bc, at)
            elif balance.bc:
                work = self._asked(balance.a, balance.bc, at)
                logged(work, self.log, "asking what funding was for")

    @as_deferred
    async def _asked(self, asset: str, amount: Decimal, at: int) -> None:
        """Tell it with its symbol, or symbol by symbol if they add up; else as it was told."""
        for pause in PAUSES_SECONDS:
            await deferLater(self._clock, pause)
            try:
                listed = await self._rest.fundings(at - NEAR_MS)
            except GatewayError as error:
                self.log.info("what funding was for could not be asked: {why}", why=error.message)
                continue
            for income in self._matching(listed, asset, amount, at):
                self._tell(income.symbol, asset, income.income, income.time)
                amount -= income.income
            if not amount:
                return
        self.log.warn("funding is told without its symbol", amount=str(amount), asset=asset)
        self._tell("", asset, amount, at)

    def _matching(
        self, listed: Iterable[wire.Income], asset: str, amount: Decimal, at: int
    ) -> list[wire.Income]:
        """What of it was not told yet and makes the *amount*: one of them, or all."""
        near = [
            each
            for each in listed
            if each.asset == asset and abs(each.time - at) <= NEAR_MS and not self._was_told(each)
        ]
        one = next((each for each in near if each.income == amount), None)
        if one is not None:
            return [one]
        return near if sum((each.income for each in near), ZERO) == amount else []

    def _was_told(self, income: wire.Income) -> bool:
        """Whether it was told with the position that it is of."""
        return any(
            (symbol, asset) == (income.symbol, income.asset) and abs(at - income.time) <= NEAR_MS
            for symbol, asset, at in self._told
        )

    def _tell(self, symbol: str, asset: str, amount: Decimal, at: int) -> None:
        key = (symbol, asset, at)
        if key in self._told:
            return
        self._told[key] = None
        _limit(self._told)
        if asset != self._currency():
            self.log.warn(
                "funding of {amount} {asset} for {symbol} is not of the account's currency, and not"
                " told",
                amount=str(amount),
                asset=asset,
                symbol=symbol,
            )
            return
        self._listener.on_event(FinancingEvent(timestamp=moment(at), symbol=symbol, amount=amount))


def _limit(remembered: OrderedDict[Any, None]) -> None:
    if len(remembered) > REMEMBERED:
        remembered.popitem(last=False)

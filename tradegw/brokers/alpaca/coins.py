"""What crypto costs: Alpaca keeps its fee of what a buy receives, and tells it nowhere at once.

What was kept is seen in the position alone: it grows by less than was bought. So what is told of a
pair is held back from a buy's execution on until the position was looked at; then the execution is
told, with what is missing as its commission, and after it what the order did: whoever protects what
was bought knows by then how much of it there is. Where the look cannot tell, because it failed or
more is on its way, the usual rate is taken, and the comparison of positions shows the difference.
What executed while nobody listened is found in the history; what that cost is what is missing by
then of all that must be held (``counted``).
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from ...deferreds import as_deferred, deadline, logged
from ...errors import GatewayError
from ...model.account import Trade
from ...model.enums import Side
from ...model.events import OrderEvent
from ...model.money import ZERO, times
from .counted import Counted
from .symbols import SLASH

USUAL_RATE: Final = Decimal("0.0025")
HIGHEST_RATE: Final = Decimal("0.01")
_FINEST: Final = Decimal("1E-9")
LOOK_SECONDS: Final = (0.0, 0.2, 0.5)
PATIENCE_SECONDS: Final = 2.0
"""All looks together; what was bought has no exits before that."""

REMEMBERED: Final = 20_000


class _Held(Struct, frozen=True):
    """What is held back, in order."""

    event: OrderEvent
    trade: Trade | None


class Coins:
    """*held* asks what is held of a pair; *tell* hears of orders and executions of pairs.
    *counted* knows what must be held.
    """

    log = Logger()

    def __init__(
        self,
        held: Callable[[str], Awaitable[Decimal]],
        tell: Callable[[OrderEvent | Trade], None],
        clock: IReactorTime,
        counted: Counted,
    ) -> None:
        self._ask = held
        self._tell = tell
        self._clock = clock
        self._counted = counted
        self._held: dict[str, Decimal] = {}
        self._waiting: defaultdict[str, list[_Held]] = defaultdict(list)
        self._fees: OrderedDict[str, Decimal] = OrderedDict()

    def take(self, event: OrderEvent, trade: Trade | None) -> None:
        """An order of a pair did something, and executed *trade* by that if it is given."""
        symbol = event.order.symbol
        is_waited_for = symbol in self._waiting
        is_settled = trade is None or trade.side is Side.SELL or trade.id in self._fees
        if not is_waited_for and is_settled:
            self._let_go(_Held(event, trade), ZERO)
            return
        self._waiting[symbol].append(_Held(event, trade))
        if not is_waited_for:
            looked = deadline(self._look(symbol), PATIENCE_SECONDS, self._clock)
            looked.addErrback(self._in_vain)
            logged(looked.addCallback(self._settle, symbol), self.log, "telling of executions")

    def saw(self, held: dict[str, Decimal]) -> None:
        """All that is held of pairs; those of which executions are under way are left out."""
        self._counted.begin(held)
        for symbol in held.keys() | self._held.keys():
            if symbol not in self._waiting:
                self._held[symbol] = held.get(symbol, ZERO)

    async def with_fees(self, trades: Iterable[Trade]) -> list[Trade]:
        """*trades* of the history, with their commissions as they were told, or as what is held
        shows them, or else the usual ones.
        """
        trades = list(trades)
        untold: defaultdict[str, list[Trade]] = defaultdict(list)
        for trade in trades:
            if SLASH in trade.symbol and not self._is_told(trade):
                untold[trade.symbol].append(trade)
        for symbol, missed in untold.items():
            await self._count(symbol, missed)
        return [self._with_fee(trade) for trade in trades]

    def _is_told(self, trade: Trade) -> bool:
        is_coming = trade.symbol in self._waiting
        return is_coming or trade.id in self._fees or self._counted.has(trade)

    async def _count(self, symbol: str, missed: Sequence[Trade]) -> None:
        """*missed* executed and nobody told: take in what they cost, if that can be seen."""
        try:
            held = await self._ask(symbol)
        except GatewayError as error:
            self.log.info("{symbol}: {reason}", symbol=symbol, reason=error.message)
            return
        missed = [trade for trade in missed if not self._is_told(trade)]  # meanwhile
        if not missed:
            return
        fee = self._counted.held(symbol) + _net(missed) - held
        if _is_fee(fee, missed):
            for trade_id, own in shares(missed, fee).items():
                self._know(trade_id, own)
            self._held[symbol] = held
            self._counted.take(symbol, held, max(trade.timestamp for trade in missed))

    def _with_fee(self, trade: Trade) -> Trade:
        if trade.side is Side.SELL or SLASH not in trade.symbol:
            return trade
        fee = self._fees.get(trade.id)
        return _costing(trade, _usual(trade.quantity) if fee is None else fee)

    @as_deferred
    async def _look(self, symbol: str) -> Decimal | None:
        """What all that waits cost together; ``None`` if that cannot be seen."""
        for pause in LOOK_SECONDS:
            await deferLater(self._clock, pause)
            try:
                held = await self._ask(symbol)
            except GatewayError as error:
                self.log.info("{symbol}: {reason}", symbol=symbol, reason=error.message)
                continue
            trades = self._trades(symbol)
            fee = self._held.get(symbol, ZERO) + _net(trades) - held
            if _is_fee(fee, trades):
                return fee
        return None

    def _in_vain(self, failure: Failure) -> None:
        """Whatever it was, what is held back must be told."""
        if failure.check(TimeoutError) is None:
            self.log.failure("finding out what an execution cost failed", failure)

    def _trades(self, symbol: str) -> list[Trade]:
        trades = [each.trade for each in self._waiting[symbol] if each.trade is not None]
        return [trade for trade in trades if trade.id not in self._fees]

    def _settle(self, fee: Decimal | None, symbol: str) -> None:
        """Tell all that waits."""
        fees = shares(self._trades(symbol), fee)
        for each in self._waiting.pop(symbol):
            self._let_go(each, ZERO if each.trade is None else fees.get(each.trade.id, ZERO))

    def _let_go(self, each: _Held, fee: Decimal) -> None:
        trade = each.trade
        if trade is not None:
            if trade.id not in self._fees:  # else the history has shown it before
                held = self._held.get(trade.symbol, ZERO) + _net([trade]) - fee
                self._held[trade.symbol] = held
                self._know(trade.id, fee)
                self._counted.take(trade.symbol, held, trade.timestamp)
            self._tell(_costing(trade, self._fees[trade.id]))
        self._tell(each.event)

    def _know(self, trade_id: str, fee: Decimal) -> None:
        self._fees[trade_id] = fee
        if len(self._fees) > REMEMBERED:
            self._fees.popitem(last=False)


def shares(trades: Sequence[Trade], fee: Decimal | None) -> dict[str, Decimal]:
    """What each of *trades* cost, by its id: of a *fee* for all of them its share, to the finest
    step, the last buy the rest; ``None`` is the usual rate. Sales cost nothing here.
    """
    own = {trade.id: ZERO for trade in trades}
    buys = _buys(trades)
    if fee is None:
        return own | {trade.id: _usual(trade.quantity) for trade in buys}
    bought, left = _net(buys), fee
    for trade in buys[:-1]:
        own[trade.id] = min(left, (fee * trade.quantity / bought).quantize(_FINEST))
        left -= own[trade.id]
    if buys:
        own[buys[-1].id] = left
    return own


def _is_fee(fee: Decimal, trades: Sequence[Trade]) -> bool:
    """Whether *fee* can be what *trades* cost."""
    return ZERO <= fee <= times(_net(_buys(trades)), HIGHEST_RATE)


def _buys(trades: Sequence[Trade]) -> list[Trade]:
    return [trade for trade in trades if trade.side is Side.BUY]


def _usual(quantity: Decimal) -> Decimal:
    return times(quantity, USUAL_RATE).quantize(_FINEST, ROUND_CEILING)


def _net(trades: Sequence[Trade]) -> Decimal:
    return sum((trade.side.sign * trade.quantity for trade in trades), ZERO)


def _costing(trade: Trade, fee: Decimal) -> Trade:
    if trade.side is Side.SELL:
        return trade
    return replace(trade, commission=fee, commission_currency=trade.symbol.partition(SLASH)[0])

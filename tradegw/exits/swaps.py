"""Brokers that take one exit for a quantity: the stop rests, the take-profit is held here.

Once the price is at the take-profit the two are swapped: the stop is taken away, then the limit
placed. They are swapped back if the price falls back a tenth of the way to the stop, if the limit
is not filled in :data:`PATIENCE_SECONDS`, if there is no price, and if the limit is refused. Which
of them rests is in the journal before either is touched; what that demands is done by the same
steps as ever, so that a crash in the middle leaves nothing to undo.

On the path of every tick: what is not held here costs one look into a dictionary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ..deferreds import as_deferred, logged
from ..errors import GatewayError
from ..interfaces import IOrderEntry
from ..market.prices import FRESH
from ..model.enums import Side
from ..model.events import QuoteEvent
from ..model.market import Quote
from ..model.protection import LegKind
from ..risk.breaker import Breaker
from .guarded import Guarded
from .keeping import Keeping
from .plan import Plan
from .pursuit import Pursuit
from .quantity import too_small, whole

ROUND_SECONDS: Final = 5.0
"""Without a tick for so long the broker is asked for the price; without an answer, swapped back."""

PATIENCE_SECONDS: Final = 30.0
"""So long the limit rests in the place of the stop."""

PAUSE_SECONDS: Final = 30.0
"""After it was swapped back, so long it is not tried again."""

RETREAT: Final = Decimal("0.1")
"""The share of the way from the take-profit back to the stop."""


@dataclass(eq=False)
class _Symbol:
    """What is held of one symbol."""

    priced_at: float
    guarded: dict[Guarded, None] = field(default_factory=dict)
    is_asked: bool = False


class Swaps:
    """Has exits swapped when the price demands it. *seconds* tells monotonic time."""

    log = Logger()

    def __init__(
        self,
        entry: IOrderEntry,
        pursuit: Pursuit,
        keeping: Keeping,
        breaker: Breaker,
        clock: IReactorTime,
        seconds: Callable[[], float],
    ) -> None:
        self._entry = entry
        self._pursuit = pursuit
        self._keeping = keeping
        self._breaker = breaker
        self._clock = clock
        self._seconds = seconds
        self._symbols: dict[str, _Symbol] = {}
        self._round: IDelayedCall | None = None
        self._stopped = False

    def watch(self, guarded: Guarded) -> None:
        """One of the exits of *guarded* may be held here from now on."""
        plan = guarded.plan
        if plan.held_kind is None or plan.is_over or self._stopped:
            return
        symbol = self._symbols.get(plan.symbol)
        if symbol is None:
            symbol = self._symbols[plan.symbol] = _Symbol(self._seconds())
        symbol.guarded[guarded] = None
        if self._round is None:
            self._round = self._clock.callLater(ROUND_SECONDS, self._go_round)

    def stop(self) -> None:
        """No more swaps."""
        self._stopped = True
        if self._round is not None and self._round.active():
            self._round.cancel()

    def on_quote(self, event: QuoteEvent) -> None:
        """A price came with the stream; one that is old by now counts for nothing."""
        symbol = self._symbols.get(event.quote.symbol)
        if symbol is not None and abs(self._keeping.now() - event.timestamp) <= FRESH:
            self._take(symbol, event.quote)

    def worked_on(self, guarded: Guarded) -> None:
        """The work on *guarded* is done for now: a limit that was refused is not left out for."""
        plan = guarded.plan
        if plan.held_kind is LegKind.STOP_LOSS and LegKind.TAKE_PROFIT in plan.short:
            self._swap_back(guarded, plan.short[LegKind.TAKE_PROFIT])

    def _take(self, symbol: _Symbol, quote: Quote) -> None:
        symbol.priced_at = self._seconds()
        for guarded in list(symbol.guarded):
            plan = guarded.plan
            price = quote.bid if plan.exit_side is Side.SELL else quote.ask
            if price <= 0 or plan.open_quantity == 0 or self._pursuit.is_held:
                continue
            if plan.held_kind is LegKind.TAKE_PROFIT:
                if _is_reached(plan, price) and self._may_swap(guarded):
                    self._swap_in(guarded, price)
            elif plan.held_kind is LegKind.STOP_LOSS and _has_retreated(plan, price):
                self._swap_back(guarded, "the price fell back")

    def _may_swap(self, guarded: Guarded) -> bool:
        """Whether nothing known would keep the limit from being placed, or the stop after it."""
        plan = guarded.plan
        if self._breaker.is_open or plan.held or self._seconds() < guarded.swap_after:
            return False
        quantity = whole(plan.wanted(LegKind.TAKE_PROFIT), plan.instrument)
        return not too_small(quantity, plan.price(LegKind.TAKE_PROFIT), plan.instrument)

    def _swap_in(self, guarded: Guarded, price: Decimal) -> None:
        guarded.swapped_at = self._seconds()
        self._swap(guarded, LegKind.TAKE_PROFIT)
        self.log.info(
            "the price is {price}: the take-profit of {entry_id} is placed instead of its stop",
            price=price,
            symbol=guarded.plan.symbol,
            entry_id=guarded.plan.parent_id,
        )

    def _swap_back(self, guarded: Guarded, reason: str) -> None:
        if self._breaker.is_open:
            return  # the stop would not be placed: rather the limit than nothing
        guarded.swap_after = self._seconds() + PAUSE_SECONDS
        guarded.plan.short.pop(LegKind.TAKE_PROFIT, None)
        self._swap(guarded, LegKind.STOP_LOSS)
        self.log.warn(
            "the stop of {entry_id} is placed again instead of its take-profit: {reason}",
            symbol=guarded.plan.symbol,
            entry_id=guarded.plan.parent_id,
            reason=reason,
        )

    def _swap(self, guarded: Guarded, resting: LegKind) -> None:
        guarded.plan.resting = resting
        self._keeping.keep(guarded)
        self._pursuit.retry(guarded)

    def _go_round(self) -> None:
        """Once every few seconds: what rests in the place of a stop does not do so for ever."""
        self._round = self._clock.callLater(ROUND_SECONDS, self._go_round)
        for name, symbol in list(self._symbols.items()):
            for guarded in list(symbol.guarded):
                if guarded.plan.is_over or guarded.plan.symbol != name:
                    del symbol.guarded[guarded]
            silent_for = self._seconds() - symbol.priced_at
            if not symbol.guarded:
                del self._symbols[name]
                continue
            if silent_for >= ROUND_SECONDS and not symbol.is_asked:
                logged(self._ask(name, symbol), self.log, "asking what the market is")
            self._look(symbol, is_silent=silent_for >= 2 * ROUND_SECONDS)
        if not self._symbols:
            self._round.cancel()
            self._round = None

    def _look(self, symbol: _Symbol, *, is_silent: bool) -> None:
        for guarded in symbol.guarded:
            if guarded.plan.held_kind is not LegKind.STOP_LOSS or self._pursuit.is_held:
                continue
            if is_silent:
                self._swap_back(guarded, "there is no price")
            elif self._seconds() - guarded.swapped_at >= PATIENCE_SECONDS:
                self._swap_back(guarded, "it was not filled")

    @as_deferred
    async def _ask(self, name: str, symbol: _Symbol) -> None:
        symbol.is_asked = True
        try:
            quote = await self._entry.quote(name)
        except GatewayError as error:
            self.log.warn("no price of {symbol}: {reason}", symbol=name, reason=error.message)
            return
        finally:
            symbol.is_asked = False
        if not self._stopped:
            self._take(symbol, quote)


def _is_reached(plan: Plan, price: Decimal) -> bool:
    target = plan.targets[LegKind.TAKE_PROFIT]
    return price >= target if plan.exit_side is Side.SELL else price <= target


def _has_retreated(plan: Plan, price: Decimal) -> bool:
    target = plan.targets[LegKind.TAKE_PROFIT]
    stop = plan.targets.get(LegKind.STOP_LOSS, target)
    limit = target - (target - stop) * RETREAT
    return price < limit if plan.exit_side is Side.SELL else price > limit

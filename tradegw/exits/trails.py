"""Prices on their way to the plans whose stops follow them.

On the path of every tick: what nothing trails costs one look into a dictionary. The marks are
written down with every move, and else once a second; what a crash loses is less than that, and no
stop goes back for it, since what rests counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ..deferreds import as_deferred, logged
from ..errors import GatewayError
from ..interfaces import IOrderEntry
from ..market.prices import FRESH
from ..model.events import QuoteEvent
from .coverage import pause
from .guarded import Guarded
from .keeping import Keeping
from .outcry import Outcry
from .pursuit import Pursuit
from .trailing import PAUSE

ROUND_SECONDS: Final = 5.0
"""Without a tick for so long the broker is asked for the price."""

HALTED_SECONDS: Final = 60.0
"""Without any price for so long the trailing stops of a symbol are told to have halted."""

KEEP_SECONDS: Final = 1.0


@dataclass(eq=False)
class _Symbol:
    """What trails the prices of one symbol."""

    priced_at: float
    guarded: dict[Guarded, None] = field(default_factory=dict)
    is_asked: bool = False
    has_halted: bool = False
    """There was no price for so long that it was told."""


class Trails:
    """Has stops moved when prices do. *seconds* tells monotonic time."""

    log = Logger()

    def __init__(
        self,
        entry: IOrderEntry,
        pursuit: Pursuit,
        keeping: Keeping,
        outcry: Outcry,
        clock: IReactorTime,
        seconds: Callable[[], float],
    ) -> None:
        self._entry = entry
        self._pursuit = pursuit
        self._keeping = keeping
        self._outcry = outcry
        self._clock = clock
        self._seconds = seconds
        self._is_stale: Callable[[str], bool]
        self._every = ROUND_SECONDS
        self._symbols: dict[str, _Symbol] = {}
        self._waiting: dict[Guarded, IDelayedCall] = {}
        self._changed: dict[Guarded, None] = {}
        self._keep: IDelayedCall | None = None
        self._round: IDelayedCall | None = None
        self._stopped = False

    def connect(self, is_stale: Callable[[str], bool]) -> None:
        """*is_stale* says whether the stream of a symbol was lost, and none came since."""
        self._is_stale = is_stale

    def look_every(self, seconds: float) -> None:
        """Go round so often. Where that is less often than usual, because time is simulated, it is
        when the hour is a multiple of it: bars end then.
        """
        self._every = seconds

    def watch(self, guarded: Guarded) -> None:
        """*guarded* may trail something from now on."""
        plan = guarded.plan
        if plan.ratchet is None or plan.is_over or self._stopped:
            return
        symbol = self._symbols.get(plan.symbol)
        if symbol is None:
            symbol = self._symbols[plan.symbol] = _Symbol(self._seconds())
        symbol.guarded[guarded] = None
        if self._round is None:
            self._go_round_later()

    def on_quote(self, event: QuoteEvent) -> None:
        """A price came with the stream; one that is old by now counts for nothing."""
        symbol = self._symbols.get(event.quote.symbol)
        if symbol is not None and abs(self._keeping.now() - event.timestamp) <= FRESH:
            self._take(symbol, event.quote.last)

    def look(self, guarded: Guarded) -> None:
        """Have the stops of *guarded* moved if that is due, else look again when it will be."""
        plan = guarded.plan
        wait = None if plan.ratchet is None else pause(plan, self._keeping.now())
        if wait is None or self._stopped:
            return
        wait = max(wait, timedelta(seconds=guarded.lag.until - self._seconds()))
        if wait <= timedelta(0):
            if not (guarded.lock.locked or self._pursuit.is_held):
                self._pursuit.drive(guarded)
                return
            wait = PAUSE
        self._look_in(guarded, wait.total_seconds())

    def resume(self) -> None:
        """What failed is tried again at once."""
        for symbol in list(self._symbols.values()):
            for guarded in list(symbol.guarded):
                guarded.lag.until = 0.0
                self.look(guarded)

    def stop(self) -> None:
        """No more work, and the marks are written down."""
        self._stopped = True
        for call in (*self._waiting.values(), self._keep, self._round):
            if call is not None and call.active():
                call.cancel()
        self._keeping.keep(*self._changed)

    def _look_in(self, guarded: Guarded, seconds: float) -> None:
        waiting = self._waiting.get(guarded)
        if waiting is None:
            call = self._clock.callLater(seconds, self._look_again, guarded)
            self._waiting[guarded] = call
        elif waiting.getTime() > self._clock.seconds() + seconds:
            waiting.reset(seconds)

    def _look_again(self, guarded: Guarded) -> None:
        del self._waiting[guarded]
        self.look(guarded)

    def _take(self, symbol: _Symbol, price: Decimal) -> None:
        symbol.priced_at = self._seconds()
        if symbol.has_halted:
            symbol.has_halted = False
            for guarded in symbol.guarded:
                self._outcry.caught_up(guarded)
        for guarded in list(symbol.guarded):
            plan, ratchet = guarded.plan, guarded.plan.ratchet
            if ratchet is None or plan.open_quantity == 0:
                continue  # a mark is of what is open
            if ratchet.mark is None:
                if ratchet.begin(price):
                    plan.follow()
                    self._pursuit.retry(guarded)
            elif ratchet.see(price):
                plan.follow()
                self._note(guarded)
                self.look(guarded)

    def _note(self, guarded: Guarded) -> None:
        self._changed[guarded] = None
        if self._keep is None:
            self._keep = self._clock.callLater(KEEP_SECONDS, self._keep_all)

    def _keep_all(self) -> None:
        changed, self._changed, self._keep = self._changed, {}, None
        self._keeping.keep(*changed)

    def _go_round(self) -> None:
        """Once every few seconds: symbols without a tick are asked for, and all are looked at."""
        self._go_round_later()
        for name, symbol in list(self._symbols.items()):
            for guarded in list(symbol.guarded):
                if guarded.plan.is_over or guarded.plan.symbol != name:
                    del symbol.guarded[guarded]
                else:
                    self.look(guarded)
            if not symbol.guarded:
                del self._symbols[name]
            elif self._is_silent(symbol):
                logged(self._ask(name, symbol), self.log, "asking what the market is")
        if not self._symbols and self._round is not None:
            self._round.cancel()
            self._round = None

    def _go_round_later(self) -> None:
        wait = self._every
        if wait > ROUND_SECONDS:
            wait -= self._keeping.now().timestamp() % wait
        self._round = self._clock.callLater(wait, self._go_round)

    def _is_silent(self, symbol: _Symbol) -> bool:
        is_open = any(guarded.plan.open_quantity > 0 for guarded in symbol.guarded)
        silent_for = self._seconds() - symbol.priced_at
        if not is_open:
            symbol.priced_at = self._seconds()
        return is_open and silent_for >= ROUND_SECONDS and not symbol.is_asked

    @as_deferred
    async def _ask(self, name: str, symbol: _Symbol) -> None:
        symbol.is_asked = True
        reason = "its prices are stale"
        try:
            price = await self._entry.price(name)
        except GatewayError as error:
            reason = error.message
        else:
            if not self._is_stale(name):
                self._take(symbol, price)
                return
        finally:
            symbol.is_asked = False
        if self._seconds() - symbol.priced_at >= HALTED_SECONDS:
            symbol.has_halted = True
            for guarded in [one for one in symbol.guarded if one.plan.open_quantity > 0]:
                self._outcry.lags(guarded, f"Trailing has halted, the stop rests: {reason}")

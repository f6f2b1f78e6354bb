"""Leverage and margin mode, which hold for a symbol and are set before an order that wants others.

They are of the whole symbol: a position that is open changes its leverage with it.
"""

from __future__ import annotations

from collections.abc import Awaitable
from decimal import Decimal
from typing import Final, NamedTuple

from twisted.internet.defer import DeferredLock

from ....errors import GatewayError, NotSent, OrderRejected, leaves_doubt
from ....model.enums import MarginMode
from ....model.limits import Lane
from ....model.order import OrderRequest
from . import events, wire
from .rest import Rest
from .venue import Venue

_WORDS: Final = {MarginMode.CROSS: "CROSSED", MarginMode.ISOLATED: "ISOLATED"}
_MODES: Final = {
    "CROSSED": MarginMode.CROSS,
    "CROSS": MarginMode.CROSS,
    "ISOLATED": MarginMode.ISOLATED,
}


class Terms(NamedTuple):
    """How a symbol is traded, as far as it is known."""

    leverage: Decimal | None = None
    mode: MarginMode | None = None


UNKNOWN: Final = Terms()


def mode_of(word: str) -> MarginMode | None:
    """Binance's *word*, in whichever spelling."""
    return _MODES.get(word.upper())


class Leverages:
    """Asks and sets by *rest*."""

    def __init__(self, rest: Rest, venue: Venue) -> None:
        self._rest = rest
        self._venue = venue
        self._terms: dict[str, Terms] = {}
        self._doubted: set[str] = set()
        self._lock = DeferredLock()

    def of(self, symbol: str) -> Terms:
        return self._terms.get(symbol, UNKNOWN)

    def forget(self, symbol: str) -> None:
        """Nobody knows how it is traded now."""
        self._terms.pop(symbol, None)

    def told(self, update: events.ConfigUpdate) -> None:
        """It was set, by us or by somebody else."""
        if update.ac is not None and update.ac.l > 0:
            mode = self.of(update.ac.s).mode
            self._terms[update.ac.s] = Terms(Decimal(update.ac.l), mode)
            self._doubted.discard(update.ac.s)

    def saw(self, risk: wire.Risk) -> None:
        """A position says it (COIN-M)."""
        if risk.leverage is not None:
            self._terms[risk.symbol] = Terms(risk.leverage, mode_of(risk.margin_type))

    def doubt(self) -> None:
        """What is set elsewhere from now on nobody tells: it is set anew before it is relied on."""
        self._doubted.update(self._terms)

    async def learn(self) -> None:
        """Ask for all of them, where that can be."""
        if self._venue.is_linear:
            found = await self._rest.configs()
            self._terms = {
                each.symbol: Terms(Decimal(each.leverage) or None, mode_of(each.margin_type))
                for each in found
            }

    async def prepare(self, request: OrderRequest, lane: Lane) -> None:
        """Have the symbol traded as *request* wants; fails with what leaves no doubt of an order,
        for none was sent.
        """
        if request.leverage is None and request.margin_mode is None:
            return
        await self._lock.acquire()
        try:
            await self._set(request, lane)
        except GatewayError as error:
            self.forget(request.symbol)
            if leaves_doubt(error):
                raise NotSent(f"Leverage or margin mode was not set: {error.message}") from error
            raise
        finally:
            self._lock.release()

    async def _set(self, request: OrderRequest, lane: Lane) -> None:
        known, symbol = self.of(request.symbol), request.symbol
        if request.margin_mode is not None:  # that it was changed elsewhere nobody tells
            word = _WORDS[request.margin_mode]
            await _unless_so(self._rest.set_margin_type(symbol, word, lane))
            known = Terms(known.leverage, request.margin_mode)
        is_so = request.leverage == known.leverage and symbol not in self._doubted
        if request.leverage is not None and not is_so:
            await _unless_so(self._rest.set_leverage(symbol, int(request.leverage), lane))
            known = Terms(request.leverage, known.mode)
            self._doubted.discard(symbol)
        self._terms[symbol] = known


async def _unless_so(work: Awaitable[None]) -> None:
    """What is so already need not be changed."""
    try:
        await work
    except OrderRejected as error:
        if not (error.details or {}).get("unchanged"):
            raise

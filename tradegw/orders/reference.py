"""What exits that are to be changed are held against (``sides``): their order, and the market."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from twisted.internet.interfaces import IReactorTime

from ..deferreds import as_deferred, deadline, shield
from ..errors import GatewayError
from ..model.account import Position
from ..model.market import Quote
from ..model.order import OrderChange
from ..model.protection import ExitsChange
from . import sides
from .blotter import Blotter
from .entry import Entry
from .reads import Reads
from .watch import Watch

PRICE_SECONDS: Final = 1.0
"""So long a change waits for the price that it is held against."""


class Reference:
    """*fresh* tells the quote of a symbol, if it is known and not old."""

    def __init__(
        self,
        entry: Entry,
        blotter: Blotter,
        watch: Watch,
        reads: Reads,
        fresh: Callable[[str], Quote | None],
        clock: IReactorTime,
    ) -> None:
        self._entry = entry
        self._blotter = blotter
        self._watch = watch
        self._reads = reads
        self._fresh = fresh
        self._clock = clock

    @as_deferred
    async def check_change(self, order_id: str, change: OrderChange) -> None:
        """Fail with ``InvalidValue`` if *change* leaves an exit on the wrong side."""
        prices = (change.stop_loss, change.take_profit, change.limit_price, change.stop_price)
        if not any(price is not None for price in prices):
            return
        order_id = self._watch.order_id(order_id)
        order = self._blotter.order(order_id) or await self._entry.look_up(order_id)
        if order.parent_order_id is None:  # an exit has none itself, and is told so
            sides.check_change(order, change, self._fresh(order.symbol))

    @as_deferred
    async def position(self, position_id: str, change: ExitsChange) -> Position:
        """The position, whose exits are to be changed; fails with ``InvalidValue`` if one of them
        would be on the wrong side.
        """
        position = await self._reads.position(position_id, always=True)
        quote = self._fresh(position.symbol)
        last = None
        if quote is None and (change.stop_loss is not None or change.take_profit is not None):
            last = await self._asked(position.symbol)
        sides.check_position(position.side, change, quote, last)
        return position

    @as_deferred
    async def _asked(self, symbol: str) -> Decimal | None:
        """What the broker says the price is, if it does so at once."""
        try:
            return await deadline(shield(self._entry.price(symbol)), PRICE_SECONDS, self._clock)
        except (GatewayError, TimeoutError):
            return None

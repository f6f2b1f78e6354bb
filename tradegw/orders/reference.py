"""What exits that are to be changed are held against (``sides``): their order, and the market."""

from __future__ import annotations

from collections.abc import Callable

from ..deferreds import as_deferred
from ..model.account import Position
from ..model.market import Quote
from ..model.order import OrderChange
from ..model.protection import ExitsChange
from . import sides
from .blotter import Blotter
from .entry import Entry
from .reads import Reads
from .watch import Watch


class Reference:
    """*fresh* tells the quote of a symbol, if it is known and not old."""

    def __init__(
        self,
        entry: Entry,
        blotter: Blotter,
        watch: Watch,
        reads: Reads,
        fresh: Callable[[str], Quote | None],
    ) -> None:
        self._entry = entry
        self._blotter = blotter
        self._watch = watch
        self._reads = reads
        self._fresh = fresh

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
        sides.check_position(position.side, change, self._fresh(position.symbol))
        return position

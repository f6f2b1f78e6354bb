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
from .watch import Watch


class Reference:
    """*fresh* tells the quote of a symbol, if it is known and not old."""

    def __init__(
        self, entry: Entry, blotter: Blotter, watch: Watch, fresh: Callable[[str], Quote | None]
    ) -> None:
        self._entry = entry
        self._blotter = blotter
        self._watch = watch
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

    def check_position(self, position: Position, change: ExitsChange) -> None:
        """Raise ``InvalidValue`` if an exit of *change* is on the wrong side."""
        sides.check_position(position.side, change, self._fresh(position.symbol))

"""What follows from the answer that an order was accepted.

Of an order that executed at once the answer tells the executions and what they cost, before the
stream does or although it does not: whoever protects what was bought must know what there is of it.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from ....model.account import Trade
from ....model.order import Order
from . import wire
from .decoding import trades_in
from .finding import Finding
from .kin import Kin
from .stops import Stops


class Acceptance:
    """*executed* hears of executions, of each at least once."""

    log = Logger()

    def __init__(
        self, kin: Kin, finding: Finding, stops: Stops, executed: Callable[[Trade], None]
    ) -> None:
        self.kin = kin
        self.finding = finding
        self.stops = stops
        self._executed = executed

    def take(self, order: wire.Order) -> Order:
        """The answer, as the gateway has it."""
        decoded = self.kin.decoded(order)
        self.finding.sightings.accepted(decoded.id)
        self.stops.saw(decoded)
        if order.margin_buy_borrow_amount:
            self.log.info(
                "order {order_id} borrowed {amount} {asset}",
                order_id=decoded.id,
                amount=str(order.margin_buy_borrow_amount),
                asset=order.margin_buy_borrow_asset,
            )
        for trade in trades_in(order):
            self._executed(trade)
        return decoded

"""What follows from the answer that an order was accepted.

Of an order that executed at once the answer tells the executions and what they cost, before the
stream does or although it does not: whoever protects what was bought must know what there is of it.
"""

from __future__ import annotations

from collections.abc import Callable

from ....model.account import Trade
from ....model.order import Order
from . import wire
from .decoding import trades_in
from .finding import Finding
from .kin import Kin
from .stops import Stops


class Acceptance:
    """*executed* hears of executions, of each at least once."""

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
        self.finding.accepted(decoded.id)
        self.stops.saw(decoded)
        for trade in trades_in(order):
            self._executed(trade)
        return decoded

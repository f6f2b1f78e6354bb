"""What is noticed while exits are worked on and concerns more than their plans.

Clients are to hear of what nobody told; where that may not be all of it the broker is asked for
everything, which costs more.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from ..model.order import Order
from .leg import Leg


class Suspicion:
    """Passes on what it is told; nothing happens before it is connected."""

    def __init__(self) -> None:
        self.suspect: Callable[[str], object] = lambda _reason: None
        """Has the broker asked how things stand, before long."""
        self._learned: Callable[[Order], object] = lambda _order: None

    def connect(self, suspect: Callable[[str], object], learned: Callable[[Order], object]) -> None:
        """*learned* tells clients what they do not know of an order."""
        self.suspect, self._learned = suspect, learned

    def found(self, order: Order, known: Decimal) -> None:
        """The broker shows *order* so when asked. If it executed more than was *known* there are
        executions, positions and money that nobody told of either.
        """
        if order.filled_quantity > known:
            self.suspect(f"nobody told what order {order.id} executed")
        else:
            self._learned(order)

    def ended(self, leg: Leg, order: Order | None, known: Decimal) -> None:
        """Nobody told that *leg* has ended, as *order* shows, or no order any more."""
        if order is None:
            self.suspect(f"exit order {leg.order_id} is not known any more")
        else:
            self.found(order, known)

"""How long something is held without a stop, by the ledger, while the gateway could do something.

From the fill, as the venue has it, until what rests as stops covers what is held. Time in which the
gateway was dead or its link to the broker down is left out; lost, late and refused requests and
events are not. Spells of no length are none: an exchange moves one thing after the other.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from msgspec import Struct

from tradegw.model.enums import OrderType, Side
from tradegw.model.events import Event, OrderEvent

from .schedule import EVENT_FAULTS, REQUEST_FAULTS
from .steps import GUARDED
from .world import World


class Spell(Struct, frozen=True):
    """Lasted for so many *seconds*; *faults* struck on the wires meanwhile."""

    seconds: float
    faults: int


class Uncovered:
    """Looks at the guarded symbol whenever something happens to its orders."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._since: float | None = None
        self._faults = 0
        self._found: list[tuple[float, float, int]] = []
        if "stop_loss" in world.schedule.exits:
            world.venue.listeners.append(self._happened)

    def spells(self) -> list[Spell]:
        """Those that are over, in order; and the one that is not."""
        self._end()
        worked = self._worked()
        each = [
            Spell(sum(max(0.0, min(end, b) - max(begin, a)) for a, b in worked), faults)
            for begin, end, faults in self._found
        ]
        return [spell for spell in each if spell.seconds > 0]

    def _happened(self, event: Event) -> None:
        if not (isinstance(event, OrderEvent) and event.order.symbol == GUARDED):
            return
        if self._gap() <= 0:
            self._end()
        elif self._since is None:
            self._since, self._faults = self._world.clock.seconds(), self._struck()

    def _end(self) -> None:
        if self._since is not None:
            faults = self._struck() - self._faults
            self._found.append((self._since, self._world.clock.seconds(), faults))
            self._since = None

    def _gap(self) -> Decimal:
        exchange = self._world.venue.exchange
        position = exchange.position(GUARDED)
        stops = (
            order.remaining_quantity
            for order in exchange.open_orders()
            if order.symbol == GUARDED
            and order.side is Side.SELL
            and order.order_type is OrderType.STOP
        )
        return Decimal(0) if position is None else position.quantity - sum(stops, Decimal(0))

    def _struck(self) -> int:
        return sum(self._world.hits.get(kind, 0) for kind in (*REQUEST_FAULTS, *EVENT_FAULTS))

    def _worked(self) -> list[tuple[float, float]]:
        """When a gateway lived and its link was up."""
        changes = [*self._world.reached, (self._world.clock.seconds(), False)]
        return [(begin, end) for (begin, up), (end, _) in pairwise(changes) if up]


def summary(spells: list[Spell]) -> str:
    """How many, their median, the 99th percentile and the longest."""
    seconds = sorted(spell.seconds for spell in spells)
    if not seconds:
        return "none"
    middle, high = seconds[len(seconds) // 2], seconds[len(seconds) * 99 // 100]
    return f"{len(seconds)}, p50 {middle:.3f} s, p99 {high:.3f} s, longest {seconds[-1]:.3f} s"

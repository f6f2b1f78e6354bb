"""Where the exits of a plan belong: their prices, fixed or following the market."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ..model.enums import Side
from ..model.market import Instrument
from ..model.protection import LegKind, Trail
from .extent import Extent
from .quantity import leg_price, price_step
from .trailing import Ratchet, better


@dataclass(eq=False, kw_only=True)
class Aims(Extent):
    """The exits that are wanted of what is open. A kind that is not in ``targets`` is not, unless
    it is a stop that trails and has no price yet.
    """

    exit_side: Side
    targets: dict[LegKind, Decimal]
    ratchet: Ratchet | None = None
    """How the stop-loss follows the market, if it does: its target only comes closer then."""
    instrument: Instrument | None = None
    """What the broker demands of its legs, as far as that is known now; not written down."""

    @property
    def kinds(self) -> list[LegKind]:
        """Which exits are wanted; one that trails has no target before it has a price."""
        trailing = [] if self.ratchet is None else [LegKind.STOP_LOSS]
        return list(dict.fromkeys([*trailing, *self.targets]))

    def trail_from(self, price: Decimal | None, *, anew: bool) -> None:
        """The entry filled at *price*; *anew* after all it had filled before was closed."""
        if self.ratchet is None:
            return
        if anew and self.has_mark:  # an old mark may be beyond the market by now
            self.ratchet = Ratchet(self.ratchet.trail, self.exit_side)
            self.targets.pop(LegKind.STOP_LOSS, None)
        self.ratchet.begin(price)
        self.follow()

    @property
    def has_mark(self) -> bool:
        """Whether its stop follows the market already."""
        return self.ratchet is not None and self.ratchet.mark is not None

    def trail(self, trail: Trail, price: Decimal | None) -> None:
        """The stop follows by *trail* from now on; what is open begins at *price*, unless it has
        followed before.
        """
        old, self.ratchet = self.ratchet, Ratchet(trail, self.exit_side)
        if old is not None:
            self.ratchet.mark, self.ratchet.moved_at = old.mark, old.moved_at
        if self.opened > 0:
            self.ratchet.begin(price)
        self.follow()

    def follow(self) -> bool:
        """The stop-loss belongs where the ratchet is, if that is closer; whether it moved on."""
        stop = None if self.ratchet is None else self.ratchet.stop(price_step(self.instrument))
        return stop is not None and self.tighten(stop)

    def tighten(self, stop: Decimal) -> bool:
        """The stop-loss belongs at *stop*, if that is closer; whether it moved on."""
        old = self.targets.get(LegKind.STOP_LOSS)
        if old is not None and not better(self.exit_side, old, stop):
            return False
        self.targets[LegKind.STOP_LOSS] = stop
        return True

    def would_loosen(self, stop: Decimal) -> bool:
        """Whether *stop* is further away than the stop of a trail that has begun."""
        if not self.has_mark:
            return False
        old = self.targets.get(LegKind.STOP_LOSS)
        return old is not None and better(self.exit_side, stop, old)

    def price(self, kind: LegKind) -> Decimal:
        """Where a leg of *kind*, which has a target, belongs on the broker's price steps."""
        return self.on_step(kind, self.targets[kind])

    def on_step(self, kind: LegKind, price: Decimal) -> Decimal:
        """*price* of a leg of *kind* on the broker's price steps."""
        return leg_price(kind, price, self.exit_side, self.instrument)

"""What a test does with a margin account besides what it does with one of spot."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from twisted.internet.interfaces import IReactorTime

from ..calls import Adding, Routes
from ..limits import Pool
from ..market import Amount
from ..spot.herald import Tell
from ..spot.pairs import Pairs
from ..spot.stage import Stage as SpotStage
from ..spot.world import World
from ..stamps import Stamps
from .account_calls import MarginAccountCalls
from .order_calls import MarginOrderCalls


class Stage(SpotStage):
    """One cross margin account; the market is that of spot. ``calls`` has the loans and tokens."""

    def __init__(
        self,
        clock: IReactorTime,
        stamps: Stamps,
        pairs: Pairs,
        given: Mapping[str, Decimal],
        pool: Pool,
        tell: Tell,
    ) -> None:
        super().__init__(World(clock, stamps, pairs, given, pool, tell))
        self.world.placing.may_borrow = True
        self.calls = MarginAccountCalls(clock, stamps, self.world)

    def add_to(self, routes: Routes) -> None:
        """Answer all calls of margin."""
        world = self.world
        adding = Adding(routes, "/sapi/v1/margin", world.pool)
        listing = world.pairs.listing
        MarginOrderCalls(listing, world.book, world.placing, world.pool).add_to(adding)
        world.list_calls.add_old_to(adding)
        self.calls.add_to(adding, Adding(routes, "/sapi/v1", world.pool))

    @property
    def owed(self) -> dict[str, Decimal]:
        """What was borrowed, without interest."""
        return {asset: each for asset, each in self.world.balances.borrowed.items() if each}

    def accrue(self, asset: str, amount: Amount) -> None:
        """Interest is owed."""
        self.world.balances.interest[asset] += Decimal(amount)

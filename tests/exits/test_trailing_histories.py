"""Whatever happens, at every quiet moment trailing stops cover exactly what is open, rest where
they belong, and have never gone back.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.exits.restarting import hold
from tests.exits.test_random_histories import EVENTS, KINDS, UNIT, ZERO, Mortal
from tests.exits.test_trails import FIVE, tick
from tests.orders.core import Core
from tradegw.model.enums import OrderType
from tradegw.model.protection import LegKind

STOP = OrderType.STOP


class Trailing(Mortal):
    """All entries have stops that trail by 5, some a take-profit as well."""

    def __init__(self, **ways: bool) -> None:
        self.rested: dict[str, Decimal] = {}
        super().__init__(**ways)

    def watched(self, core: Core) -> Core:
        """Marks are not written down before every question: only what is sent is."""
        keep: Callable[[str], None] = core.guardian.keep

        def noted(order_id: str) -> None:
            if not self.broker.orders[order_id].status.is_terminal:
                self.given_up[order_id] -= 1
            keep(order_id)

        core.guardian.keep = noted  # type: ignore[method-assign]
        return core

    def enter(self, which: int, much: int) -> None:
        name = f"e{len(self.entries)}"
        if len(self.entries) == 3 or self.broker._outcomes["submit"]:
            return
        self.core.breakers.adapter.reset(self.core.clock.seconds())
        self.targets[name] = [*KINDS] if which % 2 else [STOP]
        self.entries[name] = self.core.entered(
            client_order_id=name,
            quantity=str((much + 1) * UNIT),
            stop_loss=None,
            take_profit="200" if which % 2 else None,
            trailing_stop=FIVE,
        )

    def ticks(self, which: int, much: int) -> None:
        for price in (90 + which, 90 + much):
            tick(self.core, price)

    def happen(self, event: str, which: int, much: int) -> None:
        getattr(self, event)(which, much)
        hold(self.broker, sum((self.left(name) for name in self.entries), ZERO))
        for name, kind in self.wanted():
            if self.live(name, kind) >= self.needed(name, kind):
                self.covered_at[name, kind] = len(self.core.sink.events)
            if self.left(name) == 0:
                self.rested.pop(name, None)

    def pending(self) -> bool:
        """As long as something is open its price is asked for."""
        return False

    def quiet(self) -> None:
        super().quiet()
        for name in self.entries:
            for leg in self.legs(name, STOP):
                if leg.status.is_terminal or leg.stop_price is None:
                    continue
                found = self.core.guardian.plans.of_leg_id(leg.id)
                assert found is not None
                if found[1].waived:  # its client wants it gone
                    continue
                assert leg.stop_price == found[0].plan.targets[LegKind.STOP_LOSS]
                assert leg.stop_price >= self.rested.get(name, ZERO)
                self.rested[name] = leg.stop_price


worlds = st.builds(
    Trailing,
    renames=st.booleans(),
    slowly=st.booleans(),
    unheard=st.booleans(),
    cannot=st.booleans(),
)
histories = st.lists(
    st.tuples(
        st.sampled_from([*EVENTS, *["dies"] * 3, *["ticks"] * 12]),
        st.integers(0, 30),
        st.integers(0, 15),
    ),
    min_size=5,
    max_size=30,
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(worlds, st.lists(histories, min_size=1, max_size=3))
def test_w24_at_every_quiet_moment_trailing_stops_are_where_they_belong(
    world: Trailing, chapters: list[list[tuple[Any, int, int]]]
) -> None:
    world.enter(0, 15)
    for chapter in chapters:
        for event in chapter:
            world.happen(*event)
        world.quiet()

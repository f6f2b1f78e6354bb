"""Commissions that were taken from what an entry bought: what they took cannot be sold again.

They are told with executions, apart from the fills of orders and often later. What is told of an
order before the order itself is kept until that is known.
"""

from __future__ import annotations

from collections import OrderedDict
from decimal import Decimal
from typing import Final

from ..model.account import Trade
from ..model.commission import in_kind
from .guarded import Guarded
from .holdings import Holdings
from .plans import Plans

MAX_EARLY: Final = 1000
"""Of so many orders that are not known (yet) the commissions are kept."""


class Charges:
    """Takes commissions off what *plans* protect, and off *holdings*."""

    def __init__(self, plans: Plans, holdings: Holdings) -> None:
        self._plans = plans
        self._holdings = holdings
        self._early: OrderedDict[str, dict[str, Decimal]] = OrderedDict()

    def take(self, trade: Trade) -> Guarded | None:
        """The plan of which *trade*, told for the first time, took some; ``None`` if of none."""
        taken = in_kind(trade)
        if not taken:
            return None
        self._holdings.charge(trade.symbol, taken)
        guarded = self._plans.by_entry_id(trade.order_id)
        if guarded is None:
            self._keep(trade.order_id, trade.id, taken)
            return None
        return guarded if guarded.plan.charge(trade.id, taken) else None

    def _keep(self, order_id: str, execution_id: str, taken: Decimal) -> None:
        if not order_id or self._plans.of_leg_id(order_id) is not None:
            return
        self._early.setdefault(order_id, {})[execution_id] = taken
        if len(self._early) > MAX_EARLY:
            self._early.popitem(last=False)

    def catch_up(self, guarded: Guarded) -> None:
        """What was told early of the entry of *guarded*, if it is known by now."""
        if not self._early or guarded.plan.entry_id is None:
            return
        for execution_id, taken in self._early.pop(guarded.plan.entry_id, {}).items():
            guarded.plan.charge(execution_id, taken)

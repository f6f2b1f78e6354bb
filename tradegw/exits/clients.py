"""What clients do to entries and legs by their order ids, told before and after it is done."""

from __future__ import annotations

from twisted.logger import Logger

from ..model.order import Order, OrderChange
from ..model.protection import LegKind
from .guarded import Guarded
from .holdings import Holdings
from .keeping import Keeping
from .moving import check_stop
from .plans import Plans
from .pursuit import Pursuit


class Clients:
    """Keeps plans in step with what their clients want; see :class:`tradegw.interfaces.IExits`."""

    log = Logger()

    def __init__(
        self, plans: Plans, holdings: Holdings, keeping: Keeping, pursuit: Pursuit
    ) -> None:
        self._plans = plans
        self._holdings = holdings
        self._keeping = keeping
        self._pursuit = pursuit

    def waive(self, order_id: str) -> None:
        found = self._plans.of_leg_id(order_id)
        if found is not None:
            guarded, leg = found
            leg.waivers += 1
            self._keeping.keep(guarded)
            self.log.warn(
                "leg {order_id} of {entry_id} is given up by its client",
                order_id=order_id,
                entry_id=guarded.plan.entry_id,
            )

    def want(self, order_id: str) -> None:
        """The opposite of :meth:`waive`."""
        found = self._plans.of_leg_id(order_id)
        if found is not None:
            guarded, leg = found
            if not leg.ended:  # else the cancel worked after all
                leg.waivers = max(0, leg.waivers - 1)
            self._drive(guarded)

    def check(self, order_id: str, change: OrderChange) -> None:
        """Raise ``OrderDenied`` if *change* would loosen a stop that trails."""
        guarded, found = self._plans.by_entry_id(order_id), self._plans.of_leg_id(order_id)
        if guarded is not None and change.stop_loss is not None:
            check_stop(guarded.plan, change.stop_loss)
        is_stop = found is not None and found[1].kind is LegKind.STOP_LOSS
        if found is not None and is_stop and change.stop_price is not None:
            check_stop(found[0].plan, change.stop_price)

    def changing(self, order_id: str) -> None:
        guarded, found = self._plans.by_entry_id(order_id), self._plans.of_leg_id(order_id)
        if guarded is not None:
            guarded.plan.changing = True
            self._keeping.keep(guarded)
        elif found is not None:
            found[1].changing = True
            self._keeping.keep(found[0])

    def unchanged(self, order_id: str, *, in_doubt: bool) -> None:
        guarded, found = self._plans.by_entry_id(order_id), self._plans.of_leg_id(order_id)
        if guarded is not None:
            plan = guarded.plan
            plan.changing = False
            if order_id == plan.entry_id:  # else its successor is known
                plan.in_doubt = plan.unsettled = in_doubt
            self._drive(guarded)
        elif found is not None:
            guarded, leg = found
            leg.changing = False
            if in_doubt and order_id == leg.order_id:
                leg.in_doubt = leg.unsettled = True
            self._drive(guarded)

    def replaced(self, previous_id: str, order: Order) -> None:
        guarded = self._plans.replaced(previous_id, order)
        if guarded is None:
            return
        found = self._plans.of_leg_id(order.id)
        if found is None:
            self._holdings.renamed(order, guarded.plan.first_id)
        else:
            leg = found[1]
            self._holdings.renamed(order, leg.first_id)
            if not (leg.kind is LegKind.STOP_LOSS and guarded.plan.would_loosen(leg.price)):
                guarded.plan.targets[leg.kind] = leg.price  # what its client wants from now on
        self._drive(guarded)

    def _drive(self, guarded: Guarded) -> None:
        self._pursuit.drive(guarded)
        self._keeping.keep(guarded)

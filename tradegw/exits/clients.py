"""What clients do to entries and legs by their order ids, told before and after it is done."""

from __future__ import annotations

from twisted.logger import Logger

from ..errors import OrderDenied
from ..model.order import Order, OrderChange
from ..model.protection import ExitsChange, LegKind
from .guarded import Guarded
from .holdings import Holdings
from .keeping import Keeping
from .moving import check_stop
from .native.changes import NativeChanges
from .plans import Plans
from .pursuit import Pursuit


class Clients:
    """Keeps plans in step with what their clients want; see :class:`tradegw.interfaces.IExits`."""

    log = Logger()

    def __init__(
        self,
        plans: Plans,
        holdings: Holdings,
        keeping: Keeping,
        pursuit: Pursuit,
        natives: NativeChanges,
    ) -> None:
        self._plans = plans
        self._holdings = holdings
        self._keeping = keeping
        self._pursuit = pursuit
        self._natives = natives

    def waive(self, order_id: str) -> None:
        found = self._plans.of_leg_id(order_id)
        if found is not None and not found[1].is_gone:  # else another may be in its place
            guarded, leg = found
            leg.waivers += 1
            self._keeping.keep(guarded)
            self.log.warn(
                "leg {order_id} of {entry_id} is given up by its client",
                order_id=order_id,
                entry_id=guarded.plan.parent_id,
            )

    def want(self, order_id: str) -> None:
        """The opposite of :meth:`waive`."""
        found = self._plans.of_leg_id(order_id)
        if found is not None:
            guarded, leg = found
            if leg.ending or not leg.ended:  # else the cancel worked after all
                leg.waivers = max(0, leg.waivers - 1)
            self._drive(guarded)

    def current(self, order_id: str) -> str:
        """The order that stands for *order_id* by now, if that was a stop of a client's own and the
        gateway put another in its place.
        """
        found = self._plans.of_leg_id(order_id)
        if found is None or found[0].plan.own_name is None:
            return order_id
        plan, leg = found[0].plan, found[1]
        if not leg.ended or leg.kind is not LegKind.STOP_LOSS:
            return leg.order_id or order_id
        newer = [one.order_id for one in plan.staying_legs(leg.kind) if one.order_id is not None]
        return newer[-1] if newer else order_id

    def check(self, order_id: str, change: OrderChange) -> None:
        """Raise ``OrderDenied`` if *change* would loosen a stop that trails, or give exits to a
        client's own stop, which is one.
        """
        guarded, found = self._plans.by_entry_id(order_id), self._plans.of_leg_id(order_id)
        if guarded is not None and change.stop_loss is not None:
            check_stop(guarded.plan, change.stop_loss)
        is_own = found is not None and found[0].plan.own_name is not None
        if is_own and change.exits != ExitsChange():
            raise OrderDenied(
                "It is a stop that the gateway has follow the market, and has no exits itself:"
                " change those of its position",
                "UNSUPPORTED",
            )
        is_stop = found is not None and found[1].kind is LegKind.STOP_LOSS
        if found is not None and is_stop and change.stop_price is not None:
            check_stop(found[0].plan, change.stop_price)

    def changing(self, order_id: str) -> None:
        guarded, found = self._plans.by_entry_id(order_id), self._plans.of_leg_id(order_id)
        if guarded is not None:
            guarded.plan.changing = True
            self._keeping.keep(guarded)
        elif found is not None:
            found[1].changing = found[1].by_client = True
            self._keeping.keep(found[0])
        else:
            self._holdings.changing(order_id)

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
            leg.changing = leg.by_client = False
            if in_doubt and order_id == leg.order_id:
                leg.in_doubt = leg.unsettled = True
            self._drive(guarded)
        if not in_doubt:  # else what bears its name may still take its place
            self._holdings.changed(order_id)

    def replaced(self, previous_id: str, order: Order, *, native: bool = False) -> None:
        """*native* if exits were among what the broker changed."""
        guarded = self._plans.replaced(previous_id, order)
        if guarded is None and native:
            guarded = self._natives.attached(order)
        if guarded is None:
            self._holdings.changed(previous_id, order)
            return
        self._holdings.changed(previous_id)
        found = self._plans.of_leg_id(order.id)
        if found is None:
            self._holdings.renamed(order, guarded.plan.first_id)
            if native:
                self._natives.repriced(guarded, order)
        else:
            leg = found[1]
            leg.by_client = False
            self._holdings.renamed(order, leg.first_id)
            if not (leg.kind is LegKind.STOP_LOSS and guarded.plan.would_loosen(leg.price)):
                guarded.plan.targets[leg.kind] = leg.price  # what its client wants from now on
        self._drive(guarded)

    def _drive(self, guarded: Guarded) -> None:
        self._pursuit.drive(guarded)
        self._keeping.keep(guarded)

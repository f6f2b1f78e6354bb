"""Changing orders: Alpaca makes a new one in the place of the old.

The new one bears a client order id that shows which it began with. Its quantity is always told.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ...errors import GatewayError, OrderNotModifiable, UnsupportedOperation
from ...interfaces import WallClock
from ...model.enums import OrderStatus
from ...model.identifiers import milliseconds
from ...model.limits import Lane
from ...model.money import ZERO
from ...model.order import Order, OrderChange, Replaced
from ..link.account_watch import AccountWatch
from . import encoding, rules, wire
from .finding import Finding, check_id
from .prices import PROVIDER
from .rest import Rest
from .statuses import TOO_EARLY

PAUSES_SECONDS: Final = (0.2, 0.4, 0.8)
"""Before what Alpaca is not ready for is tried again: it has done nothing so far."""

_QUEUED: Final = frozenset({"accepted", "accepted_for_bidding", "pending_review"}) | TOO_EARLY
_BRACKETS: Final = frozenset({"bracket", "oco", "oto"})
_STOPS: Final = ("stop", "stop_limit")


class Replacing:
    """Speaks to *rest*; the *watch* expects an echo. *price_step* is known of pairs alone."""

    log = Logger()

    def __init__(
        self,
        rest: Rest,
        finding: Finding,
        watch: AccountWatch,
        price_step: Callable[[str], Decimal | None],
        now: WallClock,
        clock: IReactorTime,
    ) -> None:
        self._rest = rest
        self._kin = finding.kin
        self._finding = finding
        self._watch = watch
        self._price_step = price_step
        self._now = now
        self._clock = clock

    async def replace(self, order_id: str, change: OrderChange) -> Replaced:
        """The order in the place of the old one, or that whose exits were changed."""
        check_id(order_id)
        wanted = encoding.changes(change)
        order = await self._at_market(order_id)
        changed = Replaced(order=self._kin.decoded(order))
        if wanted.stop_loss is not None or wanted.take_profit is not None:
            changed = await self._exits_moved(order, wanted)
        if wanted.own is not None:
            return await self._replaced(order, wanted.own)
        return changed

    async def _at_market(self, order_id: str) -> wire.Order:
        """The order, once Alpaca could change it."""
        order = await self._rest.order(order_id, Lane.EMERGENCY)
        for pause in PAUSES_SECONDS:
            if order.status not in TOO_EARLY:
                break
            await deferLater(self._clock, pause)
            order = await self._rest.order(order_id, Lane.EMERGENCY)
        self._kin.learn(order)
        return order

    async def _replaced(self, old: wire.Order, change: OrderChange) -> Replaced:
        before = self._kin.decoded(old)
        check_changeable(old, before)
        if all(
            getattr(change, name) in (None, getattr(before, name))
            for name in ("limit_price", "stop_price", "quantity", "trailing_distance")
        ):
            return Replaced(order=before)
        body = encoding.change_of(
            before,
            change,
            f"{before.client_order_id or old.id}~{milliseconds(self._now()):x}",
            price_step=self._price_step(before.symbol),
            in_bracket=old.order_class in _BRACKETS,
        )
        since = self._watch.mark()
        new = await self._patched(old.id, body)
        self._kin.take_place(new, old)
        self._watch.expect(new.id, since)
        return Replaced(order=self._kin.decoded(new), previous_order_id=old.id)

    async def _patched(self, order_id: str, body: wire.Change) -> wire.Order:
        for pause in PAUSES_SECONDS:
            try:
                return await self._rest.replace(order_id, body)
            except OrderNotModifiable as error:
                if "order chain" not in error.message:
                    raise
            await deferLater(self._clock, pause)
        return await self._rest.replace(order_id, body)

    async def _exits_moved(self, parent: wire.Order, wanted: encoding.Changes) -> Replaced:
        """Each leg on its own; one that cannot be moved leaves those before it where they are."""
        moved = False
        for price, is_stop in ((wanted.stop_loss, True), (wanted.take_profit, False)):
            if price is None:
                continue
            try:
                leg = self._leg(parent, is_stop=is_stop)
                change = (
                    OrderChange(stop_price=price) if is_stop else OrderChange(limit_price=price)
                )
                await self._replaced(await self._finding.newest(leg), change)
            except GatewayError as error:
                if not moved:
                    raise
                self.log.warn("only one exit was moved: {reason}", reason=error.message)
                break
            moved = True
        return Replaced(order=await self._finding.look_up(parent.id, Lane.EMERGENCY))

    def _leg(self, parent: wire.Order, *, is_stop: bool) -> wire.Order:
        for leg in parent.legs or ():
            if ((leg.type or leg.order_type) in _STOPS) is is_stop:
                return leg
        kind = "stop_loss" if is_stop else "take_profit"
        raise UnsupportedOperation(f"giving an order a {kind} that had none", PROVIDER)


def check_changeable(old: wire.Order, order: Order) -> None:
    """Raise for what Alpaca cannot replace: ``OrderNotModifiable`` if it ended, else
    ``UnsupportedOperation``.
    """
    if order.status.is_terminal or order.status is OrderStatus.PENDING_CANCEL:
        raise OrderNotModifiable(order.id, f"it is {order.status.value}")
    if old.status in _QUEUED:
        raise UnsupportedOperation("changing an order that is not at the market yet", PROVIDER)
    if old.qty is None or not rules.is_whole(old.qty):
        raise UnsupportedOperation("changing an order of parts of a share or coin", PROVIDER)
    if order.filled_quantity > ZERO:
        # Whether the new quantity would count what has executed is told nowhere; at worst as much
        # again would execute.
        raise UnsupportedOperation("changing an order that has executed in part", PROVIDER)

"""Taking from a working order what it must not execute any more, until it is really gone.

An answer is no end: an order counts as withdrawn when it is seen to have ended, or to have no more
left than it may. Until then it is tried again, after pauses, with the link, and after each
reconciliation; what takes long is alerted, and alerted again as long as it lasts.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from ..deferreds import as_deferred, deadline, logged, shield
from ..errors import GatewayError, UnsupportedOperation, leaves_doubt
from ..interfaces import IAlarm, IExits
from ..model.enums import AlertCode, OrderStatus
from ..model.money import plain
from ..model.order import Order, OrderChange
from .blotter import Blotter
from .entry import Entry

RETRY_SECONDS: Final = (1.0, 5.0, 30.0)
"""Before each further try; the last goes on for ever."""

LONG_SECONDS: Final = 30.0
"""What takes longer than this is alerted,"""

AGAIN_SECONDS: Final = 300.0
"""and again after so long."""

RECORD_SECONDS: Final = 1.0
"""So long the lowering of an order waits for the record of why."""


class Withdrawal(Struct, eq=False):
    """An order, and what may remain of it. ``asking`` is what is under way, ``failing`` why it was
    not done the last time; ``unable`` says that the broker cannot change quantities.
    """

    order_id: str
    group: str
    left: Decimal
    since: float
    asking: set[str] = field(default_factory=set)
    attempts: int = 0
    failing: str = ""
    unable: bool = False
    alerted_at: float | None = None
    retry: IDelayedCall | None = None

    def is_done(self, order: Order | None) -> bool:
        """Whether *order* shows that there is nothing more to do."""
        if order is None:
            return False
        return order.status.is_terminal or 0 < self.left >= order.remaining_quantity


class Withdrawals:
    """Those under way, one for each order. *learned* is told of orders that were looked at."""

    log = Logger()

    def __init__(
        self,
        entry: Entry,
        blotter: Blotter,
        exits: IExits,
        alarm: IAlarm,
        clock: IReactorTime,
        learned: Callable[[Order], object],
    ) -> None:
        self._entry = entry
        self._blotter = blotter
        self._exits = exits
        self._alarm = alarm
        self._clock = clock
        self._learned = learned
        self._under_way: dict[str, Withdrawal] = {}
        self._stopped = False

    def withdraw(
        self, order: Order, group: str, left: Decimal, recorded: Deferred[None] | None
    ) -> Deferred[None] | None:
        """See to it that no more than *left* remains of *order*; it is lowered when *recorded*,
        which fires when the news that are the cause is, and is ``None`` if there are none.

        Fires when what can be done at once is done; ``None`` if that is under way.
        """
        one = self._under_way.get(order.id)
        if self._stopped:
            return None
        if one is None:
            now = self._clock.seconds()
            one = self._under_way[order.id] = Withdrawal(order.id, group, left, now)
        elif one.left == left and recorded is None:
            return None
        one.left = left
        return self._try(one, recorded)

    def end(self, order_id: str) -> None:
        """There is nothing more to do with that order."""
        one = self._under_way.get(order_id)
        if one is not None:
            self._end(one)

    def retry(self) -> None:
        """Try all again now."""
        for one in list(self._under_way.values()):
            self._retry(one)

    def stop(self) -> None:
        """Try no more; after a restart it goes on."""
        self._stopped = True
        for one in list(self._under_way.values()):
            self._end(one)

    def _retry(self, one: Withdrawal) -> None:
        _call_off(one)
        if not self._stopped and not one.asking:
            logged(self._again(one), self.log, "withdrawing an order")

    def _end(self, one: Withdrawal) -> None:
        _call_off(one)
        self._under_way.pop(one.order_id, None)

    # -- one try

    @as_deferred
    async def _again(self, one: Withdrawal) -> None:
        """What is known may be old: the order is looked at first."""
        one.asking.add("look")
        try:
            self._learned(await self._entry.look_up(one.order_id))
        except GatewayError as error:
            one.failing = error.message
        except Exception:
            self.log.failure("order {order_id} was not taken in", order_id=one.order_id)
        finally:
            one.asking.discard("look")
        await self._try(one, None)

    @as_deferred
    async def _try(self, one: Withdrawal, recorded: Deferred[None] | None) -> None:
        order = self._blotter.order(one.order_id)
        try:
            if one.is_done(order):
                pass
            elif one.left:
                await self._lower(one, order, recorded)
            else:
                await self._cancel(one, order)
        except Exception:  # a defect of ours must not be the end of it
            self.log.failure("withdrawing order {order_id} failed", order_id=one.order_id)
        self._conclude(one)

    @as_deferred
    async def _cancel(self, one: Withdrawal, order: Order | None) -> None:
        if "cancel" in one.asking or (order and order.status is OrderStatus.PENDING_CANCEL):
            return
        one.asking.add("cancel")
        try:
            await self._entry.cancel_order(one.order_id)
        except GatewayError as error:
            self._failed(one, error)
        finally:
            one.asking.discard("cancel")

    @as_deferred
    async def _lower(
        self, one: Withdrawal, order: Order | None, recorded: Deferred[None] | None
    ) -> None:
        if one.asking or one.unable or order is None:
            return
        one.asking.add("lower")
        try:
            if recorded is not None:
                await self._durable(recorded)
            asked = None
            while one.left not in (0, asked):  # less may be left by the time of the answer
                order = self._blotter.order(one.order_id) or order
                if one.is_done(order):
                    break
                asked = one.left
                await self._replace(one, order.filled_quantity + asked)
        except UnsupportedOperation as error:
            one.unable = True
            self._failed(one, error)
        except GatewayError as error:
            self._failed(one, error)
        finally:
            one.asking.discard("lower")

    @as_deferred
    async def _durable(self, recorded: Deferred[None]) -> None:
        with suppress(TimeoutError):  # if the disk hangs: this lowers risk
            await deadline(shield(recorded), RECORD_SECONDS, self._clock)

    @as_deferred
    async def _replace(self, one: Withdrawal, quantity: Decimal) -> None:
        self._exits.changing(one.order_id)
        try:
            changed = await self._entry.replace_leg(one.order_id, OrderChange(quantity=quantity))
        except GatewayError as error:
            self._exits.unchanged(one.order_id, in_doubt=leaves_doubt(error))
            raise
        known = self._blotter.order(changed.order.id)
        self._exits.replaced(one.order_id, known or changed.order)

    def _failed(self, one: Withdrawal, error: GatewayError) -> None:
        one.failing = error.message
        self.log.warn(
            "order {order_id} of OCO group {group} is not withdrawn yet: {reason}",
            order_id=one.order_id,
            group=one.group,
            reason=error.message,
        )

    def _conclude(self, one: Withdrawal) -> None:
        if self._under_way.get(one.order_id) is not one:
            return
        if one.is_done(self._blotter.order(one.order_id)):
            self._end(one)
            return
        self._alert(one)
        if one.retry is None and not self._stopped:
            pause = RETRY_SECONDS[min(one.attempts, len(RETRY_SECONDS) - 1)]
            one.attempts += 1
            one.retry = self._clock.callLater(pause, self._retry, one)

    # -- what takes long

    def _alert(self, one: Withdrawal) -> None:
        now, before = self._clock.seconds(), one.alerted_at
        due = one.since + LONG_SECONDS if before is None else before + AGAIN_SECONDS
        if now < due and not (one.unable and before is None):
            return
        one.alerted_at = now
        what = f"lowered to {plain(one.left)}" if one.left else "cancelled"
        known = self._blotter.order(one.order_id)
        details: dict[str, Any] = {"oco_group_id": one.group, "order_id": one.order_id}
        if known is not None:
            details["symbol"] = known.symbol
        if one.failing:
            details["error"] = one.failing
        self._alarm.raise_alert(
            AlertCode.INTERNAL_ERROR,
            f"Order {one.order_id} of OCO group {one.group} could not be {what} and may still fill",
            details,
        )


def _call_off(one: Withdrawal) -> None:
    if one.retry is not None and one.retry.active():
        one.retry.cancel()
    one.retry = None

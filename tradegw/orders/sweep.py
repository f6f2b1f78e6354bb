"""Cancelling all orders: those that work, and those on their way to the broker as they turn up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final, TypeAlias

from twisted.internet.defer import Deferred, DeferredSemaphore, gatherResults
from twisted.logger import Logger

from ..deferreds import as_deferred
from ..errors import GatewayError
from ..model.enums import OrderStatus, OrderType
from ..model.journal import Intent, IntentKind
from ..model.limits import Lane
from ..model.order import CancelAllResult, Unresolved
from ..model.protection import UnprotectedPosition
from .attempt import Attempt
from .blotter import Blotter
from .cancels import Cancels
from .dispatch import Dispatch
from .intents import Intents
from .line import Line
from .patience import Patience
from .wanted import request_of

MOST_AT_ONCE: Final = 10
"""Cancels under way at once."""

End: TypeAlias = tuple[str, bool]
"""An order, and whether it was cancelled."""


class Sweep:
    """Has *cancels* cancel them; for each its client waits as *patience* says. *stripped* tells
    which open positions lost their exits by that.
    """

    log = Logger()

    def __init__(
        self,
        line: Line,
        cancels: Cancels,
        blotter: Blotter,
        intents: Intents,
        dispatch: Dispatch,
        patience: Patience,
        stripped: Callable[[Iterable[str]], list[UnprotectedPosition]],
    ) -> None:
        self._line = line
        self._cancels = cancels
        self._blotter = blotter
        self._intents = intents
        self._dispatch = dispatch
        self._patience = patience
        self._stripped = stripped

    @as_deferred
    async def cancel_all(self, symbol: str | None) -> CancelAllResult:
        """Cancel all orders (of *symbol*). The failures are counted and named; what may still turn
        up is one, under the id of its handle. Positions that lost their exits are named.
        """
        on_the_way = [one for one in self._intents.under_way() if _would_rest(one, symbol)]
        broker = self._line.broker
        working = await self._line.ask(lambda: broker.open_orders(Lane.EMERGENCY), always=True)
        chosen = [order.id for order in working if symbol in (None, order.symbol)]
        # All are written down first: no leg is renewed between two cancels, nor given up for ever
        # if the process ends before the cancel of its own.
        begun = {order_id: self._cancels.begin(order_id) for order_id in chosen}
        at_once = DeferredSemaphore(MOST_AT_ONCE)
        ends: list[Deferred[End | None]] = []
        ends += [at_once.run(self._end, intent, order_id) for order_id, intent in begun.items()]
        ends += [self._end_later(attempt, begun.keys(), at_once) for attempt in on_the_way]
        done = [end for end in await gatherResults(ends) if end is not None]
        failed = tuple(order_id for order_id, is_cancelled in done if not is_cancelled)
        bare = tuple(self._stripped(order_id for order_id, _ in done))
        return CancelAllResult(
            cancelled_count=len(done) - len(failed),
            failed_count=len(failed),
            failed_order_ids=failed or None,
            unprotected_positions=bare or None,
        )

    @as_deferred
    async def _end_later(
        self, attempt: Attempt, begun: Collection[str], at_once: DeferredSemaphore
    ) -> End | None:
        """Cancel the order of *attempt* once it is known, unless that is *begun* already."""
        try:
            handle = await self._dispatch.outcome(attempt)
        except GatewayError:
            return None  # there is no such order
        if handle.outcome is Unresolved.UNKNOWN:
            return handle.id, False
        known = self._blotter.order(handle.id)
        if handle.id in begun or known is None or known.status.is_terminal:
            return None
        intent = self._cancels.begin(handle.id)
        return await at_once.run(self._end, intent, handle.id)

    @as_deferred
    async def _end(self, intent: Intent, order_id: str) -> End | None:
        work = self._cancels.carry_out(intent, order_id)
        try:
            return order_id, await self._patience.within(work) is not None
        except GatewayError as error:
            known = self._blotter.order(order_id)
            if known is not None and known.status is OrderStatus.CANCELLED:
                return order_id, True  # with its sibling or its entry, a moment ago
            self.log.warn(
                "order {order_id} not cancelled: {reason}", order_id=order_id, reason=error.message
            )
            return order_id, False


def _would_rest(attempt: Attempt, symbol: str | None) -> bool:
    """Whether it is on its way to the broker with an order of *symbol* that is to be cancelled.

    What closes a position at market is not: it lowers risk, and does not rest. Nor is an exit leg,
    which protects what has filled.
    """
    kind = attempt.intent.kind
    if attempt.settling or symbol not in (None, attempt.intent.symbol):
        return False
    if kind is IntentKind.CLOSE:
        return request_of(attempt.intent).order_type is not OrderType.MARKET
    return kind is IntentKind.SUBMIT

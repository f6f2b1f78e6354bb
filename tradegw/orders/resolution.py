"""Finding out what became of an order whose answer is missing: by asking, never by sending again.

Asked are the broker's look-up by client order id, its working orders, its closed ones, and last its
executions. *Could not ask* is no answer. That there is no such order is believed only when the
broker has said so several times and long enough after the doubt began, since what was sent may
still be on its way.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ..deferreds import as_deferred, logged
from ..errors import (
    GatewayError,
    OrderNotFound,
    OrderRejected,
    ProviderError,
    UnsupportedOperation,
)
from ..model.account import TradeQuery
from ..model.order import CLOCKS_DIFFER, Order, OrderQuery
from .attempt import IN_DOUBT, Attempt, may_come_from
from .blotter import Blotter
from .dispatch import Dispatch
from .intents import NEVER_ARRIVED
from .line import Line

PAUSES_SECONDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Before each look; the last goes on for ever."""

ABSENT_SECONDS: Final = 60.0
ABSENT_TIMES: Final = 3
"""So long after the doubt began, and so often, the broker must have said that there is none."""

MAX_STRANGERS: Final = 20
"""So many orders that only executions show are asked for at each look."""


def pauses() -> itertools.chain[float]:
    """How long to wait before each look."""
    return itertools.chain(PAUSES_SECONDS, itertools.repeat(PAUSES_SECONDS[-1]))


class Resolution:
    """Looks for the orders of attempts in doubt.

    *learned* is told of an order that was found.
    """

    log = Logger()

    def __init__(
        self,
        line: Line,
        blotter: Blotter,
        dispatch: Dispatch,
        clock: IReactorTime,
        learned: Callable[[Order], object],
    ) -> None:
        self._line = line
        self._broker = line.broker
        self._blotter = blotter
        self._dispatch = dispatch
        self._clock = clock
        self._learned = learned
        self._looking: dict[str, Deferred[None]] = {}
        self._stopped = False

    def pursue(self, attempt: Attempt) -> None:
        """Find out what became of *attempt*, however long it takes."""
        if attempt.intent.id in self._looking or self._stopped:
            return
        looking = self._looking[attempt.intent.id] = self._find_out(attempt)
        logged(looking, self.log, "finding out what became of an order")

    def stop(self) -> None:
        """Ask no more; after a restart it goes on."""
        self._stopped = True

    @as_deferred
    async def _find_out(self, attempt: Attempt) -> None:
        absent = 0
        others: set[str] = set()
        try:
            for pause in pauses():
                await deferLater(self._clock, pause)
                if attempt.is_settled or attempt.settling or self._stopped:
                    return
                try:
                    order = await self._look(attempt, others)
                except GatewayError:
                    continue  # could not ask
                if order is not None:
                    self._found(attempt, order)
                    return
                absent += 1
                if absent >= ABSENT_TIMES and self._long_enough(attempt):
                    self._never_arrived(attempt)
                    return
        finally:
            self._looking.pop(attempt.intent.id, None)

    def _long_enough(self, attempt: Attempt) -> bool:
        return (attempt.seconds_since(IN_DOUBT) or 0.0) >= ABSENT_SECONDS

    def _found(self, attempt: Attempt, order: Order) -> None:
        self.log.info(
            "order {order_id} is what became of {client_order_id}",
            order_id=order.id,
            client_order_id=attempt.links.client_order_id,
        )
        self._dispatch.accepted(attempt, order)
        self._learned(order)

    def _never_arrived(self, attempt: Attempt) -> None:
        if attempt.is_settled or attempt.settling:
            return
        client_order_id = attempt.links.client_order_id
        self._dispatch.refused(
            attempt, OrderRejected("The broker never received this order", NEVER_ARRIVED)
        )
        self.log.warn("{client_order_id} never arrived", client_order_id=client_order_id)

    @as_deferred
    async def _look(self, attempt: Attempt, others: set[str]) -> Order | None:
        """The order; ``None`` if nothing that can be asked knows one. Fails if it cannot ask."""
        client_order_id = attempt.links.client_order_id
        try:
            call = self._broker.order_by_client_id
            order = await self._line.look(lambda: call(client_order_id))
            if may_come_from(attempt.intent, order):
                return order
        except (OrderNotFound, UnsupportedOperation):
            pass  # not every broker finds it so at once, or at all
        query = OrderQuery(client_order_id=client_order_id, since=attempt.intent.at - CLOCKS_DIFFER)
        lists = (self._broker.open_orders, lambda: self._broker.closed_orders(query))
        for listing in lists:  # in this order, for an order may end between the two
            for order in await self._line.look(listing):
                if may_come_from(attempt.intent, order):
                    return order
        return await self._in_executions(attempt, others)

    @as_deferred
    async def _in_executions(self, attempt: Attempt, others: set[str]) -> Order | None:
        """An order that only its executions show any more; *others* were seen to be none."""
        query = TradeQuery(symbol=attempt.intent.symbol, since=attempt.intent.at - CLOCKS_DIFFER)
        trades = await self._line.look(lambda: self._broker.trades(query))
        strangers = {
            trade.order_id
            for trade in trades
            if trade.order_id and trade.timestamp >= attempt.intent.at - CLOCKS_DIFFER
            if self._blotter.order(trade.order_id) is None and trade.order_id not in others
        }
        for order_id in sorted(strangers)[:MAX_STRANGERS]:
            try:
                order = await self._line.look(
                    lambda wanted=order_id: self._broker.order(wanted)  # type: ignore[misc]
                )
            except OrderNotFound:
                continue
            if may_come_from(attempt.intent, order):
                return order
            others.add(order_id)
        if len(strangers) > MAX_STRANGERS:
            raise ProviderError("There are more orders to be asked for")
        return None

"""Written down, sent once, and followed to its outcome: how every order leaves.

Three outcomes: the broker accepted it, the broker definitely refused it, or nobody knows yet. The
last is never an end: it is found out by asking (``resolution``), or by an event that comes after
all, and whoever waits is told so meanwhile. Nothing is sent twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..deferreds import as_deferred, logged
from ..errors import (
    GatewayError,
    JournalUnavailable,
    OrderDenied,
    OrderRejected,
    PositionNotFound,
    leaves_doubt,
)
from ..interfaces import IExits
from ..metrics.meters import Meters
from ..model.enums import OrderStatus
from ..model.journal import Intent, IntentKind, Verdict
from ..model.order import Order, OrderHandle
from .attempt import ANSWERED, SENT, WRITTEN, Attempt, may_come_from
from .blotter import Blotter
from .clearing import Passage
from .intents import Intents
from .line import Line
from .patience import Patience
from .writing import Overdue, Writing

SEEN_SECONDS: Final = 1.0
"""When an event told of the order, its answer is waited for this long and no longer."""


class Dispatch:
    """Sends attempts; their clients wait as *patience* says."""

    log = Logger()

    def __init__(
        self,
        line: Line,
        blotter: Blotter,
        intents: Intents,
        writing: Writing,
        meters: Meters,
        patience: Patience,
    ) -> None:
        self._line = line
        self._blotter = blotter
        self._intents = intents
        self._writing = writing
        self._meters = meters
        self._patience = patience
        self._exits: IExits
        self._pursue: Callable[[Attempt], object]
        self._revived: Callable[[Attempt, Order], object]
        self._undone: Callable[[Intent], object]
        self._grouped: Callable[[Order], object]

    def connect(
        self,
        exits: IExits,
        pursue: Callable[[Attempt], object],
        revived: Callable[[Attempt, Order], object],
        undone: Callable[[Intent], object],
        grouped: Callable[[Order], object],
    ) -> None:
        """*exits* hear of outcomes, and *pursue* finds out those in doubt. *revived* hears of an
        order that turned up after all, *undone* of one that never came to be though its client
        was left in doubt. *grouped* hears of the members of OCO groups that the broker took.
        """
        self._exits = exits
        self._pursue = pursue
        self._revived = revived
        self._undone = undone
        self._grouped = grouped

    def send(
        self,
        attempt: Attempt,
        call: Callable[[], Deferred[Order]],
        *,
        check: Callable[[], None] | None = None,
        passage: Passage | None = None,
        urgent: bool = False,
        waited: float = 0.0,
    ) -> Deferred[OrderHandle]:
        """Start *attempt*; *call* sends it. *passage* is cleared for it when it is written down,
        and *check* asked once more just before it is sent.

        What is *urgent* lowers risk: it goes out also past the breaker, and when it cannot be
        written down. Fires as :meth:`outcome` does.
        """
        self._intents.add(attempt)
        self._blotter.expect(attempt.links)
        way_out = self._way_out(attempt, call, check, passage, urgent)
        logged(way_out, self.log, "an order on its way out")
        return self.outcome(attempt, waited)

    def outcome(self, attempt: Attempt, waited: float = 0.0) -> Deferred[OrderHandle]:
        """The handle of the accepted order, or of the attempt if it is in doubt for too long; its
        client has *waited* for so many seconds already.

        Fails with the broker's definite refusal.
        """
        if attempt.is_settled:
            return attempt.when_settled()
        return _Wait(self, attempt, self._patience, waited).answer

    @as_deferred
    async def _way_out(
        self,
        attempt: Attempt,
        call: Callable[[], Deferred[Order]],
        check: Callable[[], None] | None,
        passage: Passage | None,
        urgent: bool,
    ) -> None:
        if not await self._is_written(attempt, urgent):
            return
        attempt.mark(WRITTEN)
        going = self._go(attempt, call, check, passage, urgent)
        if passage is None:
            await going
        else:
            await Deferred.fromCoroutine(going).addBoth(passage.ended)

    async def _go(
        self,
        attempt: Attempt,
        call: Callable[[], Deferred[Order]],
        check: Callable[[], None] | None,
        passage: Passage | None,
        urgent: bool,
    ) -> None:
        try:
            if passage is not None:
                await passage.clear()
            if check is not None:
                check()
        except (OrderDenied, PositionNotFound) as denied:
            self.refused(attempt, denied)
            return
        attempt.mark(SENT)
        try:
            order = await self._line.ask(call, always=urgent)
        except GatewayError as error:
            self._failed(attempt, error)
        else:
            attempt.mark(ANSWERED)
            self.accepted(attempt, order)

    async def _is_written(self, attempt: Attempt, urgent: bool) -> bool:
        """Whether *attempt* may go on; else its client has been told why not."""
        if urgent:
            await self._writing.if_possible(attempt.intent)
            return True
        try:
            await self._writing.before(attempt.intent)
        except JournalUnavailable as error:
            self._back_out(attempt, error)
            return False
        except Overdue as overdue:
            self.refused(attempt, overdue.refusal())
            return False
        return True

    def _back_out(self, attempt: Attempt, error: JournalUnavailable) -> None:
        self._blotter.forget(attempt.links)
        self._exits.forget(attempt.intent.id)
        self._intents.drop(attempt, error)
        self._tell_undone(attempt)

    def _failed(self, attempt: Attempt, error: GatewayError) -> None:
        if attempt.is_settled or attempt.settling:
            return  # an event has told meanwhile
        if attempt.seen is not None and attempt.seen.status is not OrderStatus.REJECTED:
            self.accepted(attempt, attempt.seen)  # it lives, whatever the answer says
            return
        if not leaves_doubt(error):
            self.refused(attempt, error)
            return
        self._intents.doubt(attempt, error)
        self._meters.outcome_unknown()
        self.log.warn(
            "what became of {client_order_id} is not known yet: {reason}",
            client_order_id=attempt.links.client_order_id,
            correlation_id=attempt.intent.id,
            reason=error.message,
        )
        if attempt.seen is not None:
            self.accepted(attempt, attempt.seen)
        else:
            self._pursue(attempt)

    def refused(self, attempt: Attempt, error: GatewayError) -> None:
        """It is certain that there is no order, and there will be none."""
        self._blotter.forget(attempt.links)
        self._exits.forget(attempt.intent.id)
        if isinstance(error, OrderRejected):
            error.details = {**(error.details or {}), "correlation_id": attempt.intent.id}
        self._submit_took(attempt)
        self.log.info(
            "order {client_order_id} not accepted: {reason}",
            client_order_id=attempt.links.client_order_id,
            correlation_id=attempt.intent.id,
            reason=error.message,
        )
        self._intents.settle(attempt, Verdict.REJECTED, error)
        self._tell_undone(attempt)

    def _tell_undone(self, attempt: Attempt) -> None:
        if attempt.handle_given and attempt.intent.kind is not IntentKind.LEG:
            self._undone(attempt.intent)

    def accepted(self, attempt: Attempt, order: Order) -> None:
        """The broker has it, as *order*."""
        order = self._blotter.accept(attempt.links, order)
        if order.oco_group_id is not None:  # its event may be lost, and its rival fill meanwhile
            self._grouped(order)
        if attempt.is_settled or attempt.settling:
            return
        attempt.settling = True
        self._submit_took(attempt)
        self._log_acceptance(attempt, order)
        legs = None
        if attempt.intent.kind is IntentKind.SUBMIT:
            self._meters.order_submitted()
            legs = self._exits.accepted(attempt.intent.id, order)
        elif attempt.intent.kind is IntentKind.CLOSE:
            self._exits.close_accepted(attempt.intent.id, self._blotter.told(order.id))
        if legs is None:
            self._settle(attempt, order)
        else:
            legs.addBoth(lambda _settled: self._settle(attempt, order))

    def _settle(self, attempt: Attempt, order: Order) -> None:
        handle = OrderHandle(
            id=order.id,
            status=order.status,
            client_order_id=order.client_order_id or attempt.links.shown_id,
            correlation_id=order.correlation_id or attempt.intent.id,
        )
        self._intents.settle(attempt, Verdict.ACCEPTED, handle, order.id)

    def seen(self, order: Order) -> None:
        """An event tells of *order*, which bears the client order id that it was sent under."""
        attempt = self._intents.sent_as(order.client_order_id or "")
        if attempt is not None and not may_come_from(attempt.intent, order):
            return
        if attempt is None and self._blotter.order(order.id) is None:
            attempt = self._given_up(order)
        if attempt is None or attempt.is_settled:
            return
        attempt.seen = order
        if attempt.verdict is Verdict.UNKNOWN:
            self.accepted(attempt, order)

    def _given_up(self, order: Order) -> Attempt | None:
        """The attempt that *order* comes from, if that was believed never to have arrived."""
        attempt = self._intents.given_up(order)
        if attempt is None:
            return None
        self._revived(attempt, order)
        self._blotter.expect(attempt.links)
        return attempt

    def _submit_took(self, attempt: Attempt) -> None:
        if attempt.intent.kind is IntentKind.SUBMIT:
            seconds = attempt.seconds_since(SENT)
            if seconds is not None:  # else it was sent before a restart
                self._meters.submit_took(seconds)

    def _log_acceptance(self, attempt: Attempt, order: Order) -> None:
        self.log.info(
            "order {order_id} accepted: {side} {quantity} {symbol} {order_type}",
            order_id=order.id,
            client_order_id=attempt.links.client_order_id,
            correlation_id=attempt.intent.id,
            side=order.side.value,
            quantity=order.quantity,
            symbol=order.symbol,
            order_type=order.order_type.value,
        )


class _Wait:
    """One client's wait for an outcome: until it is known, or as long as clients wait at most.

    It has *waited* for so many seconds already.
    """

    def __init__(
        self, dispatch: Dispatch, attempt: Attempt, patience: Patience, waited: float
    ) -> None:
        self.answer: Deferred[OrderHandle] = Deferred()
        self._dispatch = dispatch
        self._attempt = attempt
        self._clock = patience.clock
        self._left = max(0.0, patience.seconds - SEEN_SECONDS - waited)
        self._timer = self._clock.callLater(SEEN_SECONDS, self._look)
        attempt.when_settled().addBoth(self._settled)

    def _settled(self, outcome: OrderHandle | Failure) -> None:
        if self._timer.active():
            self._timer.cancel()
        if not self.answer.called:
            self.answer.callback(outcome)  # a Failure goes on as one

    def _look(self) -> None:
        """An event may have told what became of it, though the answer is missing."""
        if self._attempt.seen is not None:
            self._dispatch.accepted(self._attempt, self._attempt.seen)
        if not self.answer.called:
            self._timer = self._clock.callLater(self._left, self._give_up)

    def _give_up(self) -> None:
        self._attempt.handle_given = True
        self.answer.callback(self._attempt.handle_in_doubt())

"""One thing that is being done at the broker, from the moment it is asked for to its outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred, fail, succeed

from ..errors import GatewayError
from ..model.enums import OrderStatus
from ..model.journal import Intent, Verdict
from ..model.order import Order, OrderHandle, Unresolved, is_older
from .answers import Answer
from .blotter import Links

CHECKED: Final = "checked"
WRITTEN: Final = "written"
SENT: Final = "sent"
ANSWERED: Final = "answered"
IN_DOUBT: Final = "in_doubt"
SETTLED: Final = "settled"


def may_come_from(intent: Intent, order: Order) -> bool:
    """Whether *order* bears the id that *intent* was sent under, and is no older one of that id."""
    name = intent.sent_as or intent.id
    return order.client_order_id == name and not is_older(order, intent.at)


class Attempt:
    """An intent on its way.

    *seconds* tells monotonic time. ``verdict`` is ``None`` until something is known, ``UNKNOWN``
    while it is being found out; what follows either is final.
    """

    def __init__(self, intent: Intent, links: Links, seconds: Callable[[], float]) -> None:
        self.intent = intent
        self.links = links
        self.began = seconds()
        self.verdict: Verdict | None = None
        self.answer: Answer | None = None
        self.order_id: str | None = None
        self.seen: Order | None = None
        """An event told of its order, though the answer is missing."""
        self.settling = False
        """Accepted, and its exit legs are being placed."""
        self.handle_given = False
        """A client was told that it is not known."""
        self.course: list[tuple[str, int]] = []
        self._seconds = seconds
        self._waiting: list[Deferred[OrderHandle]] = []

    @property
    def is_settled(self) -> bool:
        return self.answer is not None

    def mark(self, step: str) -> None:
        """*step* was reached now."""
        self.course.append((step, round((self._seconds() - self.began) * 1e6)))

    def seconds_since(self, step: str) -> float | None:
        """How long ago *step* was reached, if it was, in this process."""
        reached = [microseconds for name, microseconds in self.course if name == step]
        return self._seconds() - self.began - reached[-1] / 1e6 if reached else None

    def handle_in_doubt(self) -> OrderHandle:
        """What a client is told that has waited long enough."""
        return OrderHandle(
            id=self.intent.id,
            status=OrderStatus.PENDING,
            client_order_id=self.links.shown_id,
            correlation_id=self.intent.id,
            outcome=Unresolved.UNKNOWN,
        )

    def when_settled(self) -> Deferred[OrderHandle]:
        """Fires with the handle, or fails as the broker refused; for each caller one of its own."""
        if self.answer is None:
            waiting: Deferred[OrderHandle] = Deferred()
            self._waiting.append(waiting)
            return waiting
        return fail(self.answer) if isinstance(self.answer, GatewayError) else succeed(self.answer)

    def settle(self, verdict: Verdict, answer: Answer, order_id: str | None = None) -> None:
        """It is known what became of it; all who wait are told."""
        self.verdict, self.answer, self.order_id = verdict, answer, order_id
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            if isinstance(answer, GatewayError):
                deferred.errback(answer)
            else:
                deferred.callback(answer)

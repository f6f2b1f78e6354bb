"""What is written down of cancels and changes: what was wanted, and what became of it."""

from __future__ import annotations

from collections.abc import Callable

from ..deferreds import as_deferred
from ..errors import GatewayError
from ..interfaces import IJournal, WallClock
from ..model import wire
from ..model.journal import Intent, IntentKind, Outcome, Verdict
from ..model.order import Order
from . import answers
from .change import Change
from .writing import Overdue, Writing


class Record:
    """Intents and outcomes of what is done to the order that is their target."""

    def __init__(
        self, journal: IJournal, writing: Writing, now: WallClock, new_id: Callable[[], str]
    ) -> None:
        self._journal = journal
        self._writing = writing
        self._now = now
        self._new_id = new_id

    @as_deferred
    async def change(self, order_id: str, change: Change) -> Intent:
        """A change is wanted; fires when that is durable, or fails with ``JournalUnavailable``."""
        intent = self._intent(IntentKind.REPLACE, order_id, wire.encode(change))
        try:
            await self._writing.before(intent)
        except Overdue as overdue:
            self.refused(intent, overdue.refusal())
            raise overdue.refusal() from None
        return intent

    def cancel(self, order_id: str) -> Intent:
        """A cancel is wanted. It is not waited for: a cancel lowers risk, and may be repeated."""
        intent = self._intent(IntentKind.CANCEL, order_id, b"{}")
        self._writing.beside(intent)
        return intent

    def _intent(self, kind: IntentKind, order_id: str, body: bytes) -> Intent:
        return Intent(id=self._new_id(), kind=kind, at=self._now(), body=body, target=order_id)

    def doubt(self, intent: Intent, error: GatewayError) -> None:
        """Nobody knows what became of it."""
        self._keep(intent, Verdict.UNKNOWN, answers.encode(error))

    def refused(self, intent: Intent, error: GatewayError) -> None:
        """It was not done."""
        self._keep(intent, Verdict.REJECTED, answers.encode(error))

    def done(self, intent: Intent, order: Order, undone: GatewayError | None = None) -> None:
        """It was done; *order* is how that left it, and *undone* why a part of it was not."""
        answer = b"" if undone is None else answers.encode(undone)
        self._keep(intent, Verdict.ACCEPTED, answer, order.id)

    def _keep(
        self, intent: Intent, verdict: Verdict, answer: bytes, order_id: str | None = None
    ) -> None:
        self._journal.keep(
            Outcome(
                intent_id=intent.id,
                at=self._now(),
                verdict=verdict,
                order_id=order_id,
                answer=answer,
            )
        )

"""The intents: those under way, and what was answered to those that are done.

Whoever asks for the same again gets the same answer, also while the first is under way and after a
restart; whoever uses an id again for something else is refused.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from ..errors import GatewayError, IntentConflict, OrderRejected, is_passing_refusal
from ..interfaces import IJournal, WallClock
from ..model import wire
from ..model.identifiers import ClientOrderIdRule
from ..model.journal import Intent, IntentKind, Outcome, Recorded, Verdict
from ..model.order import Order, OrderRequest
from . import answers
from .answers import Answer
from .attempt import IN_DOUBT, SETTLED, Attempt, may_come_from
from .wanted import links, links_of, minted

NEVER_ARRIVED: Final = "NEVER_ARRIVED"
"""The ``reject_code`` of an order that was sent and that the broker never had."""

REMEMBERED: Final = 10_000
"""Of the settled ones so many are found without asking the journal."""


class Intents:
    """Makes attempts, and finds them by intent id, client order id, key, and the id sent.

    *seconds* tells monotonic time, *new_id* makes texts that are unique for ever.
    """

    def __init__(
        self,
        journal: IJournal,
        now: WallClock,
        seconds: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._journal = journal
        self._new_id = new_id
        self._now = now
        self._seconds = seconds
        self._by_id: dict[str, Attempt] = {}
        self._by_name: dict[str, Attempt] = {}
        self._by_key: dict[str, Attempt] = {}
        self._under_way: dict[str, Attempt] = {}
        self._settled: OrderedDict[str, None] = OrderedDict()
        self._more_keys: OrderedDict[str, str] = OrderedDict()

    def same_as(self, client_order_id: str | None, key: str | None, digest: str) -> Attempt | None:
        """The attempt that was made under one of these names, if any was. A *key* that comes with
        the client order id of one is a name of it from then on.

        Raises ``IntentConflict`` if either was for another request.
        """
        named = keyed = None
        if client_order_id is not None:
            named = _same("client_order_id", client_order_id, self._named(client_order_id), digest)
        if key is not None:
            keyed = _same("Idempotency-Key", key, self._keyed(key), digest)
            if named is not None and keyed is None:
                self._also_of_key(named.intent, key)
        return named or keyed

    def _named(self, name: str) -> Attempt | None:
        found = self._by_name.get(name)
        return found or self._recalled(self._journal.intent_sent_as(name))

    def _keyed(self, key: str) -> Attempt | None:
        found = self._by_key.get(key)
        if found is None and key in self._more_keys:
            found = self.by_id(self._more_keys[key])
        return found or self._recalled(self._journal.intent_of_key(key))

    def _also_of_key(self, first: Intent, key: str) -> None:
        """*first* was answered to *key* as well, which it did not come with.

        That is written down as an intent of its own, which has *first* as its target and no order.
        """
        self._more_keys[key] = first.id
        if len(self._more_keys) > REMEMBERED:
            self._more_keys.popitem(last=False)
        at = self._now()
        again = Intent(
            id=self._new_id(),
            kind=IntentKind.SUBMIT,
            at=at,
            body=first.body,
            digest=first.digest,
            idempotency_key=key,
            target=first.id,
        )
        self._journal.keep(again, Outcome(intent_id=again.id, at=at, verdict=Verdict.ACCEPTED))

    def by_id(self, intent_id: str) -> Attempt | None:
        """The attempt behind a handle, or a correlation id."""
        found = self._by_id.get(intent_id)
        return found or self._recalled(self._journal.intent(intent_id))

    def sent_as(self, client_order_id: str) -> Attempt | None:
        """The attempt under way that was sent under this id."""
        return self._under_way.get(client_order_id)

    def given_up(self, order: Order) -> Attempt | None:
        """The attempt that *order* comes from, anew, if it was believed never to have arrived."""
        name = order.client_order_id
        found = self._named(name) if name else None
        if found is None or not may_come_from(found.intent, order):
            return None
        if found.intent.id == order.id:  # the order that stands for it
            return None
        refusal = found.answer
        if not isinstance(refusal, OrderRejected) or refusal.reject_code != NEVER_ARRIVED:
            return None
        return self.restore(found.intent)

    def under_way(self) -> list[Attempt]:
        """All that are not settled, oldest first."""
        return list(self._under_way.values())

    def is_under_way(self, symbol: str) -> bool:
        """Whether any in *symbol* is not settled."""
        return any(attempt.intent.symbol == symbol for attempt in self._under_way.values())

    def in_doubt(self) -> int:
        """How many are being found out."""
        return sum(one.verdict is Verdict.UNKNOWN for one in self._under_way.values())

    def attempt(
        self, kind: IntentKind, body: OrderRequest, rule: ClientOrderIdRule, **more: Any
    ) -> Attempt:
        """An attempt at something new. What the broker is shown, ``sent_as``, is the client's own
        id where it takes that, else one of ours; *more* are members of the ``Intent``.
        """
        intent_id, at, own_id = self._new_id(), self._now(), more.get("client_order_id")
        if "sent_as" not in more:
            more["sent_as"] = own_id if own_id and rule.fits(own_id) else minted(intent_id, at)
        intent = Intent(id=intent_id, kind=kind, at=at, body=wire.encode(body), **more)
        group = body.oco_group_id if kind is IntentKind.SUBMIT else None
        return Attempt(intent, links(intent, group), self._seconds)

    def mint(self) -> str:
        """A client order id that was never used, and that others can be made from."""
        return minted(self._new_id(), self._now())

    def add(self, attempt: Attempt) -> None:
        """*attempt* is about to be written down."""
        intent = attempt.intent
        self._by_id[intent.id] = attempt
        self._under_way[intent.sent_as or intent.id] = attempt
        for name in {intent.client_order_id, intent.sent_as} - {None}:
            self._by_name[str(name)] = attempt
        if intent.idempotency_key is not None:
            self._by_key[intent.idempotency_key] = attempt

    def drop(self, attempt: Attempt, answer: GatewayError) -> None:
        """It could not be written down, or may be sent anew: it is as if it had never been."""
        self._forget(attempt)
        attempt.settle(Verdict.REJECTED, answer)

    def doubt(self, attempt: Attempt, error: GatewayError) -> None:
        """Nobody knows what became of it."""
        attempt.verdict = Verdict.UNKNOWN
        attempt.mark(IN_DOUBT)
        self._keep(attempt, error)

    def settle(
        self, attempt: Attempt, verdict: Verdict, answer: Answer, order_id: str | None = None
    ) -> None:
        """It is known what became of it. A refusal that may pass leaves its names free."""
        attempt.mark(SETTLED)
        attempt.settle(verdict, answer, order_id)
        self._keep(attempt, answer)
        self._under_way.pop(attempt.intent.sent_as or attempt.intent.id, None)
        if isinstance(answer, GatewayError) and is_passing_refusal(answer):
            self._forget(attempt)
            return
        self._settled[attempt.intent.id] = None
        if len(self._settled) > REMEMBERED:
            oldest, _ = self._settled.popitem(last=False)
            self._forget(self._by_id[oldest])

    def _keep(self, attempt: Attempt, answer: Answer) -> None:
        assert attempt.verdict is not None
        self._journal.keep(
            Outcome(
                intent_id=attempt.intent.id,
                at=self._now(),
                verdict=attempt.verdict,
                order_id=attempt.order_id,
                answer=answers.encode(answer),
                course=wire.encode(attempt.course),
            )
        )

    def restore(self, intent: Intent) -> Attempt:
        """*intent*, which was under way earlier and is in doubt now."""
        attempt = Attempt(intent, links_of(intent), self._seconds)
        attempt.verdict = Verdict.UNKNOWN
        attempt.handle_given = True  # or no answer at all, which is no better
        attempt.mark(IN_DOUBT)
        self.add(attempt)
        return attempt

    def _recalled(self, recorded: Recorded | None) -> Attempt | None:
        """A settled one from the journal; one in doubt is in memory."""
        if recorded is None or recorded.outcome is None:
            return None
        intent, outcome = recorded.intent, recorded.outcome
        if intent.kind is IntentKind.SUBMIT and intent.target is not None:  # just one more key
            return self.by_id(intent.target)
        if outcome.verdict is Verdict.UNKNOWN or not outcome.answer:
            return None
        answer = answers.decode(outcome.answer)
        if isinstance(answer, GatewayError) and is_passing_refusal(answer):
            return None
        attempt = Attempt(intent, links_of(intent), self._seconds)
        attempt.settle(outcome.verdict, answer, outcome.order_id)
        return attempt

    def _forget(self, attempt: Attempt) -> None:
        intent = attempt.intent
        self._settled.pop(intent.id, None)
        for names, name in (
            (self._by_id, intent.id),
            (self._under_way, intent.sent_as or intent.id),
            (self._by_name, intent.client_order_id),
            (self._by_name, intent.sent_as),
            (self._by_key, intent.idempotency_key),
        ):
            if name is not None and names.get(name) is attempt:
                del names[name]


def _same(name: str, value: str, found: Attempt | None, digest: str) -> Attempt | None:
    if found is not None and found.intent.digest != digest:
        raise IntentConflict(name, value)
    return found

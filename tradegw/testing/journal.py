"""A journal in memory: what is written is durable at once, unless a test makes it fail.

It behaves as the one on disk does; the same tests run on both.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from datetime import timedelta
from operator import attrgetter
from typing import Final, TypeAlias

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from ..errors import JournalUnavailable
from ..interfaces import IJournal
from ..model.journal import (
    Entry,
    EventSpan,
    Execution,
    Intent,
    IntentKind,
    NetPosition,
    OrderState,
    Outcome,
    PlanState,
    Recorded,
    Setting,
    Step,
    Told,
    Verdict,
)

_State: TypeAlias = Intent | OrderState | PlanState | NetPosition | Setting

_CHANGES: Final = frozenset({IntentKind.REPLACE, IntentKind.CANCEL})
_NEWEST_EVENTS: Final = 1000
_DAY: Final = timedelta(days=1)


@implementer(IJournal)
class MemoryJournal:
    """A journal that a test can break with :meth:`fail` and mend with :meth:`recover`."""

    def __init__(self, epoch: str = "memory", first_seq: int = 1) -> None:
        self.problem: str | None = None
        self.lost = 0
        self.most_held = 100_000
        self._is_losing = False
        self._epoch = epoch
        self._first_seq = first_seq
        self._next_seq = first_seq
        self._held: deque[tuple[tuple[Entry, ...], Deferred[None]]] = deque()
        self._observers: list[Callable[[str | None], None]] = []
        self._intents: dict[str, Intent] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._told: dict[int, Told] = {}
        self._orders: dict[str, OrderState] = {}
        self._executions: set[tuple[str, str]] = set()
        self._plans: dict[str, PlanState] = {}
        self._positions: dict[str, NetPosition] = {}
        self._settings: dict[str, Setting] = {}
        self._steps: list[Step] = []

    # -- what a test does --------------------------------------------------------------------------

    def fail(self, reason: str) -> None:
        """From now on nothing can be written: writes are refused, what is to be kept is held."""
        if reason != self.problem:
            self.problem = reason
            self._tell()

    def recover(self) -> None:
        """What was held becomes durable, in order, and writing works again."""
        self.problem, failed = None, self.problem is not None
        self._is_losing = False
        while self._held:  # what is kept meanwhile queues behind
            entries, kept = self._held[0]
            self._record(entries)
            kept.callback(None)
            self._held.popleft()
        if failed:
            self._tell()

    def reopened(self) -> MemoryJournal:
        """The journal as the next process finds it; what is held now is lost then."""
        again = MemoryJournal(self._epoch, self._first_seq)
        for name, value in vars(self).items():
            if isinstance(value, dict | set) or name == "_steps":
                setattr(again, name, copy(value))
        again._next_seq = self.span().newest + 1
        return again

    # -- writing -----------------------------------------------------------------------------------

    def write(self, *entries: Entry) -> Deferred[None]:
        if self.problem is not None:
            return fail(JournalUnavailable(f"The journal cannot be written: {self.problem}"))
        self._record(entries)
        return succeed(None)

    def keep(self, *entries: Entry) -> Deferred[None]:
        if self.problem is None and not self._held:
            self._record(entries)
            return succeed(None)
        kept: Deferred[None] = Deferred()
        if len(self._held) < self.most_held:
            self._held.append((entries, kept))
            return kept
        self.lost += 1
        if not self._is_losing:
            self._is_losing = True
            self._tell()
        return kept

    def next_seq(self) -> int:
        seq = self._next_seq
        self._next_seq += 1
        return seq

    def observe(self, changed: Callable[[str | None], None]) -> None:
        self._observers.append(changed)

    def stop(self) -> Deferred[None]:
        """As the one on disk is closed; nothing is left to do."""
        return succeed(None)

    # -- reading -----------------------------------------------------------------------------------

    def span(self) -> EventSpan:
        return EventSpan(
            epoch=self._epoch,
            oldest=min(self._told, default=self._first_seq),
            newest=max(self._told, default=self._first_seq - 1),
        )

    def events(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        found = [(seq, self._told[seq].body) for seq in sorted(self._told) if seq > after]
        return found[:limit]

    def intent(self, intent_id: str) -> Recorded | None:
        intent = self._intents.get(intent_id)
        return None if intent is None else self._recorded(intent)

    def intent_sent_as(self, client_order_id: str) -> Recorded | None:
        return self._newest_intent(
            lambda intent: client_order_id in (intent.client_order_id, intent.sent_as)
        )

    def intent_of_key(self, idempotency_key: str) -> Recorded | None:
        return self._newest_intent(lambda intent: intent.idempotency_key == idempotency_key)

    def intents_about(self, order_id: str) -> list[Recorded]:
        return [
            each
            for each in self._all_intents()
            if (each.intent.target == order_id and each.intent.kind in _CHANGES)
            or (each.outcome is not None and each.outcome.order_id == order_id)
        ]

    def unresolved(self) -> list[Recorded]:
        return [
            each
            for each in self._all_intents()
            if each.outcome is None or each.outcome.verdict is Verdict.UNKNOWN
        ]

    def untold(self) -> list[Recorded]:
        accepted = [
            each
            for each in self._all_intents()
            if each.intent.kind not in _CHANGES and each.outcome is not None
            if each.outcome.verdict is Verdict.ACCEPTED and each.outcome.order_id is not None
            if each.outcome.order_id not in self._orders
        ]
        newest = max((intent.at for intent in self._intents.values()), default=None)
        return [each for each in accepted if newest is None or each.intent.at > newest - _DAY]

    def orders(self, *, terminal: bool, newest: int) -> list[OrderState]:
        found = [each for each in self._orders.values() if each.terminal == terminal]
        found.sort(key=attrgetter("at"))
        return found[max(0, len(found) - newest) :]

    def order(self, order_id: str) -> OrderState | None:
        return self._orders.get(order_id)

    def plans(self) -> list[PlanState]:
        return [each for each in self._plans.values() if not each.over]

    def net_positions(self) -> list[NetPosition]:
        return [each for each in self._positions.values() if each.quantity]

    def knows_execution(self, symbol: str, execution_id: str) -> bool:
        return (symbol, execution_id) in self._executions

    def setting(self, name: str) -> Setting | None:
        return self._settings.get(name)

    def steps(self, subjects: Iterable[str]) -> list[Step]:
        wanted = set(subjects)
        return [each for each in self._steps if each.subject in wanted]

    def events_about(self, order_id: str) -> list[tuple[int, bytes]]:
        found = [told for told in self._told.values() if told.order_id == order_id]
        found.sort(key=attrgetter("seq"))
        return [(told.seq, told.body) for told in found[-_NEWEST_EVENTS:]]

    # ----------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        for changed in self._observers:
            changed(self.problem)

    def _record(self, entries: tuple[Entry, ...]) -> None:
        for entry in entries:
            self._record_one(entry)

    def _record_one(self, entry: Entry) -> None:
        if isinstance(entry, Outcome):
            if entry.intent_id in self._intents:
                self._outcomes[entry.intent_id] = entry
        elif isinstance(entry, Told):
            self._told.setdefault(entry.seq, entry)
        elif isinstance(entry, Execution):
            self._executions.add((entry.symbol, entry.id))
        elif isinstance(entry, Step):
            self._steps.append(entry)
        else:
            self._record_state(entry)

    def _record_state(self, entry: _State) -> None:
        match entry:
            case Intent():
                self._intents[entry.id] = entry
            case OrderState():
                self._orders[entry.order_id] = entry
            case PlanState():
                self._plans[entry.plan_id] = entry
            case NetPosition():
                self._positions[entry.symbol] = entry
            case Setting():
                self._settings[entry.name] = entry

    def _recorded(self, intent: Intent) -> Recorded:
        return Recorded(intent=intent, outcome=self._outcomes.get(intent.id))

    def _all_intents(self) -> Iterator[Recorded]:
        return map(self._recorded, self._intents.values())

    def _newest_intent(self, fits: Callable[[Intent], bool]) -> Recorded | None:
        for intent in reversed(self._intents.values()):
            if fits(intent):
                return self._recorded(intent)
        return None

"""What is recorded of an order, as one story: request, checks, journal, broker, events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from zope.interface import implementer

from ..deferreds import as_deferred
from ..errors import OrderNotFound
from ..interfaces import IJournal, ITimelines
from ..model.journal import Recorded
from ..model.trading import Timeline, TimelineStep

_course = msgspec.json.Decoder(list[tuple[str, int]])
_message = msgspec.json.Decoder(dict[str, Any])


@implementer(ITimelines)
class Timelines:
    """Reads them from the journal: what is not durable yet is not in them."""

    def __init__(self, journal: IJournal) -> None:
        self._journal = journal

    @as_deferred
    async def timeline(self, order_id: str) -> Timeline:
        handle = self._journal.intent(order_id)
        if handle is None and not self._is_order(order_id):
            handle = self._journal.intent_sent_as(order_id)
            order_id = order_id if handle is None else handle.intent.id
        if handle is not None and handle.outcome is not None and handle.outcome.order_id:
            order_id = handle.outcome.order_id
        about = self._journal.intents_about(order_id)
        if handle is not None and all(one.intent.id != handle.intent.id for one in about):
            about.insert(0, handle)
        events = self._journal.events_about(order_id)
        if not about and not events:
            raise OrderNotFound(order_id)
        made_by = next((one for one in about if one.intent.target != order_id), None)
        steps = [step for recorded in about for step in _of_intent(recorded)]
        steps += [_of_event(body) for _seq, body in events]
        steps += self._noted([order_id, *(one.intent.id for one in about)])
        steps.sort(key=lambda step: step.at)
        return Timeline(
            order_id=order_id,
            steps=tuple(steps),
            client_order_id=_name(made_by),
            correlation_id=None if made_by is None else made_by.intent.id,
        )

    def _is_order(self, order_id: str) -> bool:
        return bool(self._journal.intents_about(order_id) or self._journal.events_about(order_id))

    def _noted(self, subjects: list[str]) -> list[TimelineStep]:
        return [
            TimelineStep(at=step.at, step=step.name, detail=_message.decode(step.detail))
            for step in self._journal.steps(subjects)
        ]


def _name(recorded: Recorded | None) -> str | None:
    if recorded is None:
        return None
    return recorded.intent.client_order_id or recorded.intent.sent_as


def _of_intent(recorded: Recorded) -> list[TimelineStep]:
    """The request, and what happened to it when; the last step shows the answer."""
    intent, outcome = recorded.intent, recorded.outcome
    request = _message.decode(intent.body)
    asked: dict[str, Any] = {"kind": intent.kind.value, "request": request}
    if intent.sent_as is not None:
        asked["sent_as"] = intent.sent_as
    steps = [TimelineStep(at=intent.at, step="received", detail=asked)]
    if outcome is None:
        return steps
    before = 0
    for name, after in _course.decode(outcome.course) if outcome.course else ():
        at = intent.at + timedelta(microseconds=after)
        steps.append(TimelineStep(at=at, step=name, after_us=after - before))
        before = after
    steps.append(_verdict(recorded, steps[-1].at))
    return steps


def _verdict(recorded: Recorded, earliest: datetime) -> TimelineStep:
    outcome = recorded.outcome
    assert outcome is not None
    detail = _message.decode(outcome.answer) if outcome.answer else {}
    return TimelineStep(
        at=max(outcome.at, earliest), step=f"outcome_{outcome.verdict.value}", detail=detail
    )


def _of_event(body: bytes) -> TimelineStep:
    message = _message.decode(body)
    kind = str(message.get("event") or message.get("code") or message["type"])
    return TimelineStep(
        at=msgspec.convert(message["timestamp"], datetime), step=kind.lower(), detail=message
    )

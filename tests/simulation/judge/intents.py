"""At most one order for each intent, and answers that are true (G1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from ..steps import number_of
from ..venue import Entered, Venue
from .ledger import HasAnswers, closes, entries, ids_of, moment

SUBMIT_SECONDS = 10.0 + 1.0
"""How long an answer may take, and a little."""


def at_most_one_each(venue: Venue, intents: Iterable[HasAnswers]) -> Iterator[str]:
    """No intent has two orders, and no order is without an intent."""
    ordered = entries(venue)
    wanted = {intent.number for intent in intents if intent.kind == "enter"}
    for number, orders in ordered.items():
        if number not in wanted:
            yield f"order {orders[0].order_id} was wanted by nobody (tag {number})"
        elif len(orders) > 1:
            yield f"intent {number} has {len(orders)} orders: {ids_of(orders)}"
    names = Counter(e.request.client_order_id for e in venue.entered if e.via != "hand")
    for name, times in names.items():
        if times > 1:
            yield f"{times} orders were sent as {name}"


def closes_at_most_once(
    venue: Venue,
    intents: Iterable[HasAnswers],
    unwritten: Collection[tuple[datetime, datetime]] = (),
) -> Iterator[str]:
    """No position is closed more often than somebody wanted.

    Closes leave although they cannot be written down. Of those sent in the times that are
    *unwritten*, when a gateway then died, the next one does not know.
    """
    wanted = [intent for intent in intents if intent.kind == "close"]
    known = [one for one in closes(venue) if not any(a <= one.at <= b for a, b in unwritten)]
    parts = Counter(number_of(entered.part) for entered in known if entered.part)
    for number, times in parts.items():
        if times > 1:
            yield f"the part {number} was closed {times} times"
    if len(known) > len(wanted):
        yield f"{len(known)} closing orders for {len(wanted)} wishes"


def answers_are_true(venue: Venue, intents: Iterable[HasAnswers]) -> Iterator[str]:
    """Accepted has an order, refused has none, and a repeat hears the same."""
    ordered = entries(venue)
    for intent in intents:
        orders = ordered.get(intent.number, [])
        if intent.kind == "enter":
            yield from _entry_is_true(venue, intent, orders)
        elif intent.kind == "conflict":
            yield from _conflict_is_refused(intent, orders)


def _entry_is_true(venue: Venue, intent: HasAnswers, orders: list[Entered]) -> Iterator[str]:
    statuses = [said.status for said in intent.answers if said.status is not None]
    refusals = [said.status for said in intent.answers if _is_refusal(said)]
    if 201 in statuses and not orders:
        yield f"intent {intent.number} was accepted, but there is no order"
    if refusals and orders:
        yield f"intent {intent.number} was refused ({refusals[0]}), but {ids_of(orders)} is there"
    if statuses and orders and min(statuses) >= 429 and not _unanswered(intent, orders[0]):
        yield f"intent {intent.number} only heard {statuses}, but {ids_of(orders)} is there"
    if orders:
        yield from _denials(intent, orders[0])
    ids = {said.body["id"] for said in intent.answers if said.status == 201}
    known = {order_id for entered in orders for order_id in venue.ids_of(entered.order_id)}
    if orders and ids - known:
        yield f"intent {intent.number} was told {sorted(ids)}, the ledger has {ids_of(orders)}"
    if 409 in statuses:
        yield f"intent {intent.number} is said to conflict with itself"


def _is_refusal(said: Any) -> bool:
    """Whether there is no such order, and will be none."""
    return said.status is not None and 400 <= said.status < 429 and not _is_denial(said)


def _is_denial(said: Any) -> bool:
    """Whether nothing was sent, and the name is free: it may be asked for again."""
    if said.status is None or said.status < 422:
        return False
    details = said.body.get("details") or {} if isinstance(said.body, dict) else {}
    return said.status >= 429 or str(details.get("reject_code")).startswith("TRADING_")


def _unanswered(intent: HasAnswers, entered: Entered) -> bool:
    """Whether *entered* can come from a request that got no answer, which leaves its client in
    doubt for good if it gives up then.
    """
    return any(
        said.status is None and moment(said.asked_at) <= entered.at for said in intent.answers
    )


def _denials(intent: HasAnswers, entered: Entered) -> Iterator[str]:
    """Nobody is told that it could not be sent when the order is there."""
    for said in intent.answers:
        if _is_denial(said) and moment(said.at) > entered.at:
            yield f"intent {intent.number} heard {said.status}, but {entered.order_id} was there"


def _conflict_is_refused(intent: HasAnswers, orders: list[Entered]) -> Iterator[str]:
    statuses = [said.status for said in intent.answers if said.status is not None]
    if orders:
        yield f"a conflicting repeat {intent.number} became order {ids_of(orders)}"
    if any(status < 500 and status not in (409, 429) for status in statuses):
        yield f"a conflicting repeat {intent.number} is answered {statuses}"


def answers_come_in_time(intents: Iterable[Any], lives: list[Any]) -> Iterator[str]:
    """Whoever does not hang up, and whose gateway lives, has an answer within the bound."""
    for intent in intents:
        if intent.kind == "move":  # one leg after the other, each with its own round trips
            continue
        for said in intent.answers:
            if said.status is None and said.at - said.asked_at >= 40 and lives[said.life - 1].alive:
                yield f"{intent.kind} {intent.number} got no answer at all"
            elif (
                intent.kind == "enter"
                and said.status is not None
                and said.at - said.asked_at > SUBMIT_SECONDS
            ):
                yield f"enter {intent.number} waited {said.at - said.asked_at:.1f} seconds"

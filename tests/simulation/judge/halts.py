"""What leaves while trading is halted or restricted, and what is swept away (G6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from tradegw.model.enums import OrderType

from ..venue import Venue
from .ledger import entries, moment

SETTLING_SECONDS: Final = 60.0
"""So long after it was last asked for what got no answer may take effect yet."""


def nothing_leaves_that_must_not(
    venue: Venue, intents: Iterable[Any], sent: Mapping[str, float]
) -> Iterator[str]:
    """From the answer to the question for another state on, by when orders left the gateway."""
    wishes = list(intents)
    for state, begins, ends in _restricted(wishes):
        for orders in entries(venue).values():
            for entered in orders:
                left = sent.get(entered.request.client_order_id or "", -1.0)
                if begins < left < ends and not _may_leave(entered.request, state):
                    yield f"{entered.order_id} left at {left:.3f}, {state} since {begins:.3f}"
        for intent in wishes:
            said = intent.settled if intent.kind == "replace" else None
            if said is not None and said.status == 200 and begins < said.asked_at < said.at < ends:
                yield f"replace {intent.number} was accepted, {state} since {begins:.3f}"


def _may_leave(request: Any, state: str) -> bool:
    if request.stop_loss is not None or request.take_profit is not None:
        return False
    at_market = request.order_type is OrderType.MARKET and state == "REDUCE_ONLY"
    return request.reduce_only is True or at_market


def _restricted(intents: list[Any]) -> Iterator[tuple[str, float, float]]:
    """The times in which a state held for certain that is not ``ACTIVE``."""
    switches = [intent for intent in intents if intent.kind == "switch" and intent.answers]
    for intent in switches:
        said, state = intent.settled, intent.body["state"]
        others = [_span(other) for other in switches if other is not intent]
        if said is None or said.status != 200 or state == "ACTIVE":
            continue
        if any(begins <= said.at <= ends for begins, ends in others):
            continue
        yield state, said.at, min((begins for begins, _ in others if begins > said.at), default=1e9)


def _span(intent: Any) -> tuple[float, float]:
    """When what is asked for may have taken effect."""
    first, last = intent.answers[0], intent.answers[-1]
    lost = any(said.status is None for said in intent.answers)
    return first.asked_at, last.at + (SETTLING_SECONDS if lost else 0)


def states_that_may_hold(intents: Iterable[Any]) -> set[str]:
    """At the end: what was accepted last, or asked for since and never answered."""
    states = {"ACTIVE"}
    for intent in intents:
        if intent.kind != "switch":
            continue
        said = intent.settled
        if said is not None and said.status == 200 and len(intent.answers) == intent.tries:
            states.clear()
        states.add(intent.body["state"])
    return states


def sweeps_are_true(
    venue: Venue, intents: Iterable[Any], sent: Mapping[str, float]
) -> Iterator[str]:
    """What worked or was on its way when all were cancelled has ended, or is named as a failure."""
    orders = {order.id: order for order in venue.standing()}
    for intent in intents:
        said = intent.settled if intent.kind == "sweep" else None
        if said is None or said.status != 200:
            continue
        failed = set(said.body.get("failed_order_ids") or ())
        symbol = intent.path.partition("=")[2]
        for entered in venue.entered:
            ids = venue.ids_of(entered.order_id)
            order = orders[ids[-1]]
            left = sent.get(entered.request.client_order_id or "", 1e9)
            was_there = entered.at <= moment(said.asked_at)
            if order.symbol != symbol or order.status.is_terminal or not failed.isdisjoint(ids):
                continue
            if was_there or (left < said.asked_at and not failed):
                yield f"{order.id} works, and all of {symbol} were cancelled at {said.at:.3f}"

"""OCO groups: what one member executes the others lose.

A group begins with its first member and ends when one has filled whole, or none works any more:
whoever left the gateway after that may be of another group of the same name, and is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct

from tradegw.model.account import Trade
from tradegw.model.enums import OrderStatus
from tradegw.model.order import Order

from ..venue import Entered, Venue
from .ledger import HasAnswers, entries, moment


class Member(Struct, frozen=True):
    """An order of a group, as it is now; *left_at* is when it left the gateway."""

    entered: Entered
    order: Order
    trades: list[Trade]
    left_at: datetime

    def is_over_at(self, moment: datetime) -> bool:
        """Whether it had ended by then."""
        return self.order.status.is_terminal and self.order.updated_at < moment

    @property
    def filled_at(self) -> datetime | None:
        """When it had filled whole."""
        is_whole = self.order.status is OrderStatus.FILLED
        return max(trade.timestamp for trade in self.trades) if is_whole else None


def groups_execute_once(
    venue: Venue,
    intents: Iterable[HasAnswers],
    sent: Mapping[str, float],
    messages: Iterable[dict[str, Any]],
) -> Iterator[str]:
    """Together they execute what the largest wanted, or it is told that they executed more."""
    told = {
        message["details"]["oco_group_id"]
        for message in messages
        if message["type"] == "error" and message["code"] == "OCO_DOUBLE_EXIT"
    }
    for name, everybody in _groups(venue, intents, sent).items():
        if name in told and sum(member.order.filled_quantity > 0 for member in everybody) < 2:
            yield f"{name} is said to have executed twice, and did not"
        members = _of_the_first(everybody)
        executed = [member for member in members if member.order.filled_quantity]
        total = sum((member.order.filled_quantity for member in executed), Decimal(0))
        largest = max(member.entered.request.quantity for member in members)
        if (total > largest or _executed_after_the_first(executed)) and name not in told:
            yield f"{name} executed {total} of {largest}, and nobody was told"


def groups_are_withdrawn(
    venue: Venue, intents: Iterable[HasAnswers], sent: Mapping[str, float]
) -> Iterator[str]:
    """Nothing rests beside a member that filled whole."""
    for name, everybody in _groups(venue, intents, sent).items():
        members = _of_the_first(everybody)
        resting = [member for member in members if not member.order.status.is_terminal]
        whole = next((member.order.id for member in members if member.filled_at), None)
        for member in resting:
            if whole is not None:
                yield f"{member.order.id} rests, and {whole} of {name} has filled whole"


def _executed_after_the_first(executed: list[Member]) -> bool:
    """Whether anybody executed when another had filled whole already."""
    firsts = [(at, member.order.id) for member in executed if (at := member.filled_at)]
    if not firsts:
        return False
    at, order_id = min(firsts)
    return any(
        trade.timestamp > at
        for member in executed
        if member.order.id != order_id
        for trade in member.trades
    )


def _groups(
    venue: Venue, intents: Iterable[HasAnswers], sent: Mapping[str, float]
) -> dict[str, list[Member]]:
    """The orders that were sent under each name."""
    found: defaultdict[str, list[Member]] = defaultdict(list)
    ordered = entries(venue)
    standing = {order.id: order for order in venue.standing()}
    trades: defaultdict[str, list[Trade]] = defaultdict(list)
    for trade in venue.trades():
        trades[trade.order_id].append(trade)
    for intent in intents:
        entered = ordered.get(intent.number, [None])[0]
        if intent.kind != "enter" or entered is None or entered.request.oco_group_id is None:
            continue
        ids = venue.ids_of(entered.order_id)
        found[entered.request.oco_group_id].append(
            Member(
                entered,
                standing[ids[-1]],
                [trade for order_id in ids for trade in trades[order_id]],
                moment(sent[entered.request.client_order_id or ""]),
            )
        )
    return dict(found)


def _of_the_first(members: list[Member]) -> list[Member]:
    """Without those that were asked for when another had filled whole, or none worked any more."""
    filled = min((at for member in members if (at := member.filled_at)), default=None)
    first: list[Member] = []
    for member in sorted(members, key=lambda member: member.left_at):
        is_late = filled is not None and member.left_at >= filled
        if is_late or (first and all(one.is_over_at(member.left_at) for one in first)):
            break
        first.append(member)
    return first

"""Exits cover what is held, at the prices that were asked for (G2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from tradegw.exits.naming import LegName
from tradegw.model.enums import OrderType, Side
from tradegw.model.protection import LegKind

from ..steps import ATTACHED, GUARDED, number_of
from ..venue import Entered, Venue
from ..world import BEGINNING

KEEPING_SECONDS: Final = 1.0
"""So long after its answer a moved price is written down, at the latest."""

SETTLING_SECONDS: Final = 60.0
"""So long after it was last asked for what was not accepted may take effect yet."""


def exits_cover(venue: Venue, kinds: Iterable[str]) -> Iterator[str]:
    """In the guarded symbol, what rests of each kind closes exactly what is open."""
    position = venue.exchange.position(GUARDED)
    held = Decimal(0) if position is None else position.quantity
    resting = [o for o in venue.open_orders() if o.symbol == GUARDED and o.side is Side.SELL]
    if venue.kind.one_exit and len(tuple(kinds)) > 1:
        live = sum((order.remaining_quantity for order in resting), Decimal(0))
        if live != held:
            yield f"{held} {GUARDED} are held, {live} rest as one exit or the other"
        return
    for kind in ("stop_loss", "take_profit"):
        order_type = OrderType.STOP if kind == "stop_loss" else OrderType.LIMIT
        live = sum(
            (o.remaining_quantity for o in resting if o.order_type is order_type), Decimal(0)
        )
        if live != (held if kind in kinds else 0):
            yield f"{held} {GUARDED} are held, {live} rest as {kind}"


def attached_exits_cover(
    venue: Venue, intents: Iterable[Any], known: Mapping[str, tuple[Decimal, float]]
) -> Iterator[str]:
    """What rests for a position that was opened without exits is never more than is open of it; it
    is no less, if exits were attached when all that was bought was *known*: by order, how much of
    it, and since when.
    """
    wishes = [intent for intent in intents if intent.kind == "attach"]
    position = venue.exchange.position(ATTACHED)
    held = Decimal(0) if position is None else position.quantity
    if position is not None and position.side.closing is not Side.SELL:
        yield f"{ATTACHED} is short: exits closed more than there was"
        return
    resting = [o for o in venue.open_orders() if o.symbol == ATTACHED and o.side is Side.SELL]
    kinds = {kind for intent in wishes for kind in intent.body}
    shared = venue.kind.one_exit and len(kinds) > 1
    for order_type in (OrderType.STOP, OrderType.LIMIT):
        kind = "stop_loss" if order_type is OrderType.STOP else "take_profit"
        orders = [order for order in resting if shared or order.order_type is order_type]
        live = sum((order.remaining_quantity for order in orders), Decimal(0))
        if live > held:
            yield f"{held} {ATTACHED} are held, {live} rest as {kind}"
        elif (
            live < held and kind in kinds and all(_is_attached(venue, one, known) for one in wishes)
        ):
            yield f"{held} {ATTACHED} are held, {live} rest as {kind}, which was attached"


def _is_attached(venue: Venue, intent: Any, known: Mapping[str, tuple[Decimal, float]]) -> bool:
    """Whether the whole of the position was there, and known, when exits were attached."""
    said = intent.settled
    if said is None or said.status != 200 or "outcome" in said.body:
        return False
    bought = [o for o in venue.standing() if o.symbol == ATTACHED and o.side is Side.BUY]
    return all(
        known.get(order.id, (None, 0.0))[0] == order.filled_quantity
        and known[order.id][1] < said.asked_at
        for order in bought
        if order.filled_quantity > 0
    )


def nothing_flipped(venue: Venue) -> Iterator[str]:
    position = venue.exchange.position(GUARDED)
    if position is not None and position.side.closing is not Side.SELL:
        yield f"{GUARDED} is short: exits closed more than there was"


class Asked(Struct, frozen=True):
    """A change of exits: the price of one kind; *certain* if it was accepted."""

    price: Decimal
    begins: float
    ends: float
    certain: bool


def exits_are_where_they_were_put(
    venue: Venue, intents: Iterable[Any], losses: Iterable[float] = ()
) -> Iterator[str]:
    """Every leg of the gateway rests at the last price that was accepted for it, or at one that was
    asked for later or meanwhile, of which nobody can know.

    The price of legs to come is written down, but not waited for: what was answered just before one
    of *losses*, when the gateway died, may be lost.
    """
    wishes, lost = list(intents), list(losses)
    ordered = {entered.request.client_order_id: entered for entered in venue.entered}
    for order in venue.open_orders():
        name = LegName.read(order.client_order_id or "")
        entered = ordered.get(name.seed) if name is not None else None
        if name is None or entered is None:
            continue
        word = "stop_loss" if name.kind is LegKind.STOP_LOSS else "take_profit"
        since = _protected_since(venue, name.seed)
        may_be = _prices(getattr(entered.request, word), _asked(wishes, entered, word, since, lost))
        price = order.stop_price if name.kind is LegKind.STOP_LOSS else order.limit_price
        if price not in may_be:
            yield f"{order.client_order_id} rests at {price}, it was put to {sorted(may_be)}"


def _protected_since(venue: Venue, seed: str) -> float:
    """When the first leg of *seed* was there: from then on it is one of those that move."""
    legs = (
        entered.at
        for entered in venue.entered
        if (name := LegName.read(entered.request.client_order_id or "")) and name.seed == seed
    )
    return (min(legs) - BEGINNING).total_seconds()


def _asked(
    intents: list[Any], entered: Entered, word: str, since: float, losses: list[float]
) -> list[Asked]:
    number = number_of(entered.request.quantity)
    found = []
    for intent in intents:
        is_meant = intent.kind == "move" or (intent.kind == "reprice" and intent.number == number)
        if not (is_meant and word in (intent.body or {}) and intent.answers):
            continue
        said = intent.settled
        begins = intent.answers[0].asked_at
        certain = (
            said is not None
            and said.status == 200
            and "outcome" not in said.body
            and len(intent.answers) == intent.tries
            and said.asked_at > since
            and not any(said.at <= loss < said.at + KEEPING_SECONDS for loss in losses)
        )
        lost = any(each.status != 200 for each in intent.answers)
        ends = intent.answers[-1].at + (SETTLING_SECONDS if lost else 0)
        found.append(Asked(Decimal(intent.body[word]), begins, ends, certain))
    return sorted(found, key=lambda asked: asked.begins)


def _prices(first: Decimal | None, asked: list[Asked]) -> set[Decimal]:
    may_be = set() if first is None else {first}
    for each in asked:
        if each.certain:
            meanwhile = (one for one in asked if one.begins < each.ends and each.begins < one.ends)
            may_be = {one.price for one in meanwhile}
        may_be.add(each.price)
    return may_be

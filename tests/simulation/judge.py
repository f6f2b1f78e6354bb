"""What must hold, by the ledger. Each complaint is one sentence; none is the aim.

Intents are recognised in the ledger by the quantity they asked for, so that the judge needs nothing
of what the gateway says about itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Protocol

from tradegw.model.enums import OrderStatus, OrderType, Side
from tradegw.model.order import Order

from .schedule import GUARDED, number_of
from .venue import Entered, Venue
from .world import BEGINNING

SUBMIT_SECONDS = 10.0 + 1.0
"""How long an answer may take, and a little."""

GONE = ("REJECTED", "CANCELLED", "EXPIRED")


class HasAnswers(Protocol):
    """An intent and what was said to it."""

    kind: str
    number: int
    answers: list[Any]


def entries(venue: Venue) -> dict[int, list[Entered]]:
    """The orders that clients wanted, by intent; exit legs are none of them."""
    found: defaultdict[int, list[Entered]] = defaultdict(list)
    for entered in venue.entered:
        is_leg = entered.request.symbol == GUARDED and entered.request.side is Side.SELL
        if entered.via == "submit" and not is_leg:
            found[number_of(entered.request.quantity)].append(entered)
    return found


def closes(venue: Venue) -> list[Entered]:
    return [entered for entered in venue.entered if entered.via == "close"]


# -- G1: at most one, and the truth


def at_most_one_each(venue: Venue, intents: Iterable[HasAnswers]) -> Iterator[str]:
    """No intent has two orders, and no order is without an intent."""
    ordered = entries(venue)
    wanted = {intent.number for intent in intents if intent.kind == "enter"}
    for number, orders in ordered.items():
        if number not in wanted:
            yield f"order {orders[0].order_id} was wanted by nobody (tag {number})"
        elif len(orders) > 1:
            yield f"intent {number} has {len(orders)} orders: {_ids(orders)}"
    names = Counter(e.request.client_order_id for e in venue.entered if e.via != "hand")
    for name, times in names.items():
        if times > 1:
            yield f"{times} orders were sent as {name}"


def closes_at_most_once(venue: Venue, intents: Iterable[HasAnswers]) -> Iterator[str]:
    """No position is closed more often than somebody wanted."""
    wanted = [intent for intent in intents if intent.kind == "close"]
    parts = Counter(number_of(entered.part) for entered in closes(venue) if entered.part)
    for number, times in parts.items():
        if times > 1:
            yield f"the part {number} was closed {times} times"
    if len(closes(venue)) > len(wanted):
        yield f"{len(closes(venue))} closing orders for {len(wanted)} wishes"


def answers_are_true(venue: Venue, intents: Iterable[HasAnswers]) -> Iterator[str]:
    """Accepted has an order, refused has none, and a repeat hears the same."""
    ordered = entries(venue)
    for intent in intents:
        orders = ordered.get(intent.number, [])
        if intent.kind == "enter":
            yield from _entry_is_true(intent, orders)
        elif intent.kind == "conflict":
            yield from _conflict_is_refused(intent, orders)


def _entry_is_true(intent: HasAnswers, orders: list[Entered]) -> Iterator[str]:
    statuses = [said.status for said in intent.answers if said.status is not None]
    refusals = [status for status in statuses if 400 <= status < 500 and status != 429]
    if 201 in statuses and not orders:
        yield f"intent {intent.number} was accepted, but there is no order"
    if refusals and orders:
        yield f"intent {intent.number} was refused ({refusals[0]}), but {_ids(orders)} is there"
    if statuses and orders and min(statuses) >= 429 and not _unanswered(intent, orders[0]):
        yield f"intent {intent.number} only heard {statuses}, but {_ids(orders)} is there"
    if orders:
        yield from _denials(intent, orders[0])
    ids = {said.body["id"] for said in intent.answers if said.status == 201}
    if orders and ids - {entered.order_id for entered in orders}:
        yield f"intent {intent.number} was told {sorted(ids)}, the ledger has {_ids(orders)}"
    if 409 in statuses:
        yield f"intent {intent.number} is said to conflict with itself"


def _unanswered(intent: HasAnswers, entered: Entered) -> bool:
    """Whether *entered* can come from a request that got no answer, which leaves its client in
    doubt for good if it gives up then.
    """
    return any(
        said.status is None and _moment(said.asked_at) <= entered.at for said in intent.answers
    )


def _denials(intent: HasAnswers, entered: Entered) -> Iterator[str]:
    """Nobody is told that it could not be sent when the order is there."""
    for said in intent.answers:
        if said.status is not None and said.status >= 429 and _moment(said.at) > entered.at:
            yield f"intent {intent.number} heard {said.status}, but {entered.order_id} was there"


def _moment(seconds: float) -> datetime:
    return BEGINNING + timedelta(seconds=seconds)


def _conflict_is_refused(intent: HasAnswers, orders: list[Entered]) -> Iterator[str]:
    statuses = [said.status for said in intent.answers if said.status is not None]
    if orders:
        yield f"a conflicting repeat {intent.number} became order {_ids(orders)}"
    if any(status < 500 and status not in (409, 429) for status in statuses):
        yield f"a conflicting repeat {intent.number} is answered {statuses}"


def closes_are_true(venue: Venue, intents: Iterable[Any]) -> Iterator[str]:
    """A close that was accepted has its closing order."""
    ledger = {entered.order_id for entered in closes(venue)}
    for intent in intents:
        if intent.kind != "close":
            continue
        ids = {said.body["id"] for said in intent.answers if said.status in (200, 201)}
        if ids - ledger:
            yield f"close {intent.number} was told {sorted(ids)}, which closed nothing"
        if len(ids) > 1:
            yield f"close {intent.number} was told of several orders: {sorted(ids)}"


def answers_come_in_time(intents: Iterable[Any], lives: list[Any]) -> Iterator[str]:
    """Whoever does not hang up, and whose gateway lives, has an answer within the bound."""
    for intent in intents:
        for said in intent.answers:
            if said.status is None and said.at - said.asked_at >= 40 and lives[said.life - 1].alive:
                yield f"{intent.kind} {intent.number} got no answer at all"
            elif (
                intent.kind == "enter"
                and said.status is not None
                and said.at - said.asked_at > SUBMIT_SECONDS
            ):
                yield f"enter {intent.number} waited {said.at - said.asked_at:.1f} seconds"


def cancels_are_true(venue: Venue, intents: Iterable[Any]) -> Iterator[str]:
    """What is said to be cancelled is."""
    orders = venue.all_orders()
    for intent in intents:
        said = intent.settled if intent.kind == "cancel" else None
        if said is None or said.status != 200 or said.body.get("outcome"):
            continue
        told = said.body["order"]
        order = orders.get(told["id"])
        if order is None:
            yield f"a cancel was answered with order {told['id']}, which does not exist"
        elif told["status"] == "CANCELLED" and order.status is not OrderStatus.CANCELLED:
            yield f"order {order.id} is said to be cancelled and is {order.status}"


def replaces_are_true(venue: Venue, intents: Iterable[Any]) -> Iterator[str]:
    """What is said to be changed is; orders that were changed twice are left out."""
    orders = venue.all_orders()
    replaces = [intent for intent in intents if intent.kind == "replace"]
    times = Counter(intent.number for intent in replaces)
    for intent in replaces:
        said = intent.settled
        if said is None or said.status != 200 or said.body.get("outcome"):
            continue
        order = orders.get(said.body["order"]["id"])
        for name, price in intent.body.items():
            there = None if order is None else getattr(order, name)
            if times[intent.number] == 1 and there != Decimal(price):
                yield f"replace {intent.number} was accepted, {name} is {there}, not {price}"


# -- G3: the stream


def the_stream_is_whole(listener: Any, *, disk_failed: bool = False) -> Iterator[str]:
    """Joined over all connections, the numbers grow by one."""
    numbers = [message["seq"] for message in listener.told]
    for before, after in pairwise(numbers):
        if after <= before or (after != before + 1 and not disk_failed):
            yield f"the stream jumps from {before} to {after}"
    epochs = {message.get("epoch") for message in listener.told}
    if len(epochs) > 1:
        yield f"the stream has {len(epochs)} epochs"
    for refusal in listener.refusals:
        yield f"the stream was refused: {refusal}"
    if disk_failed:  # what could not be written down was told without a number
        return
    for message in listener.others:
        if message["type"] in ("order", "trade", "position", "account", "financing", "error"):
            yield f"a {message['type']} message has no number"


def the_stream_is_the_journal(
    listener: Any, journal: Any, *, disk_failed: bool = False
) -> Iterator[str]:
    """What was heard is, byte for byte, what is written down; and all that is was heard."""
    numbers = [message["seq"] for message in listener.told]
    if journal is None or not numbers:
        return
    written: dict[int, bytes] = {}
    while page := journal.events(max(written, default=numbers[0] - 1), 500):
        written.update(page)
    for number, text in zip(numbers, listener.texts, strict=True):
        if text != bytes(written.get(number, b"")):
            yield f"message {number} differs from the journal's"
    if max(written, default=0) != numbers[-1] and not disk_failed:
        yield f"the journal ends at {max(written, default=0)}, the stream at {numbers[-1]}"


# -- G4: what was told is what is so


def told_states_are_true(venue: Venue, listener: Any) -> Iterator[str]:
    """The last that was told of each order is how it stands."""
    last: dict[str, dict[str, Any]] = {}
    for message in listener.told:
        if message["type"] == "order":
            last[message["order"]["id"]] = message["order"]
    for order in venue.all_orders().values():
        told = last.get(order.id)
        if told is None:
            yield f"order {order.id} ({order.client_order_id}, {order.status}) was never told"
        elif not _agree(told, order):
            yield (
                f"order {order.id} was last told {told['status']} with {told['filled_quantity']}"
                f" filled; it is {order.status} with {order.filled_quantity}"
            )


def told_executions_are_true(venue: Venue, listener: Any) -> Iterator[str]:
    """Every execution was told exactly once."""
    told = Counter(m["trade"]["id"] for m in listener.told if m["type"] == "trade")
    ledger = {trade.id for trade in venue.trades()}
    for trade_id, times in told.items():
        if trade_id not in ledger:
            yield f"execution {trade_id} was told and never was"
        elif times > 1:
            yield f"execution {trade_id} was told {times} times"
    missing = sorted(ledger - told.keys())
    if missing:
        yield f"executions {missing} were never told"


def fills_never_shrink(listener: Any) -> Iterator[str]:
    """No order is told to have filled less than before, or to work again after its end."""
    filled: dict[str, Decimal] = {}
    over: dict[str, str] = {}
    for message in listener.told:
        if message["type"] != "order":
            continue
        order = message["order"]
        quantity = Decimal(order["filled_quantity"])
        if quantity < filled.get(order["id"], quantity):
            yield f"order {order['id']} is told to have filled less than before"
        filled[order["id"]] = quantity
        if order["id"] in over and order["status"] not in (*GONE, "FILLED"):
            yield f"order {order['id']} is told to work after it was {over[order['id']]}"
        if order["status"] in (*GONE, "FILLED"):
            over[order["id"]] = order["status"]


def _agree(told: dict[str, Any], order: Order) -> bool:
    if told["status"] != order.status.value:
        return False
    if Decimal(told["filled_quantity"]) != order.filled_quantity:
        return False
    prices = () if order.status.is_terminal else ("limit_price", "stop_price")
    return all(
        None if told.get(name) is None else Decimal(told[name]) == getattr(order, name)
        for name in prices
        if getattr(order, name) is not None
    )


# -- G2: exits


def exits_cover(venue: Venue, kinds: Iterable[str]) -> Iterator[str]:
    """In the guarded symbol, what rests of each kind closes exactly what is open."""
    position = venue.exchange.position(GUARDED)
    held = Decimal(0) if position is None else position.quantity
    resting = [o for o in venue.open_orders() if o.symbol == GUARDED and o.side is Side.SELL]
    for kind in ("stop_loss", "take_profit"):
        order_type = OrderType.STOP if kind == "stop_loss" else OrderType.LIMIT
        live = sum(
            (o.remaining_quantity for o in resting if o.order_type is order_type), Decimal(0)
        )
        if live != (held if kind in kinds else 0):
            yield f"{held} {GUARDED} are held, {live} rest as {kind}"


def nothing_flipped(venue: Venue) -> Iterator[str]:
    position = venue.exchange.position(GUARDED)
    if position is not None and position.side.closing is not Side.SELL:
        yield f"{GUARDED} is short: exits closed more than there was"


def _ids(orders: list[Entered]) -> str:
    return ", ".join(entered.order_id for entered in orders)

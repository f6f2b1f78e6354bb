"""Closes, cancels and changes: what was answered is what the ledger shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from tradegw.model.enums import OrderStatus

from ..venue import Venue
from .ledger import closes


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

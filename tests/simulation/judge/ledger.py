"""Whose an order in the ledger is."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any, Protocol

from tradegw.model.enums import Side

from ..steps import ATTACHED, GUARDED, number_of
from ..venue import Entered, Venue
from ..world import BEGINNING

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
        is_leg = entered.request.symbol in (GUARDED, ATTACHED) and entered.request.side is Side.SELL
        if entered.via == "submit" and not is_leg:
            found[number_of(entered.request.quantity)].append(entered)
    return found


def closes(venue: Venue) -> list[Entered]:
    return [entered for entered in venue.entered if entered.via == "close"]


def moment(seconds: float) -> datetime:
    """The time of day, *seconds* after the beginning."""
    return BEGINNING + timedelta(seconds=seconds)


def ids_of(orders: list[Entered]) -> str:
    return ", ".join(entered.order_id for entered in orders)

"""Small venues, orders, wishes and streams, for the tests of the judges."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from tradegw.model.enums import OrderType, Side
from tradegw.model.order import OrderRequest

from .client import Intent, Said
from .schedule import Broker
from .steps import ATTACHED, FREE, GUARDED, PAIRED, tagged
from .venue import Venue
from .world import BEGINNING, World


class Immortal:
    """Somebody who uses a broker and never dies."""

    alive = True

    def cross(self, label: str) -> bool:
        return True


def venue(**kind: bool) -> Venue:
    all_kinds = {"refuses_repeats": True, "finds_client_ids": True, "replaces": True}
    made = Venue(Broker(**{**all_kinds, "partial": False, **kind}), lambda: BEGINNING)
    world = SimpleNamespace(venue=made)
    for symbol in (FREE, GUARDED, PAIRED, ATTACHED):
        World.show(_priced(world), symbol)
    return made


def _priced(world: Any) -> Any:
    world._prices = dict.fromkeys((FREE, GUARDED, PAIRED, ATTACHED), Decimal(100))
    world.now = lambda: BEGINNING
    return world


def order(number: int, symbol: str = FREE, **members: Any) -> OrderRequest:
    return OrderRequest(
        symbol=symbol,
        side=members.pop("side", Side.BUY),
        quantity=tagged(1, number),
        order_type=OrderType.MARKET,
        **members,
    )


def wish(number: int, *statuses: int | None, kind: str = "enter", body: Any = None) -> Intent:
    answers = [Said(1.0, 2.0, 1, status, body or {"id": "x1"}) for status in statuses]
    return Intent(kind, number, "POST", "/v1/orders", {}, answers=answers)


def stream(*numbers: int) -> Any:
    told = [{"seq": number, "epoch": "e", "type": "alert"} for number in numbers]
    texts = [b"{}"] * len(told)
    return SimpleNamespace(told=told, texts=texts, refusals=[], others=[])

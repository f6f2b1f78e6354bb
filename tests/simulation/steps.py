"""What clients and people do, one by one."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any, Final

from msgspec import Struct

FREE: Final = "AAPL"
"""Traded by everybody, in both directions and without exits."""

GUARDED: Final = "MSFT"
"""Only bought, always with exits of the same kinds; what people do by hand only closes."""

PAIRED: Final = "NVDA"
"""Only sold, by orders of OCO groups."""

ATTACHED: Final = "GOOG"
"""Only bought, without exits; the position gets some later."""

MOST_ENTRIES: Final = 8
"""Their numbers begin at 1."""

WARM_UP_SECONDS: Final = 20.0
"""Before that nothing happens: what is over when a journal begins is none of its business."""

ACTIVE_SECONDS: Final = 170.0
"""Until then clients, people, faults and prices are at work."""


class Step(Struct, frozen=True):
    """At *at* seconds somebody does *what*."""

    at: float
    what: str
    detail: dict[str, Any] = {}


def steps_of(chance: Random, exits: tuple[str, ...]) -> list[Step]:
    """Orders and what follows them, people, and connections that break."""
    steps = []
    for number in range(1, chance.randint(3, MOST_ENTRIES) + 1):
        at = round(chance.uniform(WARM_UP_SECONDS, ACTIVE_SECONDS * 0.7), 3)
        steps.append(_enter(chance, number, at, exits))
        for _ in range(chance.randint(0, 2)):
            later = round(at + chance.expovariate(1 / 15), 3)
            steps.append(_follow_up(chance, number, later))
    steps += [_by_hand(chance, number) for number in range(1, chance.randint(0, 3) + 1)]
    if chance.random() < 0.4:
        pauses = [chance.choice((0.5, 8.0, 40.0)) for _ in range(chance.randint(1, 3))]
        steps += [at_any_time(chance, "link_down", seconds=seconds) for seconds in pauses]
    steps += [at_any_time(chance, "drop_stream") for _ in range(chance.randint(0, 3))]
    return steps


def at_any_time(chance: Random, what: str, **detail: Any) -> Step:
    return Step(round(chance.uniform(WARM_UP_SECONDS, ACTIVE_SECONDS), 3), what, detail)


def tagged(whole: int, number: int) -> Decimal:
    """A quantity by which the ledger knows the intent *number* (below 1000)."""
    return Decimal(whole) + Decimal(number) / 1000


def number_of(quantity: Decimal) -> int:
    """The intent that asked for *quantity*."""
    return int(quantity % 1 * 1000)


def _enter(chance: Random, number: int, at: float, exits: tuple[str, ...]) -> Step:
    guarded = chance.random() < 0.45
    side = "buy" if guarded else chance.choice(("buy", "sell"))
    order_type = chance.choice(("market", "market", "limit", "stop"))
    body: dict[str, Any] = {
        "symbol": GUARDED if guarded else FREE,
        "side": side,
        "quantity": str(tagged(chance.randint(1, 20), number)),
        "order_type": order_type,
    }
    sign = 1 if side == "buy" else -1
    away = Decimal(chance.choice(("-1.5", "-0.5", "0.5", "1.5")))
    if order_type == "limit":
        body["limit_price"] = str(100 + sign * away)
    elif order_type == "stop":
        body["stop_price"] = str(100 + sign * abs(away))
    if guarded:
        prices = {"stop_loss": "96", "take_profit": "104"}
        body.update({kind: prices[kind] for kind in exits})
    elif chance.random() < 0.1:
        body["quantity"] = str(tagged(100_000_000, number))  # cannot be paid for
    naming = chance.choice(("client_order_id",) * 5 + ("key", "both", "none"))
    if naming in ("client_order_id", "both"):
        body["client_order_id"] = f"c{number}"
    key = f"key-{number}" if naming in ("key", "both") else None
    at_once = 2 if naming != "none" and chance.random() < 0.2 else 1
    return Step(at, "enter", {"number": number, "body": body, "key": key, "at_once": at_once})


def _follow_up(chance: Random, number: int, at: float) -> Step:
    what = chance.choice(("cancel", "cancel", "replace", "repeat", "conflict", "close", "look"))
    detail: dict[str, Any] = {"number": number}
    if what == "replace":
        detail["away"] = chance.choice(("-2", "-1", "1"))
    elif what == "close":
        detail["symbol"] = chance.choice((FREE, GUARDED))
        detail["part"] = chance.random() < 0.5
    return Step(at, what, detail)


def _by_hand(chance: Random, number: int) -> Step:
    what = chance.choice(("hand_order", "hand_order", "hand_close", "hand_cancel"))
    detail: dict[str, Any] = {"number": 900 + number}
    if what == "hand_order":
        detail["side"] = chance.choice(("buy", "sell"))
        detail["limit"] = chance.choice((None, "-1", "1"))
        detail["named"] = chance.random() < 0.5
    return at_any_time(chance, what, **detail)


def disk_failures(chance: Random) -> list[Step]:
    """No commit works for a while."""
    number = chance.choice((0, 1, 1, 2))
    return [
        at_any_time(chance, "break_disk", seconds=chance.choice((0.2, 5.0, 30.0)))
        for _ in range(number)
    ]

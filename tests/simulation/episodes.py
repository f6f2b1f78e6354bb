"""What goes on beside single orders: closes, pairs, moved exits, halts and great sweeps.

Each has chance of its own, so that the others stay as they are when one of them changes.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any, Final

from .steps import (
    ACTIVE_SECONDS,
    ATTACHED,
    FREE,
    GUARDED,
    MOST_ENTRIES,
    PAIRED,
    WARM_UP_SECONDS,
    Step,
    at_any_time,
    tagged,
)

FIRST_PAIRED: Final = 100
FIRST_ATTACHED: Final = 200
FIRST_MOVE: Final = 700
FIRST_SWITCH: Final = 800
FIRST_SWEEP: Final = 850
"""The numbers of their intents begin there."""

PRICES: Final = {
    "stop_loss": ("93", "94", "95", "97"),
    "take_profit": ("103", "105", "106"),
}
"""Where exits are moved to."""

ATTACHED_AT: Final = {"stop_loss": "88", "take_profit": "108"}
"""Where those of a position rest that had none."""


def episodes_of(seed: int, exits: tuple[str, ...]) -> list[Step]:
    """All of them, of *seed*."""
    return [
        *_closes(Random(f"{seed}/closes")),
        *_drops(Random(f"{seed}/drops")),
        *_attachments(Random(f"{seed}/attachments")),
        *_pairs(Random(f"{seed}/pairs")),
        *_moves(Random(f"{seed}/moves"), exits),
        *_switches(Random(f"{seed}/switches")),
        *_sweeps(Random(f"{seed}/sweeps")),
    ]


def _closes(chance: Random) -> list[Step]:
    """More closes of what exits protect."""
    number = chance.choice((0, 0, 1, 2))
    return [
        at_any_time(chance, "close", symbol=GUARDED, part=chance.random() < 0.5)
        for _ in range(number)
    ]


def _drops(chance: Random) -> list[Step]:
    """Exits that the broker ends for reasons of its own."""
    return [at_any_time(chance, "hand_drop") for _ in range(chance.choice((0, 0, 0, 1, 2)))]


def _attachments(chance: Random) -> list[Step]:
    """A position that is opened without exits gets some, and is closed now and then."""
    if chance.random() < 0.6:
        return []
    steps = []
    for number in range(FIRST_ATTACHED, FIRST_ATTACHED + chance.choice((1, 1, 2))):
        body = {
            "symbol": ATTACHED,
            "side": "buy",
            "quantity": str(tagged(chance.randint(1, 20), number)),
            "order_type": "market",
            "client_order_id": f"c{number}",
        }
        detail = {"number": number, "body": body, "key": None, "at_once": 1}
        at = round(chance.uniform(WARM_UP_SECONDS, ACTIVE_SECONDS * 0.4), 3)
        steps.append(Step(at, "enter", detail))
    number = FIRST_ATTACHED + 50
    kinds = chance.choice((("stop_loss",), ("stop_loss", "take_profit")))
    wanted = {kind: ATTACHED_AT[kind] for kind in kinds}
    at = round(chance.uniform(ACTIVE_SECONDS * 0.3, ACTIVE_SECONDS * 0.8), 3)
    steps.append(Step(at, "attach", {"number": number, "body": wanted}))
    if chance.random() < 0.4:
        later = round(at + chance.expovariate(1 / 20), 3)
        part = chance.random() < 0.5
        steps.append(Step(later, "close", {"symbol": ATTACHED, "part": part}))
    return steps


def _pairs(chance: Random) -> list[Step]:
    """OCO groups of two members, or of three, of which the last may come late."""
    steps = []
    for group in range(chance.choice((0, 1, 1, 2))):
        at = round(chance.uniform(WARM_UP_SECONDS, ACTIVE_SECONDS * 0.7), 3)
        size = chance.randint(2, 10)
        for place in range(chance.choice((2, 2, 3))):
            number = FIRST_PAIRED + 10 * group + place
            if place:
                at = round(at + chance.choice((0.0, 0.05, 3.0)) + 8 * (place - 1), 3)
            steps.append(Step(at, "enter", _member(chance, number, place, size)))
            if chance.random() < 0.25:
                later = round(at + chance.expovariate(1 / 10), 3)
                steps.append(_member_changed(chance, number, later))
    return steps


def _member(chance: Random, number: int, place: int, size: int) -> dict[str, Any]:
    """Above or below the market, by turns; mostly of one size."""
    whole = size if chance.random() < 0.7 else chance.randint(1, 10)
    away = Decimal(chance.choice(("0.5", "1", "2")))
    body: dict[str, Any] = {
        "symbol": PAIRED,
        "side": "sell",
        "quantity": str(tagged(whole, number)),
        "client_order_id": f"c{number}",
        "oco_group_id": f"group-{number // 10}",
    }
    if place % 2:
        body.update(order_type="stop", stop_price=str(100 - away))
    else:
        body.update(order_type="limit", limit_price=str(100 + away))
    return {"number": number, "body": body, "key": None, "at_once": 1}


def _member_changed(chance: Random, number: int, at: float) -> Step:
    what = chance.choice(("cancel", "replace", "repeat"))
    detail: dict[str, Any] = {"number": number}
    if what == "replace":
        detail["away"] = chance.choice(("-3", "3"))
    return Step(at, what, detail)


def _moves(chance: Random, exits: tuple[str, ...]) -> list[Step]:
    """Exits get other prices: those of the position, or those of one entry."""
    steps = []
    for number in range(FIRST_MOVE, FIRST_MOVE + chance.choice((0, 1, 2, 4))):
        kinds = exits if chance.random() < 0.5 else (chance.choice(exits),)
        body = {kind: chance.choice(PRICES[kind]) for kind in kinds}
        if chance.random() < 0.7:
            step = at_any_time(chance, "move", number=number, body=body, symbol=GUARDED)
        else:
            step = at_any_time(chance, "reprice", number=chance.randint(1, MOST_ENTRIES), body=body)
        steps.append(step)
    return steps


def _switches(chance: Random) -> list[Step]:
    """Trading is halted or restricted for a while, now and then until the end."""
    if chance.random() < 0.75:
        return []
    at = chance.uniform(WARM_UP_SECONDS, ACTIVE_SECONDS * 0.6)
    states = chance.choice((("HALTED",), ("HALTED", "REDUCE_ONLY"), ("REDUCE_ONLY", "HALTED")))
    if chance.random() < 0.7:
        states = (*states, "ACTIVE")
    steps = []
    for number, state in enumerate(states, FIRST_SWITCH):
        steps.append(Step(round(at, 3), "switch", {"number": number, "state": state}))
        at += chance.choice((5.0, 20.0, 40.0))
    return steps


def _sweeps(chance: Random) -> list[Step]:
    """All orders of a symbol without exits are cancelled."""
    times = chance.choice((0, 0, 0, 1, 2))
    return [
        at_any_time(chance, "sweep", number=number, symbol=chance.choice((FREE, PAIRED)))
        for number in range(FIRST_SWEEP, FIRST_SWEEP + times)
    ]

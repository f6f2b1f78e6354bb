"""What a seed means: the weather on the wires, the kind of broker, what clients and people do."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any, Final

from msgspec import Struct

FREE: Final = "AAPL"
"""Traded by everybody, in both directions and without exits."""

GUARDED: Final = "MSFT"
"""Only bought, always with exits of the same kinds; what people do by hand only closes."""

WARM_UP_SECONDS: Final = 20.0
"""Before that nothing happens: what is over when a journal begins is none of its business."""

ACTIVE_SECONDS: Final = 170.0
"""Until then clients, people, faults and prices are at work."""

LATEST_EFFECT_SECONDS: Final = 25.0
"""What the broker does, it does at the latest so long after the request left the gateway."""

CROSSINGS: Final = (
    "commit:before",
    "commit:after",
    "call:before",
    "call:after",
    "effect:before",
    "effect:after",
    "answer:before",
    "answer:after",
    "event:before",
    "event:after",
    "reply:before",
    "reply:after",
    "tell:before",
    "tell:after",
)
"""Where a gateway can be made to die. *Commit* is the journal's; *call* a request leaving for the
broker, *effect* its taking effect there, *answer* its answer coming in; *event* news from the
broker; *reply* bytes to an HTTP client, *tell* bytes to a listener."""

REQUEST_FAULTS: Final = (
    "lost",
    "reset",
    "unavailable",
    "refused",
    "limited",
    "answer_lost",
    "answer_reset",
    "unreadable",
    "unavailable_after",
    "stalled",
    "late",
)
EVENT_FAULTS: Final = ("event_lost", "event_twice", "event_late")


class Broker(Struct, frozen=True, kw_only=True):
    """What kind of broker it is."""

    refuses_repeats: bool
    finds_client_ids: bool
    replaces: bool
    partial: bool
    holds: bool = False
    """What resting exits would sell cannot be sold by another order."""


class Weather(Struct, frozen=True, kw_only=True):
    """How likely which fault is; latencies in seconds."""

    request: dict[str, float]
    event: dict[str, float]
    latency: float
    event_latency: float
    hang_up: float
    commit_latency: float


class Death(Struct, frozen=True):
    """The gateway dies at the *nth* crossing of *label*, and is back after *seconds*."""

    label: str
    nth: int
    seconds: float


class Step(Struct, frozen=True):
    """At *at* seconds somebody does *what*."""

    at: float
    what: str
    detail: dict[str, Any] = {}


class Schedule(Struct, frozen=True, kw_only=True):
    """All that is decided beforehand. What is decided on the way comes from ``random(name)``."""

    seed: int
    broker: Broker
    weather: Weather
    deaths: tuple[Death, ...]
    steps: tuple[Step, ...]
    exits: tuple[str, ...]

    def random(self, name: str) -> Random:
        """Chance for one purpose, the same for a seed whatever happens elsewhere."""
        return Random(f"{self.seed}/{name}")


def schedule(seed: int, *, calm: bool = False, deaths: bool = True, disk: bool = False) -> Schedule:
    """The schedule of *seed*.

    *calm* has no faults, without *deaths* the gateway lives on, with *disk* the disk fails at times
    """
    chance = Random(f"{seed}/schedule")
    steps = _steps(chance, exits := _exits(chance))
    if disk:
        steps += _disk_failures(Random(f"{seed}/disk"))
    return Schedule(
        seed=seed,
        broker=Broker(
            refuses_repeats=chance.random() < 0.5,
            finds_client_ids=chance.random() < 0.7,
            replaces=chance.random() < 0.7,
            partial=chance.random() < 0.4,
            holds=Random(f"{seed}/holds").random() < 0.5,
        ),
        weather=_weather(chance, calm=calm),
        deaths=tuple(_deaths(chance)) if deaths else (),
        steps=tuple(sorted(steps, key=lambda step: step.at)),
        exits=exits,
    )


def _exits(chance: Random) -> tuple[str, ...]:
    return chance.choice((("stop_loss", "take_profit"), ("stop_loss",), ("take_profit",)))


def _disk_failures(chance: Random) -> list[Step]:
    number = chance.choice((0, 1, 1, 2))
    return [
        _at_any_time(chance, "break_disk", seconds=chance.choice((0.2, 5.0, 30.0)))
        for _ in range(number)
    ]


def _weather(chance: Random, *, calm: bool) -> Weather:
    worst = 0.0 if calm else chance.choice((0.0, 0.04, 0.1, 0.2))
    kinds = chance.sample(REQUEST_FAULTS, chance.randint(2, 5))
    events = chance.sample(EVENT_FAULTS, chance.randint(1, 3))
    bad_events = 0.0 if calm else chance.choice((0.0, 0.05, 0.2))
    return Weather(
        request={kind: worst for kind in kinds if worst},
        event={kind: bad_events for kind in events if bad_events},
        latency=chance.choice((0.0, 0.02, 0.2, 1.5)),
        event_latency=chance.choice((0.0, 0.01, 0.3)),
        hang_up=0.0 if calm else chance.choice((0.0, 0.2)),
        commit_latency=chance.choice((0.0, 0.0, 0.003, 0.05)),
    )


def _deaths(chance: Random) -> list[Death]:
    """One death in most schedules; a rare crossing gets a small number, so that it is reached."""
    number = chance.choice((0, 1, 1, 1, 2, 3))
    return [
        Death(
            chance.choice(CROSSINGS),
            int(chance.paretovariate(0.6)) if chance.random() < 0.8 else chance.randint(1, 60),
            chance.choice((0.1, 2.0, 30.0)),
        )
        for _ in range(number)
    ]


def _steps(chance: Random, exits: tuple[str, ...]) -> list[Step]:
    steps = []
    for number in range(1, chance.randint(3, 8) + 1):
        at = round(chance.uniform(WARM_UP_SECONDS, ACTIVE_SECONDS * 0.7), 3)
        steps.append(_enter(chance, number, at, exits))
        for _ in range(chance.randint(0, 2)):
            later = round(at + chance.expovariate(1 / 15), 3)
            steps.append(_follow_up(chance, number, later))
    steps += [_by_hand(chance, number) for number in range(1, chance.randint(0, 3) + 1)]
    if chance.random() < 0.4:
        pauses = [chance.choice((0.5, 8.0, 40.0)) for _ in range(chance.randint(1, 3))]
        steps += [_at_any_time(chance, "link_down", seconds=seconds) for seconds in pauses]
    steps += [_at_any_time(chance, "drop_stream") for _ in range(chance.randint(0, 3))]
    return steps


def _at_any_time(chance: Random, what: str, **detail: Any) -> Step:
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
    return _at_any_time(chance, what, **detail)

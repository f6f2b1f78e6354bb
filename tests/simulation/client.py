"""A well-behaved client of the gateway, over HTTP and WebSocket in memory.

It names its orders (by client order id, idempotency key, or both), asks again under the same name
when it got no definite answer, follows the stream, and goes on where it had been when it lost it.
It notes every answer and every message, for the judge.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct
from twisted.internet.interfaces import IDelayedCall

from .life import Lives
from .listener import Listener
from .pipes import Answer, request
from .steps import ATTACHED, GUARDED, Step, tagged
from .world import World

PATIENCE_SECONDS: Final = 45.0
MOST_TRIES: Final = 40
MOST_MOVES: Final = 4
"""A move of many legs takes long, and repeating it does not make it faster."""
PAUSE_SECONDS: Final = (0.5, 5.0)


REPEATABLE: Final = ("cancel", "replace", "move", "attach", "reprice", "switch", "sweep")
"""What changes nothing when it is asked for again, and needs no name."""


class Said(Struct, frozen=True):
    """What the gateway answered; *status* is ``None`` if no (whole) answer came."""

    asked_at: float
    at: float
    life: int
    status: int | None
    body: Any


class Intent(Struct, eq=False):
    """Something the client wants, once.

    *kind* is enter, close, cancel, replace, conflict, move, attach, reprice, switch or sweep.
    """

    kind: str
    number: int
    method: str
    path: str
    body: dict[str, Any] | None
    key: str | None = None
    answers: list[Said] = []
    tries: int = 0

    @property
    def is_named(self) -> bool:
        """Whether it may be repeated."""
        named = self.key is not None or bool(self.body and self.body.get("client_order_id"))
        return named or self.kind in REPEATABLE

    @property
    def settled(self) -> Said | None:
        """The definite answer, if one came: what is to come of it is known or will be told."""
        for said in self.answers:
            status = said.status
            if status == 501 or (status is not None and status < 500 and status != 429):
                return said
        return None

    @property
    def order_id(self) -> str | None:
        """The order's id, or the handle's."""
        said = self.settled
        if said is None or said.status is None or said.status >= 300:
            return None
        return str(said.body["id"])


class Client:
    """What it wanted is in :attr:`intents`, what it was told in :attr:`stream`."""

    def __init__(self, world: World, lives: Lives) -> None:
        self.intents: list[Intent] = []
        self.stream = Listener(world, lives)
        self._world = world
        self._lives = lives
        self._chance = world.schedule.random("client")
        self._entered: dict[int, Intent] = {}

    # -- asking

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        key: str | None = None,
        done: Callable[[int | None, Any], None] = lambda _status, _body: None,
        hang_up_after: float | None = None,
    ) -> None:
        """One request on a connection of its own; *done* is called once, later."""
        over: list[bool] = []

        def finished(status: int | None, answer: Any) -> None:
            if not over:
                over.append(True)
                if patience is not None and patience.active():
                    patience.cancel()
                done(status, answer)

        def give_up() -> None:
            assert pipe is not None
            pipe.hang_up()
            finished(None, None)

        patience: IDelayedCall | None = None
        pipe = self._lives.current.connect(Answer(finished), "reply")
        if pipe is None:
            self._world.later(0, finished, None, None)
            return
        seconds = PATIENCE_SECONDS if hang_up_after is None else hang_up_after
        patience = self._world.later(seconds, give_up)
        pipe.send(request(method, path, body, key))

    def pursue(self, intent: Intent) -> None:
        """Ask, and ask again until there is a definite answer."""
        intent.tries += 1
        asked_at, life = self._world.clock.seconds(), self._lives.current.number

        def done(status: int | None, body: Any) -> None:
            now = self._world.clock.seconds()
            intent.answers.append(Said(asked_at, now, life, status, body))
            self._world.note(f"{intent.kind} {intent.number} is answered {status} {_short(body)}")
            most = MOST_MOVES if intent.kind in ("move", "attach") else MOST_TRIES
            if intent.settled is None and intent.is_named and intent.tries < most:
                self._world.later(self._chance.uniform(*PAUSE_SECONDS), self._again, intent)

        impatient = self._chance.random() < self._world.schedule.weather.hang_up
        hang_up = self._chance.choice((0.0, 0.05, 1.0)) if impatient and intent.is_named else None
        self._world.note(f"{intent.kind} {intent.number} is asked for")
        self.ask(intent.method, intent.path, intent.body, intent.key, done, hang_up)

    def _again(self, intent: Intent) -> None:
        last = [each for each in self.intents if each.kind == "switch"][-1:]
        is_outdated = intent.kind == "switch" and intent not in last
        if intent.settled is None and not is_outdated:
            self.pursue(intent)

    def _want(self, *arguments: Any) -> Intent:
        intent = Intent(*arguments)
        self.intents.append(intent)
        self.pursue(intent)
        return intent

    # -- what it does

    def act(self, step: Step) -> None:
        """Do what the schedule says."""
        getattr(self, f"_{step.what}")(step.detail)

    def _enter(self, detail: dict[str, Any]) -> None:
        number = detail["number"]
        body, key = detail["body"], detail["key"]
        intent = self._want("enter", number, "POST", "/v1/orders", body, key)
        self._entered[number] = intent
        for _ in range(detail["at_once"] - 1):
            self.pursue(intent)

    def _repeat(self, detail: dict[str, Any]) -> None:
        intent = self._entered.get(detail["number"])
        if intent is not None and intent.is_named:
            self.pursue(intent)

    def _conflict(self, detail: dict[str, Any]) -> None:
        """The same name for something else, after the first was taken note of."""
        intent = self._entered.get(detail["number"])
        if intent is not None and intent.is_named and intent.order_id is not None:
            number = 300 + intent.number
            body = {**(intent.body or {}), "quantity": str(tagged(1, number))}
            self._want("conflict", number, "POST", "/v1/orders", body, intent.key)

    def _cancel(self, detail: dict[str, Any]) -> None:
        self._change(detail, "cancel", "DELETE", None)

    def _replace(self, detail: dict[str, Any]) -> None:
        intent = self._entered.get(detail["number"])
        body = (intent.body or {}) if intent is not None else {}
        names = [name for name in ("limit_price", "stop_price") if name in body]
        if names:
            price = str(Decimal(100) + Decimal(detail["away"]) / 2)
            self._change(detail, "replace", "PATCH", {names[0]: price})

    def _change(self, detail: dict[str, Any], kind: str, method: str, body: Any) -> None:
        intent = self._entered.get(detail["number"])
        if intent is not None and intent.order_id is not None:
            path = f"/v1/orders/{intent.order_id}"
            self._want(kind, intent.number, method, path, body)

    def _close(self, detail: dict[str, Any]) -> None:
        number = 500 + len(self.intents)
        body = {"quantity": str(tagged(1, number))} if detail["part"] else None
        path = f"/v1/positions/{detail['symbol']}"
        self._want("close", number, "DELETE", path, body, f"close-{number}")

    def _move(self, detail: dict[str, Any]) -> None:
        path = f"/v1/positions/{detail['symbol']}"
        self._want("move", detail["number"], "PATCH", path, detail["body"])

    def _attach(self, detail: dict[str, Any]) -> None:
        """A position that has no exits gets some."""
        path = f"/v1/positions/{ATTACHED}"
        self._want("attach", detail["number"], "PATCH", path, detail["body"])

    def _reprice(self, detail: dict[str, Any]) -> None:
        """The exits of one entry, whose number the intent has."""
        intent = self._entered.get(detail["number"])
        if intent is not None and (intent.body or {}).get("symbol") == GUARDED:
            self._change(detail, "reprice", "PATCH", detail["body"])

    def _switch(self, detail: dict[str, Any]) -> None:
        body = {"state": detail["state"], "reason": f"switch {detail['number']}"}
        self._want("switch", detail["number"], "PUT", "/v1/trading-state", body)

    def _sweep(self, detail: dict[str, Any]) -> None:
        path = f"/v1/orders?symbol={detail['symbol']}"
        self._want("sweep", detail["number"], "DELETE", path, None)

    def _look(self, detail: dict[str, Any]) -> None:
        self.ask("GET", "/v1/orders")
        self.ask("GET", "/v1/orders/history")

    def _drop_stream(self, detail: dict[str, Any]) -> None:
        self.stream.drop()

    def reset_breakers(self) -> None:
        """What an operator does now and then while the broker fails."""
        self.ask("POST", "/v1/circuit-breakers/reset")


def _short(body: Any) -> str:
    text = json.dumps(body)
    return text if len(text) < 160 else text[:160] + "..."

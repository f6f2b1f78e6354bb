"""The last questions: what the gateway says over HTTP when all is quiet, beside the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from tradegw.model.trading import TradingState

from .client import Client, Intent
from .judge.halts import states_that_may_hold
from .judge.ledger import GONE, closes, entries
from .world import World


class Examination:
    """Asks the living gateway; then complains of what it said."""

    def __init__(self, world: World, client: Client) -> None:
        self._world = world
        self._client = client
        self._said: dict[str, tuple[int | None, Any]] = {}
        self._unknown = [
            (intent, said.body["id"])
            for intent in client.intents
            if (said := intent.settled) is not None
            and said.status == 202
            and intent.kind in ("enter", "close")
        ]

    def ask(self) -> None:
        """Send all questions; the answers need time."""
        for path in ("/v1/orders", "/v1/orders/history", "/v1/trading-state", "/v1/positions"):
            self._ask(path)
        for order_id in self._world.venue.all_orders():
            self._ask(f"/v1/orders/{order_id}")
        for _, handle in self._unknown:
            self._ask(f"/v1/orders/{handle}")

    def _ask(self, path: str) -> None:
        def done(status: int | None, body: Any) -> None:
            self._said[path] = (status, body)

        self._client.ask("GET", path, done=done)

    def complaints(self) -> Iterator[str]:
        checks: tuple[Callable[[], Iterator[str]], ...] = (
            self._lists_are_true,
            self._orders_are_true,
            self._unknowns_are_resolved,
            self._nobody_was_alarmed,
        )
        for check in checks:
            yield from check()

    def _lists_are_true(self) -> Iterator[str]:
        venue = self._world.venue
        for path, orders in (
            ("/v1/orders", venue.open_orders()),
            ("/v1/orders/history", venue.closed_orders()),
        ):
            status, body = self._said.get(path, (None, None))
            if status != 200:
                yield f"GET {path} is answered {status}"
                continue
            said = {(o["id"], o["status"], Decimal(o["filled_quantity"])) for o in body}
            true = {(o.id, o.status.value, o.filled_quantity) for o in orders}
            if said != true:
                yield f"GET {path} differs from the ledger by {sorted(said ^ true)}"

    def _orders_are_true(self) -> Iterator[str]:
        for order in self._world.venue.all_orders().values():
            status, body = self._said.get(f"/v1/orders/{order.id}", (None, None))
            if status != 200:
                yield f"order {order.id} is there, its GET is answered {status}"
            elif (body["status"], Decimal(body["filled_quantity"])) != (
                order.status.value,
                order.filled_quantity,
            ):
                yield f"order {order.id} is {order.status}, its GET says {body['status']}"

    def _unknowns_are_resolved(self) -> Iterator[str]:
        """Every unknown ends equal to the ledger: by event, and by reading the handle."""
        for intent, handle in self._unknown:
            if intent.kind == "enter":
                yield from self._resolved(intent, handle)
            else:
                yield from self._close_resolved(intent, handle)

    def _resolved(self, intent: Intent, handle: str) -> Iterator[str]:
        ordered = entries(self._world.venue).get(intent.number, [])
        status, body = self._said.get(f"/v1/orders/{handle}", (None, None))
        told = [
            message
            for message in self._client.stream.told
            if message["type"] == "order" and self._is_of(message["order"], intent, handle)
        ]
        if ordered:
            order_id = ordered[0].order_id
            ids = self._world.venue.ids_of(order_id)
            if status != 200 or body["id"] not in ids:
                yield f"unknown {intent.number} is {order_id}; its handle says {status} {body}"
            if order_id not in [message["order"]["id"] for message in told]:
                yield f"unknown {intent.number} is {order_id}, which was told to nobody"
            return
        if status == 200 and body["status"] not in GONE:
            yield f"unknown {intent.number} came to nothing; its handle says {body['status']}"
        if not any(message["order"]["status"] in GONE for message in told):
            yield f"unknown {intent.number} came to nothing, which was told to nobody"

    def _close_resolved(self, intent: Intent, handle: str) -> Iterator[str]:
        status, body = self._said.get(f"/v1/orders/{handle}", (None, None))
        ledger = {entered.order_id for entered in closes(self._world.venue)}
        came_to_nothing = status == 404 or (status == 200 and body["status"] in GONE)
        if not (came_to_nothing or (status == 200 and body["id"] in ledger)):
            yield f"unknown close {intent.number}: its handle says {status} {body}"

    @staticmethod
    def _is_of(order: dict[str, Any], intent: Intent, handle: str) -> bool:
        name = (intent.body or {}).get("client_order_id")
        return (
            order["id"] == handle
            or order.get("correlation_id") == handle
            or (name is not None and order.get("client_order_id") == name)
            or order["quantity"] == (intent.body or {}).get("quantity")
        )

    def _nobody_was_alarmed(self) -> Iterator[str]:
        status, body = self._said.get("/v1/trading-state", (None, None))
        states = states_that_may_hold(self._client.intents)
        if "disk_fails" in self._world.hits:  # what could not be written down does not survive
            states.update(TradingState)
        if status != 200 or body["state"] not in states:
            yield f"the trading state should be {sorted(states)}, it is {status} {body}"
        elif body.get("set_by") == "reconciliation":
            yield f"everything can be explained, but the trading state is {body}"

"""The double without its wire: an account, a market, and a clock that stands still."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from twisted.internet.task import Clock

from tradegw.testing.alpaca import Terms
from tradegw.testing.alpaca.calls import Answer, Call
from tradegw.testing.alpaca.refusals import Refused
from tradegw.testing.alpaca.stage import Stage
from tradegw.testing.alpaca.world import World

NOW = datetime(2026, 3, 2, 15, 41, 7, tzinfo=UTC)


class Played(Stage):
    """A stage whose calls are made by hand; ``told`` are the events of orders."""

    def __init__(self, **terms: Any) -> None:
        self.clock = Clock()
        self.told: list[dict[str, Any]] = []
        world = World(
            Terms(**terms),
            self.clock,
            lambda: NOW,
            lambda message: self.told.append(message["data"]),
        )
        super().__init__(world, {})
        self._routes = world.routes("iex")
        self.set_quote("AAPL", "100.00", "100.02", "100.01")
        self.set_quote("BTC/USD", "50000", "50010", "50005")

    def call(self, verb: str, path: str, body: Any = None, **query: str) -> Answer:
        call = Call(verb=verb, path=path, query=query, raw_body=json.dumps(body or {}).encode())
        try:
            return self._routes.answer(call)
        except Refused as refused:
            return Answer(refused.status, refused.body)

    def ask(self, **members: Any) -> Answer:
        """Ask for an order: a limit order that rests, unless *members* say otherwise."""
        body: dict[str, Any] = {
            "symbol": "AAPL",
            "qty": "4",
            "side": "buy",
            "type": "limit",
            "time_in_force": "day",
        }
        if members.get("type", "limit") == "limit":
            body["limit_price"] = "90"
        body |= members
        body = {name: value for name, value in body.items() if value is not None}
        return self.call("POST", "/v2/orders", body)

    def place(self, **members: Any) -> str:
        """The id of such an order, which the venue has taken."""
        answer = self.ask(**members)
        assert answer.status == 200, answer.body
        self.clock.advance(0)
        return str(answer.body["id"])

    def buy(self, qty: str = "4", **members: Any) -> str:
        """The id of a market order, filled."""
        return self.place(type="market", qty=qty, **members)

    def status(self, order_id: str) -> str:
        return self.order(order_id).status

    def legs(self, order_id: str) -> dict[str, str]:
        """The status of each leg, by type."""
        book = self.world.book
        return {leg.type: leg.status for leg in book.legs_of(self.order(order_id))}

    def events(self) -> list[str]:
        """The events since they were last asked for."""
        told, self.told[:] = [each["event"] for each in self.told], []
        return told


BRACKET = {
    "order_class": "bracket",
    "take_profit": {"limit_price": "110"},
    "stop_loss": {"stop_price": "95"},
}

"""The double without its wire: accounts, markets, and a clock that a test moves."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import quote, urlencode

from twisted.internet.task import Clock

from tradegw.testing.binance import FakeBinance, Terms
from tradegw.testing.binance.calls import Call
from tradegw.testing.binance.refusals import Refused
from tradegw.testing.binance.wires import Wire

NOW = datetime(2026, 3, 2, 15, 41, 7, tzinfo=UTC)


def hmac_of(secret: str, payload: str) -> str:
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


class Client:
    """What an endpoint needs of a connection, and all it was told."""

    def __init__(self, path: str = "/ws-api/v3", **query: str) -> None:
        self.path = path
        self.query = query
        self.wanted: dict[str, set[str]] = {}
        self.said: list[Any] = []
        self.is_gone = False

    def say(self, message: Any, *, event: bool = False) -> None:
        self.said.append(message)

    def say_raw(self, body: bytes, *, binary: bool) -> None:
        self.said.append(body)

    def hang_up(self, *, politely: bool) -> None:
        self.is_gone = True

    def take(self) -> list[Any]:
        taken, self.said[:] = list(self.said), []
        return taken


class Played(FakeBinance):
    """A double whose calls are made by hand; ``told`` are the private events of spot."""

    def __init__(self, **terms: Any) -> None:
        self.clock = Clock()
        super().__init__(
            self.clock,
            Terms(**terms),
            now=lambda: NOW + timedelta(seconds=self.clock.seconds()),
        )
        self.spot.set_quote("SOLUSDC", "100.00", "100.02", "100.01")
        self.spot.set_quote("BTCUSDT", "50000", "50010", "50005")
        self.client = self.joined()
        self.ask_ws("userDataStream.subscribe.signature")
        self.client.take()

    # -- REST

    def call(self, verb: str, path: str, **params: Any) -> tuple[int, Any]:
        """Status and body of a signed call; values of ``None`` are left out."""
        sent = {name: str(value) for name, value in params.items() if value is not None}
        sent.setdefault("timestamp", str(self.stamps.ms()))
        payload = urlencode(sent, quote_via=quote)
        sent["signature"] = hmac_of(self.terms.secret, payload)
        call = Call(verb=verb, path=path, params=sent, payload=payload.encode(), key=self.terms.key)
        return self.answered(call)

    def answered(self, call: Call) -> tuple[int, Any]:
        try:
            return 200, self.gate.pass_on(call)
        except Refused as refused:
            return refused.status, refused.body

    def ask(self, **params: Any) -> tuple[int, Any]:
        """Ask for an order: a limit order that rests, unless *params* say otherwise."""
        wanted: dict[str, Any] = {"symbol": "SOLUSDC", "side": "BUY", "type": "LIMIT"}
        wanted |= {"quantity": "4"}
        if params.get("type", "LIMIT") == "LIMIT":
            wanted |= {"timeInForce": "GTC", "price": "90"}
        return self.call("POST", "/api/v3/order", **(wanted | params))

    def place(self, **params: Any) -> dict[str, Any]:
        """The answer to such an order, which is taken."""
        status, body = self.ask(**params)
        assert status == 200, body
        return cast("dict[str, Any]", body)

    def buy(self, qty: str = "4") -> dict[str, Any]:
        return self.place(type="MARKET", quantity=qty)

    def status(self, name: Any) -> str:
        return self.spot.order(name).status

    # -- the WebSocket API

    def joined(self, **query: str) -> Client:
        client = Client(**query)
        self.ws_api.joined(cast("Wire", client))
        return client

    def ask_ws(self, method: str, client: Client | None = None, **params: Any) -> Any:
        """The answer to a signed request."""
        client = client or self.client
        params = {"apiKey": self.terms.key, "timestamp": self.stamps.ms(), **params}
        payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
        params["signature"] = hmac_of(self.terms.secret, payload)
        return self.say_ws(method, client, **params)

    def say_ws(self, method: str, client: Client | None = None, **params: Any) -> Any:
        """The answer to a request as it is."""
        client = client or self.client
        before = len(client.said)
        self.ws_api.heard(cast("Wire", client), {"id": "one", "method": method, "params": params})
        return next(
            (each for each in client.said[before:] if isinstance(each, dict) and "id" in each), None
        )

    @property
    def told(self) -> list[dict[str, Any]]:
        """The events since they were last asked for."""
        return [each["event"] for each in self.client.take() if "event" in each]

    def reports(self) -> list[tuple[str, str, str]]:
        """Type, execution type and status of the order events since."""
        return [
            (each["o"], each["x"], each["X"])
            for each in self.told
            if each["e"] == "executionReport"
        ]


OCO = {
    "symbol": "SOLUSDC",
    "side": "SELL",
    "quantity": "3.996",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "110",
    "belowType": "STOP_LOSS",
    "belowStopPrice": "95",
    "aboveClientOrderId": "tp",
    "belowClientOrderId": "sl",
}

OTOCO = {
    "symbol": "SOLUSDC",
    "workingType": "LIMIT",
    "workingSide": "BUY",
    "workingPrice": "99",
    "workingQuantity": "4",
    "workingTimeInForce": "GTC",
    "workingClientOrderId": "entry",
    "pendingSide": "SELL",
    "pendingQuantity": "3.996",
    "pendingAboveType": "LIMIT_MAKER",
    "pendingAbovePrice": "110",
    "pendingAboveClientOrderId": "tp",
    "pendingBelowType": "STOP_LOSS",
    "pendingBelowStopPrice": "95",
    "pendingBelowClientOrderId": "sl",
}

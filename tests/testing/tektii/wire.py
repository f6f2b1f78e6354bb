"""Plain clients that are not ours: urllib for REST, websockets for events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from websockets.sync.client import connect

from tradegw.testing.tektii import Beside, FakeTektii

START = 1_709_283_600_000
"""2024-03-01, 09:00."""


class Client:
    """What a gateway is to the engine, by hand."""

    def __init__(self, engine: Beside[FakeTektii], stream: Any, key: str | None) -> None:
        self._base = engine.http_url
        self._stream = stream
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}

    def call(self, verb: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and body of an answer."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._base + path, data, self._headers, method=verb)  # noqa: S310
        try:
            with urlopen(request, timeout=10) as answer:  # noqa: S310
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except HTTPError as refused:
            with refused:
                text = refused.read()
                return refused.code, json.loads(text) if text else None

    def get(self, path: str) -> Any:
        status, body = self.call("GET", path)
        assert status == 200, body
        return body

    def order(self, **members: Any) -> Any:
        """The handle of a market buy of 1000, unless said otherwise."""
        asked = {
            "symbol": "F:EURUSD",
            "side": "buy",
            "order_type": "market",
            "quantity": "1000",
            "limit_price": None,
            "stop_price": None,
            "client_order_id": None,
            "position_id": None,
            "reduce_only": False,
            "time_in_force": "gtc",
        }
        status, body = self.call("POST", "/api/v1/orders", {**asked, **members})
        assert status == 200, body
        return body

    def hear(self) -> Any:
        """The next frame."""
        return json.loads(self._stream.recv(timeout=10))

    def hear_all(self, count: int) -> list[Any]:
        return [self.hear() for _ in range(count)]

    def acknowledge(self, *event_ids: str) -> None:
        self.say({"type": "event_ack", "correlation_id": "c", "events_processed": event_ids})

    def say(self, message: Any) -> None:
        self._stream.send(json.dumps(message))


@contextmanager
def listening(engine: Beside[FakeTektii], key: str | None = None) -> Iterator[Client]:
    """A client whose WebSocket has started the run."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    url = engine.do(lambda fake: fake.ws_url) + "/ws"
    with connect(url, additional_headers=headers, close_timeout=0.2, compression=None) as stream:
        yield Client(engine, stream, key)

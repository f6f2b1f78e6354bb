"""A strategy that never gives up: it repeats what it got no answer for, and resumes its stream.

Its calls go through kills and restarts of the gateway; what it was told in the end is kept.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from . import killable
from .daemon import PATIENCE, Daemon

NO_ANSWER = (OSError, HTTPException, ValueError)
"""No connection, a broken one, or half an answer."""


class Killable(Daemon):
    """The daemon with a hook: it dies at ``KILL_AT``."""

    command = (sys.executable, "-P", str(Path(killable.__file__)))


class Address:
    """Where the gateway is at the moment, for the threads of a test; and when they are to end."""

    def __init__(self) -> None:
        self.url = ""
        self.over = threading.Event()
        self._deadline = time.monotonic() + 3 * PATIENCE

    def pause(self) -> None:
        """Wait a little before the next try, but not for ever."""
        assert time.monotonic() < self._deadline, "the gateway did not come back"
        time.sleep(0.01)


class Strategy:
    """One that trades a symbol of its own, does one thing after the other, and notes the answers.

    ``answers`` has the status and the body that came in the end, by client order id.
    """

    def __init__(self, name: str, address: Address) -> None:
        self.name = name
        self.address = address
        self.answers: dict[str, tuple[int, Any]] = {}

    def run(self) -> None:
        """Trade until it is over, then end what was begun."""
        number = 0
        while not self.address.over.is_set():
            self.cycle(number)
            number += 1

    def cycle(self, number: int) -> None:
        """Buy, rest, change, cancel, buy with exits, close."""
        order = {"symbol": f"W{self.name}", "side": "buy", "quantity": "1"}
        far = {"order_type": "limit", "limit_price": "1.00"}
        exits = {"symbol": f"B{self.name}", "stop_loss": "1", "take_profit": "100000"}
        self.submit(f"{self.name}-{number}-m", order | {"order_type": "market"})
        status, resting = self.submit(f"{self.name}-{number}-r", order | far)
        if status < 300:
            path = f"/v1/orders/{resting['id']}"
            self.call("PATCH", path, {"limit_price": "2.00"})
            self.call("DELETE", path)
        self.submit(f"{self.name}-{number}-b", order | {"order_type": "market"} | exits)
        key = f"{self.name}-{number}-close"
        self.call("DELETE", f"/v1/positions/mock-pos-W{self.name}", {}, key)

    def submit(self, client_order_id: str, order: dict[str, Any]) -> tuple[int, Any]:
        answer = self.call("POST", "/v1/orders", order | {"client_order_id": client_order_id})
        self.answers[client_order_id] = answer
        return answer

    def call(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        """The answer to a request, which is repeated as it is until there is one.

        503 is none: nothing was done, and the same may be asked again.
        """
        while True:
            try:
                status, answer = call(self.address.url, method, path, body, key)
            except NO_ANSWER:
                self.address.pause()
                continue
            if status != 503:
                return status, answer
            self.address.pause()


class Listener:
    """Hears the stream, and goes on where it was whenever it is cut off."""

    def __init__(self, address: Address) -> None:
        self.heard: list[dict[str, Any]] = []
        self.epochs: set[str] = set()
        self._address = address

    @property
    def last(self) -> int:
        """The number of the last event that was heard."""
        return int(self.heard[-1]["seq"]) if self.heard else 0

    def run(self) -> None:
        while not self._address.over.is_set():
            self.listen_until(self._address.over.is_set)

    def listen_until(self, done: Callable[[], bool]) -> None:
        """Listen on one connection, until it breaks or *done* says so."""
        url = f"{self._address.url.replace('http', 'ws')}/v1/ws?since={self.last}"
        try:
            with connect(url, open_timeout=PATIENCE, close_timeout=1) as client:
                while not done():
                    self._hear(client.recv(timeout=0.1))
        except TimeoutError:
            pass  # nothing came
        except (*NO_ANSWER, WebSocketException):
            self._address.pause()

    def _hear(self, text: str | bytes) -> None:
        message = json.loads(text)
        assert message.get("code") != "INVALID_MESSAGE", message
        if "seq" in message:
            self.heard.append(message)
            self.epochs.add(message["epoch"])


def call(url: str, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
    """Status and decoded body of one request, or one of :data:`NO_ANSWER`."""
    headers = {"Content-Type": "application/json"} if body is not None else {}
    headers |= {"Idempotency-Key": key} if key else {}
    data = None if body is None else json.dumps(body).encode()
    request = Request(url + path, data, headers, method=method)  # noqa: S310  (our own address)
    try:
        with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)

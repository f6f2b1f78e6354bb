"""The plainest of clients: HTTP and WebSockets without any library that retries or hides."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from websockets.sync.client import connect
from websockets.sync.connection import Connection

from tradegw.testing.binance import Beside

from .played import hmac_of

SECONDS = 10.0


def signed(double: Beside, params: dict[str, Any]) -> str:
    """*params* with a timestamp and a signature."""
    sent = {**params, "timestamp": int(time.time() * 1000)}
    payload = urlencode(sent, quote_via=quote)
    return f"{payload}&signature={hmac_of(double.secret, payload)}"


def call(
    double: Beside,
    verb: str,
    path: str,
    *,
    in_body: bool = False,
    seconds: float = SECONDS,
    **params: Any,
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers with lower-case names, and body of a signed call."""
    address = urlsplit(double.http_url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=seconds)
    headers = {"X-MBX-APIKEY": double.key}
    text = signed(double, params)
    try:
        if in_body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request(verb, path, text, headers)
        else:
            connection.request(verb, f"{path}?{text}", None, headers)
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, told, answer.read()
    finally:
        connection.close()


def ask(double: Beside, verb: str, path: str, **params: Any) -> tuple[int, Any]:
    """Status and JSON of one call."""
    status, _headers, answer = call(double, verb, path, **params)
    return status, json.loads(answer)


class Socket:
    """A WebSocket that speaks JSON."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def say(self, **message: Any) -> None:
        self.connection.send(json.dumps(message))

    def raw(self, seconds: float = SECONDS) -> str | bytes:
        frame: str | bytes = self.connection.recv(timeout=seconds)
        return frame

    def next(self) -> Any:
        return json.loads(self.raw())


@contextmanager
def socket(double: Beside, path: str) -> Iterator[Socket]:
    """A connection to what is at *path*."""
    with connect(double.ws_url + path, close_timeout=0.2, ping_interval=None) as connection:
        yield Socket(connection)


@contextmanager
def private(double: Beside) -> Iterator[Socket]:
    """A connection that is subscribed to the events of spot."""
    with socket(double, "/ws-api/v3") as it:
        params: dict[str, Any] = {"apiKey": double.key, "timestamp": int(time.time() * 1000)}
        payload = f"apiKey={double.key}&timestamp={params['timestamp']}"
        params["signature"] = hmac_of(double.secret, payload)
        it.say(id="u1", method="userDataStream.subscribe.signature", params=params)
        assert it.next()["status"] == 200
        yield it

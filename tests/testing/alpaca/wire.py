"""The plainest of clients: HTTP and WebSockets without any library that retries or hides."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import connect
from websockets.sync.connection import Connection

from tradegw.testing.alpaca import Beside

SECONDS = 10.0


def call(
    double: Beside,
    verb: str,
    path: str,
    body: Any = None,
    *,
    headers: dict[str, str] | None = None,
    seconds: float = SECONDS,
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers with lower-case names, and body of one call on a connection of its own."""
    address = urlsplit(double.http_url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=seconds)
    try:
        signed = {"APCA-API-KEY-ID": double.key, "APCA-API-SECRET-KEY": double.secret}
        sent = None if body is None else json.dumps(body)
        connection.request(verb, path, sent, signed if headers is None else headers)
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, told, answer.read()
    finally:
        connection.close()


def ask(double: Beside, verb: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Status and JSON of one call."""
    status, _headers, answer = call(double, verb, path, body)
    return status, json.loads(answer) if answer else None


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
def socket(double: Beside, path: str, **headers: str) -> Iterator[Socket]:
    """A connection to the stream at *path*."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with connect(double.ws_url + path, additional_headers=named, close_timeout=0.2) as connection:
        yield Socket(connection)


@contextmanager
def logged_on(double: Beside, path: str = "/stream") -> Iterator[Socket]:
    """The same, logged on, and listening to orders if that is what is there."""
    with socket(double, path) as it:
        if path != "/stream":
            it.next()
        it.say(action="auth", key=double.key, secret=double.secret)
        it.next()
        if path == "/stream":
            it.say(action="listen", data={"streams": ["trade_updates"]})
            it.next()
        yield it

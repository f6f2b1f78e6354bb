"""A data stream's rules that need time to pass or a client that does not read."""

from __future__ import annotations

import socket
from typing import Any, cast
from urllib.parse import urlsplit

from twisted.internet.task import Clock

from tradegw.testing.alpaca import Beside
from tradegw.testing.alpaca.data_stream import DataStream
from tradegw.testing.alpaca.wires import Wire


class Client:
    """What a stream needs of a connection."""

    def __init__(self, **headers: str) -> None:
        self.headers = headers
        self.authorized = False
        self.wanted: dict[str, set[str]] = {}
        self.said: list[Any] = []
        self.is_gone = False

    def say(self, message: Any, *, event: bool = False) -> None:
        self.said += message

    def hang_up(self, *, politely: bool) -> None:
        self.is_gone = True


def joined(stream: DataStream) -> tuple[Client, Wire]:
    client = Client()
    wire = cast("Wire", client)
    stream.joined(wire)
    return client, wire


def new_stream(clock: Clock) -> DataStream:
    return DataStream(clock, "key", "secret", coins=False, most_symbols=3)


def test_who_does_not_log_on_is_sent_away() -> None:
    clock = Clock()
    stream = new_stream(clock)
    silent, _wire = joined(stream)
    other, wire = joined(stream)
    stream.heard(wire, {"action": "auth", "key": "key", "secret": "secret"})
    clock.advance(10)
    assert silent.said[-1] == {"T": "error", "code": 404, "msg": "auth timeout"}
    assert (silent.is_gone, other.is_gone) == (True, False)


def test_a_place_stays_taken_while_it_lingers() -> None:
    clock = Clock()
    stream = new_stream(clock)
    stream.lingers_seconds = 90
    _client, wire = joined(stream)
    logon = {"action": "auth", "key": "key", "secret": "secret"}
    stream.heard(wire, logon)
    stream.left(wire)
    client, wire = joined(stream)
    stream.heard(wire, logon)
    assert client.said[-1]["code"] == 406
    clock.advance(90)
    stream.heard(wire, logon)
    assert client.said[-1]["msg"] == "authenticated"


def test_symbols_are_counted_over_trades_and_quotes_but_not_bars() -> None:
    stream = new_stream(Clock())
    client, wire = joined(stream)
    stream.heard(wire, {"action": "auth", "key": "key", "secret": "secret"})
    wish = {"action": "subscribe", "bars": ["*"], "trades": ["A", "B"], "quotes": ["A"]}
    stream.heard(wire, wish)
    assert client.said[-1]["T"] == "subscription"
    stream.heard(wire, {"action": "subscribe", "quotes": ["B"]})
    assert client.said[-1]["code"] == 405
    stream.heard(wire, {"action": "unsubscribe", "trades": ["B"]})
    assert client.said[-1]["trades"] == ["A"]


def test_a_client_that_does_not_read_is_cut_off(double: Beside) -> None:
    address = urlsplit(double.ws_url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as it:
        lines = (
            "GET /v2/iex HTTP/1.1",
            "Host: localhost",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            f"APCA-API-KEY-ID: {double.key}",
            f"APCA-API-SECRET-KEY: {double.secret}",
        )
        it.sendall("\r\n".join((*lines, "", "")).encode())

        def flood(fake: Any) -> bool:
            stream = fake.data_streams["/v2/iex"]
            for wire in stream.wires:
                wire.wanted["quotes"] = {"*"}
            stream.patience = 100
            for _ in range(300):
                fake.tell_data("AAPL", "q", padding="x" * 1000)
            return bool(stream.wires)

        while not double.do(lambda fake: fake.data_streams["/v2/iex"].logons):
            pass
        assert not all(double.do(flood) for _ in range(5))
        seen = b""
        while piece := it.recv(1_000_000):
            seen += piece
    assert b'"code":407,"msg":"slow client"' in seen

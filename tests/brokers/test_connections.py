"""Kept connections, on real sockets: what was not noticed yet is seen before a call is written."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.brokers.peer import Result, reply
from tests.brokers.sockets import PATIENCE, Server, Turns, certificate, turning
from tradegw.brokers.budget import Budget, Rules
from tradegw.brokers.call import Call, Reply
from tradegw.brokers.endpoint import Url, dialler
from tradegw.brokers.http import Http, Site
from tradegw.brokers.memory import Memory
from tradegw.errors import NotSent, ProviderError
from tradegw.model.limits import Lane

METHODS = ["POST", "DELETE", "GET"]

# Twisted's own, when it is given certificates; the gateway gives it none.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Passing pyOpenSSL X509:DeprecationWarning",
    "ignore:Passing pyOpenSSL PKey:DeprecationWarning",
)


class Pair:
    """An :class:`Http` and the server that it speaks to."""

    def __init__(self, turns: Turns, *, secure: bool) -> None:
        self.turns = turns
        own, authority = certificate("localhost") if secure else (None, None)
        self.server = Server(turns, own)
        url = Url("https" if secure else "http", "localhost", self.server.port)
        rules = Rules(name="testing")
        memory = Memory(lambda: datetime.now(UTC))
        budget = Budget(rules, turns.reactor, time.monotonic, lambda: datetime.now(UTC), memory)
        site = Site(name="testing", base=url, sign=lambda call: call, random=lambda: 0.5)
        self.http = Http(site, budget, dialler(turns.reactor, authority), turns.reactor)

    def send(self, method: str, path: str, deadline: float = 9) -> Result[Reply]:
        call = Call(method=method, path=path, lane=Lane.QUERY, deadline=deadline)
        return Result(self.http.send(call))

    def reached(self, link: int, line: str) -> None:
        """Turn until the request has come on that connection."""
        links = self.server.links
        self.turns.until(lambda: len(links) > link and line.encode() in links[link].received)

    def asked(self, method: str, path: str) -> Reply:
        """A whole exchange on the first connection."""
        result = self.send(method, path)
        self.reached(0, f"{method} {path} HTTP/1.1")
        self.server.links[0].answer(reply(path.encode()))
        self.turns.until(lambda: result)
        return result.value


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def pair(request: Any) -> Iterator[Pair]:
    with turning() as turns:
        yield Pair(turns, secure=request.param)


def test_calls_share_a_connection(pair: Pair) -> None:
    for number in range(3):
        assert pair.asked("GET", f"/{number}").body == f"/{number}".encode()
    assert len(pair.server.links) == 1


@pytest.mark.parametrize("method", METHODS)
def test_a_connection_closed_by_the_peer_is_replaced_before_anything_is_written(
    pair: Pair, method: str
) -> None:
    """Also when the reactor has not had a turn to notice it."""
    pair.asked("GET", "/first")
    raw_socket(pair).shutdown(socket.SHUT_RDWR)
    wait_for_news(pair)
    result = pair.send(method, "/second")
    pair.reached(1, f"{method} /second HTTP/1.1")
    assert b"/second" not in pair.server.links[0].received
    pair.server.links[1].answer(reply(b"done"))
    pair.turns.until(lambda: result)
    assert result.value.body == b"done"


def test_a_connection_on_which_something_was_said_unasked_is_replaced(pair: Pair) -> None:
    pair.asked("GET", "/first")
    raw_socket(pair).sendall(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
    wait_for_news(pair)
    result = pair.send("POST", "/second")
    pair.reached(1, "POST /second HTTP/1.1")
    pair.server.links[1].answer(reply(b"done"))
    pair.turns.until(lambda: result)
    assert result.value.status == 200


@pytest.mark.parametrize("method", METHODS)
def test_a_reset_under_a_request_leaves_doubt_and_nothing_is_repeated(
    pair: Pair, method: str
) -> None:
    pair.asked("GET", "/first")
    result = pair.send(method, "/second")
    pair.reached(0, f"{method} /second HTTP/1.1")
    pair.server.links[0].reset()
    pair.turns.until(lambda: result)
    assert type(result.error) is ProviderError
    assert len(pair.server.links) == 1


def test_a_stall_ends_with_the_deadline_and_the_connection_with_it(pair: Pair) -> None:
    result = pair.send("POST", "/first", deadline=0.2)
    pair.turns.until(lambda: result)
    assert type(result.error) in (ProviderError, NotSent)
    pair.turns.until(lambda: all(link.is_lost for link in pair.server.links))


def test_a_large_answer_comes_in_whole(pair: Pair) -> None:
    result = pair.send("GET", "/assets")
    pair.reached(0, "GET /assets HTTP/1.1")
    pair.server.links[0].answer(reply(b"0123456789" * 200_000))
    pair.turns.until(lambda: result)
    assert len(result.value.body) == 2_000_000


def wait_for_news(pair: Pair) -> None:
    """Until something has come to the gateway's side, which it has had no turn to read."""
    (made,) = pair.http._connections._made
    assert select.select([below(made.transport)], [], [], PATIENCE)[0]


def raw_socket(pair: Pair) -> socket.socket:
    """The server's side of the first connection."""
    return below(pair.server.links[0].transport)


def below(transport: Any) -> socket.socket:
    """What is below all transports."""
    handle = transport.getHandle()
    found = handle if isinstance(handle, socket.socket) else transport.transport.getHandle()
    assert isinstance(found, socket.socket)
    return found

"""Everything that can go wrong with a call, at every cut: how it ended is said truthfully.

An error that does not leave doubt says that nothing reached the broker; the peer is the judge.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import (
    ConnectionDone,
    ConnectionLost,
    ConnectionRefusedError,  # noqa: A004  (Twisted's own)
    DNSLookupError,
)

from tests.brokers.peer import Stand, Wire, reply
from tradegw.brokers.bounded import MOST_HEAD_BYTES
from tradegw.brokers.budget import Rules
from tradegw.brokers.endpoint import CONNECT_SECONDS, HandshakeFailed
from tradegw.brokers.ratelimit import Limit
from tradegw.errors import NotSent, ProviderError, RateLimited, leaves_doubt
from tradegw.model.limits import Lane

TEN = Rules(name="testing", limits=(Limit("calls", 10, 60),))
WHOLE = reply(b'{"id":"b7"}', 200, "Content-Type: application/json")
METHODS = ["POST", "DELETE", "PATCH", "GET"]


def left(stand: Stand) -> int:
    return stand.budget.status().limits[0].left


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "fault",
    [
        ConnectionRefusedError(),
        DNSLookupError("no results for hostname lookup: broker.example"),
        HandshakeFailed("TLS: certificate verify failed"),
        ConnectionLost(),
        OSError("no route to host"),
        RuntimeError("s3cr3t"),
    ],
)
def test_without_a_connection_nothing_was_sent(method: str, fault: Exception) -> None:
    stand = Stand(TEN)
    stand.peer.fails.append(fault)
    error = stand.send(method).error
    assert type(error) is NotSent
    assert not leaves_doubt(error)
    assert "s3cr3t" not in str(error)
    assert not stand.peer.requests
    assert left(stand) == 10


def test_a_connection_that_does_not_come_in_time_is_given_up_and_nothing_was_sent() -> None:
    stand = Stand(TEN)
    stand.peer.stalls = True
    result = stand.send("POST", deadline=5)
    stand.clock.advance(4.9)
    assert not result
    stand.clock.advance(0.1)
    assert type(result.error) is NotSent
    stand.peer.stalls = False
    stand.clock.advance(CONNECT_SECONDS)
    assert not stand.peer.requests
    assert left(stand) == 10


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("error", [ConnectionDone(), ConnectionLost()])
@pytest.mark.parametrize("cut", range(0, len(WHOLE), 7))
def test_an_answer_that_is_cut_leaves_doubt(method: str, error: Exception, cut: int) -> None:
    stand = Stand(TEN)
    result = stand.send(method, body=b"{}")
    stand.wire.answer(WHOLE[:cut])
    assert not result
    stand.wire.lose(error)
    assert type(result.error) is ProviderError
    assert leaves_doubt(result.error)
    stand.clock.advance(30)
    assert len(stand.peer.requests) == 1
    assert left(stand) == 9


@pytest.mark.parametrize("cut", range(0, len(WHOLE), 7))
def test_an_answer_that_stops_leaves_doubt_when_the_deadline_is_over(cut: int) -> None:
    stand = Stand(TEN)
    result = stand.send("POST", deadline=15)
    stand.wire.answer(WHOLE[:cut])
    stand.clock.advance(14.9)
    assert not result
    stand.clock.advance(0.1)
    stand.clock.advance(0)
    assert leaves_doubt(result.error)
    assert "in time" in str(result.error)
    assert not stand.wire.is_open
    assert len(stand.peer.requests) == 1


@pytest.mark.parametrize("method", METHODS)
def test_a_connection_that_breaks_while_the_request_is_written_leaves_doubt(method: str) -> None:
    stand = Stand(TEN)

    def break_off(wire: Wire, _data: bytes) -> None:
        stand.clock.callLater(0, wire.lose, ConnectionLost())

    stand.peer.on_write = break_off
    result = stand.send(method, body=b"{}")
    stand.clock.advance(30)
    assert leaves_doubt(result.error)
    assert len(stand.peer.requests) == 1


@pytest.mark.parametrize("method", METHODS)
def test_a_kept_connection_that_dies_idle_is_replaced_before_anything_is_sent(method: str) -> None:
    stand = Stand()
    stand.send("GET")
    stand.wire.answer(reply())
    stand.wire.lose()
    result = stand.send(method)
    assert len(stand.peer.wires) == 2
    assert len(stand.wire.requests) == 1
    stand.wire.answer(reply())
    assert result.value.status == 200


@pytest.mark.parametrize("method", METHODS)
def test_a_kept_connection_that_dies_under_a_request_leaves_doubt(method: str) -> None:
    stand = Stand()
    stand.send("GET")
    stand.wire.answer(reply())
    result = stand.send(method)
    stand.wire.lose()
    stand.clock.advance(30)
    assert leaves_doubt(result.error)
    assert len(stand.peer.wires) == 1
    assert len(stand.peer.requests) == 2


def test_a_stall_casts_doubt_on_all_kept_connections() -> None:
    stand = Stand()
    first, second = stand.send(), stand.send()
    for wire in stand.peer.wires:
        wire.answer(reply())
    assert first
    assert second
    stand.send(deadline=5)
    stand.clock.advance(5)
    stand.clock.advance(0)
    assert not any(wire.is_open for wire in stand.peer.wires)
    again = stand.send()
    assert len(stand.peer.wires) == 3
    stand.wire.answer(reply())
    assert again.value.status == 200


@pytest.mark.parametrize("announced", [True, False])
def test_an_answer_that_is_too_long_is_not_read(announced: bool) -> None:
    stand = Stand()
    result = stand.send("POST", max_bytes=100)
    head = b"Content-Length: 101" if announced else b"Transfer-Encoding: chunked"
    stand.wire.answer(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
    if not announced:
        stand.wire.answer(b"64\r\n" + b"x" * 100 + b"\r\n")
        assert not result
        stand.wire.answer(b"1\r\nx\r\n")
    assert leaves_doubt(result.error)
    assert "longer" in str(result.error)
    stand.clock.advance(0)
    assert not stand.wire.is_open


@pytest.mark.parametrize("line", [b"X-A: b\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_headers_without_end_are_not_read(line: bytes) -> None:
    stand = Stand()
    result = stand.send("POST")
    stand.wire.answer(b"HTTP/1.1 200 OK\r\n" if line.startswith(b"X") else b"")
    sent = 0
    while stand.wire.is_open and sent < 10 * MOST_HEAD_BYTES:
        stand.wire.answer(line * 1000)
        stand.clock.advance(0)
        sent += 1000 * len(line)
    assert sent <= 2 * MOST_HEAD_BYTES
    assert leaves_doubt(result.error)


def test_an_answer_of_the_greatest_length_is_read() -> None:
    stand = Stand()
    result = stand.send(max_bytes=100)
    stand.wire.answer(reply(b"x" * 100))
    assert len(result.value.body) == 100


def test_an_answer_without_an_end_is_no_success() -> None:
    stand = Stand()
    result = stand.send("POST")
    stand.wire.answer(b'HTTP/1.1 200 OK\r\n\r\n{"id":"b7"}')
    stand.wire.lose()
    assert leaves_doubt(result.error)


def test_a_refusal_without_an_end_is_told_for_its_status_says_enough() -> None:
    stand = Stand()
    result = stand.send("POST")
    stand.wire.answer(b"HTTP/1.1 403 Forbidden\r\n\r\n<html>")
    stand.wire.lose()
    assert (result.value.status, result.value.body) == (403, b"<html>")


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"s3cr3t\r\n\r\n",
    ],
)
def test_what_is_no_http_leaves_doubt_and_is_not_repeated_to_anybody(data: bytes) -> None:
    stand = Stand()
    result = stand.send("POST", deadline=3)
    stand.wire.answer(data)
    stand.clock.advance(3)
    stand.clock.advance(0)
    assert leaves_doubt(result.error)
    assert "s3cr3t" not in str(result.error)
    assert not stand.wire.is_open


def test_what_is_said_after_an_answer_is_not_taken_for_the_next_one() -> None:
    stand = Stand()
    first = stand.send()
    stand.wire.answer(reply(b"1") + reply(b"2"))
    assert first.value.body == b"1"
    second = stand.send()
    assert not second
    stand.wire.answer(reply(b"3"))
    assert second.value.body == b"3"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failure_of_the_broker_is_its_answer_whatever_its_body(status: int) -> None:
    stand = Stand()
    result = stand.send("POST")
    stand.wire.answer(reply(b"<html>\xff", status, "Content-Type: text/html"))
    assert (result.value.status, result.value.body) == (status, b"<html>\xff")
    assert len(stand.peer.requests) == 1


def test_a_reply_that_comes_before_the_request_was_asked_for_is_never_an_answer() -> None:
    stand = Stand()
    stand.send()
    stand.wire.answer(reply(b"1"))
    stand.wire.answer(reply(b"unasked"))
    stand.clock.advance(0)
    result = stand.send()
    assert len(stand.peer.wires) == 2
    stand.wire.answer(reply(b"asked"))
    assert result.value.body == b"asked"


# -- any schedule ----------------------------------------------------------------------------------

steps = st.lists(
    st.sampled_from(["answer", "half", "lose", "reset", "late", "refuse", "limit"]), max_size=12
)


@given(steps, st.sampled_from(METHODS))
def test_whatever_happens_each_call_leaves_at_most_once_and_certainty_is_never_wrong(
    faults: list[str], method: str
) -> None:
    """ "Nothing was sent" only if nothing was; no call is written twice; all come to an end."""
    stand = Stand(Rules(name="testing", limits=(Limit("calls", 1000, 60),)))
    acts: dict[str, Callable[[], Any]] = {
        "answer": lambda: stand.wire.answer(reply()),
        "half": lambda: stand.wire.answer(WHOLE[:30]),
        "lose": lambda: stand.wire.lose(),  # noqa: PLW0108  (the wire of then)
        "reset": lambda: stand.wire.lose(ConnectionLost()),
        "late": lambda: stand.clock.pump([0.5] * 12),
        "refuse": lambda: stand.peer.fails.append(ConnectionRefusedError()),
        "limit": lambda: stand.wire.answer(reply(b"", 429, "Retry-After: 1")),
    }
    results = []
    for number, fault in enumerate(faults):
        results.append(stand.send(method, f"/{number}", deadline=5, lane=Lane.EMERGENCY))
        if stand.peer.wires:
            acts[fault]()
        stand.clock.advance(0)
    stand.clock.pump([0.5] * 20)
    sent = [line.rsplit("/", 1)[1] for line in stand.peer.requests]
    assert len(sent) == len(set(sent))
    for number, result in enumerate(results):
        assert result
        if result.failed:
            assert type(result.error) in (NotSent, ProviderError, RateLimited)
            assert leaves_doubt(result.error) is (str(number) in sent)
        else:
            assert str(number) in sent

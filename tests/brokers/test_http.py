"""Calls to a broker over HTTP, when all is well and when a limit stands in the way."""

from __future__ import annotations

import tracemalloc
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from twisted.internet.defer import CancelledError
from twisted.logger import capturedLogs, eventAsText

from tests.brokers.peer import NOON, Stand, reply, told
from tradegw.brokers.budget import Rules
from tradegw.brokers.call import Call, Reply, query_text, segment
from tradegw.brokers.clock import BrokerClock
from tradegw.brokers.connections import IDLE_SECONDS
from tradegw.brokers.ratelimit import Limit, Reading
from tradegw.errors import NotSent, ProviderError, RateLimited, leaves_doubt
from tradegw.model.limits import Lane

TEN = Rules(name="testing", limits=(Limit("calls", 10, 60),))


def test_a_call_is_written_as_it_was_asked_for_and_its_reply_read() -> None:
    stand = Stand()
    result = stand.send(
        "POST",
        f"/v2/{segment('a/b c')}",
        query=(("symbols", "BTC/USD"), ("at", "2026-01-01T00:00:00+00:00")),
        headers=(("Content-Type", "application/json"),),
        body=b'{"qty":"1"}',
    )
    head, _, body = stand.wire.written.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    target = "/api/v2/a%2Fb%20c?symbols=BTC%2FUSD&at=2026-01-01T00%3A00%3A00%2B00%3A00"
    assert lines[0] == f"POST {target} HTTP/1.1"
    assert "Host: 127.0.0.1:9000" in lines
    assert "Content-Type: application/json" in lines
    assert "Content-Length: 11" in lines
    assert body == b'{"qty":"1"}'
    stand.wire.answer(reply(b"[1]", 201, "X-Request-ID: r7", "Set-Cookie: a", "Set-Cookie: b"))
    answer: Reply = result.value
    assert (answer.status, answer.body) == (201, b"[1]")
    assert answer.headers["x-request-id"] == "r7"
    assert answer.headers["set-cookie"] == "a, b"


def test_a_post_without_a_body_says_that_it_has_none() -> None:
    stand = Stand()
    stand.send("POST")
    assert b"Content-Length: 0\r\n" in stand.wire.written


def test_what_is_signed_is_what_is_sent() -> None:
    query = (("b", "ä &="), ("a", "+"))
    assert query_text(query) == "b=%C3%A4%20%26%3D&a=%2B"
    stand = Stand()
    stand.send(query=query)
    assert stand.peer.requests == [f"GET /api/v2/orders?{query_text(query)}"]


@pytest.mark.parametrize("status", [200, 204, 301, 302, 307, 400, 403, 404, 422, 500, 503])
def test_whatever_the_broker_answers_is_told_and_no_redirect_is_followed(status: int) -> None:
    stand = Stand()
    result = stand.send("DELETE")
    body = b"" if status == 204 else b"nope"
    stand.wire.answer(reply(body, status, "Location: http://elsewhere.example/"))
    stand.clock.advance(5)
    assert result.value.status == status
    assert result.value.body == body
    assert len(stand.peer.requests) == 1


def test_chunks_make_one_body() -> None:
    stand = Stand()
    result = stand.send()
    stand.wire.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
    assert not result
    stand.wire.answer(b"3\r\ncde\r\n0\r\n\r\n")
    assert result.value.body == b"abcde"


def test_a_connection_is_kept_and_used_again_until_it_is_too_old() -> None:
    stand = Stand()
    for _ in range(3):
        result = stand.send()
        stand.wire.answer(reply())
        assert result.value.status == 200
    assert len(stand.peer.wires) == 1
    stand.clock.advance(IDLE_SECONDS + 1)
    assert not stand.wire.is_open
    stand.send()
    assert len(stand.peer.wires) == 2


def test_calls_at_the_same_time_have_connections_of_their_own() -> None:
    stand = Stand()
    results = [stand.send(), stand.send()]
    assert len(stand.peer.wires) == 2
    stand.peer.wires[1].answer(reply(b"second"))
    stand.peer.wires[0].answer(reply(b"first"))
    assert [result.value.body for result in results] == [b"first", b"second"]


def test_a_connection_that_the_broker_closes_is_not_used_again() -> None:
    stand = Stand()
    stand.send()
    stand.wire.answer(reply(b"{}", 200, "Connection: close"))
    stand.send()
    assert len(stand.peer.wires) == 2


def test_a_call_is_signed_when_it_is_written_not_when_it_is_asked_for() -> None:
    signed: list[float] = []

    def sign(call: Call) -> Call:
        signed.append(stand.clock.seconds())
        return msgspec.structs.replace(call, headers=(("X-Time", str(len(signed))),))

    stand = Stand(Rules(name="testing", at_once=1), sign=sign)
    stand.send(lane=Lane.EMERGENCY)
    late = stand.send(lane=Lane.EMERGENCY)
    assert signed == [0.02]
    stand.clock.advance(3)
    stand.wire.answer(reply())
    assert signed == [0.02, stand.clock.seconds()]
    assert b"X-Time: 2\r\n" in stand.wire.written
    stand.wire.answer(reply())
    assert late.value.status == 200


def test_a_call_that_cannot_be_signed_is_not_sent() -> None:
    def sign(call: Call) -> Call:
        raise ValueError("the key is s3cr3t")

    stand = Stand(TEN, sign=sign)
    with capturedLogs() as logged:
        error = stand.send().error
    assert type(error) is NotSent
    written = "".join(map(eventAsText, logged))
    assert "could not be signed" in written
    assert "s3cr3t" not in f"{error} {written}"
    assert not stand.wire.written
    assert stand.budget.status().limits[0].left == 10
    stand.clock.advance(0)
    assert not stand.wire.is_open


def test_a_call_without_time_left_is_not_sent() -> None:
    stand = Stand(TEN)
    assert type(stand.send("POST", deadline=0).error) is NotSent
    stand.send()
    stand.wire.answer(reply())
    assert type(stand.send("POST", deadline=0).error) is NotSent
    assert stand.peer.requests == ["GET /api/v2/orders"]
    assert stand.budget.status().limits[0].left == 9


@pytest.mark.parametrize(
    "members",
    [{"path": "/v2/ä"}, {"path": "/v2/x y"}, {"method": "GE T"}, {"headers": (("X-A", "\u20ac"),)}],
)
def test_what_cannot_be_written_is_not_sent(members: dict[str, Any]) -> None:
    stand = Stand()
    assert type(stand.send(**members).error) is NotSent
    assert not stand.wire.written
    stand.clock.advance(0)
    assert not stand.wire.is_open


def test_neither_a_call_nor_a_reply_shows_what_may_be_secret() -> None:
    call = Call(
        method="GET",
        path="/x",
        lane=Lane.DATA,
        query=(("signature", "s3cr3t"),),
        headers=(("Authorization", "s3cr3t"),),
        body=b"s3cr3t",
    )
    answer = Reply(status=200, headers={"set-cookie": "s3cr3t"}, body=b"s3cr3t")
    assert "s3cr3t" not in f"{call!r} {call} {answer!r} {answer}"
    assert repr(call) == "<GET /x>"


def test_what_a_reply_tells_of_limits_is_counted() -> None:
    stand = Stand(TEN, read=lambda _reply: told(Reading(limit="calls", left=3, resets_in=30)))
    stand.send()
    stand.wire.answer(reply())
    assert stand.budget.status().limits[0].left == 3


def test_a_reader_that_fails_spoils_no_answer() -> None:
    def read(_reply: Reply) -> None:
        raise KeyError("no such header")

    stand = Stand(TEN, read=read)
    result = stand.send()
    stand.wire.answer(reply(b"[]"))
    assert result.value.body == b"[]"
    assert stand.budget.status().limits[0].left == 9


@pytest.mark.parametrize("status", [-1, 0, 199, 600, 999_999])
def test_g10_a_status_that_is_none_is_no_answer(status: int) -> None:
    stand = Stand()
    result = stand.send("POST")
    stand.wire.answer(reply(b"{}", status))
    stand.clock.advance(60)
    assert type(result.error) is ProviderError


def test_g9_a_body_takes_no_more_room_than_it_is_long_however_it_comes() -> None:
    stand = Stand()
    result = stand.send(max_bytes=2**17)
    stand.wire.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunks = b"1\r\n\xe9\r\n" * 2**13
    tracemalloc.start()
    for _ in range(15):
        stand.wire.answer(chunks)
    taken, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 2**18
    stand.wire.answer(b"0\r\n\r\n")
    assert len(result.value.body) == 15 * 2**13


@pytest.mark.parametrize(
    "date",
    [
        "yesterday",
        "Mon, 1 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2026 00:00:00 +99999999999999999999",
        "Sat, 01 Jan 0001 00:00:00 +2359",
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ],
)
@pytest.mark.parametrize("status", [200, 429])
def test_g10_times_that_make_no_sense_spoil_no_answer(date: str, status: int) -> None:
    stand = Stand(TEN)
    result = stand.send("POST")
    stand.wire.answer(reply(b"[]", status, f"Date: {date}", f"Retry-After: {date}"))
    assert (result.value.status, result.value.body) == (status, b"[]")
    (limit,) = stand.budget.status().limits
    assert limit.paused_until is None or limit.paused_until <= stand.now() + timedelta(days=7)


def test_g10_a_pause_without_end_is_one_of_a_week() -> None:
    stand = Stand(TEN, read=lambda _reply: told(pause=1e13))
    result = stand.send("POST")
    stand.wire.answer(reply(b"", 429))
    assert result.value.status == 429
    (limit,) = stand.budget.status().limits
    assert limit.paused_until == stand.now() + timedelta(days=7)


def test_a_clock_that_fails_spoils_no_answer() -> None:
    class Broken(BrokerClock):
        def dated(self, header: str | None, took: float) -> None:
            raise RuntimeError("a defect")

    stand = Stand(time=Broken(lambda: NOON, lambda: 0.0))
    result = stand.send("POST")
    stand.wire.answer(reply(b"[]"))
    assert result.value.body == b"[]"


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, ("Retry-After: 7",), 7),
        (
            429,
            ("Retry-After: Mon, 02 Mar 2026 12:00:09 GMT", "Date: Mon, 02 Mar 2026 12:00:00 GMT"),
            9,
        ),
        (429, (), 2),
        (418, ("Retry-After: 120",), 120),
    ],
)
def test_after_a_429_nothing_leaves_until_the_broker_wants_to_hear_again(
    status: int, headers: tuple[str, ...], seconds: int
) -> None:
    stand = Stand(TEN)
    result = stand.send("POST")
    stand.wire.answer(reply(b"", status, *headers))
    assert result.value.status == status
    error = stand.send("POST", deadline=seconds - 1).error
    assert type(error) is RateLimited
    assert not leaves_doubt(error)
    assert error.retry_after_seconds == seconds
    assert ("banned" in error.message) is (status == 418)
    patient = stand.send("POST", deadline=seconds + 5)
    stand.clock.advance(seconds - 1)
    assert len(stand.peer.requests) == 1
    stand.clock.advance(1)
    stand.clock.advance(0.02)  # the old connection may have been idle for too long
    assert len(stand.peer.requests) == 2
    stand.wire.answer(reply())
    assert patient.value.status == 200


def test_a_call_that_names_its_limits_counts_against_those_alone() -> None:
    stand = Stand(Rules(name="testing", limits=(Limit("weight", 100, 60), Limit("orders", 10, 10))))
    stand.send("POST", weight={"weight": 20, "orders": 1})
    stand.send(weight={"weight": 5})
    left = {limit.name: limit.left for limit in stand.budget.status().limits}
    assert left == {"weight": 75, "orders": 9}


def test_the_brokers_time_is_learned_from_replies() -> None:
    stand = Stand()
    stand.send()
    stand.wire.answer(reply(b"{}", 200, "Date: Mon, 02 Mar 2026 12:01:00 GMT"))
    assert 59 < stand.time.offset.total_seconds() < 60


# -- what may be repeated --------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_look_up_is_repeated_twice_at_most(status: int) -> None:
    stand = Stand()
    result = stand.send(repeatable=True)
    for tries in (1, 2, 3):
        assert len(stand.peer.requests) == tries
        stand.wire.answer(reply(b"no", status))
        stand.clock.pump([0.1] * 40)
    assert result.value.status == status
    assert len(stand.peer.requests) == 3


def test_a_look_up_is_repeated_after_a_lost_connection_and_a_refused_one() -> None:
    stand = Stand()
    result = stand.send(repeatable=True)
    stand.peer.fails.append(ConnectionRefusedError())
    stand.wire.lose()
    stand.clock.pump([0.1] * 40)
    stand.wire.answer(reply(b"at last"))
    assert result.value.body == b"at last"
    assert len(stand.peer.requests) == 2


def test_a_look_up_is_not_repeated_beyond_its_deadline() -> None:
    stand = Stand()
    result = stand.send(repeatable=True, deadline=0.3)
    stand.wire.answer(reply(b"", 503))
    stand.clock.advance(1)
    assert result.value.status == 503
    assert len(stand.peer.requests) == 1


def test_a_look_up_whose_turn_does_not_come_again_in_time_has_its_first_answer() -> None:
    stand = Stand(TEN)
    result = stand.send(repeatable=True, deadline=10)
    stand.wire.answer(reply(b"slow down", 429, "Retry-After: 60"))
    stand.clock.advance(2)
    assert result.value.body == b"slow down"
    assert len(stand.peer.requests) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PATCH"])
def test_what_is_not_marked_is_never_repeated(method: str) -> None:
    stand = Stand()
    result = stand.send(method)
    stand.wire.answer(reply())
    assert result.value.status == 200
    lost = stand.send(method)
    stand.wire.lose()
    stand.clock.pump([0.1] * 100)
    assert type(lost.error) is ProviderError
    refused = stand.send(method)
    stand.wire.answer(reply(b"", 503))
    stand.clock.pump([0.1] * 100)
    assert refused.value.status == 503
    assert stand.peer.requests == [f"{method} /api/v2/orders"] * 3


# -- giving up -------------------------------------------------------------------------------------


def test_the_deadline_is_for_the_queue_and_the_wire_together() -> None:
    stand = Stand(Rules(name="testing", at_once=1))
    stand.send(lane=Lane.EMERGENCY, deadline=8)
    late = stand.send(lane=Lane.EMERGENCY, deadline=10)
    stand.clock.advance(8)
    assert len(stand.peer.requests) == 1
    stand.clock.advance(0.02)
    assert len(stand.peer.requests) == 2
    stand.clock.advance(1.9)
    assert not late
    stand.clock.advance(0.1)
    assert type(late.error) is ProviderError


def test_a_call_that_waits_too_long_in_the_queue_is_not_sent() -> None:
    stand = Stand(Rules(name="testing", at_once=1))
    stand.send(lane=Lane.EMERGENCY, deadline=60)
    late = stand.send(lane=Lane.EMERGENCY, deadline=10)
    stand.clock.advance(10)
    assert type(late.error) is RateLimited
    stand.wire.answer(reply())
    stand.clock.advance(1)
    assert len(stand.peer.requests) == 1


def test_a_caller_that_goes_away_while_it_waits_takes_its_call_with_it() -> None:
    stand = Stand(Rules(name="testing", at_once=1))
    stand.send(lane=Lane.EMERGENCY)
    late = stand.send(lane=Lane.EMERGENCY)
    late.work.cancel()
    assert type(late.error) is CancelledError
    stand.wire.answer(reply())
    stand.clock.advance(1)
    assert len(stand.peer.requests) == 1


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal"])
def test_a_caller_that_goes_away_later_has_its_connection_dropped(begun: bytes) -> None:
    stand = Stand(TEN)
    result = stand.send()
    stand.wire.answer(begun)
    result.work.cancel()
    stand.clock.advance(0)
    assert type(result.error) is CancelledError
    assert not stand.wire.is_open
    assert stand.budget.status().limits[0].left == 9
    stand.clock.advance(61)
    assert stand.budget.status().limits[0].left == 10


def test_after_closing_nothing_is_sent_and_no_connection_stays() -> None:
    stand = Stand()
    stand.send()
    stand.wire.answer(reply())
    under_way = stand.send()
    idle, busy = stand.send(), stand.peer.wires[0]
    stand.wire.answer(reply())
    assert idle.value.status == 200
    stand.http.close()
    error = stand.send(repeatable=True).error
    assert type(error) is NotSent
    busy.answer(reply(b"still told"))
    assert under_way.value.body == b"still told"
    stand.clock.advance(0)
    assert not any(wire.is_open for wire in stand.peer.wires)
    assert not stand.clock.getDelayedCalls()

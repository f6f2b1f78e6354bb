"""G11: whatever goes wrong between a broker and us, no credential is shown.

A canary goes everywhere a credential can go: headers, query, body, signature, logon. It is looked
for in every log event (of autobahn and Twisted as well), error, reason, status and ``repr``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionLost
from twisted.logger import LogEvent, eventAsText, globalLogPublisher
from twisted.python.failure import Failure

from tests.brokers.far_end import FarEnd
from tests.brokers.peer import Stand, reply
from tests.brokers.wires import parts
from tradegw.brokers.call import Call
from tradegw.brokers.endpoint import Url
from tradegw.brokers.link.stream import Stream
from tradegw.brokers.link.websocket import Target, web_socket
from tradegw.testing.listener import Notebook

CANARY = "c4n4ry5up3r53cr3t"


@pytest.fixture
def logged() -> Iterator[list[LogEvent]]:
    """All that is logged meanwhile, whatever its level."""
    events: list[LogEvent] = []
    globalLogPublisher.addObserver(events.append)  # type: ignore[arg-type]  # a plain callable
    yield events
    globalLogPublisher.removeObserver(events.append)  # type: ignore[arg-type]


def shown(events: list[LogEvent]) -> str:
    """Everything that an observer could print of *events*."""
    return "\n".join(
        eventAsText(event, includeTraceback=True) + repr(sorted(event.items(), key=str))
        for event in events
    )


def told(error: BaseException) -> str:
    """What an error shows of itself when it is logged; what lies behind it is not."""
    return repr(error) + str(error) + Failure(error).getTraceback()


# -- HTTP

SECRETIVE: dict[str, Any] = {
    "query": (("signature", CANARY),),
    "body": CANARY.encode(),
    "headers": (("X-Key", CANARY),),
}


def signed(call: Call) -> Call:
    return Call(
        method=call.method,
        path=call.path,
        lane=call.lane,
        query=(("signature", CANARY),),
        headers=(("X-Secret", CANARY),),
        body=call.body,
    )


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"no HTTP at all " + CANARY.encode() + b"\r\n\r\n",
        f"HTTP/1.1 {CANARY} OK\r\n\r\n".encode(),
        f"HTTP/1.1 200 {CANARY}\r\nContent-Length: {CANARY}\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\n{CANARY}\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {CANARY}\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{CANARY}\r\n".encode(),
        f"HTTP/1.1 200 OK\r\nDate: {CANARY}\r\nContent-Length: 99\r\n\r\n{CANARY}".encode(),
        reply(CANARY.encode(), 429, f"Retry-After: {CANARY}"),
        reply(CANARY.encode(), 302, f"Location: https://{CANARY}.example/"),
    ],
)
def test_no_answer_of_a_broker_has_credentials_shown(answer: bytes, logged: list[LogEvent]) -> None:
    """Some echo what they were sent."""
    stand = Stand(sign=signed)
    result = stand.send("POST", **SECRETIVE)
    assert CANARY in stand.wire.written.decode()
    stand.wire.answer(answer)
    stand.clock.advance(0)
    stand.wire.lose(ConnectionLost())
    stand.clock.advance(60)
    assert result
    text = told(result.error) if result.failed else repr(result.value)
    assert CANARY not in text + shown(logged)


@pytest.mark.parametrize("where", ["headers", "body", "query", "path"])
def test_a_call_that_cannot_be_written_does_not_show_why(
    where: str, logged: list[LogEvent]
) -> None:
    odd = CANARY + "\N{SNOWMAN}"
    members: dict[str, Any] = {
        "headers": {"headers": (("X-Key", odd),)},
        "body": {"body": odd.encode(), "headers": (("X Y", odd),)},
        "query": {"query": ((odd, odd),), "method": "G T"},
        "path": {"path": f"/{odd} x"},
    }
    stand = Stand()
    result = stand.send(**members[where])
    stand.clock.advance(60)
    assert CANARY not in shown(logged)
    if result.failed and where != "path":  # paths hold no credentials
        assert CANARY not in told(result.error)


# -- WebSockets


@pytest.mark.parametrize(
    "answer",
    [
        f"HTTP/1.1 401 {CANARY}?\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\nX: {CANARY}\r\n\r\n".encode(),
        f"{CANARY}\r\n\r\n".encode(),
        f"HTTP/1.1 101 Switching\r\nUpgrade: {CANARY}\r\n\r\n".encode(),
        f"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: {CANARY}\r\n\r\n".encode(),
        (
            "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {CANARY}\r\n\r\n"
        ).encode(),
    ],
)
def test_an_upgrade_that_fails_shows_no_credentials(answer: bytes, logged: list[LogEvent]) -> None:
    far = FarEnd(query=f"listenKey={CANARY}", headers=(("X-Key", CANARY),))
    far.refusal = answer.replace(b" " + CANARY.encode() + b"?", b" Unauthorized")
    far.dial()
    far.drop()
    assert far.error is not None
    assert CANARY not in told(far.error) + shown(logged) + repr(far.target)


class Talk:
    """Says a canary as its logon, and chokes on what it hears."""

    def __init__(self, progress: Any) -> None: ...
    def opened(self, wire: Any) -> None:
        wire.send(f'{{"key": "{CANARY}"}}'.encode())

    def received(self, payload: bytes, is_binary: bool) -> None:
        raise ValueError("a defect")

    def closed(self, reason: str) -> None: ...


@pytest.mark.parametrize(
    "target",
    [
        Target(url=Url.parse("ws://127.0.0.1:9/stream"), query=f"token={CANARY}#fragment"),
        Target(url=Url.parse("ws://127.0.0.1:9/stream"), query=f"token={CANARY} \x00\N{SNOWMAN}"),
        Target(url=Url.parse("ws://127.0.0.1:9/stream"), headers=(("X\nY", CANARY),)),
    ],
)
def test_a_ticket_that_cannot_be_used_is_not_shown(target: Target, logged: list[LogEvent]) -> None:
    far, listener = FarEnd(), Notebook()
    given = parts(far.clock, listener)
    stream = Stream("orders", web_socket(lambda _url: far, far.clock, target), Talk, given)
    news: list[Any] = []

    class News:
        def __getattr__(self, name: str) -> Any:
            return lambda *arguments: news.append((name, arguments))

    stream.tell(News())
    stream.startService()
    far.clock.advance(400)
    far.clock.advance(400)
    stream.stopService()
    assert CANARY not in shown(logged) + repr(news) + repr(stream.status()) + repr(target)


def test_a_ticket_that_could_not_be_had_does_not_show_what_was_asked_with(
    logged: list[LogEvent],
) -> None:
    far = FarEnd()

    def find() -> Deferred[Target]:
        return fail(ValueError(f"https://broker.example/?api_key={CANARY}"))

    given = parts(far.clock, Notebook())
    stream = Stream("orders", web_socket(lambda _url: far, far.clock, find), Talk, given)
    stream.tell(_Deaf())
    stream.startService()
    far.clock.advance(0)
    stream.stopService()
    assert CANARY not in shown(logged) + repr(stream.status())


def test_a_logon_is_not_shown_when_a_conversation_fails(logged: list[LogEvent]) -> None:
    far = FarEnd()
    given = parts(far.clock, Notebook())
    where = succeed(Target(url=far.target.url, headers=(("X-Key", CANARY),)))
    stream = Stream("orders", web_socket(lambda _url: far, far.clock, lambda: where), Talk, given)
    stream.tell(_Deaf())
    stream.startService()
    far.text(f"echo of {CANARY}")
    stream.stopService()
    assert any(
        "defect" in eventAsText(event) or "taken in" in eventAsText(event) for event in logged
    )
    assert CANARY not in shown(logged) + repr(stream.status())


class _Deaf:
    def changed(self, state: Any) -> None: ...
    def retrying(self) -> None: ...
    def up(self) -> None: ...
    def lost(self, reason: str) -> None: ...
    def failed(self, reason: str) -> None: ...

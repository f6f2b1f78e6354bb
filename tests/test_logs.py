"""Log lines for people and for machines, without secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import LogEvent, Logger, LogLevel, LogPublisher, globalLogPublisher
from twisted.python import log as legacy_log

from tradegw import logs
from tradegw.model.enums import Side
from tradegw.secrecy import Secret

CANARY = "c4n4ry-7f31"


class AtTen(LogPublisher):
    """Where it is always the same moment."""

    def __call__(self, event: LogEvent) -> None:
        super().__call__({**event, "log_time": 1736937000.1234})


class Book:
    """What a logger writes through an observer of ours."""

    def __init__(self, level: str = "info", json_lines: bool = False) -> None:
        self.out = io.StringIO()
        publisher = AtTen(logs.observer(self.out, level, json_lines))
        self.log = Logger(namespace="tradegw.orders.entry", observer=publisher)

    @property
    def text(self) -> str:
        return self.out.getvalue()

    @property
    def line(self) -> dict[str, Any]:
        (line,) = self.text.splitlines()
        found = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
        assert isinstance(found, dict)
        return found


def fail(error: Exception) -> None:
    raise error


def test_a_text_line_holds_time_level_short_namespace_and_message() -> None:
    book = Book()
    book.log.info("order {order_id} filled", order_id="o-1")
    assert book.text == "2025-01-15T10:30:00.123Z info     orders.entry: order o-1 filled\n"


def test_a_json_line_holds_the_fields_as_members() -> None:
    book = Book(json_lines=True)
    book.log.warn(
        "order {order_id} filled",
        order_id="o-1",
        correlation_id="c-9",
        quantity=Decimal("1.50"),
        side=Side.BUY,
        at=datetime(2025, 1, 15, tzinfo=UTC),
        legs=("a", {"n": 1, 2: None}),
        big=float("inf"),
        raw=b"\xff\n",
        odd=object,
    )
    assert book.line == {
        "time": "2025-01-15T10:30:00.123Z",
        "level": "warn",
        "namespace": "tradegw.orders.entry",
        "message": "order o-1 filled",
        "order_id": "o-1",
        "correlation_id": "c-9",
        "quantity": "1.50",
        "side": "BUY",
        "at": "2025-01-15 00:00:00+00:00",
        "legs": ["a", {"n": 1, "2": None}],
        "big": "inf",
        "raw": "\\xff\n",
        "odd": "<class 'object'>",
    }


def test_a_field_named_like_a_member_of_ours_does_not_hide_it() -> None:
    book = Book(json_lines=True)
    book.log.info("hello", namespace=9, time="then")
    assert book.line["namespace"] == "tradegw.orders.entry"
    assert (book.line["namespace_"], book.line["time_"]) == (9, "then")


@pytest.mark.parametrize(
    ("level", "shown"),
    [("debug", 5), ("info", 4), ("warn", 3), ("error", 2), ("critical", 1)],
)
def test_what_is_below_the_level_is_left_out(level: str, shown: int) -> None:
    book = Book(level)
    for each in (book.log.debug, book.log.info, book.log.warn, book.log.error, book.log.critical):
        each("x")
    assert len(book.text.splitlines()) == shown


@pytest.mark.parametrize("json_lines", [False, True])
def test_a_failure_brings_its_traceback(json_lines: bool) -> None:
    book = Book(json_lines=json_lines)
    try:
        fail(ValueError(f"token={CANARY}"))
    except ValueError:
        book.log.failure("failed: {doing}", doing="counting")
    assert CANARY not in book.text
    assert "counting" in book.text
    assert "builtins.ValueError" in book.text
    assert "test_logs.py" in book.text
    if json_lines:
        assert book.line["failure"]["type"] == "builtins.ValueError"
        assert book.line["level"] == "critical"


def test_nobody_forges_a_line_of_the_text() -> None:
    book = Book()
    book.log.info("from {who}", who="x\n2025-01-15T10:30:00Z info forged: y\x1b[31m\r\x07")
    _, second = book.text.splitlines()
    assert second.startswith("    2025-01-15")
    assert not set(book.text) & {"\x1b", "\r", "\x07"}


QUOTED = [
    "api_key={}",
    "ApiKey: {}",
    "GATEWAY_API_KEY={}",
    "Authorization: Bearer {}",
    "authorization=Basic {}",
    "{{'Authorization': 'Bearer {}'}}",
    '{{"token": "{}", "n": 1}}',
    "{{'APCA-API-SECRET-KEY': '{}'}}",
    "X-MBX-APIKEY: {}",
    "https://broker.example/order?symbol=X&signature={}&recvWindow=5000",
    "SAXO_REFRESH_TOKEN = {}",
    "password:{}",
    "got bearer {}",
]


@pytest.mark.parametrize("quoted", QUOTED)
@pytest.mark.parametrize("json_lines", [False, True])
def test_credentials_in_a_text_are_struck_out(quoted: str, json_lines: bool) -> None:
    book = Book(json_lines=json_lines)
    book.log.error("broker said {answer}", answer=quoted.format(CANARY))
    assert CANARY not in book.text
    assert "REDACTED" in book.text


@pytest.mark.parametrize("json_lines", [False, True])
def test_credentials_in_fields_are_struck_out(json_lines: bool) -> None:
    book = Book(json_lines=json_lines)
    book.log.info(
        "sent {request}",
        request={"headers": {"APCA-API-SECRET-KEY": CANARY, "Accept": "*/*"}},
        api_key=CANARY,
        token=CANARY.encode(),
        secret=Secret(CANARY),
        nested=[{"password": CANARY}],
    )
    assert CANARY not in book.text
    assert "Accept" in book.text


def test_ordinary_text_is_left_alone() -> None:
    text = "the secret of success: buy low; 3 tokens left, authorized by nobody"
    assert logs.without_secrets(text) == text


class Unspeakable:
    def __repr__(self) -> str:
        raise ValueError("no")


@pytest.mark.parametrize("json_lines", [False, True])
def test_what_cannot_be_shown_costs_at_most_its_own_line(json_lines: bool) -> None:
    book = Book(json_lines=json_lines)
    cycle: list[Any] = []
    cycle.append(cycle)
    book.log.info("{x!r} {missing}", x=Unspeakable(), cycle=cycle)
    book.log.info("{cycle}", cycle=cycle, lone="\ud800")
    book.log.info("after")
    assert "after" in book.text.splitlines()[-1]


def test_a_stream_that_cannot_be_written_to_stops_nobody() -> None:
    book = Book()
    book.out.close()
    book.log.info("lost")


NAMES = st.text(min_size=1).filter(lambda name: not name.startswith("log_"))


@given(st.dictionaries(NAMES, st.none() | st.floats() | st.text() | st.binary()))
def test_every_event_is_one_json_object_on_one_line(fields: dict[str, Any]) -> None:
    event = {"log_level": LogLevel.info, "log_namespace": "x", "log_format": "hello", **fields}
    line = logs.json_line(event)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert isinstance(json.loads(line), dict)


def test_lines_of_the_older_log_have_no_members_of_its_machinery() -> None:
    out = io.StringIO()
    observer = logs.observer(out, "info", json_lines=True)
    globalLogPublisher.addObserver(observer)
    try:
        legacy_log.msg("old words", extra=1)
    finally:
        globalLogPublisher.removeObserver(observer)
    line = json.loads(out.getvalue())
    assert line["message"] == "old words"
    assert set(line) == {"time", "level", "namespace", "message", "extra"}


@pytest.fixture
def stdlib() -> Iterator[io.StringIO]:
    """The global log as text, with the standard library's routed into it."""
    out = io.StringIO()
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    observer = logs.observer(out, "info", json_lines=False)
    globalLogPublisher.addObserver(observer)
    root.handlers = []
    logs.route_stdlib("info")
    yield out
    globalLogPublisher.removeObserver(observer)
    root.handlers = before
    root.setLevel(level)


def test_the_standard_librarys_logging_flows_in(stdlib: io.StringIO) -> None:
    logging.getLogger("some.library").warning("%s of %s", "{braces}", f"token={CANARY}")
    logging.getLogger("some.library").debug("not this")
    assert stdlib.getvalue().endswith("warn     some.library: {braces} of token=***REDACTED***\n")


def test_its_exceptions_bring_their_traceback(stdlib: io.StringIO) -> None:
    try:
        fail(KeyError("k"))
    except KeyError:
        logging.getLogger("some.library").exception("oh")
    assert "error    some.library: oh" in stdlib.getvalue()
    assert "builtins.KeyError: 'k'" in stdlib.getvalue()


@pytest.mark.parametrize("json_lines", [False, True])
def test_the_gateways_own_key_is_struck_out_under_any_name(json_lines: bool) -> None:
    key, out = "0123456789abcdef" * 2, io.StringIO()
    observer = logs.observer(out, "info", json_lines, Secret(key))
    Logger(observer=cast("Any", observer)).info("order {client_order_id}", client_order_id=key)
    assert key not in out.getvalue()
    assert "REDACTED" in out.getvalue()

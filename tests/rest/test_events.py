"""``GET /v1/events``: what was told, read again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from zope.interface.verify import verifyObject

from tests.rest.fakes import FakeEvents, message
from tests.rest.memory import Gateway
from tradegw.errors import JournalUnavailable
from tradegw.interfaces import IEventLog
from tradegw.model.journal import EventSpan
from tradegw.rest.events import MAX_BYTES
from tradegw.rest.openapi import document
from tradegw.rest.routes import ROUTES


@pytest.fixture
def log(gateway: Gateway) -> FakeEvents:
    """Events 101 to 105 of epoch e1."""
    return gateway.events


def numbers(answer: Any) -> list[int]:
    return [event["seq"] for event in answer["events"]]


def test_the_fake_is_an_event_log(log: FakeEvents) -> None:
    assert verifyObject(IEventLog, log)


@pytest.mark.parametrize(
    "query", ["", "?since=0", "?since=100", "?since=0&epoch=e1", "?limit=1000"]
)
def test_all_that_is_kept(gateway: Gateway, query: str) -> None:
    answer = gateway.ask("GET", f"/v1/events{query}").json
    assert numbers(answer) == [101, 102, 103, 104, 105]
    del answer["events"]
    assert answer == {"next": 105, "epoch": "e1", "oldest": 101, "newest": 105}


def test_messages_are_those_that_were_told_byte_for_byte(gateway: Gateway) -> None:
    body = gateway.ask("GET", "/v1/events").body
    assert body.startswith(b'{"events":[' + b",".join(map(message, range(101, 106))) + b"],")


def test_reading_on_with_next_shows_everything_once(gateway: Gateway, log: FakeEvents) -> None:
    log.kept = {seq: message(seq) for seq in range(101, 150)}
    seen: list[int] = []
    since = 0
    while True:
        answer = gateway.ask("GET", f"/v1/events?since={since}&limit=7&epoch=e1").json
        seen += numbers(answer)
        if answer["next"] == answer["newest"]:
            break
        since = answer["next"]
    assert seen == list(range(101, 150))
    again = gateway.ask("GET", f"/v1/events?since={answer['next']}").json
    assert again["events"] == []
    assert again["next"] == answer["next"]


def test_a_hundred_unless_said_otherwise(gateway: Gateway, log: FakeEvents) -> None:
    log.kept = {seq: message(seq) for seq in range(101, 401)}
    assert len(gateway.ask("GET", "/v1/events?since=150").json["events"]) == 100
    assert len(gateway.ask("GET", "/v1/events?since=150&limit=150").json["events"]) == 150


def test_limit_0_tells_where_the_log_is_and_nothing_else(gateway: Gateway) -> None:
    answer = gateway.ask("GET", "/v1/events?limit=0").json
    expected = {"events": [], "next": 100, "epoch": "e1", "oldest": 101, "newest": 105}
    assert answer == expected
    assert gateway.ask("GET", "/v1/events?limit=0&since=103").json["next"] == 103


def test_a_log_without_events_has_a_place_to_begin(gateway: Gateway, log: FakeEvents) -> None:
    log.kept.clear()
    for query in ("", "?since=0", "?since=100"):
        answer = gateway.ask("GET", f"/v1/events{query}").json
        assert answer["events"] == []
        assert answer["next"] == 100


def test_next_after_0_is_a_place_of_its_own(gateway: Gateway, log: FakeEvents) -> None:
    """Were it 0 again, what expires before the next request would be lost in silence."""
    assert gateway.ask("GET", "/v1/events?since=0&limit=0").json["next"] == 100


@pytest.mark.parametrize("query", ["since=99", "since=106", "since=1&epoch=e1", "epoch=e2"])
def test_a_place_that_is_not_in_the_log_is_refused(gateway: Gateway, query: str) -> None:
    reply = gateway.ask("GET", f"/v1/events?{query}")
    assert (reply.status, reply.code) == (400, "INVALID_REQUEST")
    expected = {"field": "since", "oldest": 101, "newest": 105, "epoch": "e1"}
    assert reply.json["details"] == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=", "since"),
        ("since", "since"),
        ("since=-1", "since"),
        ("since=1.0", "since"),
        ("since=x", "since"),
        ("since=2025-01-15T10:30:00Z", "since"),
        ("since=9007199254740992", "since"),
        ("since=101&since=102", "since"),
        ("limit=1001", "limit"),
        ("limit=-1", "limit"),
        ("limit=", "limit"),
        ("epoch=", "epoch"),
        ("epoch=%ff", "epoch"),
    ],
)
def test_a_query_that_makes_no_sense_names_its_field(
    gateway: Gateway, log: FakeEvents, query: str, field: str
) -> None:
    reply = gateway.ask("GET", f"/v1/events?{query}")
    assert reply.status == 400
    assert reply.field == field
    assert log.calls == []


def test_a_hole_ends_a_page_and_is_refused_when_it_is_next(
    gateway: Gateway, log: FakeEvents
) -> None:
    del log.kept[103]
    assert numbers(gateway.ask("GET", "/v1/events").json) == [101, 102]
    reply = gateway.ask("GET", "/v1/events?since=102")
    assert reply.status == 400
    assert "103" in reply.json["message"]


def test_what_is_not_published_yet_is_not_shown(gateway: Gateway, log: FakeEvents) -> None:
    log.will["span"] = EventSpan(epoch="e1", oldest=101, newest=103)
    answer = gateway.ask("GET", "/v1/events").json
    assert numbers(answer) == [101, 102, 103]
    assert gateway.ask("GET", "/v1/events?since=104").status == 400


def test_a_page_ends_before_it_is_too_large_and_has_one_event_at_least(
    gateway: Gateway, log: FakeEvents
) -> None:
    large = json.dumps({"type": "error", "message": "x" * (MAX_BYTES // 2)}).encode()
    log.kept = dict.fromkeys(range(101, 104), large)
    log.kept[102] = large * 3
    answers = [gateway.ask("GET", f"/v1/events?since={since}").body for since in (100, 102)]
    assert [answer.count(b'"message"') for answer in answers] == [1, 1]
    assert gateway.ask("GET", "/v1/events?since=101&limit=1").body.count(b'"message"') == 3


def test_a_log_that_cannot_be_read_is_not_an_empty_one(gateway: Gateway, log: FakeEvents) -> None:
    log.will["events"] = JournalUnavailable("The journal cannot be read")
    reply = gateway.ask("GET", "/v1/events")
    assert (reply.status, reply.code) == (503, "PROVIDER_UNAVAILABLE")
    assert "Retry-After" in reply.headers


def test_the_types_of_messages_are_described() -> None:

    described = document(ROUTES)["components"]["schemas"]
    kinds = described["Events"]["properties"]["events"]["items"]["discriminator"]["mapping"]
    assert set(kinds) == {"order", "trade", "position", "account", "financing", "error"}
    for reference in kinds.values():
        members = described[reference.rpartition("/")[2]]["properties"]
        assert {"seq", "epoch", "reconciled"} <= members.keys()

"""A run hears of every request, from its first byte until its answer is written."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from .fakes import ACCOUNT
from .memory import Client, Gateway, written

GET = written("GET", "/v1/account")


class Requests:
    """How many requests are under way, and how many there were."""

    def __init__(self) -> None:
        self.under_way = self.seen = 0

    def request_began(self) -> None:
        self.under_way += 1
        self.seen += 1

    def request_ended(self) -> None:
        assert self.under_way, "ended more often than it began"
        self.under_way -= 1


@pytest.fixture
def requests() -> Requests:
    return Requests()


@pytest.fixture
def client(requests: Requests) -> Client:
    pacing: Any = requests  # what the stream tells is not needed here
    gateway = Gateway(pacing=pacing)
    answers: list[Deferred[Any]] = [Deferred(), Deferred()]
    gateway.enquiry.will["account"] = answers[0]
    found = gateway.connect()
    found.answers = answers  # type: ignore[attr-defined]
    return found


def test_from_the_first_byte_until_the_answer(client: Client, requests: Requests) -> None:
    client.send(GET[:1])
    assert requests.under_way == 1
    client.send(GET[1:])
    assert requests.under_way == 1
    client.answers[0].callback(ACCOUNT)  # type: ignore[attr-defined]
    assert (requests.under_way, requests.seen) == (0, 1)
    assert [reply.status for reply in client.replies()] == [200]


def test_pipelined_requests_are_under_way_until_the_last_answer(
    client: Client, requests: Requests
) -> None:
    client.send(GET + GET)
    assert requests.under_way == 1
    client.answers[0].callback(ACCOUNT)  # type: ignore[attr-defined]
    assert requests.under_way == 0
    assert len(client.replies()) == 2


@pytest.mark.parametrize("part", [GET[:20], GET], ids=["half of it", "all of it"])
def test_a_client_that_hangs_up_is_not_answered_any_more(
    client: Client, requests: Requests, part: bytes
) -> None:
    client.send(part)
    client.hang_up()
    assert (requests.under_way, requests.seen) == (0, 1)


def test_what_is_refused_is_answered(client: Client, requests: Requests) -> None:
    client.send(b"nonsense\r\n\r\n")
    assert (requests.under_way, requests.seen) == (0, 1)


def test_an_idle_connection_asks_nothing(client: Client, requests: Requests) -> None:
    client.hang_up()
    assert requests.seen == 0

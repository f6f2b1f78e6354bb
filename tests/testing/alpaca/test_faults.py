"""What goes wrong with calls when it is told to, and what the ledger then knows."""

from __future__ import annotations

import base64
import http.client
from typing import Any

import pytest

from tradegw.testing.alpaca import (
    Beside,
    Fault,
    drop,
    garble,
    html,
    mistype,
    refuse,
    reset,
    slow,
    stall,
    truncate,
)

from .wire import ask, call

BUY = {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}


def plan(double: Beside, fault: Fault, **where: Any) -> None:
    double.do(lambda fake: fake.faults.plan(fault, **where))


def filled(double: Beside) -> int:
    return double.do(lambda fake: len(fake.executions))


@pytest.mark.parametrize("accepted", [False, True])
@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (drop, http.client.RemoteDisconnected),
        (reset, ConnectionResetError),
        (stall, TimeoutError),
        (truncate, http.client.IncompleteRead),
    ],
)
def test_calls_end_without_a_whole_answer(
    double: Beside, make: Any, expected: type[Exception], accepted: bool
) -> None:
    plan(double, make(accepted=accepted), verb="POST")
    with pytest.raises(expected):
        call(double, "POST", "/v2/orders", BUY, seconds=0.1 if make is stall else 10)
    assert filled(double) == accepted
    assert double.do(lambda fake: fake.calls[0].accepted) is accepted
    assert ask(double, "GET", "/v2/orders?status=all")[0] == 200


@pytest.mark.parametrize("accepted", [False, True])
@pytest.mark.parametrize(
    ("make", "status", "kind", "body"),
    [
        (html, 502, "text/html", b"<html>"),
        (mistype, 200, "text/html", b"<html>"),
        (garble, 200, "application/json", b'{"id": "'),
    ],
)
def test_calls_are_answered_with_something_else(
    double: Beside, make: Any, status: int, kind: str, body: bytes, accepted: bool
) -> None:
    plan(double, make(accepted=accepted), verb="POST")
    found, headers, answer = call(double, "POST", "/v2/orders", BUY)
    assert (found, headers["content-type"]) == (status, kind)
    assert answer.startswith(body)
    assert filled(double) == accepted


def test_a_refusal_may_come_after_the_work(double: Beside) -> None:
    plan(double, refuse(504, "timeout", accepted=True), verb="POST")
    assert ask(double, "POST", "/v2/orders", BUY) == (504, {"message": "timeout"})
    assert filled(double) == 1


def test_a_slow_answer_was_given_at_once(double: Beside) -> None:
    plan(double, slow(0.05), verb="POST")
    status, order = ask(double, "POST", "/v2/orders", BUY)
    assert (status, order["status"]) == (200, "pending_new")
    assert filled(double) == 1


def test_faults_are_for_a_verb_a_path_and_a_number_of_times(double: Beside) -> None:
    plan(double, refuse(503), verb="GET", path="/v2/orders*", times=2)
    assert ask(double, "GET", "/v2/account")[0] == 200
    assert ask(double, "POST", "/v2/orders", BUY)[0] == 200
    seen = [ask(double, "GET", "/v2/orders")[0] for _ in range(3)]
    assert seen == [503, 503, 200]
    plan(double, refuse(503), times=9)
    double.do(lambda fake: fake.faults.clear())
    assert ask(double, "GET", "/v2/account")[0] == 200


def test_every_answer_tells_the_rate_limit_and_a_request_id(double: Beside) -> None:
    _status, headers, _body = call(double, "GET", "/v2/account")
    assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("200", "199")
    assert int(headers["x-ratelimit-reset"]) > 1_700_000_000
    assert len(headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/v2/account", 401, "application/json"),
        ("/v2/clock", 401, "text/html"),
        ("/v2/stocks/bars?symbols=AAPL&timeframe=1Min", 401, "text/html"),
    ],
)
def test_wrong_credentials_are_refused(double: Beside, path: str, status: int, kind: str) -> None:
    wrong = {"APCA-API-KEY-ID": double.key, "APCA-API-SECRET-KEY": "wrong"}
    found, headers, _body = call(double, "GET", path, headers=wrong)
    assert (found, headers["content-type"]) == (status, kind)


def test_no_credentials_are_forbidden_but_for_data_of_coins(double: Beside) -> None:
    assert call(double, "GET", "/v2/account", headers={})[0] == 403
    path = "/v1beta3/crypto/us/latest/quotes?symbols=BTC%2FUSD"
    assert call(double, "GET", path, headers={})[0] == 200


def test_the_secret_may_come_as_basic(double: Beside) -> None:
    token = base64.b64encode(f"{double.key}:{double.secret}".encode()).decode()
    assert call(double, "GET", "/v2/account", headers={"Authorization": f"Basic {token}"})[0] == 200


def test_paths_and_times_are_taken_as_strictly_as_the_broker_does(double: Beside) -> None:
    assert ask(double, "GET", "/v2/Orders") == (
        404,
        {"code": 40410000, "message": "endpoint not found."},
    )
    assert ask(double, "GET", "/v2/positions/BTC/USD")[0] == 404
    assert ask(double, "GET", "/v2/orders?after=2026-03-02T00:00:00+00:00")[0] == 400
    assert ask(double, "GET", "/v2/orders?after=2026-03-02T00:00:00%2B00:00")[0] == 200

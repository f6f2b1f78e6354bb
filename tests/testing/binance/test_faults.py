"""What goes wrong on real sockets when it is told to, and what the ledger then knows."""

from __future__ import annotations

import http.client
import json
from typing import Any

import pytest

from tradegw.testing.binance import (
    Beside,
    Fault,
    drop,
    garble,
    html,
    mistype,
    overloaded,
    refuse,
    reset,
    slow,
    stall,
    timed_out,
    truncate,
    unknown_execution,
)

from .wire import ask, call

PATH = "/api/v3/order"
BUY: dict[str, Any] = {"symbol": "SOLUSDC", "side": "BUY", "type": "MARKET", "quantity": "1"}


def plan(double: Beside, fault: Fault, **where: Any) -> None:
    double.do(lambda fake: fake.faults.plan(fault, **where))


def filled(double: Beside) -> int:
    return double.do(lambda fake: len(fake.spot.executions))


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
        call(double, "POST", PATH, **BUY, seconds=0.1 if make is stall else 10)
    assert filled(double) == accepted
    assert double.do(lambda fake: fake.calls[0].accepted) is accepted


@pytest.mark.parametrize("accepted", [False, True])
@pytest.mark.parametrize(
    ("make", "status", "body"),
    [
        (html, 502, b"<html>"),
        (mistype, 200, b"<html>"),
        (garble, 200, b'{"id": "'),
        (timed_out, 408, b'{"code":-1007,'),
        (unknown_execution, 503, b'{"code":-1000,'),
    ],
)
def test_calls_are_answered_with_something_else(
    double: Beside, make: Any, status: int, body: bytes, accepted: bool
) -> None:
    plan(double, make(accepted=accepted), verb="POST")
    found, _headers, answer = call(double, "POST", PATH, **BUY)
    assert found == status
    assert answer.startswith(body)
    assert filled(double) == accepted


def test_a_refusal_may_come_late_after_the_work_or_with_a_time_to_wait(double: Beside) -> None:
    plan(double, slow(0.05), verb="POST")
    assert ask(double, "POST", PATH, **BUY)[1]["status"] == "FILLED"
    plan(double, overloaded(), verb="POST")
    assert ask(double, "POST", PATH, **BUY)[1]["code"] == -1008
    plan(double, refuse(429, -1003, "Too many.", retry_after=7), path="/api/*")
    status, headers, _body = call(double, "POST", PATH, **BUY)
    assert (status, headers["retry-after"]) == (429, "7")
    assert filled(double) == 1


def test_answers_tell_weights_and_orders(double: Beside) -> None:
    _status, headers, _body = call(double, "GET", "/api/v3/account")
    assert headers["x-mbx-used-weight-1m"] == headers["x-mbx-used-weight"] == "20"
    assert "x-mbx-order-count-10s" not in headers
    rest: dict[str, Any] = {**BUY, "type": "LIMIT", "price": "90", "timeInForce": "GTC"}
    _status, headers, _body = call(double, "POST", PATH, **rest)
    assert (headers["x-mbx-order-count-10s"], headers["x-mbx-order-count-1d"]) == ("1", "1")


def test_margin_has_headers_of_its_own(double: Beside) -> None:
    _status, headers, _body = call(double, "GET", "/sapi/v1/margin/account")
    assert headers["x-sapi-used-uid-weight-1m"] == "10"
    assert "x-mbx-used-weight" not in headers


@pytest.mark.parametrize("in_body", [False, True])
def test_the_signature_may_be_in_query_or_body(double: Beside, in_body: bool) -> None:
    double.do(lambda fake: fake.spot.set_quote("币安人生USDT", "1", "1.0001"))
    params: dict[str, Any] = {**BUY, "symbol": "币安人生USDT", "quantity": "10"}
    status, _headers, body = call(double, "POST", PATH, **params, in_body=in_body)
    assert (status, json.loads(body)["symbol"]) == (200, "币安人生USDT")


def test_a_retired_call_is_gone_and_an_unknown_one_unknown(double: Beside) -> None:
    assert ask(double, "POST", "/api/v3/userDataStream")[0] == 410
    assert ask(double, "GET", "/api/v3/nothing")[0] == 404

"""202 where nobody can know yet, and the key by which a request is sent again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rest.fakes import HANDLE, ORDER
from tests.rest.memory import Gateway, Reply, written
from tradegw import errors
from tradegw.model.enums import OrderStatus
from tradegw.model.order import CancelResult, OrderHandle, Replaced, Unresolved
from tradegw.model.protection import ExitsMoved

MARKET = {"symbol": "AAPL", "side": "buy", "quantity": "100", "order_type": "market"}
SUBMIT = ("POST", "/v1/orders", MARKET)
CLOSE = ("DELETE", "/v1/positions/p1", {"quantity": "5"})

UNKNOWN = OrderHandle(
    id="intent-1",
    client_order_id="s1-0007",
    status=OrderStatus.PENDING,
    outcome=Unresolved.UNKNOWN,
)


@pytest.mark.parametrize(("room", "request_"), [("submit", SUBMIT), ("close_position", CLOSE)])
def test_an_unknown_outcome_is_202_with_a_handle_that_says_so(
    gateway: Gateway, room: str, request_: tuple[str, str, Any]
) -> None:
    gateway.trading.will[room] = UNKNOWN
    reply = gateway.ask(*request_)
    assert (reply.status, reply.json) == (
        202,
        {
            "id": "intent-1",
            "client_order_id": "s1-0007",
            "status": "PENDING",
            "outcome": "unknown",
        },
    )


def test_a_cancel_and_a_change_have_the_same_three_outcomes(gateway: Gateway) -> None:
    gateway.trading.will["cancel"] = CancelResult(
        success=False, order=ORDER, outcome=Unresolved.UNKNOWN
    )
    gateway.trading.will["replace"] = Replaced(order=ORDER, outcome=Unresolved.UNKNOWN)
    for method, body in (("DELETE", None), ("PATCH", {"quantity": "2"})):
        reply = gateway.ask(method, "/v1/orders/b7", body)
        assert (reply.status, reply.json["outcome"]) == (202, "unknown")


def test_a_move_of_exits_that_takes_too_long_is_202_as_well(gateway: Gateway) -> None:
    gateway.trading.will["move_exits"] = ExitsMoved(position_id="p1", outcome=Unresolved.UNKNOWN)
    reply = gateway.ask("PATCH", "/v1/positions/p1", {"stop_loss": "95"})
    assert (reply.status, reply.json) == (202, {"position_id": "p1", "outcome": "unknown"})


@pytest.mark.parametrize(
    ("handles", "status"),
    [([], 200), ([HANDLE, HANDLE], 200), ([HANDLE, UNKNOWN], 202), ([UNKNOWN, HANDLE], 202)],
)
def test_of_several_one_that_is_unknown_makes_it_202(
    gateway: Gateway, handles: list[OrderHandle], status: int
) -> None:
    gateway.trading.will["close_all_positions"] = handles
    reply = gateway.ask("DELETE", "/v1/positions")
    assert reply.status == status
    assert [handle["id"] for handle in reply.json] == [handle.id for handle in handles]


@pytest.mark.parametrize("request_", [SUBMIT, CLOSE])
@pytest.mark.parametrize("key", ["1", "8e03978e-40d5", '"quoted"', "!~", "k" * 255])
def test_a_key_goes_with_the_request(
    gateway: Gateway, request_: tuple[str, str, Any], key: str
) -> None:
    assert gateway.ask(*request_, Idempotency_Key=key).status in (200, 201)
    assert gateway.ask(*request_, idempotency_key=key).status in (200, 201)
    assert gateway.ask(*request_).status in (200, 201)
    first, second, third = gateway.calls
    assert first == second == (*third, key)


@pytest.mark.parametrize("request_", [SUBMIT, CLOSE])
@pytest.mark.parametrize("value", [b"", b" ", b"a b", b"a\tb", "ä".encode(), b"\x7f", b"k" * 256])
def test_what_is_no_key_is_refused_and_nothing_is_done(
    gateway: Gateway, request_: tuple[str, str, Any], value: bytes
) -> None:
    reply = _asked(gateway, request_, b"Idempotency-Key: %s\r\n" % value)
    assert (reply.status, reply.code, reply.field) == (400, "INVALID_REQUEST", "Idempotency-Key")
    assert gateway.calls == []


@pytest.mark.parametrize("second", [b"a", b"b"])
def test_two_keys_are_refused_even_if_they_are_equal(gateway: Gateway, second: bytes) -> None:
    lines = b"Idempotency-Key: a\r\nidempotency-key: %s\r\n" % second
    reply = _asked(gateway, SUBMIT, lines)
    assert (reply.status, reply.code, reply.field) == (400, "INVALID_REQUEST", "Idempotency-Key")
    assert gateway.calls == []


def test_other_calls_do_not_look_at_the_key(gateway: Gateway) -> None:
    for method, path in (("GET", "/v1/orders"), ("DELETE", "/v1/orders/1")):
        assert gateway.ask(method, path, Idempotency_Key="two words").status == 200


@given(value=st.binary(max_size=20).filter(lambda raw: not set(raw) & set(b"\r\n\0")))
def test_any_bytes_are_a_key_or_a_clear_refusal(value: bytes) -> None:
    gateway = Gateway()
    reply = _asked(gateway, SUBMIT, b"Idempotency-Key: %s\r\n" % value)
    stripped = value.strip(b" \t")
    if stripped and all(0x21 <= byte <= 0x7E for byte in stripped):
        assert reply.status == 201
        assert gateway.calls[0][2] == stripped.decode()
    else:
        assert (reply.status, reply.field) == (400, "Idempotency-Key")


def test_the_body_is_read_before_the_key_so_that_one_answer_names_one_fault(
    gateway: Gateway,
) -> None:
    reply = gateway.ask("POST", "/v1/orders", {}, Idempotency_Key="two words")
    assert reply.field == "symbol"


def test_another_request_under_the_same_key_is_a_conflict(gateway: Gateway) -> None:
    gateway.trading.will["submit"] = errors.IntentConflict("Idempotency-Key", "k-1")
    reply = gateway.ask(*SUBMIT, Idempotency_Key="k-1")
    assert (reply.status, reply.code) == (409, "INVALID_REQUEST")
    assert reply.json["details"] == {"field": "Idempotency-Key", "provided": "k-1"}


def _asked(gateway: Gateway, request: tuple[str, str, Any], lines: bytes) -> Reply:
    raw = written(*request)
    head, _, body = raw.partition(b"\r\n\r\n")
    client = gateway.connect()
    client.send(head + b"\r\n" + lines + b"\r\n" + body)
    (reply,) = client.replies()
    return reply

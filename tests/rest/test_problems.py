"""From errors to answers (protocol section 2.3)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.rest.memory import Gateway
from tradegw import errors
from tradegw.rest.problems import TABLE, ErrorCode, answer_to, problem_of

RESET = datetime(2025, 1, 15, 12, tzinfo=UTC)
ABSENT = object()

CASES: list[tuple[errors.GatewayError, int, str, Any]] = [
    (errors.InvalidRequest("m", "f"), 400, "INVALID_REQUEST", {"field": "f"}),
    (errors.InvalidRequest("m"), 400, "INVALID_REQUEST", ABSENT),
    (errors.BodyTooLarge("m"), 413, "INVALID_REQUEST", ABSENT),
    (errors.InvalidValue("m", "f", "-1"), 400, "INVALID_VALUE", {"field": "f", "provided": "-1"}),
    (errors.InvalidValue("m", "f", None), 400, "INVALID_VALUE", {"field": "f", "provided": None}),
    (errors.ValidationFailed("m", {"a": []}), 400, "VALIDATION_ERROR", {"a": []}),
    (errors.Unauthorized("m", "AUTH_FAILED"), 401, "UNAUTHORIZED", {"code": "AUTH_FAILED"}),
    (errors.OrderNotFound("42"), 404, "ORDER_NOT_FOUND", {"resource": "order", "id": "42"}),
    (
        errors.PositionNotFound("p"),
        404,
        "POSITION_NOT_FOUND",
        {"resource": "position", "id": "p"},
    ),
    (errors.SymbolNotFound("S"), 404, "SYMBOL_NOT_FOUND", {"symbol": "S"}),
    (
        errors.OcoGroupNotFound("g"),
        404,
        "OCO_GROUP_NOT_FOUND",
        {"resource": "oco_group", "id": "g"},
    ),
    (errors.OrderNotModifiable("42", "m"), 409, "ORDER_NOT_MODIFIABLE", {"order_id": "42"}),
    (errors.ResetCooldown("m"), 409, "RESET_COOLDOWN", ABSENT),
    (errors.OrderRejected("m"), 422, "ORDER_REJECTED", {}),
    (
        errors.OrderRejected("m", "INSUFFICIENT_FUNDS", {"code": -2010, "msg": "x"}),
        422,
        "ORDER_REJECTED",
        {"code": -2010, "msg": "x", "reject_code": "INSUFFICIENT_FUNDS"},
    ),
    (
        errors.OrderDenied("m", "TRADING_HALTED"),
        422,
        "ORDER_REJECTED",
        {"reject_code": "TRADING_HALTED"},
    ),
    (
        errors.IntentConflict("client_order_id", "s1-0007"),
        409,
        "INVALID_REQUEST",
        {"field": "client_order_id", "provided": "s1-0007"},
    ),
    (errors.NotSent("m"), 503, "PROVIDER_UNAVAILABLE", ABSENT),
    (errors.NotReconciled("m"), 503, "PROVIDER_UNAVAILABLE", ABSENT),
    (errors.JournalUnavailable("m"), 503, "PROVIDER_UNAVAILABLE", ABSENT),
    (
        errors.RateLimited("m"),
        429,
        "RATE_LIMITED",
        {"retry_after_seconds": None, "reset_at": None},
    ),
    (
        errors.RateLimited("m", 7, RESET),
        429,
        "RATE_LIMITED",
        {"retry_after_seconds": 7, "reset_at": "2025-01-15T12:00:00Z"},
    ),
    (errors.InternalError("m"), 500, "INTERNAL_ERROR", ABSENT),
    (errors.InternalError("m", {"cause": "x"}), 500, "INTERNAL_ERROR", ABSENT),
    (
        errors.UnsupportedOperation("move", "mock"),
        501,
        "UNSUPPORTED_OPERATION",
        {"operation": "move", "provider": "mock"},
    ),
    (errors.ProviderError("m", "mock"), 502, "PROVIDER_ERROR", {"provider": "mock"}),
    (errors.ProviderError("m"), 502, "PROVIDER_ERROR", ABSENT),
    (errors.ProviderUnavailable("m"), 503, "PROVIDER_UNAVAILABLE", ABSENT),
    (errors.ShuttingDown("m"), 503, "SHUTTING_DOWN", ABSENT),
    (errors.Overloaded("m"), 503, "PROVIDER_UNAVAILABLE", ABSENT),
]


@pytest.mark.parametrize(("error", "status", "code", "details"), CASES)
def test_every_error_has_its_status_code_and_details(
    gateway: Gateway, error: errors.GatewayError, status: int, code: str, details: Any
) -> None:
    gateway.enquiry.will["account"] = error
    reply = gateway.ask("GET", "/v1/account")
    assert reply.status == status
    assert reply.code == code
    assert reply.json["message"] == error.message
    assert reply.json.get("details", ABSENT) == details


def test_every_kind_of_error_has_a_row_and_every_code_is_used() -> None:
    def kinds(root: type[errors.GatewayError]) -> set[type[errors.GatewayError]]:
        return {root}.union(*(kinds(child) for child in root.__subclasses__()))

    branches = {errors.Final, errors.Passing}
    assert kinds(errors.GatewayError) - branches <= set(TABLE)
    assert {problem.code for problem in TABLE.values()} == set(ErrorCode)


def test_an_unlisted_kind_is_told_like_its_nearest_ancestor() -> None:
    class Odd(errors.OrderRejected):
        pass

    assert problem_of(Odd) == TABLE[errors.OrderRejected]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.RateLimited("m", 7), "7"),
        (errors.RateLimited("m", 0), "0"),
        (errors.RateLimited("m", -3), "0"),
        (errors.RateLimited("m"), "1"),
        (errors.ShuttingDown("m"), "1"),
        (errors.ProviderUnavailable("m"), "1"),
        (errors.NotReconciled("m"), "1"),
        (errors.JournalUnavailable("m"), "1"),
        (errors.Overloaded("m"), "1"),
        (errors.ProviderError("m"), None),
    ],
)
def test_retry_after_goes_with_429_and_503(
    gateway: Gateway, error: errors.GatewayError, expected: str | None
) -> None:
    gateway.enquiry.will["account"] = error
    assert gateway.ask("GET", "/v1/account").headers["Retry-After"] == expected


def test_secrets_are_scrubbed_wherever_they_stand() -> None:
    error = errors.OrderRejected(
        "refused: api_key=K1 and Authorization: K2",
        payload={
            "token": "K3",
            "nested": {"password": "K4", "note": "secret : K5", "list": ["apikey=K6", "fine"]},
            "secrets": "not a credential's name",
        },
    )
    body = json.loads(answer_to(error).body)
    assert not any(f"K{n}" in json.dumps(body) for n in range(1, 7))
    assert body["message"] == ("refused: api_key=***REDACTED*** and Authorization=***REDACTED***")
    assert body["details"]["nested"]["list"] == ["apikey=***REDACTED***", "fine"]
    assert body["details"]["secrets"] == "not a credential's name"


def test_normal_text_is_left_alone() -> None:
    error = errors.OrderRejected("the token bucket is empty", payload={"msg": "bad secret"})
    body = json.loads(answer_to(error).body)
    assert body["message"] == "the token bucket is empty"
    assert body["details"] == {"msg": "bad secret"}


def test_the_cause_of_an_error_is_not_shown() -> None:
    error = errors.ProviderError("Request failed")
    error.__cause__ = ValueError("inner workings")
    assert b"inner" not in answer_to(error).body


def test_decimals_and_times_in_details_are_written_like_everywhere() -> None:
    error = errors.OrderRejected("m", payload={"price": Decimal("1E-8"), "at": RESET})
    details = json.loads(answer_to(error).body)["details"]
    assert details == {"price": "0.00000001", "at": "2025-01-15T12:00:00Z"}


@pytest.mark.parametrize("odd", [object(), "\ud800", {1: object()}])
def test_details_that_cannot_be_written_become_an_internal_error(odd: object) -> None:
    answer = answer_to(errors.OrderRejected("m", payload={"odd": odd}))
    assert answer.status == 500
    assert json.loads(answer.body) == {"code": "INTERNAL_ERROR", "message": "Internal error"}

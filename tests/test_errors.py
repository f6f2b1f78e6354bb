"""Everything that can go wrong, as one tree (protocol 2.3)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tradegw import errors
from tradegw.errors import Final, GatewayError, Passing

LATER = datetime(2025, 1, 15, 12, tzinfo=UTC)
SAMPLES: list[tuple[GatewayError, dict[str, Any] | None]] = [
    (errors.InvalidRequest("m"), None),
    (errors.InvalidRequest("m", "symbol"), {"field": "symbol"}),
    (errors.BodyTooLarge("m"), None),
    (errors.InvalidValue("m", "x", "1"), {"field": "x", "provided": "1"}),
    (errors.InvalidValue("m", "x", None), {"field": "x", "provided": None}),
    (errors.ValidationFailed("m", {"symbol": []}), {"symbol": []}),
    (errors.Unauthorized("m", "AUTH_FAILED"), {"code": "AUTH_FAILED"}),
    (errors.OrderNotFound("42"), {"resource": "order", "id": "42"}),
    (errors.PositionNotFound("42"), {"resource": "position", "id": "42"}),
    (errors.OcoGroupNotFound("42"), {"resource": "oco_group", "id": "42"}),
    (errors.SymbolNotFound("X"), {"symbol": "X"}),
    (errors.OrderNotModifiable("42", "it is FILLED"), {"order_id": "42"}),
    (errors.ResetCooldown("m"), None),
    (errors.OrderRejected("m"), {}),
    (errors.OrderRejected("m", "MARKET_CLOSED"), {"reject_code": "MARKET_CLOSED"}),
    (errors.OrderRejected("m", None, {"code": -2010}), {"code": -2010}),
    (
        errors.OrderRejected("m", "INSUFFICIENT_FUNDS", {"code": -2010}),
        {"code": -2010, "reject_code": "INSUFFICIENT_FUNDS"},
    ),
    (errors.OrderDenied("m", "TRADING_HALTED"), {"reject_code": "TRADING_HALTED"}),
    (errors.IntentConflict("client_order_id", "a"), {"field": "client_order_id", "provided": "a"}),
    (errors.UnsupportedOperation("o", "p"), {"operation": "o", "provider": "p"}),
    (errors.InternalError("m"), None),
    (errors.RateLimited("m"), {"retry_after_seconds": None, "reset_at": None}),
    (errors.RateLimited("m", 5, LATER), {"retry_after_seconds": 5, "reset_at": LATER}),
    (errors.ProviderError("m"), None),
    (errors.ProviderError("m", "alpaca"), {"provider": "alpaca"}),
    (errors.ProviderUnavailable("m"), None),
    (errors.NotSent("m"), None),
    (errors.ShuttingDown("m"), None),
    (errors.NotReconciled("m"), None),
    (errors.JournalUnavailable("m"), None),
    (errors.Overloaded("m"), None),
]


def kinds(of: type[GatewayError] = GatewayError) -> set[type[GatewayError]]:
    return {of}.union(*(kinds(sub) for sub in of.__subclasses__()))


@pytest.mark.parametrize(("error", "details"), SAMPLES, ids=lambda one: type(one).__name__)
def test_ht09_details_are_as_the_protocol_says(
    error: GatewayError, details: dict[str, Any] | None
) -> None:
    assert error.details == details
    assert error.message == str(error)
    assert error.message


def test_every_error_is_sampled_and_drawn_in_the_tree() -> None:
    leaves = kinds() - {GatewayError, Final, Passing}
    assert {type(error) for error, _ in SAMPLES} == leaves
    for kind in kinds():
        assert kind.__name__ in (errors.__doc__ or "")


def test_every_error_is_either_final_or_passing() -> None:
    assert kinds() == {GatewayError} | kinds(Final) | kinds(Passing)
    assert not kinds(Final) & kinds(Passing)


def test_what_may_pass() -> None:
    assert kinds(Passing) - {Passing} == {
        errors.RateLimited,
        errors.ProviderError,
        errors.ProviderUnavailable,
        errors.NotSent,
        errors.ShuttingDown,
        errors.NotReconciled,
        errors.JournalUnavailable,
        errors.Overloaded,
    }


def test_who_asked_the_broker_and_got_no_answer_is_in_doubt() -> None:
    """Whatever else is said is definite: the order is live or it is not."""
    in_doubt = {type(error) for error, _ in SAMPLES if errors.leaves_doubt(error)}
    assert in_doubt == {errors.ProviderError, errors.ProviderUnavailable, errors.InternalError}


def test_only_a_definite_no_that_may_become_a_yes_is_a_passing_refusal() -> None:
    passing = {type(error) for error, _ in SAMPLES if errors.is_passing_refusal(error)}
    assert passing == {errors.OrderDenied} | kinds(Passing) - {
        Passing,
        errors.ProviderError,
        errors.ProviderUnavailable,
    }


def test_messages_name_what_was_not_found() -> None:
    assert errors.OrderNotFound("42").message == "Order not found: 42"
    assert "42" in errors.PositionNotFound("42").message
    assert "X" in errors.SymbolNotFound("X").message
    assert "FILLED" in errors.OrderNotModifiable("42", "it is FILLED").message


def test_a_brokers_payload_is_copied() -> None:
    payload = {"code": 1}
    errors.OrderRejected("m", "X", payload)
    assert payload == {"code": 1}


@pytest.mark.parametrize(
    ("code", "lacks"),
    [
        ("INSUFFICIENT_HOLDING", True),
        ("INSUFFICIENT_FUNDS", True),
        ("QUANTITY_HELD", True),
        ("INVALID_QUANTITY", False),
        (None, False),
    ],
)
def test_what_is_not_there_or_held_by_other_orders_is_lacking(
    code: str | None, lacks: bool
) -> None:
    assert errors.lacks_holding(errors.OrderRejected("m", code)) is lacks
    assert not errors.lacks_holding(errors.ProviderError("INSUFFICIENT"))

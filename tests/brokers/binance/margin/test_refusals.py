"""What Binance says of loans, as errors."""

from __future__ import annotations

import msgspec
import pytest

from tradegw.brokers.binance.margin.refusals import error_of
from tradegw.brokers.binance.refusals import About
from tradegw.errors import (
    GatewayError,
    InvalidRequest,
    OrderNotFound,
    OrderRejected,
    UnsupportedOperation,
    leaves_doubt,
)


def meant(code: int, status: int = 400, about: About = About.NEW_ORDER) -> GatewayError:
    return error_of(status, msgspec.json.encode({"code": code, "msg": "No."}), about, "c-1")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (-3006, "INSUFFICIENT_MARGIN"),
        (-3041, "INSUFFICIENT_FUNDS"),
        (-3045, "INSUFFICIENT_MARGIN"),
        (-3000, "-3000"),
        (-3999, "-3999"),
    ],
)
def test_a_loan_that_is_refused_refuses_the_order(code: int, reason: str) -> None:
    error = meant(code)
    assert isinstance(error, OrderRejected)
    assert error.reject_code == reason
    assert not leaves_doubt(error)


def test_a_loan_that_failed_may_have_been_made() -> None:
    assert leaves_doubt(meant(-3006, 503))
    assert leaves_doubt(meant(-3006, 408))


def test_all_else_means_what_it_does_on_spot() -> None:
    assert isinstance(meant(-3006, about=About.ACCOUNT), InvalidRequest)
    assert isinstance(meant(-11_001), UnsupportedOperation)
    assert isinstance(meant(-2013, about=About.ORDER), OrderNotFound)
    assert isinstance(error_of(404, b"<html>", About.ORDER), UnsupportedOperation)

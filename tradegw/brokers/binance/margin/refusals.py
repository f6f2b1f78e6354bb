"""What Binance answers about loans instead of an order, as the gateway's error: a pure table."""

from __future__ import annotations

from typing import Final

from ....errors import (
    GatewayError,
    InvalidRequest,
    OrderRejected,
    UnsupportedOperation,
)
from .. import refusals as shared
from ..refusals import PROVIDER, About, Said, said_by

_MARGIN: Final = "INSUFFICIENT_MARGIN"
_REASONS: Final = {
    -3006: _MARGIN,
    -3041: "INSUFFICIENT_FUNDS",
    -3045: _MARGIN,
}
_LOANS: Final = range(-3999, -2999)
_ISOLATED: Final = range(-11_999, -10_999)


def error_of(status: int, body: bytes, about: About, name: str = "") -> GatewayError:
    """The error that the answer *status* with *body* is; *name* is the order or symbol meant."""
    said = said_by(body)
    if said is None:
        return shared.error_of(status, body, about, name)
    return _own(said, status, about) or shared.meaning(said, status, about, name)


def _own(said: Said, status: int, about: About) -> GatewayError | None:
    """What means something here alone; with a status of failure it may have been done."""
    shown = f"{said.msg[:300]} ({said.code})"
    if status >= 500 or status in (408, 418, 429):
        return None
    if said.code in _ISOLATED:
        return UnsupportedOperation(f"isolated margin: {shown}", PROVIDER)
    if said.code not in _LOANS:
        return None
    if about in (About.NEW_ORDER, About.CHANGE):
        reason = _REASONS.get(said.code, str(said.code))
        return OrderRejected(f"Order rejected: {shown}", reason, {"code": said.code})
    return InvalidRequest(f"Binance: {shown}")

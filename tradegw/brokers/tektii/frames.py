"""The frames of the WebSocket, both ways. Pure.

What cannot be read is recognised by its ``event_id`` all the same: the engine waits for that to be
acknowledged, whatever we make of the rest.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from ...model.enums import Timeframe
from . import wire

_ID: Final = re.compile(rb'"event_id"\s*:\s*("(?:[^"\\]|\\.)*")')


class _Frame(Struct, frozen=True, tag_field="type", kw_only=True):
    event_id: str


class Candle(_Frame, frozen=True, tag="candle", kw_only=True):
    """A bar is over."""

    symbol: str
    timeframe: Timeframe
    timestamp: wire.Ms
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None = None


class OrderFrame(_Frame, frozen=True, tag="order", kw_only=True):
    """What happened to an order."""

    event: Literal["created", "partial_fill", "filled", "cancelled", "rejected"]
    order: wire.Order


class TradeFrame(_Frame, frozen=True, tag="trade", kw_only=True):
    """An execution."""

    trade: wire.Trade


class PositionFrame(_Frame, frozen=True, tag="position", kw_only=True):
    """A position as it is now."""

    position: wire.Position


class AccountFrame(_Frame, frozen=True, tag="account", kw_only=True):
    """The money as it is now."""

    event: Literal["balance_updated", "margin_warning", "margin_call"]
    account: wire.Account


class ErrorFrame(_Frame, frozen=True, tag="error", kw_only=True):
    """The engine has a problem."""

    code: str
    message: str


class Complete(_Frame, frozen=True, tag="backtest_complete", kw_only=True):
    """The run is over."""


class Pong(Struct, frozen=True, tag_field="type", tag="pong"):
    """The engine lives."""


class Unreadable(Struct, frozen=True):
    """No frame, and why; with the id that it bears, if it bears one."""

    reason: str
    event_id: str | None


Frame: TypeAlias = (
    Candle
    | OrderFrame
    | TradeFrame
    | PositionFrame
    | AccountFrame
    | ErrorFrame
    | Complete
    | Pong
    | Unreadable
)

_decoder: msgspec.json.Decoder[
    Candle | OrderFrame | TradeFrame | PositionFrame | AccountFrame | ErrorFrame | Complete | Pong
] = msgspec.json.Decoder(
    Candle | OrderFrame | TradeFrame | PositionFrame | AccountFrame | ErrorFrame | Complete | Pong
)


def frame_of(payload: bytes, *, is_binary: bool = False) -> Frame:
    """What the engine said; never raises."""
    try:
        if not is_binary:
            return _decoder.decode(payload)
        reason = "a binary frame"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error)
    return Unreadable(reason, id_in(payload))


def id_in(payload: bytes) -> str | None:
    """The ``event_id`` at the top of what cannot be read, or else wherever one is written."""
    try:
        whole = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = _ID.search(payload)
        return None if found is None else _text(found[1])
    named = whole.get("event_id") if isinstance(whole, dict) else None
    return named if isinstance(named, str) else None


def _text(quoted: bytes) -> str | None:
    try:
        return msgspec.json.decode(quoted, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def ack(event_ids: tuple[str, ...], correlation_id: str) -> bytes:
    """The acknowledgement of *event_ids*, in that order."""
    return msgspec.json.encode(
        {
            "type": "event_ack",
            "correlation_id": correlation_id,
            "events_processed": event_ids,
        }
    )

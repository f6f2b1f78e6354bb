"""Messages to and from clients as bytes: JSON texts, frames, and what a client's text means."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from ..model.enums import AlertCode
from ..model.events import AlertEvent, Event

MAX_MESSAGE_BYTES: Final = 256 * 1024
"""Clients close the connection on a larger message (protocol section 8)."""

_FINAL_TEXT: Final = 0x81
_LENGTH_16: Final = 126
_LENGTH_64: Final = 127

_MAX_REASON: Final = 200
_MAX_ALERT_CHARACTERS: Final = 2000


def replacement(event: Event, size: int) -> AlertEvent:
    """What is sent in place of *event*, whose text of *size* bytes is too large for clients.

    An alert keeps its code and the beginning of its message and loses its details; anything else
    becomes an ``INTERNAL_ERROR`` that names its type, so that clients know what they lack and can
    ask over REST. The ``event_id`` stays: the backtest waits for its acknowledgement. So does the
    number, or clients would see a hole.
    """
    kind = event.__struct_config__.tag
    code = AlertCode.INTERNAL_ERROR
    message = f"A message of type {kind} was too large to be sent"
    if isinstance(event, AlertEvent):
        code = event.code
        message = event.message[:_MAX_ALERT_CHARACTERS]
    return AlertEvent(
        timestamp=event.timestamp,
        event_id=event.event_id,
        seq=event.seq,
        epoch=event.epoch,
        reconciled=event.reconciled,
        code=code,
        message=message,
        details={"type": kind, "bytes": size, "limit": MAX_MESSAGE_BYTES},
    )


def framed(text: bytes) -> bytes:
    """*text* as one final, unmasked text frame (RFC 6455 section 5.2)."""
    length = len(text)
    if length < _LENGTH_16:
        return bytes((_FINAL_TEXT, length)) + text
    if length < 1 << 16:
        return bytes((_FINAL_TEXT, _LENGTH_16)) + length.to_bytes(2, "big") + text
    return bytes((_FINAL_TEXT, _LENGTH_64)) + length.to_bytes(8, "big") + text


class Pong(msgspec.Struct, frozen=True, tag_field="type", tag="pong"):
    """The client lives; answers our JSON ``ping``."""


class EventAck(msgspec.Struct, frozen=True, tag_field="type", tag="event_ack"):
    """The client has dealt with the events of these ids. Other members are of no use to us."""

    events_processed: tuple[str, ...]


class Unreadable(msgspec.Struct, frozen=True):
    """Not a message a client may send, and why."""

    reason: str


ClientMessage: TypeAlias = Pong | EventAck | Unreadable

_decoder: msgspec.json.Decoder[Pong | EventAck] = msgspec.json.Decoder(Pong | EventAck)


def read(text: bytes) -> ClientMessage:
    """What the client said. Never raises."""
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Unreadable(str(error)[:_MAX_REASON])

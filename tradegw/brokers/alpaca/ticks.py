"""What the data streams say, as fast as it can be read: arrays of messages told apart by ``T``.

What is of no use here is read over; a message of a kind that nobody knows, or that is not as it
should be, spoils none of the others in its frame.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import Struct, field


class Message(Struct, frozen=True, tag_field="T", gc=False):
    """One message of a frame."""


class Success(Message, frozen=True, tag="success"):
    """``connected`` or ``authenticated``."""

    msg: str = ""


class Error(Message, frozen=True, tag="error"):
    """Something was not possible."""

    code: int = 0
    msg: str = ""


class Subscription(Message, frozen=True, tag="subscription"):
    """All that is subscribed now."""

    quotes: tuple[str, ...] | None = None
    bars: tuple[str, ...] | None = None


class Quote(Message, frozen=True, tag="q"):
    """Best bid and ask; zero is none."""

    S: str
    t: str
    bp: Decimal = Decimal(0)
    bs: Decimal = Decimal(0)
    ap: Decimal = Decimal(0)
    as_: Decimal = field(default=Decimal(0), name="as")


class Bar(Message, frozen=True, tag="b"):
    """A minute that is over."""

    S: str
    t: str
    o: Decimal
    h: Decimal
    l: Decimal  # noqa: E741  (its name on the wire)
    c: Decimal
    v: Decimal = Decimal(0)


_UNUSED: Final = ("t", "u", "d", "s", "l", "c", "x", "o", "i", "n")
_others: Final[Any] = tuple(
    msgspec.defstruct(f"Unused_{tag}", [], bases=(Message,), tag=tag, frozen=True)
    for tag in _UNUSED
)
_kinds: Any = Success | Error | Subscription | Quote | Bar
for _each in _others:
    _kinds = _kinds | _each

_frames: Final = msgspec.json.Decoder(list[_kinds])
_raw_frames: Final = msgspec.json.Decoder(list[msgspec.Raw])
_messages: Final = msgspec.json.Decoder(_kinds)


def read(payload: bytes) -> list[Message]:
    """The messages of a frame that can be read.

    Raises ``msgspec.DecodeError`` if it is no array of JSON.
    """
    try:
        found: list[Message] = _frames.decode(payload)
    except msgspec.ValidationError:
        return [each for raw in _raw_frames.decode(payload) if (each := _read_one(raw)) is not None]
    return found


def _read_one(raw: msgspec.Raw) -> Message | None:
    try:
        found: Message = _messages.decode(raw)
    except msgspec.ValidationError:
        return None
    return found

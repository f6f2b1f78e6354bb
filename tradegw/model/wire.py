"""Values to JSON and back, once for REST and WebSocket (protocol section 1.1).

A decimal leaves as text in plain notation. ``str(Decimal)`` uses an exponent for very small and
some zero values, and a minus before some zeros; such output is rare, is noticed in the encoded
bytes, and is then written again slowly.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from .money import plain

_encoder = msgspec.json.Encoder()
_sorting = msgspec.json.Encoder(order="sorted")


def encode(value: Any) -> bytes:
    """*value* (structs, dicts, lists, enums, decimals, aware datetimes) as compact JSON.

    A ``msgspec.Raw`` is JSON already, as this function wrote it before.
    """
    if isinstance(value, msgspec.Raw):
        return bytes(value)
    encoded = _encoder.encode(value)
    if b"E-" in encoded or b"E+" in encoded or b'"-0' in encoded:
        return _encoder.encode(to_builtins(value))
    return encoded


def canonical(value: Any) -> bytes:
    """As :func:`encode`, with the members of every object in alphabetical order."""
    encoded = _sorting.encode(value)
    if b"E-" in encoded or b"E+" in encoded or b'"-0' in encoded:
        return _sorting.encode(to_builtins(value))
    return encoded


def to_builtins(value: Any) -> Any:
    """*value* as plain dicts, lists and texts; decimals in plain notation, times as they are."""
    return _without_decimals(msgspec.to_builtins(value, builtin_types=(Decimal, datetime)))


def _without_decimals(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, dict):
        return {key: _without_decimals(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_decimals(member) for member in value]
    return value

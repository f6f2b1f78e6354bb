"""What Binance sends, whatever the product: how it is read, and what is the same everywhere.

Amounts are texts, ids and times numbers; either may come as the other.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T")


class Time(Struct, frozen=True, rename="camel"):
    """The exchange's."""

    server_time: int


class Kline(Struct, frozen=True, array_like=True):
    """A bar; the newest is not finished."""

    open_time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    close_time: int


_slowly: Final = msgspec.json.Decoder(float_hook=Decimal)


def read(body: bytes | msgspec.Raw, kind: type[T]) -> T:
    """*body* as a *kind*; an empty text or null where something else belongs is nothing.

    Raises ``msgspec.DecodeError`` if it is none.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        return msgspec.convert(_without_blanks(_slowly.decode(body)), type=kind, strict=False)


def _without_blanks(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_blanks(each)
            for name, each in value.items()
            if each is not None and each != ""
        }
    if isinstance(value, list):
        return [_without_blanks(each) for each in value]
    return value

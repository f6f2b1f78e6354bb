"""A client's WebSocket, whose frames may be MessagePack."""

from __future__ import annotations

import struct
from typing import Any, Final

import msgspec

from ..doubles.endpoints import Endpoint
from ..doubles.wires import Wire as PlainWire
from .stamps import SECOND, read

PACKED: Final = "application/msgpack"
_TIMES: Final = frozenset({"t", "created_at", "updated_at"})


class Wire(PlainWire):
    """One connection to *endpoint*; ``packs`` is whether MessagePack was asked for."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint)
        self.packs = False

    def onConnect(self, request: Any) -> None:
        super().onConnect(request)
        self.packs = self.headers.get("content-type") == PACKED

    def decoded(self, payload: bytes, *, is_binary: bool) -> Any:
        if not (is_binary and self.packs):
            return super().decoded(payload, is_binary=is_binary)
        try:
            return msgspec.msgpack.decode(payload)
        except msgspec.DecodeError:
            return None

    def encoded(self, message: Any) -> tuple[bytes, bool]:
        return (
            (msgspec.msgpack.encode(_packed(message)), True)
            if self.packs
            else super().encoded(message)
        )


def _packed(message: Any) -> Any:
    """*message* with its times as MessagePack has them."""
    if isinstance(message, list):
        return [_packed(each) for each in message]
    if not isinstance(message, dict) or "stream" in message:
        return message
    return {name: _time(each) if name in _TIMES else each for name, each in message.items()}


def _time(value: Any) -> Any:
    moment = read(value) if isinstance(value, str) else None
    if moment is None:
        return value
    return msgspec.msgpack.Ext(-1, struct.pack("!Iq", moment % SECOND, moment // SECOND))

"""The ordinary case of what a broker sends on a WebSocket, taken off a read without autobahn's
state machine: whole, unfragmented, unmasked frames of up to 64 kB. Pure.

Offsets are into *data*, and must lie between two messages. Whatever is not ordinary is left to
autobahn, which knows all of RFC 6455.
"""

from __future__ import annotations

from typing import Final

MAX_AWAITED: Final = 16_384
"""The rest of a longer frame is not waited for here."""

_TEXT: Final = 0x81
_BINARY: Final = 0x82
_CONTROL: Final = frozenset({0x88, 0x89, 0x8A})  # close, ping, pong
_LENGTH_16: Final = 126


def take(data: bytes, at: int, most: int) -> tuple[list[tuple[bytes, bool]], int]:
    """The messages of at most *most* bytes that are there whole at *at*, each with whether it is
    binary, and where the last of them ends.
    """
    messages: list[tuple[bytes, bool]] = []
    size = len(data)
    while size - at >= 2:
        first = data[at]
        if first != _TEXT and first != _BINARY:  # noqa: PLR1714  (on every frame)
            break
        length = data[at + 1]
        start = at + 2
        if length >= _LENGTH_16:
            if length != _LENGTH_16 or size - at < 4:
                break
            length = data[at + 2] << 8 | data[at + 3]
            if length < _LENGTH_16:
                break
            start = at + 4
        stop = start + length
        if stop > size or length > most:
            break
        payload = data[start:stop]
        if first == _BINARY:
            messages.append((payload, True))
        elif payload.isascii() or _is_utf8(payload):
            messages.append((payload, False))
        else:
            break
        at = stop
    return messages, at


def control_end(data: bytes, at: int) -> int:
    """Where the control frame at *at* ends; *at* itself if there is none, or not all of it."""
    if len(data) - at < 2 or data[at] not in _CONTROL:
        return at
    end = at + 2 + data[at + 1]
    return end if data[at + 1] < _LENGTH_16 and end <= len(data) else at


def is_beginning(data: bytes, at: int) -> bool:
    """Whether an ordinary frame of at most :data:`MAX_AWAITED` bytes begins at *at* and goes on."""
    head = data[at : at + 4]
    if not head or head[0] not in (_TEXT, _BINARY):
        return False
    if len(head) == 1:
        return True
    length, header = head[1], 2
    if length == _LENGTH_16:
        if len(head) < 4:
            return True
        length, header = int.from_bytes(head[2:4], "big"), 4
        if length < _LENGTH_16:
            return False
    elif length > _LENGTH_16:  # 64 bits, or masked
        return False
    return len(data) - at < header + length <= MAX_AWAITED


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True

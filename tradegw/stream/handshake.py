"""The opening handshake as HTTP sees it (RFC 6455 section 4.2.1): what is asked, what we say."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from msgspec import Struct
from twisted.web.http_headers import Headers


class Refusal(Struct, frozen=True, kw_only=True):
    """Why there will be no WebSocket: an HTTP status, the envelope's code and message, headers."""

    status: int
    code: str
    message: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


_UPGRADE: Final = ((b"Upgrade", b"websocket"), (b"Connection", b"Upgrade"))

NOT_AN_UPGRADE: Final = Refusal(
    status=400, code="INVALID_REQUEST", message="This is a WebSocket: an upgrade request is needed"
)
NO_UPGRADE_HERE: Final = Refusal(
    status=426,
    code="INVALID_REQUEST",
    message="This connection cannot be upgraded; HTTP/1.1 is needed",
    headers=_UPGRADE,
)
WRONG_VERSION: Final = Refusal(
    status=426,
    code="INVALID_REQUEST",
    message="Sec-WebSocket-Version must be 13",
    headers=(*_UPGRADE, (b"Sec-WebSocket-Version", b"13")),
)
BAD_KEY: Final = Refusal(
    status=400,
    code="INVALID_REQUEST",
    message="Sec-WebSocket-Key must be 16 bytes in base64, given once",
)
WRONG_METHOD: Final = Refusal(
    status=405,
    code="INVALID_REQUEST",
    message="A WebSocket is opened with GET",
    headers=((b"Allow", b"GET"),),
)
SHUTTING_DOWN: Final = Refusal(
    status=503,
    code="SHUTTING_DOWN",
    message="The gateway is stopping",
    headers=((b"Retry-After", b"5"),),
)
FULL: Final = Refusal(
    status=503,
    code="PROVIDER_UNAVAILABLE",
    message="Too many WebSocket connections",
    headers=((b"Retry-After", b"5"),),
)


def objection(headers: Headers) -> Refusal | None:
    """What is wrong with the headers of a GET that should become a WebSocket."""
    if b"websocket" not in _tokens(headers, b"upgrade"):
        return NOT_AN_UPGRADE
    if b"upgrade" not in _tokens(headers, b"connection"):
        return NOT_AN_UPGRADE
    if headers.getRawHeaders(b"sec-websocket-version") != [b"13"]:
        return WRONG_VERSION
    return None if key_in(headers) else BAD_KEY


def key_in(headers: Headers) -> bytes | None:
    """The client's key, if it is there once and well formed."""
    values = headers.getRawHeaders(b"sec-websocket-key", [])
    if len(values) != 1 or len(values[0]) != 24:
        return None
    try:
        return values[0] if len(base64.b64decode(values[0], validate=True)) == 16 else None
    except binascii.Error:
        return None


def request_for(key: bytes) -> bytes:
    """The handshake with nothing to negotiate, for autobahn to answer.

    Extensions, subprotocols and the origin a client named are left out: none is used or checked,
    and odd ones would only be refused.
    """
    return (
        b"GET /v1/ws HTTP/1.1\r\n"
        b"Host: localhost\r\n"
        b"Upgrade: websocket\r\n"
        b"Connection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: " + key + b"\r\n\r\n"
    )


def _tokens(headers: Headers, name: bytes) -> set[bytes]:
    listed = b",".join(headers.getRawHeaders(name, []))
    return {token.strip().lower() for token in listed.split(b",")}

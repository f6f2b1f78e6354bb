"""Who may come in: one key, full rights (protocol section 2.2)."""

from __future__ import annotations

from typing import Final

from twisted.web.http_headers import Headers

from ..errors import Unauthorized
from ..secrecy import Secret

OPEN_PATHS: Final = frozenset({b"/livez", b"/readyz", b"/health", b"/metrics"})


def refused(key: Secret | None, path: bytes, headers: Headers) -> Unauthorized | None:
    """Why a request for the raw *path* is refused, or ``None`` if it may pass."""
    if not key or path in OPEN_PATHS:
        return None
    presented = presented_key(headers)
    if presented is None:
        return Unauthorized("Unauthorized: no API key", "MISSING_API_KEY")
    try:
        genuine = key.matches(presented.decode())
    except UnicodeDecodeError:
        genuine = False
    return None if genuine else Unauthorized("Unauthorized: bad API key", "INVALID_API_KEY")


def presented_key(headers: Headers) -> bytes | None:
    """The key a client shows: a non-empty Bearer token, else a non-empty ``X-API-Key``."""
    for authorization in headers.getRawHeaders(b"Authorization", ()):
        scheme, _, token = authorization.strip().partition(b" ")
        if scheme.lower() == b"bearer" and token.strip():
            return token.strip()
    for key in headers.getRawHeaders(b"X-API-Key", ()):
        if key.strip():
            return key.strip()
    return None

"""What the REST side is told: key, documents, bounds."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from ..secrecy import Secret

MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
"""The official client reads no more (protocol section 2.1)."""


class RestSettings(Struct, frozen=True, kw_only=True):
    """No ``api_key`` means that everyone may come in. Bounds are per connection.

    ``answer_seconds`` is below the 30 seconds after which the official client gives up.
    """

    api_key: Secret | None = None
    enable_swagger: bool = False
    body_bytes: int = 2 * 1024 * 1024
    idle_seconds: float = 75.0
    receive_seconds: float = 30.0
    answer_seconds: float = 28.0
    leave_seconds: float = 30.0
    unread_seconds: float = 120.0

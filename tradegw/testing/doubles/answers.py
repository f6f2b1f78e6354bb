"""What an HTTP call is answered with."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct


class Answer(Struct, frozen=True):
    """What a call is answered with; ``body`` is sent as JSON, bytes as they are."""

    status: int = 200
    body: Any = None
    content_type: str = "application/json"
    headers: dict[str, str] = {}


def as_bytes(answer: Answer) -> bytes:
    """The body of *answer* on the wire."""
    if answer.body is None:
        return b""
    return answer.body if isinstance(answer.body, bytes) else msgspec.json.encode(answer.body)

"""A refusal in the words of Alpaca, planned."""

from __future__ import annotations

from typing import Any

from ..doubles.answers import Answer
from ..doubles.faults import Fault


def refuse(
    status: int, message: str = "", code: int | None = None, *, accepted: bool = False, **extra: Any
) -> Fault:
    """The call is answered with an error, though it may have been carried out."""
    body = {"message": message, **extra} if code is None else {"code": code, "message": message}
    return Fault(answer=Answer(status, {**body, **extra}), accepted=accepted)

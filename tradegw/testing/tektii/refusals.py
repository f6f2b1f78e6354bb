"""What the double answers when it says no, in the envelope or without."""

from __future__ import annotations

from typing import Any

from ..doubles.answers import Answer
from ..doubles.faults import Fault


class Refused(Exception):
    """A call that is answered with an error."""

    def __init__(
        self, status: int, code: str, message: str, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        error: dict[str, Any] = {"code": code, "message": message}
        if details is not None:
            error["details"] = details
        self.status = status
        self.body = {"error": error}


def invalid(message: str, field: str, code: str = "invalid_order") -> Refused:
    """An order that cannot be: 422."""
    return Refused(422, code, message, {"field": field})


def missing(message: str) -> Refused:
    """Every lack is the same; only the message tells what is lacking."""
    return Refused(404, "not_found", message)


def refuse(
    status: int,
    message: str = "",
    code: str | None = None,
    *,
    accepted: bool = False,
    details: dict[str, Any] | None = None,
    **headers: str,
) -> Fault:
    """A fault: the call is answered with that envelope, though it may have been carried out.

    *headers* are written with underscores: ``retry_after="7"``.
    """
    error: dict[str, Any] = {"message": message}
    if code is not None:
        error["code"] = code
    if details is not None:
        error["details"] = details
    return body(status, {"error": error}, accepted=accepted, **headers)


def body(status: int, content: Any, *, accepted: bool = False, **headers: str) -> Fault:
    """A fault: any *content*, as JSON, or as it is if it is bytes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(answer=Answer(status, content, headers=named), accepted=accepted)

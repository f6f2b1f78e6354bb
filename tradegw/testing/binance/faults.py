"""A refusal in the words of Binance, planned."""

from __future__ import annotations

from ..doubles.answers import Answer
from ..doubles.faults import Fault


def refuse(
    status: int,
    code: int = -1000,
    message: str = "An unknown error occurred while processing the request.",
    *,
    accepted: bool = False,
    retry_after: int | None = None,
) -> Fault:
    """The call is answered with an error, though it may have been carried out."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    body = {"code": code, "msg": message}
    return Fault(answer=Answer(status, body, headers=headers), accepted=accepted)


def timed_out(*, accepted: bool = False) -> Fault:
    """``-1007``: nobody knows whether it was carried out."""
    words = (
        "Timeout waiting for response from backend server. Send status unknown; execution status "
        "unknown."
    )
    return refuse(408, -1007, words, accepted=accepted)


def unknown_execution(status: int = 503, *, accepted: bool = False) -> Fault:
    """A server's error, after which nobody knows either."""
    words = "Unknown error, please check your request or try again later."
    return refuse(status, -1000, words, accepted=accepted)


def overloaded() -> Fault:
    """``-1008``: it was certainly not carried out."""
    return refuse(
        503, -1008, "Server is currently overloaded with other requests. Please try again later."
    )

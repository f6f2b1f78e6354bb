"""The noes of Binance: HTTP status, code and words."""

from __future__ import annotations

from typing import Any

from ..doubles.answers import Answer
from .amounts import NUMBER


class Refused(Exception):
    """A call is refused; ``body`` is what its caller gets."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        data: Any = None,
        *,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.data = data
        self.retry_after = retry_after

    @property
    def body(self) -> dict[str, Any]:
        """As JSON."""
        told: dict[str, Any] = {"code": self.code, "msg": self.message}
        if self.data is not None:
            told["data"] = self.data
        return told

    def answer(self) -> Answer:
        """Over HTTP."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return Answer(self.status, self.body, headers=headers)


def bad(code: int, message: str) -> Refused:
    """A request that is wrong."""
    return Refused(400, code, message)


def missing(name: str) -> Refused:
    """A parameter is not there, or cannot be read."""
    return bad(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def unwanted(name: str) -> Refused:
    """A parameter has no place here."""
    return bad(-1106, f"Parameter '{name}' sent when not required.")


def illegal(name: str, legal: str = NUMBER) -> Refused:
    """A parameter is not written as it must be."""
    return bad(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def too_precise(name: str) -> Refused:
    """A parameter has too many digits."""
    return bad(-1111, f"Parameter '{name}' has too much precision.")


def filtered(name: str) -> Refused:
    """A filter of the symbol forbids the order."""
    return bad(-1013, f"Filter failure: {name}")


def rejected(message: str) -> Refused:
    """The matching engine does not take the order."""
    return bad(-2010, message)


def poor() -> Refused:
    """There is not enough of an asset."""
    return rejected("Account has insufficient balance for requested action.")


def triggered_already() -> Refused:
    """A stop on the wrong side of the market."""
    return rejected("Stop price would trigger immediately.")


def unknown_order() -> Refused:
    """There is nothing to cancel."""
    return bad(-2011, "Unknown order sent.")


def no_order() -> Refused:
    """There is nothing to look at."""
    return bad(-2013, "Order does not exist.")


def bad_symbol() -> Refused:
    """Nothing is called that."""
    return bad(-1121, "Invalid symbol.")

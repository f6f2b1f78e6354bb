"""What an answer says of a call whose outcome nobody can know yet."""

from __future__ import annotations

from typing import TypeAlias, TypeVar

from ..model.order import CancelResult, OrderHandle, Replaced
from ..model.protection import ExitsMoved
from .routing import Reply

Told: TypeAlias = OrderHandle | CancelResult | Replaced | ExitsMoved
T = TypeVar("T", bound=Told | list[OrderHandle])

UNKNOWN = 202


def told(value: T) -> T | Reply:
    """*value*; with 202 if the outcome, or one of several, is unknown and being found out."""
    each: list[OrderHandle] | tuple[Told] = value if isinstance(value, list) else (value,)
    return value if all(one.outcome is None for one in each) else Reply(UNKNOWN, value)

"""What the engine cannot do, refused before it is asked. Pure."""

from __future__ import annotations

from typing import Any, Final

from ...errors import InvalidValue
from ...model.enums import OrderType, TimeInForce
from ...model.money import plain
from ...model.order import OrderRequest
from .encoding import TIMES, TYPES

_NEVER: Final = (
    "trailing_distance",
    "margin_mode",
    "leverage",
    "display_quantity",
    "post_only",
    "hidden",
)
_OF_STOPS: Final = (OrderType.STOP, OrderType.STOP_LIMIT)


def check(request: OrderRequest) -> None:
    """Raise ``InvalidValue`` for the first thing that the engine does not have.

    Exits and OCO groups are the gateway's own, and no business of the engine.
    """
    for name in _NEVER:
        value = getattr(request, name)
        if value not in (None, False):
            raise _refused(f"{name} is not supported by the engine", name, value)
    if request.order_type not in TYPES:
        raise _refused("the engine has no such orders", "order_type", request.order_type)
    if request.tif not in TIMES:
        raise _refused("the engine takes GTC and IOC", "time_in_force", request.tif)
    if request.tif is TimeInForce.IOC and request.order_type in _OF_STOPS:
        raise _refused("IOC is for MARKET and LIMIT orders", "time_in_force", request.tif)


def _refused(message: str, field: str, value: Any) -> InvalidValue:
    if isinstance(value, bool):
        return InvalidValue(message, field, str(value).lower())
    return InvalidValue(message, field, plain(value) if hasattr(value, "as_tuple") else str(value))

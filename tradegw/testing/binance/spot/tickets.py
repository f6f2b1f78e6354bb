"""What an order is asked to be, read from parameters that bear a prefix in lists."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from msgspec import Struct

from ..amounts import ZERO
from ..calls import Call
from ..refusals import bad, illegal, missing, unwanted
from .symbols import ORDER_TYPES, STP_MODES

CLIENT_ID: Final = re.compile(r"^[a-zA-Z0-9-_]{1,36}$")
_FORCES: Final = ("GTC", "IOC", "FOK")
_LEAST_STRATEGY_TYPE: Final = 1_000_000


class Ticket(Struct, kw_only=True):
    """What is asked for, each member legal by itself and fit for its type."""

    side: str
    type: str
    tif: str = "GTC"
    qty: Decimal = ZERO
    quote_qty: Decimal = ZERO
    price: Decimal = ZERO
    stop_price: Decimal = ZERO
    iceberg: Decimal = ZERO
    trailing_delta: int | None = None
    client_id: str | None = None
    stp: str = "EXPIRE_MAKER"
    strategy_id: int | None = None
    strategy_type: int | None = None
    side_effect: str = "NO_SIDE_EFFECT"
    repays_at_cancel: bool = True

    @property
    def is_stop(self) -> bool:
        """Whether it waits for a trigger."""
        return self.type not in ("LIMIT", "MARKET", "LIMIT_MAKER")

    @property
    def triggers_above(self) -> bool:
        """Whether it is triggered by a rise."""
        return (self.side == "BUY") == self.type.startswith("STOP_LOSS")


class Names:
    """How parameters are called below *prefix*: ``price`` or ``workingPrice``."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix

    def __call__(self, name: str) -> str:
        if not self._prefix:
            return name
        if name == "newClientOrderId":
            name = "clientOrderId"
        return self._prefix + name[0].upper() + name[1:]


def read_side(call: Call, name: str = "side") -> str:
    """``BUY`` or ``SELL``."""
    side = call.need(name)
    if side not in ("BUY", "SELL"):
        raise bad(-1117, "Invalid side.")
    return side


def read_ticket(
    call: Call, names: Names | None = None, *, side: str | None = None, qty: Decimal | None = None
) -> Ticket:
    """The order asked for; *side* and *qty* are given where legs of a list share them."""
    names = names or Names()
    side = side or read_side(call, names("side"))
    kind = call.need(names("type"))
    if kind not in ORDER_TYPES:
        raise bad(-1116, "Invalid orderType.")
    tif = call.one_of(names("timeInForce"), _FORCES, -1115, "Invalid timeInForce.")
    quote_name = names("quoteOrderQty")
    ticket = Ticket(
        side=side,
        type=kind,
        tif=tif or "GTC",
        qty=(call.amount(names("quantity")) or ZERO) if qty is None else qty,
        quote_qty=call.amount(quote_name) or ZERO,
        price=call.amount(names("price")) or ZERO,
        stop_price=call.amount(names("stopPrice")) or ZERO,
        iceberg=call.amount(names("icebergQty")) or ZERO,
        trailing_delta=call.whole(names("trailingDelta")),
        client_id=call.client_id(names("newClientOrderId"), CLIENT_ID),
        stp=call.one_of(
            "selfTradePreventionMode", ("NONE", *STP_MODES), -1013,
            "Invalid selfTradePreventionMode.",
        ) or "EXPIRE_MAKER",
        strategy_id=call.whole(names("strategyId")),
        strategy_type=call.whole(names("strategyType")),
        side_effect=call.text("sideEffectType") or "NO_SIDE_EFFECT",
        repays_at_cancel=(call.text("autoRepayAtCancel") or "true").lower() == "true",
    )  # fmt: skip
    _check(call, ticket, names, has_tif=tif is not None)
    return ticket


def _check(call: Call, ticket: Ticket, names: Names, *, has_tif: bool) -> None:
    """The parameters that the type wants, and no others."""
    kind, is_stop = ticket.type, ticket.is_stop
    has_limit = kind in ("LIMIT", "LIMIT_MAKER") or kind.endswith("_LIMIT")
    has_size = bool(ticket.qty or (ticket.quote_qty and kind == "MARKET"))
    has_stop = bool(ticket.stop_price) or ticket.trailing_delta is not None
    wants_tif = kind == "LIMIT" or kind.endswith("_LIMIT")
    wanted = (
        ("price", has_limit, bool(ticket.price)),
        ("timeInForce", wants_tif, has_tif),
        ("stopPrice", is_stop, has_stop),
        ("quantity", True, has_size),
    )
    for name, wants, has in wanted:
        if wants and not has:
            raise missing(names(name))
    sent = (
        ("price", has_limit),
        ("timeInForce", wants_tif),
        ("stopPrice", is_stop),
        ("trailingDelta", is_stop),
        ("quoteOrderQty", kind == "MARKET" and not ticket.qty),
        ("icebergQty", has_limit and ticket.tif == "GTC"),
    )
    for name, may in sent:
        if not may and call.text(names(name)) is not None:
            raise unwanted(names(name))
    if ticket.strategy_type is not None and ticket.strategy_type < _LEAST_STRATEGY_TYPE:
        raise illegal(names("strategyType"), "[1000000, ...]")

"""What ``POST /v2/orders`` and ``PATCH /v2/orders/{id}`` say, read and checked by itself."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NoReturn, TypeAlias

from msgspec import Struct

from .amounts import NANO, ZERO, amount, is_multiple
from .refusals import invalid, malformed, unprocessable

Body: TypeAlias = Mapping[str, Any]

SIDES: Final = frozenset({"buy", "sell"})
TYPES: Final = frozenset({"market", "limit", "stop", "stop_limit", "trailing_stop"})
TIMES_IN_FORCE: Final = frozenset({"day", "gtc", "opg", "cls", "ioc", "fok"})
CLASSES: Final = frozenset({"", "simple", "bracket", "oco", "oto"})
WITH_LIMIT: Final = frozenset({"limit", "stop_limit"})
WITH_STOP: Final = frozenset({"stop", "stop_limit"})
_MOST_CHARACTERS: Final = 128


class Exits(Struct, frozen=True, kw_only=True):
    """The prices of ``take_profit`` and ``stop_loss``."""

    take_profit: Decimal | None = None
    stop: Decimal | None = None
    stop_limit: Decimal | None = None


class Ticket(Struct, frozen=True, kw_only=True):
    """A new order as it was asked for. ``order_class`` is ``""`` for a simple one."""

    symbol: str
    side: str
    type: str
    time_in_force: str
    qty: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    extended_hours: bool = False
    client_order_id: str | None = None
    order_class: str = ""
    exits: Exits = Exits()
    position_intent: str | None = None


class Change(Struct, frozen=True, kw_only=True):
    """What a PATCH asks for."""

    qty: Decimal | None = None
    time_in_force: str | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Decimal | None = None
    client_order_id: str | None = None


def read_ticket(body: Any) -> Ticket:
    """The order that *body* asks for; refused as its form alone requires."""
    if not isinstance(body, dict):
        raise malformed("request body format is invalid")
    order_class = _word(body, "order_class", CLASSES, "") or ""
    ticket = Ticket(
        symbol=_string(body, "symbol") or _missing("symbol is required"),
        side=_word(body, "side", SIDES) or _missing("side is required"),
        type=_word(body, "type", TYPES) or _missing("order type is required"),
        time_in_force=_word(body, "time_in_force", TIMES_IN_FORCE)
        or _missing("time_in_force is required"),
        qty=_positive(body, "qty"),
        notional=_positive(body, "notional"),
        limit_price=_positive(body, "limit_price"),
        stop_price=_positive(body, "stop_price"),
        trail_price=_positive(body, "trail_price"),
        trail_percent=_positive(body, "trail_percent"),
        extended_hours=body.get("extended_hours") is True,
        client_order_id=_client_order_id(body),
        order_class="" if order_class == "simple" else order_class,
        exits=_exits(body),
        position_intent=_string(body, "position_intent"),
    )
    _check_amount(ticket)
    _check_prices(ticket)
    return ticket


def read_change(body: Any) -> Change:
    """The change that *body* asks for."""
    if not isinstance(body, dict):
        raise malformed("request body format is invalid")
    return Change(
        qty=_positive(body, "qty"),
        time_in_force=_word(body, "time_in_force", TIMES_IN_FORCE),
        limit_price=_positive(body, "limit_price"),
        stop_price=_positive(body, "stop_price"),
        trail=_positive(body, "trail"),
        client_order_id=_client_order_id(body),
    )


def _check_amount(ticket: Ticket) -> None:
    if ticket.qty is not None and ticket.notional is not None:
        raise invalid("qty/notional are mutually exclusive")
    if ticket.notional is not None:
        if ticket.notional < 1:
            raise invalid("notional amount must be >= 1.00")
        if ticket.notional * 100 % 1:
            raise unprocessable("notional value must be limited to 2 decimal places")
        if ticket.type != "market":
            raise invalid("notional orders must be market orders")
    elif ticket.qty is None:
        raise invalid("qty or notional is required")
    elif not is_multiple(ticket.qty, NANO):
        raise invalid("qty must be limited to 9 decimal places")


def _check_prices(ticket: Ticket) -> None:
    if ticket.type in WITH_LIMIT and ticket.limit_price is None:
        is_oco = ticket.order_class == "oco" and ticket.exits.take_profit is not None
        if not is_oco:
            raise invalid(f"{ticket.type} orders require limit price")
    if ticket.type in WITH_STOP and ticket.stop_price is None:
        raise invalid(f"{ticket.type} orders require stop price")
    trails = (ticket.trail_price is not None) + (ticket.trail_percent is not None)
    if ticket.type == "trailing_stop" and trails != 1:
        raise invalid("trailing stop orders must specify one of trail_price or trail_percent")
    if ticket.type == "market" and (ticket.limit_price, ticket.stop_price) != (None, None):
        raise invalid("market orders must not have a stop or limit price")


def _exits(body: Body) -> Exits:
    profit, loss = body.get("take_profit") or {}, body.get("stop_loss") or {}
    if not isinstance(profit, dict) or not isinstance(loss, dict):
        raise malformed("request body format is invalid")
    return Exits(
        take_profit=_positive(profit, "limit_price"),
        stop=_positive(loss, "stop_price"),
        stop_limit=_positive(loss, "limit_price"),
    )


def _client_order_id(body: Body) -> str | None:
    found = _string(body, "client_order_id")
    if found is not None and len(found) > _MOST_CHARACTERS:
        raise invalid(f"client_order_id must be no more than {_MOST_CHARACTERS} characters")
    return found or None


def _positive(body: Body, name: str) -> Decimal | None:
    given = body.get(name)
    if given is None:
        return None
    found = amount(given)
    if found is None:
        raise malformed(f"request body format is invalid: {name}")
    if found <= ZERO:
        raise invalid(f"{name} must be > 0")
    return found


def _string(body: Body, name: str) -> str | None:
    given = body.get(name)
    if given is not None and not isinstance(given, str):
        raise malformed(f"request body format is invalid: {name}")
    return given


def _word(body: Body, name: str, known: frozenset[str], default: str | None = None) -> str | None:
    given = body.get(name)
    if given is None:
        return default
    if given not in known:
        raise invalid(f"invalid {name}")
    return str(given)


def _missing(message: str) -> NoReturn:
    raise invalid(message)

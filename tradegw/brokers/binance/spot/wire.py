"""What Binance sends of spot, under its own names; read as tolerantly as can be.

Amounts are texts, ids and times numbers; either may come as the other. Nearly every field is
optional, for answers of different calls have different ones.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct, field

from ..limits import RateLimit

T = TypeVar("T")

NOTHING: Final = msgspec.Raw()


class Fill(Struct, frozen=True, rename="camel", kw_only=True):
    """One execution in the answer to a new order."""

    price: Decimal
    qty: Decimal
    commission: Decimal = Decimal(0)
    commission_asset: str | None = None
    trade_id: int = -1


class Order(Struct, frozen=True, rename="camel", kw_only=True):
    """An order as any call shows it; ``orig_client_order_id`` where it was cancelled or amended."""

    symbol: str
    order_id: int
    status: str = ""
    client_order_id: str = ""
    orig_client_order_id: str = ""
    order_list_id: int = -1
    side: str = ""
    type: str = ""
    time_in_force: str = ""
    price: Decimal = Decimal(0)
    stop_price: Decimal = Decimal(0)
    iceberg_qty: Decimal = Decimal(0)
    orig_qty: Decimal | None = None
    qty: Decimal | None = None
    """The quantity, where it was amended."""
    executed_qty: Decimal = Decimal(0)
    quote: Decimal | None = field(default=None, name="cummulativeQuoteQty")
    quote_amended: Decimal | None = field(default=None, name="cumulativeQuoteQty")
    trailing_delta: int | None = None
    time: int | None = None
    update_time: int | None = None
    transact_time: int | None = None
    fills: tuple[Fill, ...] = ()

    @property
    def name(self) -> str:
        """The client order id that it began with."""
        return self.orig_client_order_id or self.client_order_id


class Amended(Struct, frozen=True, rename="camel", kw_only=True):
    """The answer to an amendment."""

    amended_order: Order
    transact_time: int | None = None


class Exchanged(Struct, frozen=True, rename="camel", kw_only=True):
    """The answer to a cancel-replace that did both."""

    cancel_response: Order
    new_order_response: Order


class Member(Struct, frozen=True, rename="camel", kw_only=True):
    """An order of a list."""

    symbol: str
    order_id: int
    client_order_id: str = ""


class OrderList(Struct, frozen=True, rename="camel", kw_only=True):
    """Orders that depend on each other; ``order_reports`` only in the answer to a new one."""

    order_list_id: int
    symbol: str = ""
    contingency_type: str = ""
    list_status_type: str = ""
    list_client_order_id: str = ""
    orders: tuple[Member, ...] = ()
    order_reports: tuple[Order, ...] = ()


class Trade(Struct, frozen=True, rename="camel", kw_only=True):
    """An execution of the account."""

    symbol: str
    id: int
    order_id: int
    price: Decimal
    qty: Decimal
    commission: Decimal = Decimal(0)
    commission_asset: str | None = None
    time: int = 0
    is_buyer: bool = False
    is_maker: bool | None = None


class Balance(Struct, frozen=True, kw_only=True):
    """Of one asset."""

    asset: str
    free: Decimal = Decimal(0)
    locked: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        return self.free + self.locked


class Rates(Struct, frozen=True, kw_only=True):
    """What a trade costs, as a share of it."""

    maker: Decimal = Decimal(0)
    taker: Decimal = Decimal(0)
    buyer: Decimal = Decimal(0)


class Account(Struct, frozen=True, rename="camel", kw_only=True):
    """The money, and whose it is."""

    commission_rates: Rates = Rates()

    uid: int | None = None
    can_trade: bool = True
    account_type: str = ""
    balances: tuple[Balance, ...] = ()


class Symbol(Struct, frozen=True, rename="camel", kw_only=True):
    """What can be traded, and how; the filters are read apart."""

    symbol: str
    status: str = ""
    base_asset: str = ""
    quote_asset: str = ""
    order_types: tuple[str, ...] = ()
    iceberg_allowed: bool = False
    oco_allowed: bool = False
    oto_allowed: bool = False
    opo_allowed: bool = False
    amend_allowed: bool = False
    cancel_replace_allowed: bool = False
    is_spot_trading_allowed: bool = True
    filters: tuple[dict[str, Any], ...] = ()


class ExchangeInfo(Struct, frozen=True, rename="camel", kw_only=True):
    """Everything that can be traded, and how much may be asked."""

    server_time: int = 0
    rate_limits: tuple[RateLimit, ...] = ()
    symbols: tuple[Symbol, ...] = ()


class Time(Struct, frozen=True, rename="camel"):
    """The exchange's."""

    server_time: int


class Price(Struct, frozen=True):
    """The last one of a symbol."""

    symbol: str
    price: Decimal


class Ticker(Struct, frozen=True, rename="camel", kw_only=True):
    """Of the last 24 hours."""

    symbol: str = ""
    last_price: Decimal = Decimal(0)
    bid_price: Decimal = Decimal(0)
    bid_qty: Decimal = Decimal(0)
    ask_price: Decimal = Decimal(0)
    ask_qty: Decimal = Decimal(0)
    volume: Decimal | None = None
    close_time: int | None = None


class Kline(Struct, frozen=True, array_like=True):
    """A bar; the newest is not finished."""

    open_time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    close_time: int


class Report(Struct, frozen=True, kw_only=True):
    """``executionReport``: what happened to an order, letter by letter as Binance has it."""

    s: str
    i: int
    x: str
    X: str
    c: str = ""
    C: str = ""
    S: str = ""
    o: str = ""
    f: str = ""
    q: Decimal = Decimal(0)
    p: Decimal = Decimal(0)
    P: Decimal = Decimal(0)
    F: Decimal = Decimal(0)
    g: int = -1
    r: str = "NONE"
    l: Decimal = Decimal(0)  # noqa: E741  (its name on the wire)
    z: Decimal = Decimal(0)
    L: Decimal = Decimal(0)
    n: Decimal | None = None
    N: str | None = None
    T: int = 0
    E: int = 0
    t: int = -1
    I: int | None = None  # noqa: E741
    m: bool | None = None
    O: int | None = None  # noqa: E741
    Z: Decimal = Decimal(0)
    d: int | None = None
    eR: str | None = None


class Problem(Struct, frozen=True):
    """What an error of the WebSocket API holds."""

    code: int = 0
    msg: str = ""
    data: dict[str, Any] | None = None


class Frame(Struct, frozen=True, kw_only=True):
    """One message of the WebSocket API: the answer to a request, or an event."""

    id: int | str | None = None
    status: int | None = None
    result: msgspec.Raw = NOTHING
    error: Problem | None = None
    event: msgspec.Raw = NOTHING
    data: msgspec.Raw = NOTHING
    e: str | None = None


class Kind(Struct, frozen=True):
    """What an event is."""

    e: str = ""


_slowly: Final = msgspec.json.Decoder(float_hook=Decimal)


def read(body: bytes | msgspec.Raw, kind: type[T]) -> T:
    """*body* as a *kind*; an empty text or null where something else belongs is nothing.

    Raises ``msgspec.DecodeError`` if it is none.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        return msgspec.convert(_without_blanks(_slowly.decode(body)), type=kind, strict=False)


def _without_blanks(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_blanks(each)
            for name, each in value.items()
            if each is not None and each != ""
        }
    if isinstance(value, list):
        return [_without_blanks(each) for each in value]
    return value

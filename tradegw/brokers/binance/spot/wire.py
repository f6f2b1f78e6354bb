"""What Binance sends of spot, under its own names; read as tolerantly as can be.

Amounts are texts, ids and times numbers; either may come as the other. Nearly every field is
optional, for answers of different calls have different ones.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from ..limits import RateLimit

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
    margin_buy_borrow_amount: Decimal = Decimal(0)
    margin_buy_borrow_asset: str = ""

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
    """Of one asset; what was borrowed is there, and owed with interest."""

    asset: str
    free: Decimal = Decimal(0)
    locked: Decimal = Decimal(0)
    borrowed: Decimal = Decimal(0)
    interest: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """What there is."""
        return self.free + self.locked

    @property
    def owed(self) -> Decimal:
        return self.borrowed + self.interest

    @property
    def net(self) -> Decimal:
        """What is ours; negative where more is owed than there is."""
        return self.total - self.owed


class Rates(Struct, frozen=True, kw_only=True):
    """What a trade costs, as a share of it."""

    maker: Decimal = Decimal(0)
    taker: Decimal = Decimal(0)
    buyer: Decimal = Decimal(0)


class Account(Struct, frozen=True, rename="camel", kw_only=True):
    """The money, and whose it is; on spot as ``balances``, on margin as ``user_assets``."""

    commission_rates: Rates = Rates()

    uid: int | None = None
    can_trade: bool = True
    trade_enabled: bool = True
    margin_level: Decimal | None = None
    account_type: str = ""
    balances: tuple[Balance, ...] = ()
    user_assets: tuple[Balance, ...] = ()

    @property
    def assets(self) -> tuple[Balance, ...]:
        """Those of which there is, or is owed, anything."""
        return tuple(each for each in self.balances + self.user_assets if each.total or each.owed)


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
    is_margin_trading_allowed: bool = False
    filters: tuple[dict[str, Any], ...] = ()


class ExchangeInfo(Struct, frozen=True, rename="camel", kw_only=True):
    """Everything that can be traded, and how much may be asked."""

    server_time: int = 0
    rate_limits: tuple[RateLimit, ...] = ()
    symbols: tuple[Symbol, ...] = ()


class Token(Struct, frozen=True, rename="camel"):
    """What a margin account's stream is subscribed to with, until then in milliseconds."""

    token: str
    expiration_time: int


class Subscribed(Struct, frozen=True, rename="camel"):
    """The answer to a subscription."""

    subscription_id: int | None = None


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
    subscription_id: int | None = field(default=None, name="subscriptionId")
    error: Problem | None = None
    event: msgspec.Raw = NOTHING
    data: msgspec.Raw = NOTHING
    e: str | None = None


class Kind(Struct, frozen=True):
    """What an event is."""

    e: str = ""

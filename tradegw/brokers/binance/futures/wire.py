"""What Binance sends of futures when it is asked, under its own names; read tolerantly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec import Struct

from ....model.money import ZERO
from ..limits import RateLimit


class Order(Struct, frozen=True, rename="camel", kw_only=True):
    """An ordinary order as any call shows it; ``time`` is absent where it is new."""

    symbol: str
    order_id: int
    client_order_id: str = ""
    status: str = ""
    side: str = ""
    position_side: str = "BOTH"
    type: str = ""
    orig_type: str = ""
    time_in_force: str = ""
    price: Decimal = ZERO
    stop_price: Decimal = ZERO
    orig_qty: Decimal = ZERO
    executed_qty: Decimal = ZERO
    avg_price: Decimal = ZERO
    reduce_only: bool = False
    close_position: bool = False
    time: int | None = None
    update_time: int | None = None


class Algo(Struct, frozen=True, rename="camel", kw_only=True):
    """An order that waits for a price, or did; ``actual_order_id`` is of what it became."""

    algo_id: int
    symbol: str
    client_algo_id: str = ""
    order_type: str = ""
    side: str = ""
    position_side: str = "BOTH"
    time_in_force: str = ""
    quantity: Decimal = ZERO
    algo_status: str = ""
    trigger_price: Decimal = ZERO
    price: Decimal = ZERO
    close_position: bool = False
    reduce_only: bool = False
    callback_rate: Decimal = ZERO
    actual_order_id: int | None = None
    actual_price: Decimal = ZERO
    actual_qty: Decimal = ZERO
    create_time: int = 0
    update_time: int = 0
    reject_reason: str = ""

    @property
    def child(self) -> int | None:
        """The number of the order that it became."""
        return self.actual_order_id or None


class AlgoDone(Struct, frozen=True, rename="camel", kw_only=True):
    """The answer to a cancel, whose ``code`` is a text."""

    algo_id: int


class Trade(Struct, frozen=True, rename="camel", kw_only=True):
    """An execution of the account."""

    symbol: str
    id: int
    order_id: int
    side: str
    price: Decimal
    qty: Decimal
    commission: Decimal = ZERO
    commission_asset: str | None = None
    time: int = 0
    maker: bool | None = None


class Risk(Struct, frozen=True, rename="camel", kw_only=True):
    """A position; ``leverage`` and ``margin_type`` are only told on COIN-M."""

    symbol: str
    position_side: str = "BOTH"
    position_amt: Decimal = ZERO
    entry_price: Decimal = ZERO
    mark_price: Decimal = ZERO
    un_realized_profit: Decimal = ZERO
    liquidation_price: Decimal = ZERO
    isolated_margin: Decimal = ZERO
    leverage: Decimal | None = None
    margin_type: str = ""
    update_time: int = 0


class Config(Struct, frozen=True, rename="camel", kw_only=True):
    """How a symbol is traded."""

    symbol: str
    margin_type: str = ""
    leverage: int = 0


class Asset(Struct, frozen=True, rename="camel", kw_only=True):
    """Money of one kind."""

    asset: str
    wallet_balance: Decimal = ZERO
    unrealized_profit: Decimal = ZERO
    margin_balance: Decimal = ZERO
    initial_margin: Decimal = ZERO
    available_balance: Decimal = ZERO


class Account(Struct, frozen=True, rename="camel", kw_only=True):
    """The money; there are no totals on COIN-M."""

    total_wallet_balance: Decimal | None = None
    total_margin_balance: Decimal = ZERO
    total_initial_margin: Decimal = ZERO
    available_balance: Decimal = ZERO
    total_unrealized_profit: Decimal = ZERO
    can_trade: bool = True
    assets: tuple[Asset, ...] = ()


class Balance(Struct, frozen=True, rename="camel", kw_only=True):
    """Money of one kind; ``account_alias`` is the code of the account that it is in."""

    account_alias: str = ""


class Dual(Struct, frozen=True, rename="camel"):
    """Whether positions of both sides are kept apart."""

    dual_side_position: bool


class Multi(Struct, frozen=True, rename="camel"):
    """Whether all assets together are the margin."""

    multi_assets_margin: bool = False


class Leverage(Struct, frozen=True):
    """What it was set to."""

    leverage: int


class Income(Struct, frozen=True, rename="camel", kw_only=True):
    """Money that came or went."""

    symbol: str = ""
    income: Decimal = ZERO
    asset: str = ""
    time: int = 0
    tran_id: int | str | None = None


class ListenKey(Struct, frozen=True, rename="camel"):
    """A secret that opens the account's stream."""

    listen_key: str = ""

    def __repr__(self) -> str:
        return "<listen key>"


class Done(Struct, frozen=True):
    """An answer in which nothing is of interest."""


class Symbol(Struct, frozen=True, rename="camel", kw_only=True):
    """What can be traded, and how; ``contract_status`` and ``contract_size`` are of COIN-M."""

    symbol: str
    status: str = ""
    contract_status: str = ""
    base_asset: str = ""
    quote_asset: str = ""
    margin_asset: str = ""
    contract_size: Decimal = Decimal(1)
    order_types: tuple[str, ...] = ()
    filters: tuple[dict[str, Any], ...] = ()

    @property
    def is_trading(self) -> bool:
        return (self.status or self.contract_status) == "TRADING"


class ExchangeInfo(Struct, frozen=True, rename="camel", kw_only=True):
    """Everything that can be traded, and how much may be asked."""

    rate_limits: tuple[RateLimit, ...] = ()
    symbols: tuple[Symbol, ...] = ()


class Best(Struct, frozen=True, rename="camel", kw_only=True):
    """Best bid and ask."""

    symbol: str = ""
    bid_price: Decimal = ZERO
    bid_qty: Decimal = ZERO
    ask_price: Decimal = ZERO
    ask_qty: Decimal = ZERO
    time: int | None = None


class Day(Struct, frozen=True, rename="camel", kw_only=True):
    """Of the last 24 hours."""

    symbol: str = ""
    last_price: Decimal = ZERO
    volume: Decimal | None = None

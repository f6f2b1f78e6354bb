"""On which terms the exchange trades: the money at the start, the costs and the limits."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from ..model.money import ONE, ZERO
from .costs import Commission, Slippage


class Terms(Struct, frozen=True, kw_only=True):
    """Constant for the life of an exchange.

    ``leverage``         initial margin is notional / leverage
    ``maintenance``      share of the initial margin below which equity leads to liquidation
    ``volume_limit``     share of a tick's or bar's volume open to one symbol's orders; 0: all of it
    ``partial_ratio``    orders fill in two parts: this share first, the rest at the next tick
    ``limit_through``    inside of a bar a limit trades only if the price goes beyond it
    ``native_brackets``  attached exits and OCO groups are the exchange's own business
    ``exits_hold_quantity``  what rests to reduce a position cannot be sold by another order
    ``position_prefix``  a position's id is this and its symbol
    ``most_working``     how many orders may be at work at a time
    ``retained``         how many terminal orders, and how many trades, are remembered
    """

    cash: Decimal = Decimal(100_000)
    currency: str = "USD"
    leverage: Decimal = ONE
    maintenance: Decimal = Decimal("0.5")
    commission: Commission = Commission()
    slippage: Slippage = Slippage()
    volume_limit: Decimal = ZERO
    partial_ratio: Decimal | None = None
    limit_through: bool = False
    native_brackets: bool = False
    exits_hold_quantity: bool = False
    position_prefix: str = "pos-"
    most_working: int = 10_000
    retained: int = 50_000

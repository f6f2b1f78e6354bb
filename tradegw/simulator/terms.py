"""On which terms the exchange trades: the money at the start, the costs and the limits."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from msgspec import Struct

from ..model.money import ONE, ZERO
from .costs import Commission
from .paths import Path
from .slippage import Slippage


class Terms(Struct, frozen=True, kw_only=True):
    """Constant for the life of an exchange.

    ``leverage``         initial margin is notional / leverage
    ``maintenance``      share of the initial margin below which equity leads to liquidation
    ``volume_limit``     share of a tick's or bar's volume open to one symbol's orders; 0: all of it
    ``partial_ratio``    orders fill in two parts: this share first, the rest at the next tick
    ``limit_through``    inside of a bar a limit trades only if the price goes beyond it
    ``native_brackets``  attached exits and OCO groups are the exchange's own business
    ``brackets_when_filled``  exits are placed only when all of their entry has filled
    ``brackets_linked``  who cancels one exit of a pair cancels the other with it
    ``brackets_lose``    of the exits to be placed each so many-th is forgotten; 0: none
    ``exits_hold_quantity``  what rests to reduce a position cannot be sold by another order
    ``one_exit``         nor can a stop and a limit rest for the same of it
    ``position_prefix``  a position's id is this and its symbol
    ``most_working``     how many orders may be at work at a time
    ``retained``         how many terminal orders, and how many trades, are remembered

    Those of a playback alone:

    ``path``          which way round the price goes through a bar
    ``fill_current``  orders at market fill at the price last shown, instead of the next
    ``latency``       how long orders, changes and cancels are on their way
    ``short``         whether an order may open a short position
    ``hedging``       each order that opens has a position of its own
    ``strict``        what is not simulated is refused, not passed over
    ``seed``          of what is drawn
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
    brackets_when_filled: bool = False
    brackets_linked: bool = False
    brackets_lose: int = 0
    exits_hold_quantity: bool = False
    one_exit: bool = False
    position_prefix: str = "pos-"
    most_working: int = 10_000
    retained: int = 50_000
    path: Path = Path.NEAREST
    fill_current: bool = False
    latency: timedelta = timedelta(0)
    short: bool = True
    hedging: bool = False
    strict: bool = False
    seed: int = 0

"""What the run tells the recorder, and how it says what it was."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from ....model.account import Position, Trade
from ....model.enums import OrderType
from ....model.money import ONE, ZERO
from ....model.order import Order


class Where(enum.Enum):
    """Where the price was when an order filled.

    ``OPEN``    it had jumped there: a bar's open
    ``TICK``    a quote or a trade of tick data; the minute it fell in has prices before it
    ``INSIDE``  on its way through a bar
    ``SHOWN``   where it was last shown: ``BACKTEST_FILL=current``, or in answer to a fill
    ``END``     closed after the last point (``BACKTEST_CLOSE_AT_END``)
    """

    OPEN = "open"
    TICK = "tick"
    INSIDE = "inside"
    SHOWN = "shown"
    END = "end"


class Fill(Struct, frozen=True, kw_only=True):
    """One execution, with what it cost beyond its commission.

    ``slippage``    how much worse the price is than without slippage, per unit, in quote currency
    ``half_spread`` how far the price was from the middle, per unit, in quote currency
    ``touch_only``  a limit that was equal to the bar's extreme: filled, but nobody traded beyond it
    ``position_id`` whose lots it adds to or takes from; ``None``: the one of the symbol (netting)
    ``multiplier``  contract size
    ``rate``        account currency per quote currency at the fill
    """

    trade: Trade
    order_type: OrderType
    where: Where
    slippage: Decimal = ZERO
    half_spread: Decimal = ZERO
    touch_only: bool = False
    liquidation: bool = False
    position_id: str | None = None
    multiplier: Decimal = ONE
    rate: Decimal = ONE


class DataSet(Struct, frozen=True, kw_only=True):
    """One series that was replayed; ``first`` and ``last`` are the times of its ends."""

    symbol: str
    kind: str
    rows: int
    sha256: str
    first: datetime
    last: datetime
    warnings: Sequence[str] = ()


class Setup(Struct, frozen=True, kw_only=True):
    """What reproduces the run.

    ``config``     every ``BACKTEST_*`` variable (and ``SUBSCRIPTIONS``) in force, as text
    ``risk_free``  annual rate for Sharpe and Sortino
    ``periods``    periods per year for the ratios; ``None`` is derived from the days with data
    ``fills_current``  ``BACKTEST_FILL=current``
    ``version``    of the gateway
    """

    run_id: str
    cash: Decimal
    currency: str
    config: Mapping[str, str]
    data: Sequence[DataSet]
    leverage: Decimal = ONE
    risk_free: Decimal = ZERO
    periods: int | None = None
    fills_current: bool = False
    version: str = ""


class Ending(Struct, frozen=True, kw_only=True):
    """How the run stands when the report is made, at its end or before.

    ``status`` is ``running``, ``completed``, ``ruined``, ``stalled``, ``abandoned``, ``failed`` or
    ``interrupted``; the simulated clock began at ``start`` and stands at ``end``. ``orders`` are
    still at work; ``never_active`` are the ids of those that were accepted after the last open.
    """

    status: str
    start: datetime
    end: datetime
    balance: Decimal
    equity: Decimal
    margin_used: Decimal = ZERO
    orders: Sequence[Order] = ()
    never_active: Sequence[str] = ()
    positions: Sequence[Position] = ()
    events: int = 0
    wall_seconds: float = 0.0
    transcript_sha256: str | None = None
    is_reproducible: bool = True

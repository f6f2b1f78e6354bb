"""What is to be known of a fill beyond the trade: where the price was, and what it cost."""

from __future__ import annotations

import enum
from decimal import Decimal

from msgspec import Struct

from ..model.account import Trade
from ..model.money import ONE, ZERO
from ..model.order import Order


class Where(enum.Enum):
    """Where the price was when an order filled.

    ``OPEN``    it had jumped there: a bar's open, a quote, a trade
    ``INSIDE``  on its way through a bar
    ``SHOWN``   where it was last shown: at once, or in answer to a fill
    ``END``     closed after the last point
    """

    OPEN = "open"
    INSIDE = "inside"
    SHOWN = "shown"
    END = "end"


class FillNote(Struct, frozen=True, kw_only=True):
    """One execution; ``order`` is as it was left by it.

    ``slippage``    how much worse the price is than without slippage, per unit
    ``half_spread`` how far the price was from the middle, per unit
    ``touch_only``  a limit at the very extreme of its bar: nobody traded beyond it
    ``position_id`` whose quantity it changed; ``None``: that of the symbol (netting)
    ``rate``        account currency per quote currency at the fill
    """

    trade: Trade
    order: Order
    where: Where
    slippage: Decimal = ZERO
    half_spread: Decimal = ZERO
    touch_only: bool = False
    liquidation: bool = False
    position_id: str | None = None
    multiplier: Decimal = ONE
    rate: Decimal = ONE

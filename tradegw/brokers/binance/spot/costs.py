"""What a holding cost, from the executions that made it. Pure.

Executions are gone through from the last moment at which nothing was held, at average cost; fees
that were taken in kind leave less held for the same money. Where they do not go back so far, or
something was paid in or out meanwhile, nothing is invented: the cost is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Final

from msgspec import Struct

from ....model.money import ZERO, trimmed
from . import wire

_EXACT: Final = Context(prec=60)
_SHOWN: Final = Context(prec=18)


class Cost(Struct, frozen=True):
    """*average* price of what is held, what was *realized* since nothing was, and since when."""

    average: Decimal
    realized: Decimal
    since: int


def cost_of(trades: Sequence[wire.Trade], held: Decimal, asset: str, dust: Decimal) -> Cost | None:
    """What *held* of *asset* cost, by *trades*, oldest first; ``None`` if they do not tell. Less
    than *dust* counts as nothing.
    """
    begin = _beginning(trades, held, asset, dust)
    if begin is None or begin >= len(trades):
        return None
    quantity = spent = realized = ZERO
    for trade in trades[begin:]:
        change = _change(trade, asset)
        worth = _EXACT.multiply(trade.price, trade.qty)
        if trade.is_buyer:
            quantity, spent = quantity + change, spent + worth
            continue
        sold = min(trade.qty, quantity)
        part = ZERO if quantity <= ZERO else _EXACT.divide(_EXACT.multiply(spent, sold), quantity)
        quantity, spent = quantity + change, spent - part
        realized += worth - part
    if quantity <= ZERO:
        return None
    average = trimmed(_SHOWN.divide(spent, quantity))
    return Cost(average, trimmed(_SHOWN.plus(realized)), trades[begin].time)


def _change(trade: wire.Trade, asset: str) -> Decimal:
    """What *trade* did to the balance of *asset*."""
    fee = trade.commission if trade.commission_asset == asset else ZERO
    return (trade.qty if trade.is_buyer else -trade.qty) - fee


def _beginning(
    trades: Sequence[wire.Trade], held: Decimal, asset: str, dust: Decimal
) -> int | None:
    """The newest of *trades* before which nothing was held, going back from what is held now."""
    for index in range(len(trades) - 1, -1, -1):
        held -= _change(trades[index], asset)
        if abs(held) < dust or held == ZERO:
            return index
        if held < ZERO:
            return None  # more was bought than there is: something was paid out
    return None

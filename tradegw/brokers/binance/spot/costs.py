"""What a holding cost, from the executions that made it. Pure.

Executions are gone through from the last moment at which nothing was held, at average cost; fees
that were taken in kind leave less held for the same money. Of what is owed it is what it was sold
for. Where they do not go back so far, or something was paid in or out meanwhile, nothing is
invented: the cost is unknown.
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


def cost_of(
    trades: Sequence[wire.Trade], held: Decimal, asset: str, dust: Decimal, *, turns: bool = False
) -> Cost | None:
    """What *held* of *asset* cost, by *trades*, oldest first; ``None`` if they do not tell. Less
    than *dust* counts as nothing, less than nothing is owed. *turns* says whether one execution may
    have closed the one and opened the other.
    """
    sign = -1 if held < ZERO else 1
    begin, opened = _beginning(trades, held * sign, asset, dust, sign)
    if begin is None or (opened is not None and not turns):
        return None
    quantity = opened or ZERO
    spent = _EXACT.multiply(trades[begin].price, quantity)
    realized = ZERO
    for trade in trades[begin if opened is None else begin + 1 :]:
        change = _change(trade, asset) * sign
        worth = _EXACT.multiply(trade.price, trade.qty)
        if trade.is_buyer is (sign > 0):
            quantity, spent = quantity + change, spent + worth
            continue
        ended = min(trade.qty, quantity)
        part = ZERO if quantity <= ZERO else _EXACT.divide(_EXACT.multiply(spent, ended), quantity)
        quantity, spent = quantity + change, spent - part
        realized += (worth - part) * sign
    if quantity <= ZERO:
        return None
    average = trimmed(_SHOWN.divide(spent, quantity))
    return Cost(average, trimmed(_SHOWN.plus(realized)), trades[begin].time)


def _change(trade: wire.Trade, asset: str) -> Decimal:
    """What *trade* did to the balance of *asset*."""
    fee = trade.commission if trade.commission_asset == asset else ZERO
    return (trade.qty if trade.is_buyer else -trade.qty) - fee


def _beginning(
    trades: Sequence[wire.Trade], held: Decimal, asset: str, dust: Decimal, sign: int
) -> tuple[int | None, Decimal | None]:
    """The newest of *trades* before which nothing was held, going back from what is held now; and
    of one that was for more than that, how much is held by it. So looks, too, what was paid out.
    """
    for index in range(len(trades) - 1, -1, -1):
        opened, held = held, held - _change(trades[index], asset) * sign
        if abs(held) < dust or held == ZERO:
            return index, None
        if held < ZERO:
            return index, opened
    return None, None

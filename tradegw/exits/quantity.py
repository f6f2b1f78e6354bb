"""How much of a position an order can cover, and at which price: the broker's steps and minima.

Quantities are rounded down, so that legs never cover more than there is. What is less than a step
can be neither bought nor sold, and is protected together with what comes to it; what is a step or
more, but less than the broker's minimum, is missing protection and told as that.

A stop is rounded away from the market, never closer than asked for; a take-profit is too, so that
it never executes at a worse price than asked for. Neither is moved by a whole step.
"""

from __future__ import annotations

from decimal import Decimal

from ..model.enums import Side
from ..model.market import Instrument
from ..model.money import floor_to_step, plain, times, trimmed
from ..model.protection import LegKind
from .trailing import FINEST_STEP, on_step


def whole(quantity: Decimal, instrument: Instrument | None) -> Decimal:
    """The most of *quantity*, which is not negative, that orders can be of."""
    step = None if instrument is None else instrument.quantity_step
    if step is None:
        return quantity
    floored = floor_to_step(quantity, step)
    return quantity if floored == quantity else trimmed(floored)  # as its client wrote it


def too_small(quantity: Decimal, price: Decimal, instrument: Instrument | None) -> str | None:
    """Why the broker takes no order of *quantity* at *price*; ``None`` if it does."""
    if instrument is None:
        return None
    least = instrument.minimum_quantity
    if least is not None and quantity < least:
        return f"{plain(quantity)} is below the broker's minimum quantity of {plain(least)}"
    least, notional = instrument.minimum_notional, times(quantity, price)
    if least is not None and notional < least:
        worth = f"{plain(quantity)} at {plain(price)} is worth {plain(notional)}"
        return f"{worth}, which is below the broker's minimum of {plain(least)}"
    return None


def price_step(instrument: Instrument | None) -> Decimal:
    """The steps of its prices; the finest there are, if they are not known."""
    step = None if instrument is None else instrument.price_step
    return FINEST_STEP if step is None else step


def leg_price(
    kind: LegKind, price: Decimal, exit_side: Side, instrument: Instrument | None
) -> Decimal:
    """*price* on the instrument's steps; as it is where nothing positive would be left of it."""
    if instrument is None or instrument.price_step is None:
        return price
    towards = exit_side if kind is LegKind.STOP_LOSS else exit_side.opposite
    rounded = on_step(price, towards, instrument.price_step)
    return rounded if rounded > 0 else price

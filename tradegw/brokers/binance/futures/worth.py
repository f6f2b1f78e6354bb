"""What contracts are worth, by the kind of futures. Pure."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

from ....model.money import ONE, ZERO, trimmed

_SHOWN: Final = Context(prec=18)


def mark_price(
    entry: Decimal, amount: Decimal, gain: Decimal, contract_size: Decimal, *, is_linear: bool
) -> Decimal:
    """The price at which a position of the signed *amount* had that *gain*; *entry* where it cannot
    be told.

    On COIN-M a gain is ``amount * contract_size * (1/entry - 1/price)`` coins.
    """
    if not amount or not entry:
        return entry
    if is_linear:
        return _told(_SHOWN.add(entry, _SHOWN.divide(gain, amount)), entry)
    coins = _SHOWN.divide(gain, _SHOWN.multiply(amount, contract_size))
    inverse = _SHOWN.subtract(_SHOWN.divide(ONE, entry), coins)
    return _told(_SHOWN.divide(ONE, inverse), entry) if inverse > 0 else entry


def _told(price: Decimal, entry: Decimal) -> Decimal:
    return trimmed(price) if price > ZERO else entry

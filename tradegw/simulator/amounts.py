"""Rounding of what division yields, so that amounts stay short and sums stay exact."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ..model.money import trimmed

PLACES: Final = 12
_QUANTUM: Final = Decimal(1).scaleb(-PLACES)


def tidy(value: Decimal) -> Decimal:
    """*value* with at most 12 places behind the point and no trailing zeros there."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return trimmed(value if exponent >= -PLACES else value.quantize(_QUANTUM))

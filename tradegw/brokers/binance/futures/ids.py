"""Ids of orders and positions, which carry their symbol. Pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ....errors import OrderNotFound
from ....model.enums import PositionSide
from ....model.identifiers import ClientOrderIdRule

CLIENT_IDS: Final = ClientOrderIdRule(longest=36, character=r"[.A-Z:/a-z0-9_-]")
"""Unique among open orders alone, in both services. That is enough for exits, the only orders that
are ever sent twice: as long as the first copy rests the second is refused, when it ended it is
found by its name, and both only reduce.
"""

_ID: Final = re.compile(r"(algo:)?(?!algo:)([^:/?#\s]{1,40}):(\d{1,19})", re.ASCII)


class OrderId(NamedTuple):
    """As the exchange wants it; *waits* is of an order that waits for a price."""

    symbol: str
    number: int
    waits: bool = False

    def __str__(self) -> str:
        return f"{'algo:' if self.waits else ''}{self.symbol}:{self.number}"


def parse(order_id: str) -> OrderId:
    """Raises ``OrderNotFound`` for what is no id of an order here."""
    found = _ID.fullmatch(order_id)
    if found is None:
        raise OrderNotFound(order_id)
    return OrderId(found[2], int(found[3]), found[1] is not None)


def position_id(symbol: str, position_side: str) -> str:
    """*position_side* as Binance has it: ``BOTH``, ``LONG``, ``SHORT``."""
    return f"{symbol}:{position_side}" if position_side in ("LONG", "SHORT") else symbol


def side_in(position: str | None) -> PositionSide | None:
    """The side that the id of a hedged *position* names."""
    _symbol, _colon, side = (position or "").rpartition(":")
    return PositionSide(side) if side in ("LONG", "SHORT") else None

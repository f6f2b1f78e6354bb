"""Ids of orders, which carry their symbol, and the names of exits that belong to an entry. Pure.

An exit's client order id says which entry it is of: ``tgwx-`` and the number of an entry that was
executed before them; ``tgwy-`` and a digest of the client order id of one that is in their list.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, NamedTuple

from ....errors import OrderNotFound
from ....model.identifiers import ClientOrderIdRule

CLIENT_IDS: Final = ClientOrderIdRule(longest=36, character=r"[a-zA-Z0-9_-]", unique=False)
STOP_LOSS: Final = "sl"
TAKE_PROFIT: Final = "tp"

_ID: Final = re.compile(r"([^:/?#\s]{1,40}):(\d{1,19})")
_BEHIND: Final = re.compile(r"tgwx-(\d{1,19})-(?:sl|tp)")
_BESIDE: Final = re.compile(r"tgwy-[0-9a-f]{20}-(?:sl|tp)")
_DIGEST: Final = 20


class OrderId(NamedTuple):
    """As the exchange wants it."""

    symbol: str
    number: int

    def __str__(self) -> str:
        return f"{self.symbol}:{self.number}"


def parse(order_id: str) -> OrderId:
    """Raises ``OrderNotFound`` for what is no id of an order here."""
    found = _ID.fullmatch(order_id)
    if found is None or not found[2].isascii():
        raise OrderNotFound(order_id)
    return OrderId(found[1], int(found[2]))


def behind(number: int, kind: str) -> str:
    """The client order id of an exit of the entry *number*, which was executed before."""
    return f"tgwx-{number}-{kind}"


def beside(client_order_id: str, kind: str) -> str:
    """The same of an entry that is sent with its exits."""
    digest = hashlib.sha256(client_order_id.encode()).hexdigest()[:_DIGEST]
    return f"tgwy-{digest}-{kind}"


def entry_behind(symbol: str, name: str) -> str | None:
    """The id of the entry that an exit of that *name* is of, if it says so."""
    found = _BEHIND.fullmatch(name)
    return None if found is None else str(OrderId(symbol, int(found[1])))


def is_beside(name: str) -> bool:
    """Whether an order of that *name* is an exit of an entry in its own list."""
    return _BESIDE.fullmatch(name) is not None

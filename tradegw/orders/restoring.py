"""From the journal back into memory, before anything else happens."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from ..interfaces import IJournal
from ..model.enums import OrderStatus
from ..model.journal import OrderState
from ..model.order import Order
from .blotter import RETAINED_TERMINAL, Blotter, Links
from .books import Books
from .wanted import links_of, order_of

_orders = msgspec.json.Decoder(Order)
_links = msgspec.json.Decoder(Links)

ALL: Final = 1_000_000
"""Working orders are all read: there are never as many as this."""


def told_order(state: OrderState) -> tuple[Order, Links | None]:
    """An order as it was told, and what the gateway alone knows of it.

    Raises ``ValueError`` if that cannot be read.
    """
    try:
        return _orders.decode(state.body), _links.decode(state.links) if state.links else None
    except msgspec.DecodeError as error:
        raise ValueError(
            f"the order {state.order_id} in the journal cannot be read: {error}"
        ) from error


def restore_orders(journal: IJournal, blotter: Blotter, *books: Books) -> None:
    """What clients had been told of orders when the gateway ended, and what was held then."""
    for is_terminal, newest in ((True, RETAINED_TERMINAL), (False, ALL)):
        for state in journal.orders(terminal=is_terminal, newest=newest):
            told, links = told_order(state)
            blotter.restore(told, links)
            for book in books:
                book.count(told)
    for position in journal.net_positions():
        for book in books:
            book.set(position.symbol, position.quantity)


def restore_untold(journal: IJournal, blotter: Blotter) -> None:
    """Orders that were accepted and of which clients were told nothing yet: as they were wanted,
    until the broker was asked.
    """
    for recorded in journal.untold():
        intent, outcome = recorded.intent, recorded.outcome
        if outcome is not None and outcome.order_id is not None:
            wanted = order_of(intent, OrderStatus.PENDING, intent.at)
            blotter.restore_untold(replace(wanted, id=outcome.order_id), links_of(intent))

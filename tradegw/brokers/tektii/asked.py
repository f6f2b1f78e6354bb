"""What the engine does not say of an order, remembered since it was sent. Pure."""

from __future__ import annotations

from collections import OrderedDict
from decimal import Decimal
from typing import Final

from msgspec import Struct

from ...model.order import OrderRequest

MOST_REMEMBERED: Final = 20_000


class Asked(Struct, frozen=True, kw_only=True):
    """Of one order. Exits are the gateway's, shown where they were asked for."""

    position_id: str | None = None
    reduce_only: bool = False
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None


NOTHING: Final = Asked()


class Remembered:
    """By client order id, which an order keeps when another takes its place; by the order's own id
    where the engine does not show that.
    """

    def __init__(self) -> None:
        self._by_name: OrderedDict[str, Asked] = OrderedDict()
        self._by_id: OrderedDict[str, Asked] = OrderedDict()

    def sending(self, request: OrderRequest) -> Asked:
        """*request* is about to leave: news of it may come before its answer."""
        asked = Asked(
            position_id=request.position_id,
            reduce_only=bool(request.reduce_only),
            stop_loss=request.stop_loss,
            take_profit=request.take_profit,
        )
        if request.client_order_id is not None:
            _keep(self._by_name, request.client_order_id, asked)
        return asked

    def accepted(self, order_id: str, asked: Asked) -> None:
        """The engine gave it that id."""
        _keep(self._by_id, order_id, asked)

    def of(self, order_id: str, client_order_id: str | None) -> Asked | None:
        """What is known of an order; nothing of one that was not sent from here."""
        named = None if client_order_id is None else self._by_name.get(client_order_id)
        return named or self._by_id.get(order_id)


def _keep(shelf: OrderedDict[str, Asked], name: str, asked: Asked) -> None:
    shelf[name] = asked
    shelf.move_to_end(name)
    if len(shelf) > MOST_REMEMBERED:
        shelf.popitem(last=False)

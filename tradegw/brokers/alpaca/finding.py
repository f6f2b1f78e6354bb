"""Finding orders, under whatever id they go on.

A replaced order ends under its old id and goes on under a new one, with another client order id.
"""

from __future__ import annotations

import re
from typing import Final

from ...errors import OrderNotFound
from ...model.limits import Lane
from ...model.order import Order
from . import wire
from .kin import Kin
from .rest import Rest
from .statuses import REPLACED

MOST_HEIRS: Final = 50
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def check_id(order_id: str) -> None:
    """Raise ``OrderNotFound`` for what is no id of Alpaca's."""
    if not _UUID.fullmatch(order_id):
        raise OrderNotFound(order_id)


class Finding:
    """Asks *rest* for orders; what it learns of them *kin* knows."""

    def __init__(self, rest: Rest, kin: Kin) -> None:
        self._rest = rest
        self.kin = kin

    async def look_up(self, order_id: str, lane: Lane = Lane.QUERY) -> Order:
        """One order, as it is under that id."""
        check_id(order_id)
        order = await self._rest.order(order_id, lane)
        return await self.known(order)

    async def by_client_id(self, client_order_id: str) -> Order:
        """The order that began with that id, as it goes on now."""
        order = await self._rest.order_by_client_id(client_order_id)
        self.kin.learn(order)
        return self.kin.decoded(await self.newest(order))

    async def newest(self, order: wire.Order) -> wire.Order:
        """The last of those that took the place of *order*, or itself."""
        for _ in range(MOST_HEIRS):
            if order.status != REPLACED or order.replaced_by is None:
                break
            heir = await self._rest.order(order.replaced_by, Lane.EMERGENCY)
            self.kin.take_place(heir, order)
            self.kin.learn(heir)
            order = heir
        return order

    async def known(self, order: wire.Order) -> Order:
        """*order* decoded, under the client order id that it began with."""
        self.kin.learn(order)
        line, oldest = [order], order
        while not self.kin.knows_origin(oldest) and len(line) < MOST_HEIRS:
            assert oldest.replaces is not None
            try:
                oldest = await self._rest.order(oldest.replaces)
            except OrderNotFound:
                break
            line.append(oldest)
        for old, heir in zip(reversed(line[1:]), reversed(line[:-1]), strict=True):
            self.kin.take_place(heir, old)
        return self.kin.decoded(order)

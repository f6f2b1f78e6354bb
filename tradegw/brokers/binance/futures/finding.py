"""Finding orders, in both services: ordinary ones by their symbol, those that wait by number."""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta
from typing import Final

from twisted.internet.interfaces import IReactorTime

from ....errors import OrderNotFound, ProviderError
from ....interfaces import WallClock
from ....model.limits import Lane
from ....model.order import Order
from ..refusals import PROVIDER
from ..sightings import Sightings
from ..times import moment
from . import decoding, ids, wire
from .children import Children
from .ids import OrderId
from .instruments import Instruments
from .rest import Rest
from .statuses import FINISHED

REMEMBERED: Final = 5000
SHOWN: Final = timedelta(days=3)
"""For so long at least an order that ended without executions is shown."""


class Finding:
    """Asks *rest* for orders; what it learns of them *children* know."""

    def __init__(
        self,
        rest: Rest,
        children: Children,
        instruments: Instruments,
        clock: IReactorTime,
        now: WallClock,
    ) -> None:
        self._rest = rest
        self._children = children
        self._instruments = instruments
        self._now = now
        self._sent: OrderedDict[str, tuple[str, bool]] = OrderedDict()
        self.sightings = Sightings(clock)

    def sent(self, client_order_id: str | None, symbol: str, *, waits: bool) -> None:
        """An order is about to be sent under that name; *waits* says to which service."""
        self._instruments.use(symbol)
        if client_order_id is not None:
            self._sent[client_order_id] = (symbol, waits)
            if len(self._sent) > REMEMBERED:
                self._sent.popitem(last=False)

    def accepted(self, order_id: OrderId) -> None:
        """Binance has it."""
        self.sightings.accepted(str(order_id))
        if not order_id.waits:
            self._children.is_by_itself(order_id.symbol, order_id.number)

    def is_ordinary(self, client_order_id: str) -> bool:
        """Whether an ordinary order was sent under that name by this process."""
        sent = self._sent.get(client_order_id)
        return sent is not None and not sent[1]

    async def look_up(self, order_id: str, lane: Lane = Lane.QUERY) -> Order:
        """One order, as it is."""
        asked = ids.parse(order_id)
        if not asked.waits:
            parent = self._children.parent(asked.symbol, asked.number)
            if parent is None:
                return decoding.order_from(await self.ordinary(asked, lane))
            asked = OrderId(parent.symbol, parent.algo_id, waits=True)
        return await self.whole(await self.waiting(asked, lane), lane)

    async def waiting(self, asked: OrderId, lane: Lane) -> wire.Algo:
        """An order that waits, or did, as Binance has it."""
        found = await self.sightings.patiently(lambda: self._rest.algo(asked, lane), str(asked))
        return self._children.learn(found)

    async def ordinary(self, asked: OrderId, lane: Lane) -> wire.Order:
        """An ordinary order as Binance has it."""
        return await self.sightings.patiently(lambda: self._rest.order(asked, lane), str(asked))

    async def whole(self, algo: wire.Algo, lane: Lane = Lane.QUERY) -> Order:
        """*algo* with what it became. Fails with what leaves doubt if that is not shown yet."""
        if algo.child is None:
            return decoding.waiting_from(algo)
        try:
            child = await self._rest.order(OrderId(algo.symbol, algo.child), lane)
        except OrderNotFound:
            if self.is_open_what_it_became(algo):
                raise ProviderError(
                    f"What algo order {algo.algo_id} became is not shown yet", PROVIDER
                ) from None
            return decoding.waiting_from(algo)
        return decoding.waiting_from(algo, child)

    def is_open_what_it_became(self, algo: wire.Algo) -> bool:
        """Whether nobody but its child can say how *algo* ended: it does not, and the child, which
        is shown for three days at least, must be there.
        """
        is_young = self._now() - moment(algo.update_time) < SHOWN
        return algo.algo_status == FINISHED and not algo.actual_qty and is_young

    async def by_client_id(self, client_order_id: str) -> Order:
        """The order with that client order id, in whichever service and symbol it is."""
        if not ids.CLIENT_IDS.fits(client_order_id):
            raise OrderNotFound(client_order_id)
        symbol, waits = self._sent.get(client_order_id, (None, None))
        if waits is not False:  # first, for a child may bear its parent's name
            try:
                algo = await self._rest.algo_by_client_id(client_order_id)
            except OrderNotFound:
                if waits:
                    raise
            else:
                return await self.whole(self._children.learn(algo))
        symbols = self._instruments.concerned() if symbol is None else (symbol,)
        for name in symbols:
            try:
                found = await self._rest.order_by_client_id(name, client_order_id)
            except OrderNotFound:
                continue
            return self._children.told(found)
        raise OrderNotFound(client_order_id)

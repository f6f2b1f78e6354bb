"""Finding orders. Each must be asked for by its symbol, which a client order id does not tell."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from msgspec.structs import replace
from twisted.internet.interfaces import IReactorTime

from ....errors import OrderNotFound
from ....model.limits import Lane
from ....model.order import Order, OrderRequest
from ..sightings import Sightings
from . import ids, wire
from .ids import OrderId
from .instruments import Instruments
from .kin import Kin
from .rest import Rest

REMEMBERED: Final = 5000


class Finding:
    """Asks *rest* for orders; what it learns of them *kin* knows."""

    def __init__(self, rest: Rest, kin: Kin, instruments: Instruments, clock: IReactorTime) -> None:
        self._rest = rest
        self._kin = kin
        self._instruments = instruments
        self._symbols: OrderedDict[str, str] = OrderedDict()
        self.sightings = Sightings(clock)

    def sent(self, request: OrderRequest) -> OrderRequest:
        """*request* is about to be sent: under a name that Binance takes."""
        self._instruments.use(request.symbol)
        if request.client_order_id is None:
            return request
        name = self._kin.names.sent(request.client_order_id)
        self._symbols[name] = request.symbol
        if len(self._symbols) > REMEMBERED:
            self._symbols.popitem(last=False)
        return replace(request, client_order_id=name)

    async def look_up(self, order_id: str, lane: Lane = Lane.QUERY) -> Order:
        """One order, as it is."""
        return self._kin.decoded(await self.shown(ids.parse(order_id), lane))

    async def shown(self, order_id: OrderId, lane: Lane) -> wire.Order:
        """As Binance has it."""
        asking = self.sightings.patiently
        return await asking(lambda: self._rest.order(order_id, lane), str(order_id))

    async def by_client_id(self, client_order_id: str) -> Order:
        """The order with that client order id, in whichever symbol of concern it is."""
        name = self._kin.names.sent(client_order_id)
        known = self._symbols.get(name)
        symbols = (known,) if known is not None else await self._possible()
        for symbol in symbols:
            try:
                found = await self._rest.order_by_client_id(symbol, name)
            except OrderNotFound:
                continue
            return self._kin.decoded(found)
        raise OrderNotFound(client_order_id)

    async def _possible(self) -> tuple[str, ...]:
        """Where it may be, if it was not sent by this process."""
        account = await self._rest.account()
        return self._instruments.concerned(balance.asset for balance in account.assets)

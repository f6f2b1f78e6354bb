"""What must be known first: whose account this is, what it pays, and what can be traded."""

from __future__ import annotations

from typing import Final

from twisted.logger import Logger

from ....interfaces import IMemory
from ..limits import Meter
from ..owner import check_owner
from .instruments import Instruments
from .rest import Rest
from .venue import Venue

REMEMBERED_AS: Final = "binance:account"


class Footing:
    """Asks *rest*."""

    log = Logger()

    def __init__(
        self,
        rest: Rest,
        instruments: Instruments,
        meter: Meter,
        memory: IMemory,
        venue: Venue,
    ) -> None:
        self._venue = venue
        self._rest = rest
        self._instruments = instruments
        self._meter = meter
        self._memory = memory

    async def check(self) -> None:
        """Fails with ``Unauthorized`` if it is another's account."""
        owner = await self._rest.owner()
        rates = owner.commission_rates
        self._instruments.most_fee = max(rates.maker, rates.taker) + rates.buyer
        if owner.uid is not None:
            check_owner(self._memory, REMEMBERED_AS, str(owner.uid))
        if not owner.can_trade:
            self.log.warn("the account cannot trade")

    async def learn(self) -> None:
        """The symbols and their rules, and how much may be asked."""
        info = await self._rest.exchange_info()
        self._instruments.learn(info.symbols)
        self._meter.learn(info.rate_limits)
        if self._venue.on_margin:  # whose orders are counted by themselves
            self._meter.learn(await self._rest.order_limits())

"""How one product of Binance is reached: by calls that are signed, counted, and of its time."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from twisted.internet.defer import Deferred

from ...deferreds import as_deferred
from ..budget import Budget, Rules
from ..clock import BrokerClock, alarm
from ..http import Http, Site
from ..registry import BrokerParts
from . import refusals
from .calling import Calling, ErrorOf
from .config import BinanceSettings
from .limits import WEIGHT, Meter
from .refusals import About
from .signing import Signer
from .timing import TIMES, Timekeeper
from .wire import Time

CLOCKS_APART: Final = timedelta(seconds=1)


class Access:
    """Calls of a product, which count against *rules*; *error_of* says what failures mean.

    ``time`` is Binance's, ``timing`` asks for it, ``meter`` reads what answers tell of limits.
    """

    def __init__(
        self,
        own: BinanceSettings,
        parts: BrokerParts,
        rules: Rules,
        error_of: ErrorOf = refusals.error_of,
    ) -> None:
        clock, listener = parts.clock, parts.listener
        self.own = own
        self.rules = rules
        self.time = BrokerClock(parts.now, parts.seconds, CLOCKS_APART, alarm(listener, parts.now))
        self.meter = Meter(self.time.now, rules)
        self.budget = Budget(
            rules, clock, parts.seconds, parts.now, parts.memory, listener.on_event
        )
        self.signer = Signer(own.api_key, own.key, self.time.now, own.product.prefix)
        self.calls = Calling(self._http(parts), own.product.prefix, error_of, self._resync)
        self.timing = Timekeeper(as_deferred(self._asked), self.time, clock)

    def close(self) -> None:
        """Nothing is sent any more."""
        self.budget.stop()
        self.calls.close()

    def _http(self, parts: BrokerParts) -> Http:
        """The ``Date`` of answers is not believed: it is of whoever stands before Binance, and its
        own time decides about signatures.
        """
        site = Site(
            name="Binance",
            base=self.own.rest,
            sign=self.signer.call,
            random=parts.random,
            limits=(WEIGHT,),
            read=self.meter.read,
        )
        return Http(site, self.budget, parts.dial, parts.clock)

    async def _asked(self) -> int:
        """In milliseconds."""
        return (await self.calls.get("time", Time, 1, About.ACCOUNT)).server_time

    def _resync(self) -> Deferred[None]:
        return self.timing.ask(TIMES)

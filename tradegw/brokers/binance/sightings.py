"""When orders were seen: that Binance does not find one is believed only if it was not there just
before. Lists, look-ups and the stream are not of one moment.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from ...errors import OrderNotFound, ProviderError
from ...model.order import Order
from .refusals import PROVIDER

T = TypeVar("T")

PAUSES_SECONDS: Final = (0.5, 1.0)
"""An order that was accepted a moment ago, by this process or the one before, may not be found yet.
"""

YOUNG_SECONDS: Final = 10.0
SEEN_SECONDS: Final = 30.0
"""For so long it is not believed that an order that worked is none."""

REMEMBERED: Final = 5000


class Sightings:
    """Remembers them by the ids that orders have here."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._born_at = clock.seconds()
        self._accepted: OrderedDict[str, float] = OrderedDict()
        self._seen: OrderedDict[str, float] = OrderedDict()

    def accepted(self, order_id: str) -> None:
        """Binance has it."""
        self._mark(self._accepted, order_id)

    def seen(self, order: Order) -> None:
        """The stream, or a list, shows *order* so."""
        if order.status.is_terminal:
            self._seen.pop(order.id, None)
        else:
            self._mark(self._seen, order.id)

    async def patiently(self, ask: Callable[[], Awaitable[T]], order_id: str) -> T:
        """What *ask* finds. Fails with ``OrderNotFound`` if that can be believed, and with what
        leaves doubt if it cannot.
        """
        pauses = iter(PAUSES_SECONDS)
        while True:
            try:
                return await ask()
            except OrderNotFound:
                pause = next(pauses, None)
                accepted_at = self._accepted.get(order_id, self._born_at)
                if pause is None or not self._is_within(YOUNG_SECONDS, accepted_at):
                    self._check_absence(order_id)
                    raise
            await deferLater(self._clock, pause)

    def _check_absence(self, order_id: str) -> None:
        if self._is_within(SEEN_SECONDS, self._seen.get(order_id, float("-inf"))):
            raise ProviderError(
                f"Order {order_id} is not shown, but it worked a moment ago", PROVIDER
            ) from None

    def _is_within(self, seconds: float, since: float) -> bool:
        return self._clock.seconds() - since <= seconds

    def _mark(self, times: OrderedDict[str, float], order_id: str) -> None:
        times[order_id] = self._clock.seconds()
        times.move_to_end(order_id)
        if len(times) > REMEMBERED:
            times.popitem(last=False)

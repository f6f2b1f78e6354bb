"""Looking at an order until it shows what became of a request to change it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from ..deferreds import as_deferred
from ..errors import GatewayError, OrderNotFound, OrderNotModifiable, ProviderError
from ..model.order import Order
from .blotter import Blotter
from .entry import Entry
from .intents import Intents
from .resolution import ABSENT_SECONDS, pauses

T = TypeVar("T")

Judge: TypeAlias = Callable[[Order], Coroutine[Deferred[Any], Any, T | None]]
"""What an order as it is now says of a request; ``None`` if nothing yet. Fails with
``OrderNotModifiable`` if that was not done, with another ``GatewayError`` if it could not ask.
"""


class Watch:
    """Asks for orders, for cancels and changes whose answers are missing.

    What is seen is told to whoever :meth:`tell_with` names.
    """

    def __init__(
        self, entry: Entry, blotter: Blotter, intents: Intents, clock: IReactorTime
    ) -> None:
        self._entry = entry
        self._blotter = blotter
        self._intents = intents
        self._clock = clock
        self._stopped = False
        self._learned: Callable[[Order], object]

    def tell_with(self, learned: Callable[[Order], object]) -> None:
        """*learned* is told of each order as it was found."""
        self._learned = learned

    def stop(self) -> None:
        """Look no more; after a restart it goes on."""
        self._stopped = True

    def order_id(self, order_id: str) -> str:
        """The broker's id of the order that a client calls so, be it by a handle.

        Raises ``OrderNotModifiable`` as long as it is not known whether there is one.
        """
        if self._blotter.order(order_id) is not None:
            return order_id
        attempt = self._intents.by_id(order_id)
        if attempt is None:
            return order_id
        if attempt.order_id is None:
            raise OrderNotModifiable(order_id, "what became of it is not known")
        return attempt.order_id

    def as_known(self, order_id: str) -> Order:
        """The order as it was last seen; for a client that must be told something now."""
        known = self._blotter.order(order_id)
        if known is None:
            raise ProviderError(
                f"What became of the request is not known yet; order {order_id} cannot be read"
            )
        return known

    @as_deferred
    async def until(self, order_id: str, what: str, judge: Judge[T]) -> T:
        """Look until *judge* knows; fails with ``ProviderError`` when a lost request would have
        arrived long ago, and as *judge* does.
        """
        began = self._clock.seconds()
        for pause in pauses():
            await deferLater(self._clock, pause)
            if self._stopped:
                await Deferred()  # for ever: nobody knows, and nothing is to be concluded
            try:
                order = await self._look(order_id)
                known = await judge(order)
            except (OrderNotFound, OrderNotModifiable):
                raise
            except GatewayError:
                continue  # could not ask
            self._learned(order)
            if known is not None:
                return known
            if self._clock.seconds() - began >= ABSENT_SECONDS:
                break
        raise ProviderError(f"The {what} of order {order_id} never arrived")

    @as_deferred
    async def _look(self, order_id: str) -> Order:
        try:
            return await self._entry.look_up(order_id)
        except OrderNotFound:
            known = self._blotter.order(order_id)
            if known is None or not known.status.is_terminal:
                raise
            return known

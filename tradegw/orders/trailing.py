"""TRAILING_STOP orders at a broker that has none: a stop that the exits have follow the market."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct

from ..deferreds import as_deferred
from ..errors import OrderDenied
from ..interfaces import IBroker, IExits, IOrderEntry
from ..model.enums import OrderType, TimeInForce
from ..model.market import Quote
from ..model.order import OrderRequest
from ..model.protection import Trail
from .attempt import Attempt
from .gate import Gate


class Emulated(Struct, frozen=True, kw_only=True):
    """The *stop* that is sent instead; it follows the market by *trail* from *price* on."""

    stop: OrderRequest
    trail: Trail
    price: Decimal


class TrailingOrders:
    """Turns them into stops. *fresh* tells the quote of a symbol, if it is known and not old."""

    def __init__(
        self,
        entry: IOrderEntry,
        broker: IBroker,
        exits: IExits,
        gate: Gate,
        fresh: Callable[[str], Quote | None],
    ) -> None:
        self._entry = entry
        self._broker = broker
        self._exits = exits
        self._gate = gate
        self._fresh = fresh

    def concerns(self, request: OrderRequest) -> bool:
        """Whether *request* is one that the broker does not have."""
        can = self._broker.capabilities().supported_order_types
        return request.order_type is OrderType.TRAILING_STOP and OrderType.TRAILING_STOP not in can

    @as_deferred
    async def emulated(self, request: OrderRequest) -> Emulated:
        """What is sent in the stead of *request*, which may name no more than a stop can do.

        Fails with ``OrderDenied`` if there is nothing that it would protect, and as the broker does
        if it must be asked for the price.
        """
        _check(request)
        self._exits.check_stop(request, self._gate.reducible(request))
        quote = self._fresh(request.symbol)
        price = await self._entry.price(request.symbol) if quote is None else quote.last
        distance, kind = request.trailing_distance, request.trailing_type
        assert distance is not None
        assert kind is not None
        trail = Trail(distance=distance, kind=kind)
        stop = self._exits.as_stop(request, trail, self._gate.reducible(request), price)
        return Emulated(stop=stop, trail=trail, price=price)

    def expect(self, attempt: Attempt, wanted: Emulated, sent: OrderRequest, seed: str) -> None:
        """*attempt* is to send it, as *sent*; stops that take its place are named after *seed*."""
        self._exits.expect_stop(attempt.intent.id, sent, wanted.trail, wanted.price, seed)


def _check(request: OrderRequest) -> None:
    """Raise ``OrderDenied`` for what would be lost when another stop takes its place."""
    what = None
    if request.oco_group_id is not None:
        what = "an oco_group_id"
    elif request.wants_exits:
        what = "exits of its own"
    elif request.tif is not TimeInForce.GTC:
        what = f"time_in_force {request.tif.value}"
    if what is not None:
        raise OrderDenied(
            f"The broker has no TRAILING_STOP orders, and what stands for one cannot have {what}",
            "UNSUPPORTED",
        )

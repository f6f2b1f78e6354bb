"""The exchange with its front office: what is asked of it, and the ledger by which all is judged.

The simulator's exchange always refuses a client order id that it has seen. Some brokers do not, so
client order ids are kept here, and refused here or not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from itertools import count

from msgspec import Struct
from msgspec.structs import replace

from tradegw.errors import OrderNotFound, OrderRejected, PositionNotFound, UnsupportedOperation
from tradegw.model.account import Position, Trade
from tradegw.model.enums import OrderEventKind, OrderType
from tradegw.model.events import Event, OrderEvent
from tradegw.model.market import Instrument as Rules
from tradegw.model.order import ClosePositionRequest, Order, OrderChange, OrderRequest
from tradegw.simulator.exchange import Exchange
from tradegw.simulator.instruments import Instrument
from tradegw.simulator.terms import Terms

from .schedule import FREE, GUARDED, Broker


class Entered(Struct, frozen=True):
    """An order that was accepted. *via* is submit, close or hand; *part* what a close asked for."""

    order_id: str
    request: OrderRequest
    via: str
    at: datetime
    part: Decimal | None = None


class Venue:
    """One account. *now* tells its time; :attr:`listeners` are told of everything at once."""

    def __init__(self, kind: Broker, now: Callable[[], datetime]) -> None:
        self.kind = kind
        self.now = now
        self.entered: list[Entered] = []
        self.listeners: list[Callable[[Event], None]] = []
        self._client_ids: dict[str, str] = {}
        self._newest: dict[str, str] = {}
        self._naming: str | None = None
        ids = count(1)
        self.exchange = Exchange(
            Terms(
                cash=Decimal(10_000_000),
                partial_ratio=Decimal("0.5") if kind.partial else None,
                exits_hold_quantity=kind.holds,
            ),
            self._listed,
            lambda: f"x{next(ids)}",
            self._deliver,
        )

    # -- what can be done

    def submit(self, request: OrderRequest, via: str, *, at_once: bool = False) -> Order:
        """Take an order; raises as the exchange does."""
        name = request.client_order_id
        if name is not None and name in self._newest and self.kind.refuses_repeats:
            raise OrderRejected(f"Client order id {name} was used before", "DUPLICATE")
        self._naming = name  # its id is not known before its first event is out
        try:
            bare = replace(request, client_order_id=None)
            order = self.exchange.submit(bare, self.now(), at_once=at_once)
        finally:
            self._naming = None
        self._name(order.id, name)
        self.entered.append(Entered(order.id, request, via, self.now()))
        return self.named(order)

    def close(self, position: Position, request: ClosePositionRequest, name: str) -> Order:
        """Close a position or a part of it."""
        held = self.exchange.position(position.symbol)
        if held is None:
            raise PositionNotFound(position.id)
        order_type = request.order_type or OrderType.MARKET
        closing = OrderRequest(
            symbol=held.symbol,
            side=held.side.closing,
            quantity=min(request.quantity or held.quantity, held.quantity),
            order_type=order_type,
            limit_price=request.limit_price,
            reduce_only=True,
            position_id=held.id,
            client_order_id=name,
        )
        order = self.submit(closing, "close", at_once=order_type is OrderType.MARKET)
        self.entered[-1] = replace(self.entered[-1], part=request.quantity)
        return order

    def cancel(self, order_id: str) -> Order:
        return self.named(self.exchange.cancel(order_id, self.now()))

    def replace(self, order_id: str, change: OrderChange) -> Order:
        if not self.kind.replaces:
            raise UnsupportedOperation("replacing orders", "simulated")
        return self.named(self.exchange.replace(order_id, change, self.now()))

    # -- what can be asked, and what the judge looks at

    def order(self, order_id: str) -> Order:
        return self.named(self.exchange.order(order_id))

    def order_by_client_id(self, name: str) -> Order:
        if not self.kind.finds_client_ids:
            raise UnsupportedOperation("looking up a client order id", "simulated")
        if name not in self._newest:
            raise OrderNotFound(name)
        return self.order(self._newest[name])

    def open_orders(self) -> list[Order]:
        return [self.named(order) for order in self.exchange.open_orders()]

    def closed_orders(self) -> list[Order]:
        return [self.named(order) for order in self.exchange.closed_orders()]

    def instrument(self, symbol: str) -> Rules | None:
        known = self._listed(symbol)
        return None if known is None else known.rules

    @staticmethod
    def _listed(symbol: str) -> Instrument | None:
        return Instrument(symbol=symbol) if symbol in (FREE, GUARDED) else None

    def all_orders(self) -> dict[str, Order]:
        return {order.id: order for order in (*self.closed_orders(), *self.open_orders())}

    def trades(self) -> list[Trade]:
        return self.exchange.trades()

    def named(self, order: Order) -> Order:
        """*order* with the client order id that it came with."""
        name = self._client_ids.get(order.id)
        return order if name is None else replace(order, client_order_id=name)

    def _name(self, order_id: str, name: str | None) -> None:
        if name is not None:
            self._client_ids[order_id] = name
            self._newest[name] = order_id

    def _deliver(self, event: Event) -> None:
        if isinstance(event, OrderEvent):
            if self._naming is not None and event.event is OrderEventKind.CREATED:
                self._name(event.order.id, self._naming)
            event = replace(event, order=self.named(event.order))
        for listener in list(self.listeners):
            listener(event)

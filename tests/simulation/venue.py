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

from tradegw.errors import (
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
    PositionNotFound,
    UnsupportedOperation,
)
from tradegw.model.account import Position, Trade
from tradegw.model.enums import OrderEventKind, OrderStatus, OrderType
from tradegw.model.events import Event, OrderEvent, TradeEvent
from tradegw.model.market import Instrument as Rules
from tradegw.model.order import ClosePositionRequest, Order, OrderChange, OrderRequest, Replaced
from tradegw.simulator.exchange import Exchange
from tradegw.simulator.instruments import Instrument
from tradegw.simulator.terms import Terms

from .schedule import Broker
from .steps import ATTACHED, FREE, GUARDED, PAIRED
from .succession import Succession


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
        self._succession = Succession()
        self._before: Order | None = None
        self._replacing: str | None = None
        self._trades: dict[str, Trade] = {}
        ids = count(1)
        self.exchange = Exchange(
            Terms(
                cash=Decimal(10_000_000),
                partial_ratio=Decimal("0.5") if kind.partial else None,
                exits_hold_quantity=kind.holds,
                native_brackets=kind.native,
                brackets_when_filled=kind.native_late,
                brackets_linked=kind.native_linked,
                brackets_lose=kind.native_loses,
                one_exit=kind.one_exit,
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
            if self.kind.native:  # groups are to be the gateway's all the same
                bare = replace(bare, oco_group_id=None)
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
        return self.named(self.exchange.cancel(self._modifiable(order_id), self.now()))

    def drop(self, order_id: str) -> None:
        """An order ends without anybody having asked for it."""
        self.exchange.drop(self._succession.first_of(order_id))

    def replace(self, order_id: str, change: OrderChange) -> Replaced:
        """Change an order, in place or under a new id."""
        if not self.kind.replaces:
            raise UnsupportedOperation("replacing orders", "simulated")
        known = self._modifiable(order_id)
        self._before, self._replacing = self.order(order_id), known
        try:
            order = self.exchange.replace(known, change, self.now())
        finally:
            self._replacing = None
        shown = self.named(order)
        renamed = order_id if shown.id != order_id else None
        return Replaced(order=shown, previous_order_id=renamed)

    # -- what can be asked, and what the judge looks at

    def order(self, order_id: str) -> Order:
        retired = self._succession.retired.get(order_id)
        if retired is not None:
            return retired
        return self.named(self.exchange.order(self._succession.first_of(order_id)))

    def order_by_client_id(self, name: str) -> Order:
        if not self.kind.finds_client_ids:
            raise UnsupportedOperation("looking up a client order id", "simulated")
        if name not in self._newest:
            raise OrderNotFound(name)
        return self.order(self._succession.last_of(self._newest[name]))

    def open_orders(self) -> list[Order]:
        return [self.named(order) for order in self.exchange.open_orders()]

    def closed_orders(self) -> list[Order]:
        closed = [self.named(order) for order in self.exchange.closed_orders()]
        return [*self._succession.retired.values(), *closed]

    def instrument(self, symbol: str) -> Rules | None:
        """The rules of *symbol*, if it is traded here."""
        known = self._listed(symbol)
        return None if known is None else replace(known.rules, one_exit=self.kind.one_exit)

    @staticmethod
    def _listed(symbol: str) -> Instrument | None:
        known = symbol in (FREE, GUARDED, PAIRED, ATTACHED)
        return Instrument(symbol=symbol) if known else None

    def all_orders(self) -> dict[str, Order]:
        """By every id that there ever was."""
        return {order.id: order for order in (*self.closed_orders(), *self.open_orders())}

    def standing(self) -> list[Order]:
        """All orders as they are now, once each."""
        orders = (*self.exchange.closed_orders(), *self.exchange.open_orders())
        return [self.named(order) for order in orders]

    def ids_of(self, order_id: str) -> list[str]:
        """The ids that the order entered as *order_id* had, one after the other."""
        return self._succession.all_of(order_id)

    def trades(self) -> list[Trade]:
        """All executions, each under the id that its order had then."""
        return [self._trades.get(trade.id, trade) for trade in self.exchange.trades()]

    def named(self, order: Order) -> Order:
        """*order* of the exchange, under the id and the client order id that it is known by."""
        name = self._client_ids.get(order.id)
        if name is not None:
            order = replace(order, client_order_id=name)
        if not self.kind.tells_groups and order.oco_group_id is not None:
            order = replace(order, oco_group_id=None)
        return self._succession.shown(order)

    def first_id(self, order_id: str) -> str:
        """The id that the order had at first which has, or had, the id *order_id*."""
        return self._succession.first_of(order_id)

    def _modifiable(self, order_id: str) -> str:
        """The id at the exchange of what still bears the id *order_id*."""
        if order_id in self._succession.retired:
            raise OrderNotModifiable(order_id, "it was replaced")
        return self._succession.first_of(order_id)

    def _name(self, order_id: str, name: str | None) -> None:
        if name is not None:
            self._client_ids[order_id] = name
            self._newest[name] = order_id

    def _deliver(self, event: Event) -> None:
        for told in self._shown(event):
            for listener in list(self.listeners):
                listener(told)

    def _shown(self, event: Event) -> list[Event]:
        """What is told of what happened at the exchange."""
        if isinstance(event, TradeEvent):
            order_id = self._succession.last_of(event.trade.order_id)
            event = replace(event, trade=replace(event.trade, order_id=order_id))
            self._trades[event.trade.id] = event.trade
        if not isinstance(event, OrderEvent):
            return [event]
        if self._naming is not None and event.event is OrderEventKind.CREATED:
            self._name(event.order.id, self._naming)
        is_replaced = event.event is OrderEventKind.MODIFIED and event.order.id == self._replacing
        if self.kind.renames and is_replaced:
            self._replacing = None
            return self._renamed(event)
        return [replace(event, order=self.named(event.order))]

    def _renamed(self, event: OrderEvent) -> list[Event]:
        """The order ends, and another takes its place, executions included."""
        order = self.named(event.order)
        assert self._before is not None
        ended = replace(self._before, status=OrderStatus.CANCELLED, updated_at=order.updated_at)
        successor = self._succession.rename(event.order.id, ended, order)
        return [
            replace(event, event=OrderEventKind.CANCELLED, order=ended),
            replace(event, event=OrderEventKind.CREATED, order=successor),
        ]

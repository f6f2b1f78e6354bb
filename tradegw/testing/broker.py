"""A broker that does what a test tells it, and remembers what it was asked.

By default every order is accepted and rests; nothing fills until the test says so. A test may queue
an outcome for the next call of a kind: an exception to fail with, a Deferred to wait for, or an
answer that is :class:`Lost` although the call took effect.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from ..errors import (
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
    PositionNotFound,
    SymbolNotFound,
    UnsupportedOperation,
)
from ..interfaces import IBroker, IBrokerListener
from ..model.account import Account, Position, Trade, TradeQuery
from ..model.enums import (
    AssetClass,
    OrderEventKind,
    OrderStatus,
    OrderType,
    Platform,
    PositionMode,
)
from ..model.events import OrderEvent
from ..model.identifiers import ClientOrderIdRule
from ..model.limits import Lane, LimitsStatus
from ..model.market import Bar, BarQuery, Capabilities, Instrument, Quote
from ..model.money import ZERO
from ..model.order import (
    ClosePositionRequest,
    Order,
    OrderChange,
    OrderQuery,
    OrderRequest,
    Replaced,
)

T = TypeVar("T")

EPOCH = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)

_KIND_OF = {
    OrderStatus.CANCELLED: OrderEventKind.CANCELLED,
    OrderStatus.REJECTED: OrderEventKind.REJECTED,
    OrderStatus.EXPIRED: OrderEventKind.EXPIRED,
}


class Lost(Struct, frozen=True):
    """The call takes effect, but what its caller gets is *error*."""

    error: Exception


@implementer(IBroker)
class ScriptedBroker(MultiService):
    """One account at an obedient broker.

    ``calls`` lists what was asked, as ``(name, argument)``; ``plan(name, outcome)`` decides how the
    next call of that name ends. ``orders`` is the ledger. Set ``listener`` before anything happens.
    With ``renames`` a replaced order ends and another takes its place, fills included; with
    ``cancels_slowly`` a cancel is only noted, and ``end`` carries it out. Orders of the types in
    ``fills_at_once`` are filled before their submit is answered; events of the kinds in ``unheard``
    are lost. With ``hedges`` positions are not netted. Without ``knows_client_ids`` orders are not
    found by their client order ids. With ``exits_hold_quantity`` a close is refused for what legs
    hold. ``now`` dates orders.
    With ``round_stops`` a stop is moved to whole prices only; ``order_types`` are those it has.
    """

    provider = "scripted"

    def __init__(self, platform: Platform = Platform.MOCK, *, brackets: bool = False) -> None:
        super().__init__()
        self.platform = platform
        self.account_name = "scripted-account"
        self.client_order_ids = ClientOrderIdRule()
        self.exits_hold_quantity = False
        self.listener: IBrokerListener
        self.calls: list[tuple[str, Any]] = []
        self.orders: dict[str, Order] = {}
        self.executions: list[Trade] = []
        self.held: dict[str, Position] = {}
        self.quotes: dict[str, Quote] = {}
        self.history: dict[str, list[Bar]] = {}
        self.instruments: dict[str, Instrument] = {}
        self.brackets = brackets
        self.renames = False
        self.hedges = False
        self.lanes: list[Lane] = []
        self.knows_client_ids = True
        self.successors: dict[str, str] = {}
        self.cancels_slowly = False
        self.order_types: tuple[OrderType, ...] = tuple(OrderType)
        self.round_stops = False
        self.fills_at_once: set[OrderType] = set()
        self.unheard: set[OrderEventKind] = set()
        self.now: Callable[[], datetime] = lambda: EPOCH
        self.money = Account(
            balance=Decimal("100000.00"),
            equity=Decimal("100012.50"),
            margin_used=Decimal(1500),
            margin_available=Decimal(98500),
            unrealized_pnl=Decimal("12.50"),
            currency="USD",
        )
        self._outcomes: defaultdict[str, deque[Any]] = defaultdict(deque)
        self._next_id = 0

    # -- what a test does --------------------------------------------------------------------------

    def plan(self, name: str, *outcomes: Any) -> None:
        """How the next calls of *name* end; ``None`` works as usual."""
        self._outcomes[name].extend(outcomes)

    def asked(self, name: str) -> list[Any]:
        """The arguments of all calls of *name*."""
        return [argument for called, argument in self.calls if called == name]

    def fill(self, order_id: str, total: Decimal | str, **members: Any) -> None:
        """The order has now executed *total* in all; *members* replace fields of the order."""
        order = self.orders[order_id]
        filled = Decimal(total)
        status = OrderStatus.FILLED if filled >= order.quantity else OrderStatus.PARTIALLY_FILLED
        kind = (
            OrderEventKind.FILLED
            if status is OrderStatus.FILLED
            else OrderEventKind.PARTIALLY_FILLED
        )
        members.setdefault("average_fill_price", Decimal(100))
        self._change(
            order,
            kind,
            filled_quantity=filled,
            remaining_quantity=order.quantity - filled,
            status=status,
            **members,
        )

    def end(self, order_id: str, status: OrderStatus, **members: Any) -> None:
        """The order ends, cancelled, rejected or expired, by the broker's own doing."""
        self._change(self.orders[order_id], _KIND_OF[status], status=status, **members)

    def keep_exits(
        self, entry_id: str, quantity: Decimal | str, status: OrderStatus = OrderStatus.OPEN
    ) -> dict[OrderType, Order]:
        """Place legs for *quantity* of an entry, as if with ``brackets``; nothing pairs them."""
        entry, legs = self.orders[entry_id], {}
        wanted = {OrderType.STOP: entry.stop_loss, OrderType.LIMIT: entry.take_profit}
        for order_type, price in wanted.items():
            if price is None:
                continue
            self._next_id += 1
            is_stop = order_type is OrderType.STOP
            legs[order_type] = leg = Order(
                id=f"leg-{self._next_id}",
                symbol=entry.symbol,
                side=entry.side.opposite,
                order_type=order_type,
                quantity=Decimal(quantity),
                filled_quantity=ZERO,
                remaining_quantity=Decimal(quantity),
                status=status,
                time_in_force=entry.time_in_force,
                created_at=self.now(),
                updated_at=self.now(),
                stop_price=price if is_stop else None,
                limit_price=None if is_stop else price,
                parent_order_id=entry_id,
            )
            self.orders[leg.id] = leg
            self.tell(leg, OrderEventKind.CREATED)
        return legs

    def work_on(self, order_id: str) -> None:
        """An order that was only pending works from now on."""
        self._change(self.orders[order_id], OrderEventKind.MODIFIED, status=OrderStatus.OPEN)

    def tell(self, order: Order, kind: OrderEventKind) -> None:
        """Send an order event."""
        if kind not in self.unheard:
            self.listener.on_event(OrderEvent(timestamp=EPOCH, event=kind, order=order))

    def _change(self, order: Order, kind: OrderEventKind, **members: Any) -> Order:
        changed = replace(order, **members)
        self.orders[order.id] = changed
        self.tell(changed, kind)
        return changed

    def _answer(self, name: str, argument: Any, work: Callable[[], T]) -> Deferred[T]:
        self.calls.append((name, argument))
        outcome = self._outcomes[name].popleft() if self._outcomes[name] else None
        if isinstance(outcome, Exception):
            return fail(outcome)
        if isinstance(outcome, Deferred):
            return outcome.addCallback(lambda _go: work())
        try:
            result = work()
        except Exception as error:
            return fail(error)
        return fail(outcome.error) if isinstance(outcome, Lost) else succeed(result)

    # -- IBroker -----------------------------------------------------------------------------------

    def capabilities(self) -> Capabilities:
        return Capabilities(
            supported_asset_classes=(AssetClass.STOCK,),
            supported_order_types=self.order_types,
            position_mode=PositionMode.HEDGING if self.hedges else PositionMode.NETTING,
            features=(),
        )

    def manages_exits(self, request: OrderRequest) -> bool:
        return self.brackets and request.wants_exits and request.trailing_stop is None

    def instrument(self, symbol: str) -> Instrument | None:
        return self.instruments.get(symbol)

    def submit(self, request: OrderRequest, lane: Lane = Lane.ENTRY) -> Deferred[Order]:
        self.lanes.append(lane)
        return self._answer("submit", request, lambda: self._accept(request))

    def _accept(self, request: OrderRequest) -> Order:
        self._next_id += 1
        order = Order(
            id=f"ord-{self._next_id}",
            filled_quantity=ZERO,
            remaining_quantity=request.quantity,
            status=OrderStatus.OPEN,
            time_in_force=request.tif,
            created_at=self.now(),
            updated_at=self.now(),
            **{
                name: getattr(request, name)
                for name in request.__struct_fields__
                if name in Order.__struct_fields__ and name != "time_in_force"
            },
        )
        self.orders[order.id] = order
        self.tell(order, OrderEventKind.CREATED)
        if order.order_type in self.fills_at_once:
            self.fill(order.id, order.quantity)
        return order

    def cancel(self, order_id: str) -> Deferred[Order]:
        return self._answer("cancel", order_id, lambda: self._cancelled(order_id))

    def _cancelled(self, order_id: str) -> Order:
        order = self._working(order_id)
        if self.cancels_slowly:
            return self._change(order, OrderEventKind.MODIFIED, status=OrderStatus.PENDING_CANCEL)
        return self._change(order, OrderEventKind.CANCELLED, status=OrderStatus.CANCELLED)

    def _working(self, order_id: str) -> Order:
        order = self._known(order_id)
        if order.status.is_terminal:
            raise OrderNotModifiable(order_id, f"it is {order.status.value}")
        return order

    def _known(self, order_id: str) -> Order:
        if order_id not in self.orders:
            raise OrderNotFound(order_id)
        return self.orders[order_id]

    def replace(self, order_id: str, change: OrderChange) -> Deferred[Replaced]:
        return self._answer("replace", (order_id, change), lambda: self._replaced(order_id, change))

    def _replaced(self, order_id: str, change: OrderChange) -> Replaced:
        order = self._working(order_id)
        if order.status is OrderStatus.PENDING_CANCEL:
            raise OrderNotModifiable(order_id, "it is being cancelled")
        members = {
            name: getattr(change, name)
            for name in change.__struct_fields__
            if getattr(change, name) is not None
        }
        if self.round_stops and change.stop_price is not None:
            members["stop_price"] = change.stop_price // 1
        if change.quantity is not None:
            if change.quantity <= order.filled_quantity:
                raise OrderNotModifiable(order_id, "so much is filled already")
            members["remaining_quantity"] = change.quantity - order.filled_quantity
        if not self.renames:
            return Replaced(order=self._change(order, OrderEventKind.MODIFIED, **members))
        self._change(order, OrderEventKind.CANCELLED, status=OrderStatus.CANCELLED)
        self._next_id += 1
        successor = replace(order, id=f"ord-{self._next_id}", **members)
        self.orders[successor.id] = successor
        self.successors[order_id] = successor.id
        self.tell(successor, OrderEventKind.CREATED)
        return Replaced(order=successor, previous_order_id=order_id)

    def order(self, order_id: str) -> Deferred[Order]:
        return self._answer("order", order_id, lambda: self._known(order_id))

    def order_by_client_id(self, client_order_id: str) -> Deferred[Order]:
        return self._answer(
            "order_by_client_id", client_order_id, lambda: self._bearing(client_order_id)
        )

    def _bearing(self, client_order_id: str) -> Order:
        if not self.knows_client_ids:
            raise UnsupportedOperation("looking up a client order id", self.provider)
        for order in reversed(self.orders.values()):
            if order.client_order_id == client_order_id:
                return order
        raise OrderNotFound(client_order_id)

    def open_orders(self, lane: Lane = Lane.QUERY) -> Deferred[list[Order]]:
        return self._answer(
            "open_orders",
            lane,
            lambda: [order for order in self.orders.values() if not order.status.is_terminal],
        )

    def closed_orders(self, query: OrderQuery) -> Deferred[list[Order]]:
        return self._answer(
            "closed_orders",
            query,
            lambda: [order for order in self.orders.values() if order.status.is_terminal],
        )

    def trades(self, query: TradeQuery) -> Deferred[list[Trade]]:
        return self._answer("trades", query, lambda: list(self.executions))

    def positions(self, lane: Lane = Lane.QUERY) -> Deferred[list[Position]]:
        return self._answer("positions", lane, lambda: list(self.held.values()))

    def close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Deferred[Order]:
        return self._answer(
            "close", (position, request), lambda: self._close(position, request, client_order_id)
        )

    def _close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Order:
        if position.id not in self.held:
            raise PositionNotFound(position.id)
        self._check_unheld(position, request)
        return self._accept(
            OrderRequest(
                symbol=position.symbol,
                side=position.side.closing,
                quantity=min(request.quantity or position.quantity, position.quantity),
                order_type=request.order_type or OrderType.MARKET,
                limit_price=request.limit_price,
                client_order_id=client_order_id,
            )
        )

    def _check_unheld(self, position: Position, request: ClosePositionRequest) -> None:
        exits: defaultdict[OrderType, Decimal] = defaultdict(lambda: ZERO)
        for order in self.orders.values():
            is_exit = order.symbol == position.symbol and order.side is position.side.closing
            if is_exit and not order.status.is_terminal:
                exits[order.order_type] += order.remaining_quantity
        held = max(exits.values(), default=ZERO) if self.exits_hold_quantity else ZERO
        if (request.quantity or position.quantity) > position.quantity - held:
            raise OrderRejected(f"{held} of the position are held by resting orders")

    def account(self) -> Deferred[Account]:
        return self._answer("account", None, lambda: self.money)

    def quote(self, symbol: str) -> Deferred[Quote]:
        return self._answer("quote", symbol, lambda: self._quote(symbol))

    def _quote(self, symbol: str) -> Quote:
        if symbol not in self.quotes:
            raise SymbolNotFound(symbol)
        return self.quotes[symbol]

    def bars(self, symbol: str, query: BarQuery) -> Deferred[list[Bar]]:
        return self._answer("bars", (symbol, query), lambda: self.history.get(symbol, []))

    def ping(self) -> Deferred[None]:
        return self._answer("ping", None, lambda: None)

    def limits(self) -> LimitsStatus:
        return LimitsStatus()

    def missed(self, order_ids: tuple[str, ...]) -> None:
        self.calls.append(("missed", order_ids))

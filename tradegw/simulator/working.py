"""An order as the exchange works on it: what was asked, what was filled, what its trigger knows."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from msgspec import Struct, field
from msgspec.structs import replace

from ..model.enums import OrderStatus, OrderType, RejectReason, Side, TimeInForce, TrailingType
from ..model.money import ZERO
from ..model.order import Order, OrderRequest
from ..model.protection import Trail
from .amounts import tidy
from .costs import Bill


class WorkingOrder(Struct, kw_only=True, eq=False, omit_defaults=True):
    """Mutable; :meth:`snapshot` is what others see.

    ``sequence``   its place in the queue, renewed when it loses priority
    ``active``     it has met a price since it was accepted or repriced
    ``triggered``  a stop's condition was met
    ``rests``      it is a limit in the book: from now on it makes the price, and never takes it
    ``best``       the best price a trailing stop has seen; its stop follows at a distance
    ``held_at``    the tick in which a first part was filled; the rest waits for the next
    ``reduces``    reduce-only, and there has been a position that it could reduce
    ``whole``      filled in one piece, whatever the terms say of parts and volume
    ``opened``     what it opened and has no exits yet
    ``sibling_id`` the other exit of the pair, with which it shares a quantity
    ``ordinal``    the how-manieth order of its symbol it is
    ``waits``      it came while a bar was under way, and takes no part before the next jump
    ``arrives_at`` it is on its way until then
    ``expires_at`` when a DAY order does, once it could have traded
    ``pair``       names the exits that belong together, where that is not the exchange's business
    ``liquidates`` it closes a position for lack of margin
    ``trail``      how the stop is to follow that the order asks for
    """

    id: str
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    created_at: datetime
    updated_at: datetime
    status: OrderStatus = OrderStatus.OPEN
    filled: Decimal = ZERO
    notional: Decimal = ZERO
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trailing_distance: Decimal | None = None
    trailing_type: TrailingType | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    reduce_only: bool | None = None
    post_only: bool | None = None
    hidden: bool | None = None
    display_quantity: Decimal | None = None
    client_order_id: str | None = None
    oco_group_id: str | None = None
    parent_order_id: str | None = None
    position_id: str | None = None
    reject_reason: RejectReason | None = None
    sequence: int = 0
    active: bool = False
    active_since: datetime | None = None
    triggered: bool = False
    rests: bool = False
    best: Decimal | None = None
    held_at: int = 0
    reduces: bool = False
    whole: bool = False
    bill: Bill = field(default_factory=Bill)
    opened: Decimal = ZERO
    sibling_id: str | None = None
    brackets: int = 0
    """How many pairs of exits the exchange has placed for it."""
    ordinal: int = 0
    waits: bool = False
    arrives_at: datetime | None = None
    expires_at: datetime | None = None
    pair: str | None = None
    trail: Trail | None = None
    liquidates: bool = False

    @classmethod
    def of(cls, request: OrderRequest, order_id: str, time: datetime) -> WorkingOrder:
        """The order that *request* becomes when it is accepted at *time*."""
        return cls(
            id=order_id,
            symbol=request.symbol,
            side=request.side,
            order_type=request.order_type,
            time_in_force=request.tif,
            quantity=request.quantity,
            created_at=time,
            updated_at=time,
            limit_price=request.limit_price,
            stop_price=request.stop_price,
            trailing_distance=request.trailing_distance,
            trailing_type=request.trailing_type,
            stop_loss=request.stop_loss,
            take_profit=request.take_profit,
            reduce_only=request.reduce_only,
            post_only=request.post_only,
            hidden=request.hidden,
            display_quantity=request.display_quantity,
            client_order_id=request.client_order_id,
            oco_group_id=request.oco_group_id,
            position_id=request.position_id,
        )

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.filled

    @property
    def is_working(self) -> bool:
        return not self.status.is_terminal

    @property
    def acts_once(self) -> bool:
        """Whether it acts on the first price it meets or never."""
        return self.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)

    @property
    def is_live_limit(self) -> bool:
        """Whether it trades as a limit order now."""
        return self.order_type is OrderType.LIMIT or (
            self.order_type is OrderType.STOP_LIMIT and self.triggered
        )

    def is_absent(self, now: datetime) -> bool:
        """Whether it takes no part yet."""
        return self.waits or (self.arrives_at is not None and self.arrives_at > now)

    def fill(self, quantity: Decimal, price: Decimal, time: datetime) -> None:
        """Book an execution."""
        self.filled += quantity
        self.notional += quantity * price
        self.updated_at = time
        complete = self.filled == self.quantity
        self.status = OrderStatus.FILLED if complete else OrderStatus.PARTIALLY_FILLED

    def copy(self) -> WorkingOrder:
        """Another one like it."""
        return replace(self, bill=replace(self.bill))

    def snapshot(self) -> Order:
        """The order as it is now."""
        return Order(
            id=self.id,
            symbol=self.symbol,
            side=self.side,
            order_type=self.order_type,
            quantity=self.quantity,
            filled_quantity=self.filled,
            remaining_quantity=self.remaining,
            status=self.status,
            time_in_force=self.time_in_force,
            created_at=self.created_at,
            updated_at=self.updated_at,
            client_order_id=self.client_order_id,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            stop_loss=self.stop_loss,
            take_profit=self.take_profit,
            trailing_distance=self.trailing_distance,
            trailing_type=self.trailing_type,
            average_fill_price=tidy(self.notional / self.filled) if self.filled else None,
            reject_reason=self.reject_reason,
            position_id=self.position_id,
            parent_order_id=self.parent_order_id,
            reduce_only=self.reduce_only,
            post_only=self.post_only,
            hidden=self.hidden,
            display_quantity=self.display_quantity,
            oco_group_id=self.oco_group_id,
        )

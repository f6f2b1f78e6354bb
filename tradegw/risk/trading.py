"""The switch before everything that could raise exposure: what each trading state lets through.

An operator (a client or a signal), the reconciliation and the evidence about the broker's stream
each have a say, and the strictest holds. Quantities are in base units, signed where they are held:
a short position is negative.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Context, Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ..errors import OrderDenied
from ..model.enums import OrderType, Side
from ..model.money import MAX_DIGITS, MAX_SCALE, ZERO, plain
from ..model.order import Order, OrderChange, OrderRequest
from ..model.protection import ExitsChange
from ..model.trading import StateSetter, TradingState, TradingStatus

_EXACT: Final = Context(prec=2 * (MAX_DIGITS + MAX_SCALE))
_REJECT_CODES: Final = {
    TradingState.REDUCE_ONLY: "TRADING_REDUCE_ONLY",
    TradingState.HALTED: "TRADING_HALTED",
}


class Standing(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What must be remembered: what the operator set, and, if they restrict trading, what the
    reconciliation found and why the broker's stream is not relied on.
    """

    operator: TradingStatus
    restriction: TradingStatus | None = None
    distrust: TradingStatus | None = None


class TradingGate:
    """Decides whether an order, or the change of one, may leave in the state that holds.

    Cancels and exit legs are not asked about: they always may, and so may the close of a position
    as long as others do not close it already. For the others
    *held* is the signed quantity that the order could reduce (the net one of the symbol, or that of
    the position where several are kept apart), ``None`` as long as it is not known, and *reducing*
    what is left of all other orders that reduce it, working or on their way, exit legs not counted.
    """

    status: TradingStatus
    """What holds now."""

    def __init__(self, standing: Standing) -> None:
        self._hold(standing)

    @property
    def is_open(self) -> bool:
        """Whether everything may leave, so that nothing need be known to ask."""
        return self.status.state is TradingState.ACTIVE

    def set(self, status: TradingStatus) -> None:
        """What the operator wants; ``ACTIVE`` also ends the restrictions that others asked for."""
        is_all = status.state is TradingState.ACTIVE
        found = Standing(operator=status) if is_all else replace(self.standing, operator=status)
        self._hold(found)

    def restrict(self, reason: str, at: datetime) -> None:
        """The reconciliation cannot explain something: only reductions may leave until it can, or
        until the operator sets ``ACTIVE``. Repeated, it has the newer reason and the first time.
        """
        restriction = _restricted(self.standing.restriction, reason, at)
        self._hold(replace(self.standing, restriction=restriction))

    def lift(self) -> None:
        """What restricted trading is explained."""
        self._hold(replace(self.standing, restriction=None))

    def distrust(self, reason: str, at: datetime) -> None:
        """The broker's stream does not tell all: only reductions may leave until the operator sets
        ``ACTIVE``. Repeated, it has the newer reason and the first time.
        """
        distrust = _restricted(self.standing.distrust, reason, at)
        self._hold(replace(self.standing, distrust=distrust))

    def check(self, request: OrderRequest, held: Decimal | None, reducing: Decimal) -> None:
        """Raise ``OrderDenied`` if *request* must not leave now.

        ``REDUCE_ONLY`` lets through what cannot but lower exposure: the side opposite to what is
        held, no more than the others leave of it, no exits attached. What rests must say so to the
        broker as well (``reduce_only``), for what is held may be closed before it executes; where
        trading is ``HALTED`` every order must.
        """
        if self.is_open:
            return
        rests = request.order_type is not OrderType.MARKET
        self._check_marked(request.reduce_only is True, rests=rests)
        if request.wants_exits:
            raise self._denied("exits attached to it could open a position")
        self._check_reduces(request.side, request.quantity, held, reducing)

    def check_change(
        self, order: Order, change: OrderChange, held: Decimal | None, reducing: Decimal
    ) -> None:
        """Raise ``OrderDenied`` if *change* must not leave now; *reducing* does not count *order*.

        A quantity may always be lowered. What raises it, or moves a price, must pass for a new
        order of what would then be left. An exit leg's prices may always be moved, and so may the
        exits that an order has; where there are none, they can be attached to what opens only.
        """
        if self.is_open:
            return
        quantity = order.quantity if change.quantity is None else change.quantity
        is_leg = order.parent_order_id is not None
        if quantity > order.quantity or (_moves_prices(change) and not is_leg):
            self._check_marked(is_leg or order.reduce_only is True, rests=True)
            left = _EXACT.subtract(quantity, order.filled_quantity)
            self._check_reduces(order.side, left, held, reducing)
        if _attaches_exits(order, change) and (held is None or _reduces(order.side, held)):
            raise self._denied("exits attached to it could open a position")

    def check_close(self, quantity: Decimal, left: Decimal) -> None:
        """Raise ``OrderDenied`` if more is to be closed than other orders leave of a position."""
        if not self.is_open and (quantity > left or not left):
            raise self._denied(f"other orders leave {plain(left)} of the position to close")

    def check_named(self, position_id: str | None) -> None:
        """Raise ``OrderDenied`` if no position is named where several of a symbol are kept apart: a
        new order would open one more.
        """
        if not self.is_open and position_id is None:
            raise self._denied("it must name the position that it reduces (position_id)")

    def _hold(self, standing: Standing) -> None:
        self.standing = standing
        self.status = _stricter(standing)

    def _check_marked(self, says_so: bool, *, rests: bool) -> None:
        if says_so:
            return
        if self.status.state is TradingState.HALTED:
            raise self._denied("only orders that are marked reduce_only may leave")
        if rests:
            raise self._denied(
                "what is not at market must be marked reduce_only, for it may execute when the "
                "position is closed already"
            )

    def _check_reduces(
        self, side: Side, quantity: Decimal, held: Decimal | None, reducing: Decimal
    ) -> None:
        if held is None:
            raise self._denied("what is held is not known yet")
        if not _reduces(side, held):
            raise self._denied(f"it would not reduce what is held ({plain(held)})")
        left = max(_EXACT.subtract(held.copy_abs(), reducing), ZERO)
        if quantity > left:
            raise self._denied(f"no more than {plain(left)} is left to reduce")

    def _denied(self, why: str) -> OrderDenied:
        state, reason = self.status.state, self.status.reason
        because = "" if reason is None else f" ({reason})"
        return OrderDenied(f"Trading is {state.value}{because}: {why}", _REJECT_CODES[state])


def _stricter(standing: Standing) -> TradingStatus:
    """The state that holds. All reasons are told, so that nobody ends what he has not seen."""
    operator = standing.operator
    both = {"reconciliation": standing.restriction, "liveness": standing.distrust}
    others = {who: status for who, status in both.items() if status is not None}
    if not others:
        return operator
    if operator.state is not TradingState.ACTIVE:
        reasons = [operator.reason, *(f"{who}: {each.reason}" for who, each in others.items())]
        return replace(operator, reason="; ".join(reason for reason in reasons if reason))
    first = min(others.values(), key=lambda status: status.since)
    return replace(first, reason="; ".join(each.reason or "" for each in others.values()))


def _restricted(found: TradingStatus | None, reason: str, at: datetime) -> TradingStatus:
    return TradingStatus(
        state=TradingState.REDUCE_ONLY,
        since=at if found is None else found.since,
        set_by=StateSetter.RECONCILIATION,
        reason=reason,
    )


def _reduces(side: Side, held: Decimal) -> bool:
    return held * side.sign < ZERO


def _moves_prices(change: OrderChange) -> bool:
    distance = change.trailing_distance if change.trailing_type is None else None
    prices = (change.limit_price, change.stop_price, distance)
    return any(price is not None for price in prices)


def _attaches_exits(order: Order, change: OrderChange) -> bool:
    wants = change.exits != ExitsChange()
    return wants and order.stop_loss is None and order.take_profit is None

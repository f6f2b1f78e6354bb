"""Closing positions.

Not by Alpaca's own call for that: it takes no client order id, so that nobody could say what became
of one whose answer is missing.

As long as an order of the other side rests, Alpaca refuses to sell at market what is held, whoever
asks: what had protected it has made way by then, and could not come back either. So orders that
stand in the way of a close at market are cancelled, one after the other as Alpaca names them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from twisted.logger import Logger

from ...errors import (
    GatewayError,
    NotSent,
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
    PositionNotFound,
    leaves_doubt,
)
from ...model.account import Position
from ...model.enums import OrderType, PositionSide
from ...model.limits import Lane
from ...model.money import ZERO
from ...model.order import ClosePositionRequest, Order, OrderRequest
from .orders import Orders
from .refusals import in_the_way
from .rest import Rest
from .symbols import Symbols, plain

MOST_IN_THE_WAY: Final = 20


class Closes:
    """Closes by *orders*; what is open *rest* knows."""

    log = Logger()

    def __init__(self, rest: Rest, orders: Orders, symbols: Symbols) -> None:
        self._rest = rest
        self._orders = orders
        self._symbols = symbols

    async def close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Order:
        """Close what is still open of *position*, at most as much as *request* says."""
        gone: set[str] = set()
        while True:
            held = await self._held(position)  # anew each time: what stood in the way may execute
            wanted = held if request.quantity is None else min(request.quantity, held)
            closing = OrderRequest(
                symbol=self._symbols.shown(position.symbol),
                side=position.side.closing,
                quantity=wanted,
                order_type=request.order_type or OrderType.MARKET,
                limit_price=request.limit_price,
                reduce_only=True,
                client_order_id=client_order_id,
            )
            try:
                return await self._orders.send(closing, Lane.EMERGENCY)
            except OrderRejected as refusal:
                other = in_the_way(refusal)
                is_at_market = closing.order_type is OrderType.MARKET
                if other is None or not is_at_market or other in gone:
                    raise
                if len(gone) >= MOST_IN_THE_WAY or not await self._is_taken_away(other):
                    raise
                gone.add(other)

    async def _is_taken_away(self, order_id: str) -> bool:
        """Whether that order has ended. It is certain that the close was not taken, whatever
        becomes of this.
        """
        self.log.warn(
            "order {order_id} is in the way of a close, and is cancelled", order_id=order_id
        )
        try:
            return (await self._orders.cancel(order_id)).status.is_terminal
        except (OrderNotFound, OrderNotModifiable):
            return True
        except GatewayError as error:
            self.log.warn("that failed: {reason}", reason=error.message, order_id=order_id)
            return False

    async def _held(self, position: Position) -> Decimal:
        try:
            held = (await self._rest.position(plain(position.symbol))).qty
        except PositionNotFound:
            raise PositionNotFound(position.id) from None
        except GatewayError as error:
            if leaves_doubt(error):
                raise NotSent(f"What is open could not be asked: {error.message}") from error
            raise
        is_long = position.side is PositionSide.LONG
        if held == ZERO or (held > ZERO) is not is_long:
            raise PositionNotFound(position.id)
        return abs(held)

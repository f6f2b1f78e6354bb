"""Making orders, and ending them. What makes an order is sent once."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from ....errors import (
    OrderDenied,
    OrderNotFound,
    OrderNotModifiable,
    OrderRejected,
)
from ....model.account import Position
from ....model.enums import OrderType
from ....model.limits import Lane
from ....model.order import ClosePositionRequest, Order, OrderRequest
from ...link.account_watch import AccountWatch
from ..cancelling import not_cancelled
from ..requests import on_steps
from . import decoding, encoding, filters, ids, rules, sides
from .children import Children
from .finding import Finding
from .ids import OrderId
from .instruments import Instruments
from .leverage import Leverages
from .refusals import WRONG_MODE
from .rest import Rest


class Manner(Struct, frozen=True, kw_only=True):
    """How the account trades: by which kind of contracts, and whether it keeps positions of both
    sides apart. ``is_strange`` is called when that shows to be otherwise.
    """

    is_linear: bool
    hedging: bool
    is_strange: Callable[[], None]


class Orders:
    """Speaks to *rest*; the *watch* expects echoes."""

    def __init__(
        self,
        rest: Rest,
        children: Children,
        finding: Finding,
        instruments: Instruments,
        leverages: Leverages,
        watch: AccountWatch,
        manner: Manner,
    ) -> None:
        self._rest = rest
        self._children = children
        self._finding = finding
        self._instruments = instruments
        self._leverages = leverages
        self._watch = watch
        self._manner = manner

    # -- new ones

    def manages(self, request: OrderRequest) -> bool:  # noqa: ARG002  (none)
        """Whether Binance keeps the exits of *request*."""
        return False

    async def submit(self, asked: OrderRequest, lane: Lane) -> Order:
        """The order as Binance took it, without its exits."""
        request = replace(asked, stop_loss=None, take_profit=None, trailing_stop=None)
        symbol = self._instruments.symbol(request.symbol)
        limits = self._instruments.filters(request.symbol)
        if symbol is None or limits is None:
            raise OrderDenied(f"Binance does not trade {request.symbol}", "INVALID_SYMBOL")
        if lane is Lane.EMERGENCY:
            request = on_steps(request, limits)
        rules.check(request)
        side = sides.position_side(request, hedging=self._manner.hedging)
        if lane is not Lane.EMERGENCY:
            least = filters.least_notional(
                limits,
                is_linear=self._manner.is_linear,
                reduces=sides.reduces(request.side, side, reduce_only=bool(request.reduce_only)),
            )
            rules.check_symbol(request, symbol, limits, least)
        await self._leverages.prepare(request, lane)
        return await self._sent(request, side, lane)

    async def close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Order:
        """Reduce *position*, at most as much as *request* says; what is below the step stays."""
        limits = self._instruments.filters(position.symbol)
        wanted = min(position.quantity, request.quantity or position.quantity)
        quantity = wanted if limits is None else limits.lot.floor(wanted)
        if quantity <= 0 or (limits is not None and quantity < limits.lot.least):
            raise OrderDenied("That is less than can be traded", "INVALID_QUANTITY")
        closing = OrderRequest(
            symbol=position.symbol,
            side=position.side.closing,
            quantity=quantity,
            order_type=request.order_type or OrderType.MARKET,
            limit_price=request.limit_price,
            reduce_only=True,
            position_id=position.id,
            client_order_id=client_order_id,
        )
        side = sides.position_side(closing, hedging=self._manner.hedging)
        return await self._sent(closing, side, Lane.EMERGENCY)

    async def _sent(self, request: OrderRequest, side: str, lane: Lane) -> Order:
        waits = encoding.waits(request)
        self._finding.sent(request.client_order_id, request.symbol, waits=waits)
        since = self._watch.mark()
        try:
            order, order_id = await self._accepted(request, side, lane, waits=waits)
        except OrderRejected as error:
            if (error.details or {}).get("code") == WRONG_MODE:
                self._manner.is_strange()
            raise
        self._finding.accepted(order_id)
        self._watch.expect(order.id, since)
        return order

    async def _accepted(
        self, request: OrderRequest, side: str, lane: Lane, *, waits: bool
    ) -> tuple[Order, OrderId]:
        if not waits:
            order = await self._rest.submit(encoding.new_order(request, side), lane)
            return decoding.order_from(order), OrderId(order.symbol, order.order_id)
        algo = await self._rest.submit_algo(encoding.new_algo(request, side), lane)
        known = self._children.learn(algo)
        return decoding.waiting_from(known), OrderId(algo.symbol, algo.algo_id, waits=True)

    # -- ending them

    async def cancel(self, order_id: str) -> Order:
        """The order as it ended. Binance's "unknown" is no more than a hint, and is looked into."""
        asked = ids.parse(order_id)
        since = self._watch.mark()
        if asked.waits:
            ended = await self._cancel_waiting(asked)
        else:
            ended = await self._cancel_ordinary(asked)
        self._watch.expect(ended.id, since)
        return ended

    async def _cancel_ordinary(self, asked: OrderId) -> Order:
        try:
            return self._children.told(await self._rest.cancel(asked))
        except (OrderNotModifiable, OrderNotFound):
            return await not_cancelled(self._finding.look_up(str(asked), Lane.EMERGENCY))

    async def _cancel_waiting(self, asked: OrderId) -> Order:
        """What was triggered is cancelled as what it became."""
        known = self._children.algo(asked.number)
        if known is None or known.child is None:
            try:
                await self._rest.cancel_algo(asked)
            except (OrderNotModifiable, OrderNotFound):
                known = await self._finding.waiting(asked, Lane.EMERGENCY)
            else:
                return await self._ended(asked)
        if known.child is None:
            return await not_cancelled(self._finding.look_up(str(asked), Lane.EMERGENCY))
        return await self._cancel_ordinary(OrderId(known.symbol, known.child))

    async def _ended(self, asked: OrderId) -> Order:
        """How a cancelled order stands: its answer does not say."""
        algo = await self._finding.waiting(asked, Lane.EMERGENCY)
        return await self._finding.whole(algo, Lane.EMERGENCY)

"""How much closes a position: of what is held what is free, of what is owed all and the fee that is
taken of what is bought for it.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Final

from ....errors import GatewayError, NotSent, OrderDenied, PositionNotFound, leaves_doubt
from ....model.account import Position
from ....model.enums import OrderType, PositionSide, Side
from ....model.limits import Lane
from ....model.money import ONE, ZERO, plain
from ....model.order import ClosePositionRequest, OrderRequest
from ..filters import Filters
from . import wire
from .instruments import Instruments
from .rest import Rest

_EXACT: Final = Context(prec=40)


class Closes:
    """Asks *rest* what there is, right before."""

    def __init__(self, rest: Rest, instruments: Instruments, *, on_margin: bool) -> None:
        self._rest = rest
        self._instruments = instruments
        self._on_margin = on_margin

    async def order(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> OrderRequest:
        """What closes *position*, or as much of it as *request* says; what the exchange does not
        trade, being less than its step, stays.
        """
        symbol = self._instruments.symbol(position.symbol)
        limits = self._instruments.filters(position.symbol)
        if symbol is None or limits is None:
            raise PositionNotFound(position.id)
        balance = await self._balance(symbol.base_asset)
        if position.side is PositionSide.LONG:
            quantity = _sold(position, request, balance, limits)
        else:
            whole = self._bought(balance, limits)
            if whole <= ZERO:
                raise PositionNotFound(position.id)
            quantity = _bought_back(position, request, whole, limits)
        kind = request.order_type or OrderType.MARKET
        if kind is OrderType.MARKET and limits.market_lot.most > ZERO:
            quantity = min(quantity, limits.lot.floor(limits.market_lot.most))
        return OrderRequest(
            symbol=position.symbol,
            side=position.side.closing,
            quantity=quantity,
            order_type=kind,
            limit_price=request.limit_price,
            reduce_only=True,
            client_order_id=client_order_id,
        )

    async def check(self, request: OrderRequest, symbol: wire.Symbol, limits: Filters) -> None:
        """Raise ``OrderDenied`` if what says that it reduces would do more than that on margin: of
        what is sold there must be as much, but that may be borrowed; of what is bought not.
        """
        if not (self._on_margin and request.reduce_only):
            return
        balance = await self._balance(symbol.base_asset)
        if request.side is Side.SELL:
            _check_sold(request, balance)
            return
        most = self._bought(balance, limits)
        if request.quantity > most:
            raise OrderDenied(
                f"At most {plain(max(most, ZERO))} reduces what is owed of {symbol.base_asset}",
                "REDUCE_ONLY_VIOLATED",
            )

    def _bought(self, balance: wire.Balance, limits: Filters) -> Decimal:
        """What must be bought so that nothing is owed, if the fee is taken of it."""
        return limits.lot.ceiling(_EXACT.divide(-balance.net, ONE - self._instruments.most_fee))

    async def _balance(self, asset: str) -> wire.Balance:
        try:
            account = await self._rest.account(Lane.EMERGENCY)
        except GatewayError as error:
            if leaves_doubt(error):
                raise NotSent(f"What is held could not be asked: {error.message}") from error
            raise
        found = (balance for balance in account.assets if balance.asset == asset)
        return next(found, wire.Balance(asset=asset))


def _check_sold(request: OrderRequest, balance: wire.Balance) -> None:
    """Where nothing is borrowed Binance sees to it."""
    if balance.owed > ZERO and request.quantity > balance.net:
        most = plain(max(balance.net, ZERO))
        raise OrderDenied(
            f"At most {most} of the {balance.asset} that is there is not owed",
            "REDUCE_ONLY_VIOLATED",
        )


def _bought_back(
    position: Position, request: ClosePositionRequest, whole: Decimal, limits: Filters
) -> Decimal:
    if request.quantity is None or request.quantity >= position.quantity:
        return whole
    quantity = min(whole, limits.lot.floor(request.quantity))
    if quantity <= ZERO or quantity < limits.lot.least:
        least = plain(max(limits.lot.least, limits.lot.step))
        raise OrderDenied(f"At least {least} can be bought", "INVALID_QUANTITY")
    return quantity


def _sold(
    position: Position, request: ClosePositionRequest, balance: wire.Balance, limits: Filters
) -> Decimal:
    if balance.net <= ZERO:
        raise PositionNotFound(position.id)
    wanted = balance.net if request.quantity is None else request.quantity
    quantity = limits.lot.floor(min(wanted, balance.net, balance.free))
    if quantity <= ZERO or quantity < limits.lot.least:
        held, least = plain(balance.locked), plain(limits.lot.least)
        raise OrderDenied(
            f"{plain(balance.free)} {balance.asset} is free ({held} is held by working orders),"
            f" and at least {least} can be sold",
            "INSUFFICIENT_FUNDS",
        )
    return quantity

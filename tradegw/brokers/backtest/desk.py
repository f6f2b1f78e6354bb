"""The broker's counter: what the gateway may ask of the account, answered at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace
from twisted.internet.defer import Deferred, execute, succeed

from ...errors import OrderNotFound, OrderRejected, PositionNotFound, SymbolNotFound
from ...interfaces import WallClock
from ...model.account import Account, Position, Trade, TradeQuery
from ...model.enums import OrderType
from ...model.limits import Lane, LimitsStatus
from ...model.market import Bar, BarQuery, Quote
from ...model.order import (
    ClosePositionRequest,
    Order,
    OrderChange,
    OrderQuery,
    OrderRequest,
    Replaced,
)
from .scene import Scene
from .stage import PROVIDER

_LEG: Final = re.compile(r"(.+)-(?:sl|tp)(?:-[0-9]+)?")


class Desk:
    """Everything is as of *now*, the simulated time. What changes something is written down in the
    transcript of *scene*.
    """

    def __init__(self, scene: Scene, now: WallClock) -> None:
        self._stage = scene.stage
        self._exchange = scene.exchange
        self._history = scene.history
        self._transcript = scene.transcript
        self._recorder = scene.recorder
        self._now = now

    def submit(self, request: OrderRequest, lane: Lane = Lane.ENTRY) -> Deferred[Order]:
        """A new order; what comes in the lane of emergencies are legs, which only reduce."""
        pair = None
        if lane is Lane.EMERGENCY:
            leg = _LEG.fullmatch(request.client_order_id or "")
            pair = None if leg is None else leg[1]
            request = replace(request, reduce_only=True)
        return execute(self._submit, request, "/v1/orders", pair)

    def close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Deferred[Order]:
        """An order that closes *position*; it meets the next price like every other."""
        return execute(self._close, position, request, client_order_id)

    def cancel(self, order_id: str) -> Deferred[Order]:
        return execute(self._cancel, order_id)

    def replace(self, order_id: str, change: OrderChange) -> Deferred[Replaced]:
        return execute(self._replace, order_id, change)

    def order(self, order_id: str) -> Deferred[Order]:
        return execute(self._exchange.order, order_id)

    def order_by_client_id(self, client_order_id: str) -> Deferred[Order]:
        return execute(self._bearing, client_order_id)

    def open_orders(self, _lane: Lane = Lane.QUERY) -> Deferred[list[Order]]:
        return succeed(self._exchange.open_orders())

    def closed_orders(self, query: OrderQuery) -> Deferred[list[Order]]:
        orders = self._exchange.closed_orders()
        return succeed([o for o in orders if query.symbol in (None, o.symbol)])

    def trades(self, query: TradeQuery) -> Deferred[list[Trade]]:
        trades = self._exchange.trades()
        return succeed([t for t in trades if query.symbol in (None, t.symbol)])

    def positions(self, _lane: Lane = Lane.QUERY) -> Deferred[list[Position]]:
        return succeed(self._exchange.positions())

    def account(self) -> Deferred[Account]:
        return succeed(self._exchange.account())

    def quote(self, symbol: str) -> Deferred[Quote]:
        return execute(self._quote, symbol)

    def bars(self, symbol: str, query: BarQuery) -> Deferred[list[Bar]]:
        return execute(lambda: self._history.bars(symbol, query, self._now()))

    def ping(self) -> Deferred[None]:
        return succeed(None)

    def limits(self) -> LimitsStatus:
        return LimitsStatus()

    def missed(self, order_ids: tuple[str, ...]) -> None:
        """Never: there is no stream that could fail."""

    def _submit(self, request: OrderRequest, path: str, pair: str | None = None) -> Order:
        try:
            order = self._commanded(
                "POST",
                path,
                request,
                lambda: self._exchange.submit(request, self._now(), pair=pair),
            )
        except OrderRejected as refusal:
            self._recorder.refused(self._now(), refusal.reject_code or "UNKNOWN")
            raise
        return order

    def _close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Order:
        held = next((p for p in self._exchange.positions() if p.id == position.id), None)
        if held is None:
            raise PositionNotFound(position.id)
        quantity = held.quantity if request.quantity is None else request.quantity
        closing = OrderRequest(
            symbol=held.symbol,
            side=held.side.closing,
            quantity=min(quantity, held.quantity),
            order_type=request.order_type or OrderType.MARKET,
            limit_price=request.limit_price,
            reduce_only=True,
            position_id=held.id,
            client_order_id=client_order_id,
        )
        return self._submit(closing, f"/v1/positions/{held.id}")

    def _cancel(self, order_id: str) -> Order:
        cancel = self._exchange.cancel
        path = f"/v1/orders/{order_id}"
        return self._commanded("DELETE", path, None, lambda: cancel(order_id, self._now()))

    def _replace(self, order_id: str, change: OrderChange) -> Replaced:
        replace_order = self._exchange.replace
        path = f"/v1/orders/{order_id}"
        order = self._commanded(
            "PATCH", path, change, lambda: replace_order(order_id, change, self._now())
        )
        return Replaced(order=order)

    def _commanded(self, method: str, path: str, body: Any, command: Callable[[], Order]) -> Order:
        self._stage.touched()
        noted = self._transcript.command()
        try:
            order = command()
        except BaseException:
            noted.refused()
            raise
        noted.taken(self._now(), method, path, body, order.id)
        return order

    def _bearing(self, client_order_id: str) -> Order:
        order = self._exchange.order_by_client_id(client_order_id)
        if order is None:
            raise OrderNotFound(client_order_id)
        return order

    def _quote(self, symbol: str) -> Quote:
        now = self._now()
        tick = self._exchange.last_tick(symbol) or self._history.last_tick(symbol, now)
        if tick is not None:
            return self._stage.quote(tick)
        close = self._history.last_close(symbol, now)
        if close is None:
            raise SymbolNotFound(symbol)
        return Quote(
            symbol=symbol, provider=PROVIDER, bid=close, ask=close, last=close, timestamp=now
        )

"""Orders are taken, matched against candles, cancelled; what comes of it is a batch of news."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

from .ledger import Ledger
from .market import Candle, at_open, within
from .orders import SIDES, TIMES, TYPES, ZERO, Order, text
from .refusals import invalid, missing
from .terms import Terms

News: TypeAlias = list[dict[str, Any]]
"""Frames without their ids, which are acknowledged together."""

_NEEDS: Final = {
    "market": (False, False),
    "limit": (True, False),
    "stop": (False, True),
    "stop_limit": (True, True),
}


class Exchange:
    """One account. ``now`` is simulated time in milliseconds; time does not move by itself."""

    def __init__(self, terms: Terms) -> None:
        self.ledger = Ledger(terms.cash, terms.commission_rate, terms.leverage)
        self.orders: dict[str, Order] = {}
        self.history: dict[str, list[Candle]] = {}
        self.symbols: set[str] = set()
        self.now = 0
        self.rejects: dict[str, str] = {}
        self._terms = terms

    # -- what clients do

    def submit(self, asked: dict[str, Any]) -> tuple[Order, News]:
        """The order that *asked* wants, taken or rejected; what is unheard of is refused."""
        order = self._read(asked)
        reason = self.rejects.pop(order.symbol, None) or self._rejection(order)
        self.orders[order.id] = order
        if reason is not None:
            return order, self._reject(order, reason)
        return order, [_order_news("created", order)]

    def reject(self, order: Order, reason: str) -> News:
        """An order that was taken is rejected after all."""
        return self._reject(order, reason) if order.lives else []

    def cancel(self, order_id: str) -> News:
        """End an order; what is unknown or over cannot be."""
        order = self.orders.get(order_id)
        if order is None:
            raise missing(f"order not found: {order_id}")
        if not order.lives:
            raise invalid(f"order {order_id} is {order.status}", "id", "order_not_cancellable")
        return self._cancel(order)

    def _cancel(self, order: Order) -> News:
        order.status, order.cancelled_at = "cancelled", self.now
        return [_order_news("cancelled", order)]

    def _reject(self, order: Order, reason: str) -> News:
        order.status, order.rejected_at, order.reject_reason = "rejected", self.now, reason
        return [_order_news("rejected", order)]

    def _read(self, asked: dict[str, Any]) -> Order:
        symbol, side = asked.get("symbol"), asked.get("side")
        kind, time = asked.get("order_type"), asked.get("time_in_force") or "gtc"
        if side not in SIDES or kind not in TYPES or time not in TIMES:
            raise invalid("unknown side, order_type or time_in_force", "order_type")
        if symbol not in self.symbols:
            raise invalid(f"symbol not found: {symbol}", "symbol", "invalid_symbol")
        if time == "ioc" and kind in ("stop", "stop_limit"):
            raise invalid("IOC is for market and limit orders", "time_in_force")
        quantity = _number(asked, "quantity")
        if quantity is None or quantity <= ZERO:
            raise invalid("quantity must be positive", "quantity", "invalid_quantity")
        limit, stop = _number(asked, "limit_price"), _number(asked, "stop_price")
        if (limit is not None, stop is not None) != _NEEDS[kind]:
            raise invalid(f"wrong prices for {kind}", "limit_price")
        for field, price in (("limit_price", limit), ("stop_price", stop)):
            if price is not None and price % self._terms.tick:
                raise invalid(
                    f"{field} {text(price)} is not aligned to tick size {self._terms.tick}", field
                )
        return Order(
            id=f"o-{len(self.orders) + 1}",
            symbol=symbol,
            side=side,
            order_type=kind,
            quantity=quantity,
            created_at=self.now,
            client_order_id=asked.get("client_order_id"),
            limit_price=limit,
            stop_price=stop,
            position_id=asked.get("position_id"),
            reduce_only=bool(asked.get("reduce_only")),
            time_in_force=time,
        )

    def _rejection(self, order: Order) -> str | None:
        position = self.ledger.reducible(order)
        if order.position_id is not None and position is None:
            return "position_not_found"
        if order.reduce_only:
            fits = position is not None and (position.side == "long") is (order.side == "sell")
            return None if fits else "reduce_only_violated"
        price = order.limit_price or order.stop_price or self.last(order.symbol)
        if position is not None or price is None:
            return None
        needed = order.quantity * price / self._terms.leverage
        return "insufficient_margin" if needed > self.ledger.margin_available else None

    # -- what the market does

    def last(self, symbol: str) -> Decimal | None:
        """The last price that was shown."""
        shown = self.history.get(symbol)
        return shown[-1].close if shown else None

    def meet(self, candle: Candle) -> Iterator[News]:
        """Orders meet *candle*, first its open; each pause is for one batch to be acknowledged,
        during which orders may come and go.
        """
        self.now = max(self.now, candle.timestamp)
        for order in self._working(candle.symbol):
            yield from self._try(order, at_open(order, candle.open) if order.lives else None)
            if order.time_in_force == "ioc" and order.lives:
                yield self._cancel(order)
        while (found := self._next(candle)) is not None:
            yield from self._try(*found)

    def show(self, candle: Candle) -> None:
        """*candle* is over, and history."""
        self.now = max(self.now, candle.end)
        self.ledger.mark(candle.symbol, candle.close)
        self.history.setdefault(candle.symbol, []).append(candle)

    def _next(self, candle: Candle) -> tuple[Order, Decimal] | None:
        for order in self._working(candle.symbol):
            price = within(order, candle)
            if price is not None:
                return order, price
        return None

    def _working(self, symbol: str) -> list[Order]:
        orders = self.orders.values()
        return [each for each in orders if each.lives and not each.held and each.symbol == symbol]

    def _try(self, order: Order, price: Decimal | None) -> Iterator[News]:
        if price is not None:
            yield self.fill(order, order.remaining, price)

    def fill(
        self, order: Order, quantity: Decimal, price: Decimal, *, liquidation: bool = False
    ) -> News:
        """So much of *order* executes; one that only reduces executes what is there, and ends."""
        position = self.ledger.reducible(order)
        if order.reduce_only or order.position_id is not None:
            if position is None:
                return self._cancel(order)
            if order.reduce_only:
                quantity = min(quantity, position.quantity)
        trade, position = self.ledger.execute(
            order, quantity, price, self.now, liquidation=liquidation
        )
        kind = "partial_fill" if order.lives else "filled"
        news = [
            _order_news(kind, order),
            {"type": "trade", "trade": trade.told()},
            self.account_news("margin_call" if liquidation else "balance_updated"),
        ]
        if position.quantity or self._terms.tells_closed:
            news.append({"type": "position", "position": position.told()})
        return news

    def account_news(self, event: str) -> dict[str, Any]:
        """The money as it is, told as *event*."""
        return {"type": "account", "event": event, "account": self.ledger.account()}


def _order_news(event: str, order: Order) -> dict[str, Any]:
    return {"type": "order", "event": event, "order": order.told()}


def _number(asked: dict[str, Any], field: str) -> Decimal | None:
    """A decimal, which must come as text."""
    value = asked.get(field)
    if value is None:
        return None
    try:
        return Decimal(value if isinstance(value, str) else "none")
    except InvalidOperation:
        raise invalid(f"{field} must be a decimal in a string", field) from None

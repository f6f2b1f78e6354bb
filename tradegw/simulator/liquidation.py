"""The margin call: every position is closed at market, then every resting order cancelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from ..model.enums import AccountEventKind, OrderStatus, OrderType, Side, TimeInForce
from .account import MarginAccount
from .desk import Desk
from .ledger import Ledger
from .market import Market
from .outbox import Outbox
from .working import WorkingOrder


class Liquidation:
    """Carries it out; pauses after each position, so that all is told in between."""

    def __init__(self, account: MarginAccount, ledger: Ledger, desk: Desk, outbox: Outbox) -> None:
        self._account = account
        self._ledger = ledger
        self._desk = desk
        self._outbox = outbox
        self._running = False

    def steps(self, markets: Mapping[str, Market], time: datetime) -> Iterator[None]:
        """Close all that is open at the prices of *markets*.

        Orders are cancelled last: until its position is gone an exit still protects it.
        """
        if self._running:
            return
        self._running = True
        try:
            resting = self._ledger.all_working()
            self._outbox.account(AccountEventKind.MARGIN_CALL, self._account.snapshot(), time)
            for symbol in list(self._account.holdings):
                if symbol in markets:  # else it is no longer traded
                    self._close(markets[symbol], time)
                    yield
            for order in resting:
                if order.is_working:
                    self._desk.end(order, OrderStatus.CANCELLED, time)
            yield
        finally:
            self._running = False

    def _close(self, market: Market, time: datetime) -> None:
        symbol = market.instrument.symbol
        holding = self._account.holdings.get(symbol)
        if holding is None:
            return
        market.catch_up(time)
        order = _closing(symbol, holding.quantity, time)
        self._desk.place(order)
        self._outbox.liquidation(order)
        self._desk.execute(market, order, market.price(order.side))


def _closing(symbol: str, quantity: Decimal, time: datetime) -> WorkingOrder:
    return WorkingOrder(
        id="",
        symbol=symbol,
        side=Side.SELL if quantity > 0 else Side.BUY,
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.GTC,
        quantity=abs(quantity),
        created_at=time,
        updated_at=time,
        reduce_only=True,
        whole=True,
    )

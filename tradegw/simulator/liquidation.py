"""The margin call: every position is closed at market, then every resting order cancelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from ..model.enums import AccountEventKind, OrderStatus, OrderType, Side, TimeInForce
from .account import MarginAccount
from .desk import Desk
from .fills import Where
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
            for key in list(self._account.holdings):
                symbol = self._account.symbol_of(key)
                if symbol in markets:  # else it is no longer traded
                    self._close(markets[symbol], key, time)
                    yield
            for order in resting:
                if order.is_working:
                    self._desk.end(order, OrderStatus.CANCELLED, time)
            yield
        finally:
            self._running = False

    def close_all(self, markets: Mapping[str, Market], time: datetime) -> Iterator[None]:
        """Close all that is open, without need; pauses after each position."""
        for key in list(self._account.holdings):
            market = markets[self._account.symbol_of(key)]
            market.where = Where.END
            self._close(market, key, time, is_forced=False)
            yield

    def _close(self, market: Market, key: str, time: datetime, *, is_forced: bool = True) -> None:
        holding = self._account.holdings.get(key)
        if holding is None:
            return
        if (
            is_forced and market.time < time
        ):  # its price is of another moment than that which led to this
            market.where = Where.SHOWN
        market.catch_up(time)
        position_id = key if self._account.terms.hedging else None
        order = _closing(market.instrument.symbol, holding.quantity, time, position_id)
        order.liquidates = is_forced
        self._desk.place(order)
        if is_forced:
            self._outbox.liquidation(order)
        self._desk.execute(market, order, market.price(order.side))


def _closing(
    symbol: str, quantity: Decimal, time: datetime, position_id: str | None
) -> WorkingOrder:
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
        position_id=position_id,
    )

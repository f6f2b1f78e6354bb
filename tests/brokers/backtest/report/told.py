"""What the tests of the report share: a small run, told to a recorder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, TypeAlias

from tradegw.brokers.backtest.report.document import Report
from tradegw.brokers.backtest.report.facts import DataSet, Ending, Fill, Setup, Where
from tradegw.brokers.backtest.report.recorder import Recorder
from tradegw.model.account import Trade
from tradegw.model.enums import OrderStatus, OrderType, Side, TimeInForce
from tradegw.model.order import Order
from tradegw.simulator.paths import Prices
from tradegw.simulator.positions import Holding, net

Number: TypeAlias = "int | str | Decimal"

DAY = timedelta(days=1)
MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
CASH = Decimal(100_000)


def amount(value: Number) -> Decimal:
    return Decimal(value)


def shown(*values: object) -> list[Any]:
    """*values*, to be compared with plain numbers."""
    return list(values)


class Tale:
    """Tells a recorder of bars of *step* length, and keeps the account that the run would keep."""

    def __init__(
        self, cash: Number = CASH, start: datetime = MONDAY, step: timedelta = DAY
    ) -> None:
        self.cash = amount(cash)
        self.recorder = Recorder(self.cash)
        self.start = self.time = start
        self.step = step
        self.balance = self.cash
        self._holdings: dict[str, Holding] = {}
        self._marks: dict[str, Decimal] = {}
        self._numbers = count(1)

    @property
    def equity(self) -> Decimal:
        held = self._holdings.items()
        gained = (holding.unrealised(self._marks[symbol]) for symbol, holding in held)
        return self.balance + sum(gained, Decimal(0))

    @property
    def margin(self) -> Decimal:
        held = self._holdings.items()
        return sum((abs(h.quantity) * self._marks[symbol] for symbol, h in held), Decimal(0))

    def fill(
        self,
        quantity: Number,
        price: Number,
        commission: Number = 0,
        symbol: str = "GOOG",
        where: Where = Where.OPEN,
        **more: Any,
    ) -> Fill:
        """A buy, or with a negative *quantity* a sale, at the present time."""
        signed, at, paid = amount(quantity), amount(price), amount(commission)
        number = next(self._numbers)
        trade = Trade(
            id=f"bt-t{number}",
            order_id=more.pop("order_id", f"bt-o{number}"),
            symbol=symbol,
            side=Side.BUY if signed > 0 else Side.SELL,
            quantity=abs(signed),
            price=at,
            commission=paid,
            commission_currency="USD",
            timestamp=more.pop("time", self.time),
        )
        netted = net(self._holdings.pop(symbol, None), signed, at, self.time)
        if netted.after is not None:
            self._holdings[symbol] = netted.after
        self.balance += netted.realised - paid
        self._marks[symbol] = at
        fill = Fill(
            trade=trade, order_type=more.pop("order_type", OrderType.MARKET), where=where, **more
        )
        self.recorder.filled(fill)
        return fill

    def bar(self, *prices: Number, symbol: str = "GOOG", pauses: bool = True) -> None:
        """A bar ends: open, high, low, close, or one price for all; the clock goes on with it."""
        four = [amount(price) for price in prices]
        shown = Prices(*(four if len(four) == 4 else four * 4))
        self._marks[symbol] = shown.close
        end = self.time + self.step
        self.recorder.closed(symbol, end, shown, self.balance, self.equity, self.margin)
        if pauses:
            self.time = end

    def skip(self, time: timedelta) -> None:
        """Nothing happens for *time*."""
        self.time += time

    def ending(self, **more: Any) -> Ending:
        told: dict[str, Any] = {"status": "completed", "start": self.start, "end": self.time}
        told |= {"balance": self.balance, "equity": self.equity, "margin_used": self.margin}
        return Ending(**told | more)

    def setup(self, **more: Any) -> Setup:
        told: dict[str, Any] = {"run_id": "4f9a12", "cash": self.cash, "currency": "USD"}
        told |= {"config": {"BACKTEST_CASH": str(self.cash)}, "data": [data_set()]}
        return Setup(**told | more)

    def report(self, ending: Ending | None = None, **setup: Any) -> Report:
        return Report.of(self.recorder, self.setup(**setup), ending or self.ending())

    def metrics(self, **setup: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.report(**setup).document["metrics"]
        return found


def data_set(**more: Any) -> DataSet:
    plain: dict[str, Any] = {"symbol": "GOOG", "kind": "1d", "rows": 4, "sha256": "c8be60" * 10}
    plain |= {"first": MONDAY, "last": MONDAY + 4 * DAY}
    return DataSet(**plain | more)


def order(**more: Any) -> Order:
    plain: dict[str, Any] = {"id": "bt-o1", "symbol": "GOOG", "side": Side.BUY}
    plain |= {"order_type": OrderType.LIMIT, "quantity": Decimal(10), "limit_price": Decimal(99)}
    plain |= {"filled_quantity": Decimal(0), "remaining_quantity": Decimal(10)}
    plain |= {"status": OrderStatus.EXPIRED, "time_in_force": TimeInForce.DAY}
    return Order(**plain | {"created_at": MONDAY, "updated_at": MONDAY + DAY} | more)

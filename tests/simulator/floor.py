"""What the tests of the exchange share: an exchange with counted ids and a record of its events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, TypeVar

import msgspec
from hypothesis import settings

from tradegw.model.enums import OrderType, Side, Timeframe, TimeInForce, TrailingType
from tradegw.model.events import Event, OrderEvent
from tradegw.model.order import Order, OrderChange, OrderRequest
from tradegw.simulator.exchange import Exchange
from tradegw.simulator.instruments import Instrument
from tradegw.simulator.paths import Path, PriceBar, Prices, bar_ticks
from tradegw.simulator.state import Change
from tradegw.simulator.terms import Terms
from tradegw.simulator.ticks import Tick

E = TypeVar("E")

steady = settings(derandomize=True, deadline=None)

START = datetime(2024, 1, 1, tzinfo=UTC)
BUY, SELL = Side.BUY, Side.SELL
MARKET, LIMIT, STOP = OrderType.MARKET, OrderType.LIMIT, OrderType.STOP
STOP_LIMIT, TRAILING = OrderType.STOP_LIMIT, OrderType.TRAILING_STOP
GTC, DAY, IOC, FOK = TimeInForce.GTC, TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK

PERCENT, ABSOLUTE = TrailingType.PERCENT, TrailingType.ABSOLUTE
ONE_FILL = ["ORDER_FILLED", "TRADE_FILLED", "POSITION_OPENED", "BALANCE_UPDATED"]

_PRICES = frozenset(
    {"limit_price", "stop_price", "trailing_distance", "stop_loss", "take_profit", "leverage"}
)


class Floor:
    """An exchange, the clock of its test, and all that it told."""

    def __init__(
        self,
        listener: Callable[[Event], None] | None = None,
        instrument: Instrument | None = None,
        **terms: Any,
    ) -> None:
        self.instrument = instrument
        self.events: list[Event] = []
        self.listener = listener
        self.time = START
        self.terms = Terms(**terms)
        self.ids = count(1)
        self.changes: list[bytes] = []
        self.exchange = self.built()

    def built(self) -> Exchange:
        """An exchange like the first, and all its changes as they are written."""
        return Exchange(
            self.terms,
            self.listed,
            lambda: f"id-{next(self.ids)}",
            self.deliver,
            record=lambda change: self.changes.append(msgspec.json.encode(change)),
        )

    def listed(self, symbol: str) -> Instrument | None:
        return None if symbol == "NONE" else self.instrument or Instrument(symbol=symbol)

    def restart(self, state: bytes) -> None:
        """Go on with another exchange, restored from *state*."""
        self.exchange = self.built()
        self.exchange.restore(msgspec.json.decode(state, type=Change))

    def deliver(self, event: Event) -> None:
        self.events.append(event)
        if self.listener is not None:
            self.listener(event)

    def send(
        self, side: Side, quantity: object, order_type: OrderType = MARKET, **members: Any
    ) -> Order:
        """Submit an order for X; numbers may be written as they are."""
        return self.exchange.submit(order(side, quantity, order_type, **members), self.time)

    @staticmethod
    def request(side: Side, quantity: object, **members: Any) -> OrderRequest:
        return order(side, quantity, **members)

    def at(self, price: object, symbol: str = "X", spread: object = 0, **members: Any) -> None:
        """A jump of both sides to *price* plus and minus half the *spread*, a second later."""
        self._tick(price, symbol, spread, **members)

    def to(self, price: object, symbol: str = "X", spread: object = 0, **members: Any) -> None:
        """A continuous move to there, within a second."""
        self._tick(price, symbol, spread, continuous=True, **members)

    def _tick(self, price: object, symbol: str, spread: object, **members: Any) -> None:
        self.time += timedelta(seconds=1)
        last, half = Decimal(str(price)), Decimal(str(spread)) / 2
        self.exchange.tick(Tick(symbol, self.time, last - half, last + half, last, **members))

    def play(self, *ticks: Tick) -> None:
        for tick in ticks:
            self.time = tick.time
            self.exchange.tick(tick)

    def told(self, kind: type[E]) -> list[E]:
        """The events of one class."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def kinds(self) -> list[str]:
        """What happened, as the words of the wire."""
        return [str(getattr(event, "event", None) or event.code) for event in self.events]  # type: ignore[union-attr]  # told are only events that have one of them

    def order_kinds(self, order_id: str) -> list[str]:
        """What happened to one order."""
        return [str(e.event) for e in self.told(OrderEvent) if e.order.id == order_id]

    def forget(self) -> None:
        self.events.clear()


def order(
    side: Side, quantity: object, order_type: OrderType = MARKET, symbol: str = "X", **members: Any
) -> OrderRequest:
    texts: dict[str, Any] = {
        name: Decimal(str(value)) if name in _PRICES and value is not None else value
        for name, value in members.items()
    }
    return OrderRequest(
        symbol=symbol, side=side, quantity=Decimal(str(quantity)), order_type=order_type, **texts
    )


def change(**prices: object) -> OrderChange:
    """A change; numbers may be written as they are."""
    members: dict[str, Any] = {name: Decimal(str(value)) for name, value in prices.items()}
    return OrderChange(**members)


def daily(
    number: int, text: str, path: Path, spread: str = "0", volume: str | None = None
) -> Iterable[Tick]:
    """The corners of a daily bar, *number* days after the start; *text* is ``o/h/l/c``."""
    half = Decimal(spread) / 2
    prices = [Decimal(price) for price in text.split("/")]
    bid = Prices(*(price - half for price in prices))
    ask = Prices(*(price + half for price in prices)) if half else bid
    bar = PriceBar(
        START + timedelta(days=number), bid, ask, None if volume is None else Decimal(volume)
    )
    return bar_ticks("X", bar, Timeframe.D1, path)


def shown(*values: object) -> list[object]:
    """Values side by side, to be compared with numbers as they are written."""
    return list(values)

"""The double as a service on two ports, and what a test does with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from twisted.internet.defer import Deferred, gatherResults

from ..doubles.endpoints import Endpoint
from ..doubles.faults import Faults
from ..doubles.service import Served
from ..doubles.site import Heard
from .calls import Calls
from .exchange import Exchange, News
from .ledger import Position, Trade
from .market import Amount, Candle
from .orders import Order
from .run import Do, Run, Step
from .site import RestDoor, StreamDoor
from .stream import Stream
from .terms import Terms


class _Side(Served):
    """The WebSocket's port."""

    def __init__(self, reactor: Any, door: StreamDoor, port: int, stream: Stream) -> None:
        super().__init__(reactor, door, port)
        self._stream = stream

    @property
    def streams(self) -> Iterable[Endpoint]:
        return (self._stream,)


class FakeTektii(Served):
    """An engine with one run, on ``127.0.0.1``: REST at ``http_url``, events at ``ws_url``.

    *reactor* is a real one; ports of 0 take free ones. ``opened`` fires when both are served. The
    run starts with whoever opens the WebSocket. *steps* are its course, see ``run``.
    """

    def __init__(
        self,
        reactor: Any,
        steps: Iterable[Step] = (),
        terms: Terms | None = None,
        *,
        port: int = 0,
        ws_port: int = 0,
    ) -> None:
        self.terms = terms = terms or Terms()
        self.stream = Stream(reactor)
        self.exchange = Exchange(terms)
        self.run = Run(self.exchange, self.stream, terms, reactor)
        calls = Calls(self.exchange, self.run, terms)
        self.rest_door = RestDoor(reactor, terms.key, calls)
        self.stream_door = StreamDoor(reactor, terms.key, self.stream)
        super().__init__(reactor, self.rest_door, port)
        self.side = _Side(reactor, self.stream_door, ws_port, self.stream)
        self.add(steps)

    # -- as a service

    def startService(self) -> None:
        """Open both ports, that of the WebSocket first."""
        self.side.startService()
        self.side.opened.addCallbacks(lambda _port: Served.startService(self), self._failed)

    def stopService(self) -> Deferred[Any]:
        """Close both, and end the run."""
        self.run.stop()
        return gatherResults([super().stopService(), self.side.stopService()])

    @property
    def streams(self) -> Iterable[Endpoint]:
        return ()

    @property
    def ws_url(self) -> str:
        """The base of the WebSocket's address: ``ws://127.0.0.1:49153``."""
        return self.side.ws_url

    @property
    def stream_faults(self) -> Faults:
        """What goes wrong with upgrades."""
        return self.side.faults

    # -- the course

    def add(self, steps: Iterable[Step]) -> None:
        """So it goes on, behind what is planned already."""
        for step in steps:
            if isinstance(step, Candle):
                self.exchange.symbols.add(step.symbol)
            self.run.steps.append(step)

    def know(self, history: Iterable[Candle]) -> None:
        """So it was before: seen by REST, told by nobody."""
        for candle in history:
            self.exchange.symbols.add(candle.symbol)
            self.exchange.show(candle)

    def fill(self, name: str, quantity: Amount | None = None, price: Amount | None = None) -> None:
        """Now, between two candles, an order executes so much (all), at its own price or *price*,
        and that is told.
        """
        self.run.tell(self.filling(name, quantity, price)(self.exchange))

    def filling(
        self,
        name: str,
        quantity: Amount | None = None,
        price: Amount | None = None,
        *,
        liquidation: bool = False,
    ) -> Callable[[Exchange], News]:
        """The same for a step: ``Do(fake.filling("o-1", 4))``."""

        def fill(exchange: Exchange) -> News:
            order = self.order(name)
            much = order.remaining if quantity is None else Decimal(quantity)
            own = order.limit_price or order.stop_price or exchange.last(order.symbol)
            at = own if price is None else Decimal(price)
            if at is None:
                raise ValueError("a market order needs a price")
            return exchange.fill(order, much, at, liquidation=liquidation)

        return fill

    def liquidating(self, position_id: str, price: Amount) -> Do:
        """A step: the engine closes a position by an order of its own, as at a margin call."""

        def liquidate(exchange: Exchange) -> News:
            held = exchange.ledger.positions[position_id]
            order = Order(
                id=f"liquidation-{len(exchange.orders) + 1}",
                symbol=held.symbol,
                side="sell" if held.side == "long" else "buy",
                order_type="market",
                quantity=held.quantity,
                created_at=exchange.now,
                position_id=position_id,
                reduce_only=True,
            )
            exchange.orders[order.id] = order
            return exchange.fill(order, held.quantity, Decimal(price), liquidation=True)

        return Do(liquidate)

    # -- the judge

    def order(self, name: str) -> Order:
        """The order of an id, or the newest of a client order id; raises ``KeyError``."""
        found = self.exchange.orders.get(name)
        if found is not None:
            return found
        named = [e for e in self.exchange.orders.values() if e.client_order_id == name]
        if not named:
            raise KeyError(name)
        return named[-1]

    @property
    def orders(self) -> list[Order]:
        """Every order that was taken or rejected."""
        return list(self.exchange.orders.values())

    @property
    def trades(self) -> list[Trade]:
        """Every execution."""
        return self.exchange.ledger.trades

    @property
    def positions(self) -> list[Position]:
        """What is open."""
        return list(self.exchange.ledger.positions.values())

    @property
    def upgrades(self) -> list[Heard]:
        """Every wish for a WebSocket."""
        return self.side.calls

"""The broker as one life of the gateway sees it: the venue behind wires that fail.

Written from the contract of ``IBroker`` alone. Three paths have latencies of their own: requests on
their way to the broker, answers on their way back, and events, so that an answer may come long
after its fill was told. Reads fail as well, and what they answer is as old as their way back.

A request that left takes effect within ``LATEST_EFFECT_SECONDS`` or never, whether or not the
gateway that sent it still lives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from tradegw.errors import ProviderUnavailable, UnsupportedOperation
from tradegw.interfaces import IBroker, IBrokerListener
from tradegw.model.account import Account, Position, Trade, TradeQuery
from tradegw.model.enums import AssetClass, OrderType, Platform, PositionMode
from tradegw.model.events import Event
from tradegw.model.identifiers import ClientOrderIdRule
from tradegw.model.limits import Lane, LimitsStatus
from tradegw.model.market import Bar, BarQuery, Capabilities, Instrument, Quote
from tradegw.model.order import (
    ClosePositionRequest,
    Order,
    OrderChange,
    OrderQuery,
    OrderRequest,
    Replaced,
)

from .round_trip import Mortal, RoundTrip
from .steps import GUARDED
from .world import World

T = TypeVar("T")

LOGON_SECONDS: Final = 0.5

READS: Final = frozenset(
    {"lost", "reset", "unavailable", "limited", "unreadable", "late", "answer_lost"}
)
"""The faults that a request which changes nothing can have."""


@implementer(IBroker)
class FaultyBroker(MultiService):
    """Logs on when it is started. :attr:`listener` must be set before."""

    provider = "simulated"
    platform = Platform.MOCK
    account_name = "simulated-account"
    listener: IBrokerListener

    def __init__(self, world: World, life: Mortal, name: str) -> None:
        super().__init__()
        self._world = world
        self._venue = world.venue
        self.client_order_ids = ClientOrderIdRule(unique=world.venue.kind.refuses_repeats)
        self.exits_hold_quantity = world.venue.kind.holds or world.venue.kind.one_exit
        self._weather = world.schedule.weather
        self._life = life
        self._faults = world.schedule.random(f"faults of {name}")
        self._delays = world.schedule.random(f"delays of {name}")
        self._up = False
        self._session = 0
        self._next_event_at = 0.0
        self._requests = 0

    # -- the link

    def startService(self) -> None:
        super().startService()
        self._venue.listeners.append(self._happened)
        self._world.later(LOGON_SECONDS, self._log_on, self._session)

    def stopService(self) -> Any:
        self._venue.listeners.remove(self._happened)
        self._up = False
        return super().stopService()

    def lose_link(self, seconds: float) -> None:
        """The stream breaks for *seconds*; what happens meanwhile is told by nobody."""
        if self._up and self._life.alive:
            self._up = False
            self._session += 1
            self._world.note("the broker's stream is lost")
            self._world.hit("link_down")
            self._world.reach(up=False)
            self.listener.on_link_down((), "connection lost")
            self._world.later(seconds, self._log_on, self._session)

    def _log_on(self, session: int) -> None:
        if self._life.alive and session == self._session:
            self._up = True
            self._world.note("logged on at the broker")
            self._world.reach(up=True)
            self.listener.on_link_up()

    def _happened(self, event: Event) -> None:
        if not (self._up and self._life.alive):
            return
        delay = self._delays.uniform(0, self._weather.event_latency)
        fault = self._fault(self._weather.event)
        if fault == "event_lost":
            self._world.note(f"lost: {_title(event)}")
            return
        if fault == "event_late":  # others overtake it
            self._world.later(delay + self._delays.uniform(0, 5), self._tell, event, self._session)
            return
        at = max(self._next_event_at, self._world.clock.seconds() + delay)
        self._next_event_at = at
        self._world.later(at - self._world.clock.seconds(), self._tell, event, self._session)
        if fault == "event_twice":
            again = at - self._world.clock.seconds() + self._delays.choice((0.0, 0.1, 3.0))
            self._world.later(again, self._tell, event, self._session)

    def _tell(self, event: Event, session: int) -> None:
        if session != self._session or not self._life.cross("event:before"):
            return
        self._world.note(f"told: {_title(event)}")
        self.listener.on_event(event)
        self._life.cross("event:after")

    # -- requests

    def _fault(self, likely: dict[str, float]) -> str | None:
        if self._world.calm:
            return None
        for kind, share in likely.items():
            if self._faults.random() < share:
                self._world.hit(kind)
                return kind
        return None

    def _ask(self, title: str, work: Callable[[], T], *, changes: bool = True) -> Deferred[T]:
        """Send a request; the Deferred fires with what comes back, if anything does."""
        answer: Deferred[T] = Deferred()
        if not self._life.cross("call:before"):
            return answer
        fault = self._fault(self._weather.request)
        if fault is not None and not changes and fault not in READS:
            fault = None
        self._requests += 1
        title = f"#{self._requests} {title}"
        if changes or fault:
            self._world.note(f"sent: {title}" + (f" [{fault}]" if fault else ""))
        RoundTrip(self._world, self._life, self._delays, title, work, answer).send(fault)
        self._life.cross("call:after")
        return answer

    # -- IBroker

    def capabilities(self) -> Capabilities:
        return Capabilities(
            supported_asset_classes=(AssetClass.STOCK,),
            supported_order_types=tuple(OrderType),
            position_mode=PositionMode.NETTING,
            features=(),
        )

    def manages_exits(self, request: OrderRequest) -> bool:
        is_plain = request.trailing_stop is None
        return self._venue.kind.native and request.wants_exits and is_plain

    def instrument(self, symbol: str) -> Instrument | None:
        return self._venue.instrument(symbol)

    def submit(
        self,
        request: OrderRequest,
        lane: Lane = Lane.ENTRY,
    ) -> Deferred[Order]:
        title = f"submit {request.client_order_id} {request.side} {request.quantity}"
        if request.client_order_id is not None and self._life.alive:
            self._world.sent[request.client_order_id] = self._world.clock.seconds()
        return self._ask(title, lambda: self._venue.submit(request, "submit"))

    def cancel(self, order_id: str) -> Deferred[Order]:
        return self._ask(f"cancel {order_id}", lambda: self._venue.cancel(order_id))

    def replace(self, order_id: str, change: OrderChange) -> Deferred[Replaced]:
        return self._ask(f"replace {order_id}", lambda: self._venue.replace(order_id, change))

    def order(self, order_id: str) -> Deferred[Order]:
        return self._look(f"order {order_id}", lambda: self._venue.order(order_id))

    def order_by_client_id(self, client_order_id: str) -> Deferred[Order]:
        if not self._venue.kind.finds_client_ids:
            return fail(UnsupportedOperation("looking up a client order id", self.provider))
        return self._look(
            f"order as {client_order_id}", lambda: self._venue.order_by_client_id(client_order_id)
        )

    def open_orders(self, lane: Lane = Lane.QUERY) -> Deferred[list[Order]]:
        return self._look("open orders", self._venue.open_orders)

    def closed_orders(self, query: OrderQuery) -> Deferred[list[Order]]:
        return self._look("closed orders", self._venue.closed_orders)

    def trades(self, query: TradeQuery) -> Deferred[list[Trade]]:
        return self._look("trades", self._venue.trades)

    def positions(self, lane: Lane = Lane.QUERY) -> Deferred[list[Position]]:
        return self._look("positions", self._venue.exchange.positions)

    def close(
        self, position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Deferred[Order]:
        if self.exits_hold_quantity and position.symbol == GUARDED:
            resting = any(order.symbol == GUARDED for order in self._venue.open_orders())
            self._world.hit("closed beside resting orders" if resting else "legs made way")
        title = f"close {position.symbol} {request.quantity} as {client_order_id}"
        return self._ask(title, lambda: self._venue.close(position, request, client_order_id))

    def account(self) -> Deferred[Account]:
        return self._look("account", self._venue.exchange.account)

    def quote(self, symbol: str) -> Deferred[Quote]:
        if self._world.calm:  # else swaps at a price that stands still never come to an end
            return fail(ProviderUnavailable("the market is closed"))
        return self._look(f"quote of {symbol}", lambda: self._world.quote(symbol))

    def bars(self, symbol: str, query: BarQuery) -> Deferred[list[Bar]]:
        return fail(UnsupportedOperation("bars", self.provider))

    def ping(self) -> Deferred[None]:
        return succeed(None)

    def limits(self) -> LimitsStatus:
        return LimitsStatus()

    def missed(self, order_ids: tuple[str, ...]) -> None: ...

    def _look(self, title: str, work: Callable[[], T]) -> Deferred[T]:
        return self._ask(title, work, changes=False)


def _title(event: Event) -> str:
    kind = getattr(event, "event", type(event).__name__)
    order = getattr(event, "order", None) or getattr(event, "trade", None)
    if order is None:
        return str(kind)
    quantity = getattr(order, "filled_quantity", None) or order.quantity
    return f"{kind} {order.id} {getattr(order, 'client_order_id', None)} {quantity}"

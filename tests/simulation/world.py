"""The world outside the gateway: its time, its exchange, its prices, and people with hands.

There is one time. Whoever has timers has a clock of his own, so that the timers of a gateway that
died can be left alone; the world takes all clocks along, from one due timer to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import inf
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import Clock

from tradegw.errors import GatewayError
from tradegw.model.enums import OrderType, Side
from tradegw.model.market import Quote
from tradegw.model.order import OrderRequest
from tradegw.simulator.ticks import Tick

from .schedule import Schedule
from .steps import ACTIVE_SECONDS, ATTACHED, FREE, GUARDED, PAIRED, Step, tagged
from .venue import Venue

BEGINNING: Final = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)
TICK_SECONDS: Final = 3.0
STEP: Final = Decimal("0.5")


class World:
    """Everything but gateways and their clients. :attr:`trace` is what happened, in words, and
    :attr:`sent` when an order left a gateway, by its client order id;
    :attr:`dropped_at` is when the broker last ended an exit of its own accord, and
    :attr:`reached` since when a living gateway had its link to the broker, or had not;
    :attr:`unwritten` from when to when the disk had been failing when a gateway died.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.clock = Clock()
        self.clocks: list[Clock] = [self.clock]
        self.venue = Venue(schedule.broker, self.now)
        self.trace: list[str] = []
        self.hits: dict[str, int] = {}
        self.calm = True
        self.disk_fails = False
        self._disk_failed_at = inf
        self.unwritten: list[tuple[datetime, datetime]] = []
        self.sent: dict[str, float] = {}
        self.dropped_at = -inf
        self.reached: list[tuple[float, bool]] = []
        self._walk = schedule.random("prices")
        self._stroll = schedule.random("other prices")
        self._hands = schedule.random("hands")
        self._prices = dict.fromkeys((FREE, GUARDED, PAIRED, ATTACHED), Decimal(100))
        for symbol in self._prices:
            self.show(symbol)

    # -- time

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.clock.seconds())

    def later(self, seconds: float, work: Callable[..., Any], *arguments: Any) -> IDelayedCall:
        """Have *work* done, whoever lives or dies meanwhile."""
        return self.clock.callLater(seconds, work, *arguments)

    def new_clock(self, clock: Clock) -> None:
        """Take *clock* along from now on."""
        clock.rightNow = self.clock.rightNow
        self.clocks.append(clock)

    def drop_clock(self, clock: Clock) -> None:
        """The timers of *clock* fire no more."""
        self.clocks = [kept for kept in self.clocks if kept is not clock]

    def run(self, until: float) -> None:
        """Go on to *until*, seconds since the beginning."""
        while True:
            due = min(
                (clock.calls[0].getTime() for clock in self.clocks if clock.calls), default=inf
            )
            moment = max(self.clock.rightNow, min(due, until))
            for clock in self.clocks:
                clock.rightNow = max(clock.rightNow, moment)
            if due > until:
                return
            for clock in list(self.clocks):
                if clock.calls and clock.calls[0].getTime() <= moment and clock in self.clocks:
                    clock.advance(0)

    # -- what happened

    def note(self, text: str) -> None:
        self.trace.append(f"{self.clock.seconds():9.3f}  {text}")

    def hit(self, what: str) -> None:
        """Count that *what* (a fault, a crossing) really happened."""
        self.hits[what] = self.hits.get(what, 0) + 1

    def reach(self, *, up: bool) -> None:
        """A gateway has its link to the broker from now on, or has it no more."""
        self.reached.append((self.clock.seconds(), up))

    def break_disk(self, seconds: float) -> None:
        """No commit works for so long."""
        self.note("the disk fails")
        self._disk_failed_at = self.clock.seconds()
        self.disk_fails = True
        self.later(seconds, self._mend_disk)

    def forget(self) -> None:
        """A gateway dies: what it could not write down nobody knows any more."""
        if self.disk_fails:
            since = BEGINNING + timedelta(seconds=self._disk_failed_at)
            self.unwritten.append((since, self.now()))

    def _mend_disk(self) -> None:
        self.note("the disk works again")
        self.disk_fails = False

    # -- prices and people

    def _move_prices(self) -> None:
        if self.calm:
            return
        for symbol, price in self._prices.items():
            walk = self._stroll if symbol == ATTACHED else self._walk
            moved = price + STEP * walk.choice((-2, -1, -1, 0, 1, 1, 2))
            self._prices[symbol] = min(Decimal(110), max(Decimal(90), moved))
            smooth = walk.random() < 0.5
            self.show(symbol, continuous=smooth)
        self.later(TICK_SECONDS, self._move_prices)

    def show(self, symbol: str, *, continuous: bool = False) -> None:
        price = self._prices[symbol]
        self.venue.exchange.tick(
            Tick(symbol, self.now(), price, price, price, continuous=continuous)
        )

    def quote(self, symbol: str) -> Quote:
        """The market as it is."""
        price = self._prices[symbol]
        return Quote(
            symbol=symbol,
            provider="simulated",
            bid=price,
            ask=price,
            last=price,
            timestamp=self.now(),
        )

    def stir(self) -> None:
        """The active time begins."""
        self.calm = False
        self._move_prices()

    def settle(self) -> None:
        """The active time is over: prices stand still, and everything obeys."""
        assert self.clock.seconds() >= ACTIVE_SECONDS
        self.calm = True

    def by_hand(self, step: Step) -> None:
        """Somebody trades past the gateway."""
        getattr(self, f"_{step.what}")(step.detail)

    def _hand_order(self, detail: dict[str, Any]) -> None:
        limit = detail["limit"]
        self._order_by_hand(
            OrderRequest(
                symbol=FREE,
                side=Side(detail["side"]),
                quantity=tagged(3, detail["number"]),
                order_type=OrderType.MARKET if limit is None else OrderType.LIMIT,
                limit_price=None if limit is None else 100 + Decimal(limit),
                client_order_id=f"by-hand-{detail['number']}" if detail["named"] else None,
            )
        )

    def _hand_close(self, detail: dict[str, Any]) -> None:
        position = self.venue.exchange.position(GUARDED)
        if position is not None:
            self._order_by_hand(
                OrderRequest(
                    symbol=GUARDED,
                    side=position.side.closing,
                    quantity=min(position.quantity, tagged(2, detail["number"])),
                    order_type=OrderType.MARKET,
                    reduce_only=True,
                )
            )

    def _order_by_hand(self, request: OrderRequest) -> None:
        try:
            order = self.venue.submit(request, "hand")
        except GatewayError as error:
            self.note(f"an order by hand is refused: {error}")
        else:
            self.note(f"order {order.id} by hand: {order.side} {order.quantity} {order.symbol}")

    def _hand_drop(self, detail: dict[str, Any]) -> None:
        """The broker ends an exit for reasons of its own."""
        exits = [o for o in self.venue.open_orders() if o.symbol == GUARDED and o.side is Side.SELL]
        if exits:
            order = self._hands.choice(exits)
            self.note(f"exit {order.id} is dropped")
            self.hit("dropped exit")
            self.dropped_at = self.clock.seconds()
            self.venue.drop(order.id)

    def _hand_cancel(self, detail: dict[str, Any]) -> None:
        working = [o for o in self.venue.open_orders() if o.symbol == FREE]
        if working:
            order = self._hands.choice(working)
            self.note(f"order {order.id} is cancelled by hand")
            self.venue.cancel(order.id)

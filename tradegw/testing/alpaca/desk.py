"""The life of orders: routed, filled, ended, and what that does to their families."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Final

from twisted.internet.interfaces import IReactorTime

from .amounts import ONE, ZERO
from .assets import Asset
from .book import Book, Execution
from .holdings import Holdings
from .hours import Session
from .market import Market, Quote
from .matching import is_beyond, price_met, wanted_at
from .orders import Order
from .stamps import NEW_YORK, Stamps, time_of
from .telling import Herald


class Desk:
    """Where orders meet the market.

    ``venue_seconds`` is how long the venue takes to take an order, a cancel or a replace; with
    ``None`` it waits for :meth:`act`. ``rejects`` are symbols whose next order it rejects after
    all. With ``tells_held_cancels`` the end of a ``held`` leg is told, which Alpaca often forgets;
    with ``replaces_stop_legs`` a stop leg that triggers is filled through a successor.
    """

    def __init__(
        self,
        clock: IReactorTime,
        stamps: Stamps,
        market: Market,
        holdings: Holdings,
        book: Book,
        herald: Herald,
    ) -> None:
        self.session = Session.REGULAR
        self.venue_seconds: float | None = 0.0
        self.rejects: list[str] = []
        self.tells_held_cancels = False
        self.replaces_stop_legs = False
        self._clock = clock
        self._stamps = stamps
        self._market = market
        self._holdings = holdings
        self._book = book
        self._herald = herald
        self._awaiting: list[Callable[[], None]] = []

    # -- the venue

    def later(self, action: Callable[[], None]) -> None:
        """The venue does *action* in its own time."""
        if self.venue_seconds is None:
            self._awaiting.append(action)
        else:
            self._clock.callLater(self.venue_seconds, action)

    def act(self) -> None:
        """The venue does all that it was asked to."""
        awaiting, self._awaiting = self._awaiting, []
        for action in awaiting:
            action()

    def is_in_hours(self, order: Order) -> bool:
        """Whether the session is one for *order*."""
        if order.asset.is_crypto or self.session is Session.REGULAR:
            return True
        return self.session is Session.EXTENDED and order.extended_hours

    def trades_now(self, order: Order) -> bool:
        """Whether *order* can trade at this time."""
        return self.is_in_hours(order) and order.asset.symbol not in self._market.halted

    # -- beginning

    def accept(self, order: Order) -> None:
        """Take *order* in, and give it to the venue unless that is closed to it."""
        queued = order.time_in_force == "cls" or not self.is_in_hours(order)
        order.status = "accepted" if queued else "pending_new"
        self._book.add(order)
        for leg in self._book.legs_of(order):
            leg.status = "held"
        self.tell(order.status, order)
        if not queued:
            self.later(lambda: self.route(order))

    def route(self, order: Order) -> None:
        """The venue takes *order*, or rejects it."""
        if order.status not in ("pending_new", "accepted"):
            return
        if order.asset.symbol in self.rejects:
            self.rejects.remove(order.asset.symbol)
            self.end(order, "rejected")
            return
        self.change(order, "new")
        if order.order_class == "oco":
            self._rouse(self._book.legs_of(order))
        self.meet(order)

    def _rouse(self, legs: list[Order]) -> None:
        """Exits whose time has come: a take-profit goes to the venue, a stop beside it is held."""
        for leg in legs:
            leg.goes_live = True
            if leg.type == "limit" or (len(legs) == 1 and leg.order_class != "oco"):
                self.change(leg, "new")

    # -- trading

    def move(self, asset: Asset) -> None:
        """The market of *asset* has moved."""
        for order in self._book.open_in(asset):
            if order.is_open:  # the one before may have ended it
                self.meet(order)

    def meet(self, order: Order) -> None:
        """*order* meets the market as it is."""
        if order.asset.symbol in self._market.held:
            return
        quote = self._market.of(order.asset)
        if quote is not None and self.trades_now(order):
            self._meet(order, quote)
        if order.is_at_venue and order.time_in_force in ("ioc", "fok"):
            self.end(order, "canceled")

    def _meet(self, order: Order, quote: Quote) -> None:
        if order.status == "held":
            if order.goes_live and is_beyond(order.side, order.stop_price or ZERO, quote.last):
                self._trigger(order)
            return
        price = price_met(order, quote) if order.is_at_venue else None
        if price is None:
            return
        wanted = wanted_at(order, price)
        got = quote.within(order.side, wanted)
        if got > 0 and (got == wanted or order.time_in_force != "fok"):
            quote.take(order.side, got)
            self.fill(order, got, price, complete=got == wanted)

    def _trigger(self, stop: Order) -> None:
        """The stop of a pair takes the shares over from the take-profit."""
        for sibling in self._book.siblings(stop):
            self.end(sibling, "canceled", alone=True)
        if self.replaces_stop_legs:
            stop = self._converted(stop)
        stop.triggered = True
        self.change(stop, "new")
        self.meet(stop)

    def _converted(self, stop: Order) -> Order:
        successor = Order(
            id=self._stamps.uuid(),
            client_order_id=self._stamps.uuid(),
            asset=stop.asset,
            side=stop.side,
            type="market" if stop.limit_price is None else "limit",
            time_in_force=stop.time_in_force,
            created_at=self._stamps.take(),
            updated_at=self._stamps.take(),
            submitted_at=self._stamps.take(),
            expires_at=stop.expires_at,
            position_intent=stop.position_intent,
            qty=stop.qty,
            limit_price=stop.limit_price,
            order_class=stop.order_class,
            goes_live=True,
        )
        self.supersede(stop, successor)
        return successor

    def supersede(self, old: Order, new: Order) -> None:
        """*new* takes the place of *old*."""
        self._book.add(new)
        self._book.succeed(old, new)
        new.replaces, old.replaced_by = old.id, new.id
        old.times["replaced_at"] = self._stamps.take()
        self.change(old, "replaced")

    def fill(self, order: Order, qty: Decimal, price: Decimal, *, complete: bool) -> None:
        """*order* executes *qty* at *price*; with *complete* nothing of it is left."""
        asset = order.asset
        order.filled_qty += qty
        order.filled_value += qty * price
        self._holdings.book(asset, order.side, qty, price)
        moment = self._stamps.take()
        if complete:
            order.times["filled_at"] = moment
            order.status = "filled"
        elif order.status in _BEFORE_FILLS:
            order.status = "partially_filled"
        order.updated_at = self._stamps.take()
        local = time_of(moment).astimezone(NEW_YORK)
        execution = Execution(
            id=self._stamps.uuid(),
            activity_id=f"{_milliseconds(local)}::{self._stamps.uuid()}",
            order_id=order.id,
            symbol=asset.symbol,
            side=order.side,
            opens_short=order.position_intent == "sell_to_open",
            qty=qty,
            price=price,
            cum_qty=order.filled_qty,
            leaves_qty=ZERO if complete else order.remaining,
            order_status="filled" if complete else "partially_filled",
            position_qty=self._holdings.quantity(asset),
            moment=moment,
        )
        self._book.executions.append(execution)
        self._herald.tell("fill" if complete else "partial_fill", order, execution)
        self._share(order, complete=complete)

    def _share(self, order: Order, *, complete: bool) -> None:
        """What a fill of *order* does to its family."""
        if not self._book.is_exit(order):
            if complete:
                self._rouse(self._book.legs_of(order))
            return
        for sibling in self._book.siblings(order):
            if complete:
                self.end(sibling, "canceled", alone=True)
            else:
                sibling.qty = order.remaining + sibling.filled_qty

    # -- changes and the end

    def tell(self, event: str, order: Order) -> None:
        """Tell *event* of *order* as it is, dated now."""
        order.updated_at = self._stamps.take()
        self._herald.tell(event, order)

    def change(self, order: Order, status: str) -> None:
        """*order* is *status* from now on, and that is told."""
        order.status = status
        self.tell(status, order)

    def end(self, order: Order, status: str, *, alone: bool = False) -> None:
        """*order* ends; its legs and siblings with it, unless it ends *alone*."""
        quiet = order.status == "held" and not self.tells_held_cancels
        order.times[_WHEN[status]] = self._stamps.take()
        order.status = status
        order.updated_at = self._stamps.take()
        if not quiet:
            self._herald.tell(status, order)
        if alone:
            return
        family = (*self._book.siblings(order), *self._book.legs_of(order))
        for other in family:
            if other.is_open and (order.filled_qty < (order.qty or ONE)):
                self.end(other, "canceled" if status == "rejected" else status, alone=True)


_BEFORE_FILLS: Final = frozenset({"accepted", "pending_new", "new"})
_WHEN: Final = {"canceled": "canceled_at", "expired": "expired_at", "rejected": "failed_at"}


def _milliseconds(local: datetime) -> str:
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}"

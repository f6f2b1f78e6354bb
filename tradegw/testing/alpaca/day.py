"""What opening and closing the exchange does to orders."""

from __future__ import annotations

from .assets import Asset
from .book import Book
from .desk import Desk
from .hours import Session
from .market import Market
from .orders import Order
from .placing import Placing


class Day:
    """Takes the exchange from session to session; a test says when.

    ``day_orders_end`` is the status in which DAY orders end: ``expired``, as recorded, or
    ``canceled``, as documented.
    """

    def __init__(self, book: Book, desk: Desk, placing: Placing, market: Market) -> None:
        self.day_orders_end = "expired"
        self._book = book
        self._desk = desk
        self._placing = placing
        self._market = market

    def turn(self, session: Session) -> None:
        """It is *session* from now on."""
        before, self._desk.session = self._desk.session, session
        if before is Session.REGULAR and session is not Session.REGULAR:
            self._close()
        if session is Session.CLOSED:
            self._expire(extended=True)
        if session is Session.REGULAR:
            self._placing.opened()
        self._release()

    def resume(self, asset: Asset) -> None:
        """*asset* trades again."""
        self._market.halted.discard(asset.symbol)
        self._desk.move(asset)

    def _release(self) -> None:
        """Queued orders go to the venue, the others meet the market again."""
        for order in self._stocks():
            if not order.is_open or not self._desk.is_in_hours(order):
                continue
            if order.status == "accepted" and order.time_in_force != "cls":
                self._desk.route(order)
                if order.is_open and order.time_in_force == "opg":
                    self._desk.end(order, "canceled")
            else:
                self._desk.meet(order)

    def _close(self) -> None:
        self._auction()
        self._expire(extended=False)

    def _auction(self) -> None:
        """Orders for the close execute at the last trade, or not at all."""
        for order in self._stocks():
            quote = self._market.of(order.asset)
            if order.time_in_force != "cls" or quote is None or not order.is_open:
                continue
            limit = order.limit_price
            if limit is None or order.sign * (quote.last - limit) <= 0:
                self._desk.change(order, "new")
                self._desk.fill(order, order.remaining, quote.last, complete=True)
            else:
                self._desk.end(order, "canceled")

    def _expire(self, *, extended: bool) -> None:
        """DAY orders that could trade today end; those for the next day are still queued."""
        for order in self._stocks():
            done = order.extended_hours if extended else not order.extended_hours
            routed = order.status != "accepted"
            if order.is_open and order.time_in_force == "day" and routed and done:
                self._desk.end(order, self.day_orders_end)

    def _stocks(self) -> list[Order]:
        return [order for order in self._book.open() if not order.asset.is_crypto]

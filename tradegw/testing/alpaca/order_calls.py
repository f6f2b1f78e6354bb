"""``/v2/orders``."""

from __future__ import annotations

from typing import Any, Final

from .assets import Listing
from .book import Book
from .calls import Answer, Call, Routes
from .orders import TERMINAL, Order
from .placing import Placing
from .refusals import Refused, absent, invalid, unprocessable
from .replacing import Replacing
from .tickets import read_change, read_ticket

_MOST: Final = 500
_USUAL: Final = 50


class OrderCalls:
    """Orders placed, listed, replaced and cancelled."""

    def __init__(
        self, listing: Listing, book: Book, placing: Placing, replacing: Replacing
    ) -> None:
        self._listing = listing
        self._book = book
        self._placing = placing
        self._replacing = replacing

    def add_to(self, routes: Routes) -> None:
        """Answer the calls of this part."""
        routes.add("POST", "/v2/orders", self.place)
        routes.add("GET", "/v2/orders", self.list)
        routes.add("DELETE", "/v2/orders", self.cancel_all)
        routes.add("GET", "/v2/orders:by_client_order_id", self.by_client_order_id)
        routes.add("GET", "/v2/orders/{}", self.one)
        routes.add("PATCH", "/v2/orders/{}", self.replace)
        routes.add("DELETE", "/v2/orders/{}", self.cancel)

    def place(self, call: Call) -> Answer:
        """A new order."""
        ticket = read_ticket(call.body())
        asset = self._listing.find(ticket.symbol)
        if asset is None:
            raise unprocessable(f'asset "{ticket.symbol}" not found')
        return Answer(200, self._book.told(self._placing.submit(ticket, asset)))

    def one(self, call: Call) -> Answer:
        """An order by its id."""
        order = self._known(call)
        return Answer(200, self._book.told(order, nested=call.flag("nested")))

    def by_client_order_id(self, call: Call) -> Answer:
        """An order by its client order id."""
        name = call.query.get("client_order_id", "")
        order = self._book.bearing(name)
        if order is None:
            raise absent(f"order not found for {name}")
        return Answer(200, self._book.told(order, nested=call.flag("nested")))

    def replace(self, call: Call) -> Answer:
        """Another order in the place of one."""
        order = self._known(call)
        return Answer(
            200, self._book.told(self._replacing.replace(order, read_change(call.body())))
        )

    def cancel(self, call: Call) -> Answer:
        """The wish that an order end; that it is granted is told later."""
        self._placing.cancel(self._known(call))
        return Answer(204)

    def cancel_all(self, _call: Call) -> Answer:
        """The same for every order, legs apart that go with their family."""
        results: list[dict[str, Any]] = []
        for order in self._book.open():
            if not order.is_open or order.status == "held":
                continue
            try:
                self._placing.cancel(order)
            except Refused as refused:
                results.append({"id": order.id, "status": 500, "body": refused.body})
            else:
                results.append({"id": order.id, "status": 200})
        return Answer(207, results)

    def list(self, call: Call) -> Answer:
        """Orders, newest first unless told otherwise."""
        wanted, newest_first = _Wanted(call), call.query.get("direction") != "asc"
        found = [order for order in self._book.orders.values() if order in wanted]
        found.sort(key=lambda order: order.submitted_at, reverse=newest_first)
        nested, limit = call.flag("nested"), call.whole("limit", _USUAL, _MOST)
        return Answer(200, [self._book.told(order, nested=nested) for order in found[:limit]])

    def _known(self, call: Call) -> Order:
        order = self._book.find(call.names[0])
        if order is None:
            raise absent(f"order not found for {call.names[0]}")
        return order


class _Wanted:
    """The filters of a list."""

    def __init__(self, call: Call) -> None:
        self._nested = call.flag("nested")
        self._after, self._until = call.moment("after"), call.moment("until")
        self._symbols = {word.replace("/", "") for word in call.words("symbols")}
        self._side = call.query.get("side")
        self._classes = set(call.words("asset_class")) - {"all"}
        self._status = call.query.get("status", "open")
        if self._status not in ("open", "closed", "all"):
            raise invalid("invalid status")

    def __contains__(self, order: Order) -> bool:
        if self._nested and order.is_exit_leg:
            return False  # within its parent, or not at all
        if self._after is not None and order.submitted_at <= self._after:
            return False
        if self._until is not None and order.submitted_at >= self._until:
            return False
        if self._symbols and order.asset.compact not in self._symbols:
            return False
        if self._side not in (None, "", order.side):
            return False
        if self._classes and order.asset.asset_class not in self._classes:
            return False
        is_over = order.status in TERMINAL or order.status == "held"  # so are held legs listed
        return self._status == "all" or is_over == (self._status == "closed")

"""``/orderList`` and its kin."""

from __future__ import annotations

from typing import Any, Final

from ..calls import DAY, Adding, Call
from ..refusals import bad, unwanted
from . import telling
from .book import Book
from .lists import Lists, unknown_list
from .order_calls import names, response, told
from .orders import OrderList
from .symbols import Listing, Symbol
from .tickets import CLIENT_ID, Names, Ticket, read_ticket

_USUAL: Final = 500
_MOST: Final = 1000


class ListCalls:
    """Lists placed, looked at and cancelled."""

    def __init__(self, listing: Listing, book: Book, lists: Lists) -> None:
        self._listing = listing
        self._book = book
        self._lists = lists

    def add_to(self, routes: Adding) -> None:
        """Answer the calls of this part."""
        routes.order("POST", "/orderList/oco", self.oco)
        routes.order("POST", "/orderList/oto", self.oto)
        routes.order("POST", "/orderList/otoco", self.otoco)
        routes.order("POST", "/orderList/opo", self.opo)
        routes.order("POST", "/orderList/opoco", self.opoco)
        routes.order("POST", "/order/oco", self.old_oco)
        routes.order("DELETE", "/orderList", self.cancel)
        routes.signed("GET", "/orderList", self.one, 4)
        routes.signed("GET", "/openOrderList", self.open, 6)
        routes.signed("GET", "/allOrderList", self.all, 20)

    def add_old_to(self, routes: Adding) -> None:
        """What margin has of it."""
        routes.order("POST", "/order/oco", self.old_oco)
        routes.order("POST", "/order/oto", self.oto)
        routes.order("POST", "/order/otoco", self.otoco)
        routes.order("DELETE", "/orderList", self.cancel)
        routes.signed("GET", "/orderList", self.one, 4)
        routes.signed("GET", "/openOrderList", self.open, 6)
        routes.signed("GET", "/allOrderList", self.all, 20)

    def oco(self, call: Call) -> Any:
        """Two exits."""
        symbol = self._symbol(call)
        return self._told(
            call, self._lists.place(call, symbol, None, self._lists.oco(call, symbol))
        )

    def old_oco(self, call: Call) -> Any:
        """Two exits, in older words."""
        symbol = self._symbol(call)
        return self._told(call, self._lists.place(call, symbol, None, self._lists.old_oco(call)))

    def oto(self, call: Call) -> Any:
        """An order, and one after it."""
        symbol = self._symbol(call)
        working, pending = read_ticket(call, Names("working")), read_ticket(call, Names("pending"))
        if pending.quote_qty:
            raise bad(-1196, "A pending order cannot be sized by value.")
        return self._told(call, self._lists.place(call, symbol, working, [pending]))

    def otoco(self, call: Call) -> Any:
        """An order, and two exits after it."""
        symbol = self._symbol(call)
        working = read_ticket(call, Names("working"))
        exits = self._lists.oco(call, symbol, "pending")
        return self._told(call, self._lists.place(call, symbol, working, exits))

    def opo(self, call: Call) -> Any:
        """An order that buys, and one that sells what came of it."""
        symbol, working = self._symbol(call), self._buying(call)
        pending = read_ticket(call, Names("pending"), qty=working.qty)
        return self._told_opo(call, symbol, working, [pending])

    def opoco(self, call: Call) -> Any:
        """An order that buys, and two exits for what came of it."""
        symbol, working = self._symbol(call), self._buying(call)
        return self._told_opo(
            call, symbol, working, self._lists.oco(call, symbol, "pending", working.qty)
        )

    def _buying(self, call: Call) -> Ticket:
        if call.text("pendingQuantity") is not None:
            raise unwanted("pendingQuantity")
        working = read_ticket(call, Names("working"))
        if working.side != "BUY" or call.text("pendingSide") != "SELL":
            raise bad(-1014, "Unsupported order combination.")
        return working

    def _told_opo(self, call: Call, symbol: Symbol, working: Ticket, exits: list[Ticket]) -> Any:
        placed = self._lists.place(call, symbol, working, exits, sells_what_came=True)
        return self._told(call, placed)

    def _symbol(self, call: Call) -> Symbol:
        response(call)
        return self._listing.need(call.need("symbol"))

    def _told(self, call: Call, orders: OrderList) -> Any:
        wanted = "RESULT" if call.text("newOrderRespType") is None else response(call)
        reports = [told(order, wanted) for order in orders.orders]
        answer = {**telling.listed(orders), "orderReports": reports}
        if orders.working is not None:
            self._still_pending(orders, reports)
        return answer

    def _still_pending(self, orders: OrderList, reports: list[dict[str, Any]]) -> None:
        """The answer does not know yet that the others have begun."""
        for order, report in zip(orders.orders, reports, strict=True):
            if order is not orders.working and "status" in report:
                report |= {"status": "PENDING_NEW", "workingTime": -1}

    def cancel(self, call: Call) -> Any:
        """The end of a list."""
        self._symbol(call)
        list_id, client_id = names(call, "orderListId", "listClientOrderId")
        found = self._book.find_list(list_id, client_id)
        own = call.client_id("newClientOrderId", CLIENT_ID)
        orders = self._lists.cancel(found, own)
        reports = [telling.cancelled(order) for order in orders.orders]
        return {**telling.listed(orders), "orderReports": reports}

    def one(self, call: Call) -> Any:
        """A list, by its id or its client's."""
        list_id, client_id = names(call, "orderListId", "origClientOrderId")
        found = self._book.find_list(list_id, client_id)
        if found is None or not self._book.shows(found):
            raise unknown_list()
        return telling.listed(found)

    def open(self, _call: Call) -> Any:
        """What is open."""
        return [telling.listed(each) for each in self._book.lists.values() if each.is_open]

    def all(self, call: Call) -> Any:
        """What there ever was."""
        from_id = call.whole("fromId")
        start, end = call.window(DAY)
        found = [
            each
            for each in self._book.lists.values()
            if (start is None or each.time >= start)
            and (end is None or each.time <= end)
            and (from_id is None or each.id >= from_id)
        ]
        limit = call.limit(_USUAL, _MOST)
        from_oldest = from_id is not None or start is not None
        return [telling.listed(each) for each in (found[:limit] if from_oldest else found[-limit:])]

"""``/order`` and its kin."""

from __future__ import annotations

from typing import Any, Final

from ..calls import DAY, Adding, Call
from ..limits import Pool
from ..refusals import Refused, bad, missing, no_order, unknown_order
from . import telling
from .book import Book
from .orders import Order
from .placing import Placing
from .symbols import Listing, Symbol
from .tickets import CLIENT_ID, read_ticket

_RESTRICTIONS: Final = ("ONLY_NEW", "ONLY_PARTIALLY_FILLED")
_RESPONSES: Final = ("ACK", "RESULT", "FULL")
_USUAL: Final = 500
_MOST: Final = 1000


class OrderCalls:
    """Orders placed, looked at, replaced, amended and cancelled."""

    def __init__(self, listing: Listing, book: Book, placing: Placing, pool: Pool) -> None:
        self._listing = listing
        self._book = book
        self._placing = placing
        self._pool = pool

    def add_to(self, routes: Adding) -> None:
        """Answer the calls of this part."""
        routes.order("POST", "/order", self.place)
        routes.order("POST", "/order/test", self.test)
        routes.order("DELETE", "/order", self.cancel)
        routes.order("DELETE", "/openOrders", self.cancel_all)
        routes.order("POST", "/order/cancelReplace", self.replace)
        routes.order("PUT", "/order/amend/keepPriority", self.amend, 4)
        routes.signed("GET", "/order", self.one, 4)
        routes.signed(
            "GET", "/openOrders", self.open, lambda call: 6 if "symbol" in call.params else 80
        )
        routes.signed("GET", "/allOrders", self.all, 20)

    # -- placing

    def place(self, call: Call) -> Any:
        """A new order."""
        ticket, symbol = read_ticket(call), self.symbol(call)
        wanted = response(call, ticket.type)
        order = self._placing.place(symbol, ticket)
        return told(order, wanted)

    def test(self, call: Call) -> Any:
        """Whether an order would be taken."""
        ticket, symbol = read_ticket(call), self.symbol(call)
        response(call, ticket.type)
        self._placing.check(symbol, ticket)
        return {}

    def symbol(self, call: Call) -> Symbol:
        """The pair that is meant."""
        return self._listing.need(call.need("symbol"))

    # -- cancelling

    def cancel(self, call: Call) -> Any:
        """The end of an order, or of the list it is in."""
        order = self.meant(call)
        restriction = restriction_of(call)
        client_id = call.client_id("newClientOrderId", CLIENT_ID)
        self._placing.cancel(order, client_id, restriction)
        assert order is not None
        family = self._book.list_of(order)
        if family is None:
            return telling.cancelled(order)
        reports = [telling.cancelled(each) for each in family.orders]
        return {**telling.listed(family), "orderReports": reports}

    def meant(self, call: Call, prefix: str = "") -> Order | None:
        """The open order that *call* is about."""
        order_id, client_id = names(call, *_named(prefix))
        return self._placing.find(self.symbol(call), order_id, client_id)

    def cancel_all(self, call: Call) -> Any:
        """The end of all orders of a symbol."""
        symbol = self.symbol(call)
        orders = self._book.open(symbol.symbol)
        if not orders:
            raise unknown_order()
        answer: list[Any] = []
        for order in orders:
            if not order.is_open:
                continue
            self._placing.cancel(order, None)
            family = self._book.list_of(order)
            if family is None:
                answer.append(telling.cancelled(order))
            else:
                reports = [telling.cancelled(each) for each in family.orders]
                answer.append({**telling.listed(family), "orderReports": reports})
        return answer

    # -- replacing

    def replace(self, call: Call) -> Any:
        """An order in the place of another: first the one is cancelled, then the other placed."""
        symbol = self.symbol(call)
        mode = call.one_of(
            "cancelReplaceMode", ("STOP_ON_FAILURE", "ALLOW_FAILURE"), -1145,
            "Invalid cancelReplaceMode.",
        )  # fmt: skip
        if mode is None:
            raise missing("cancelReplaceMode")
        ticket = read_ticket(call)
        order_id, client_id = names(call, *_named("cancel"))
        wanted = response(call, ticket.type)
        self._placing.check(symbol, ticket, more=0)
        limited = self._count(call)
        old = self._placing.find(symbol, order_id, client_id)
        result: dict[str, Any] = {}
        try:
            cancel_id = call.client_id("cancelNewClientOrderId", CLIENT_ID)
            self._placing.cancel(old, cancel_id, restriction_of(call))
            assert old is not None
            result |= {"cancelResult": "SUCCESS", "cancelResponse": telling.cancelled(old)}
        except Refused as refused:
            result |= {"cancelResult": "FAILURE", "cancelResponse": _inner(refused)}
        if result["cancelResult"] == "FAILURE" and mode == "STOP_ON_FAILURE":
            result |= {"newOrderResult": "NOT_ATTEMPTED", "newOrderResponse": None}
            raise _failed(result)
        try:
            if limited is not None:
                raise limited
            new = told(self._placing.enter(symbol, ticket), wanted)
            result |= {"newOrderResult": "SUCCESS", "newOrderResponse": new}
        except Refused as refused:
            result |= {"newOrderResult": "FAILURE", "newOrderResponse": _inner(refused)}
        if (result["cancelResult"], result["newOrderResult"]) == ("SUCCESS", "SUCCESS"):
            return result
        raise _failed(result)

    def _count(self, call: Call) -> Refused | None:
        try:
            self._pool.count_orders(1)
        except Refused as refused:
            if call.text("orderRateLimitExceededMode") != "CANCEL_ONLY":
                raise
            return refused
        return None

    def amend(self, call: Call) -> Any:
        """Less of an order."""
        qty = call.amount("newQty")
        if qty is None:
            raise missing("newQty")
        client_id = call.client_id("newClientOrderId", CLIENT_ID)
        order = self.meant(call)
        answer = self._placing.amend(order, qty, client_id)
        family = self._book.list_of(order) if order is not None else None
        if family is not None:
            answer["listStatus"] = {
                name: value
                for name, value in telling.listed(family).items()
                if name not in ("listStatusType", "transactionTime")
            }
        return answer

    # -- looking

    def one(self, call: Call) -> Any:
        """An order, open or over."""
        order_id, client_id = names(call, *_named(""))
        symbol = self.symbol(call).symbol
        order = self._book.find(symbol, order_id, client_id, is_query=True)
        if order is None:
            raise no_order()
        return telling.queried(order)

    def open(self, call: Call) -> Any:
        """What is open, of one symbol or all."""
        name = call.text("symbol")
        symbol = None if name is None else self._listing.need(name).symbol
        return [
            telling.queried(order) for order in self._book.open(symbol) if self._book.shows(order)
        ]

    def all(self, call: Call) -> Any:
        """What there ever was of a symbol, a day at most."""
        symbol, order_id = self.symbol(call), call.whole("orderId")
        start, end = call.window(DAY)
        limit = call.limit(_USUAL, _MOST)
        found = [
            order
            for order in self._book.all(symbol.symbol)
            if self._book.shows(order)
            and (start is None or order.time >= start)
            and (end is None or order.time <= end)
        ]
        if order_id is not None:
            found = [order for order in found if order.id >= order_id]
        from_oldest = order_id is not None or start is not None
        found = found[:limit] if from_oldest else found[-limit:]
        return [telling.queried(order) for order in found]


def names(call: Call, id_name: str, client_name: str) -> tuple[int | None, str | None]:
    """By which ids an order is meant; one there must be."""
    order_id, client_id = call.whole(id_name), call.text(client_name)
    if order_id is None and client_id is None:
        raise bad(
            -1102,
            f"Param '{client_name}' or '{id_name}' must be sent, but both were empty/null!",
        )
    return order_id, client_id


def _named(prefix: str) -> tuple[str, str]:
    if prefix:
        return f"{prefix}OrderId", f"{prefix}OrigClientOrderId"
    return "orderId", "origClientOrderId"


def restriction_of(call: Call) -> str | None:
    """What a cancel is restricted to."""
    return call.one_of("cancelRestrictions", _RESTRICTIONS, -1145, "Invalid cancelRestrictions.")


def response(call: Call, kind: str | None = None) -> str:
    """How much is wanted in return; of stops the least if nothing is said."""
    usual = "FULL" if kind in ("LIMIT", "MARKET") else "ACK"
    return call.one_of("newOrderRespType", _RESPONSES, -1118, "Invalid newOrderRespType.") or usual


def told(order: Order, wanted: str) -> dict[str, Any]:
    """A placement's answer."""
    if wanted == "ACK":
        return telling.ack(order)
    return telling.full(order) if wanted == "FULL" else telling.result(order)


def _inner(refused: Refused) -> dict[str, Any]:
    return {"code": refused.code, "msg": refused.message}


def _failed(result: dict[str, Any]) -> Refused:
    """Of a replacement not all went well."""
    new = result["newOrderResponse"]
    limited = isinstance(new, dict) and new.get("code") == -1015
    if "SUCCESS" in (result["cancelResult"], result["newOrderResult"]):
        status, code, words = 409, -2021, "Order cancel-replace partially failed."
    else:
        status, code, words = 400, -2022, "Order cancel-replace failed."
    ordered = {
        name: result[name]
        for name in ("cancelResult", "newOrderResult", "cancelResponse", "newOrderResponse")
    }
    return Refused(429 if limited else status, code, words, ordered)

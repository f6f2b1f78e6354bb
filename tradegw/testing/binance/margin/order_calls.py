"""``/sapi/v1/margin/order`` and its kin."""

from __future__ import annotations

from typing import Any, Final

from ..amounts import fixed
from ..calls import Adding, Call
from ..refusals import bad
from ..spot.order_calls import OrderCalls, response, told
from ..spot.tickets import read_ticket

_EFFECTS: Final = ("NO_SIDE_EFFECT", "MARGIN_BUY", "AUTO_REPAY", "AUTO_BORROW_REPAY")
_DEAR: Final = 1500


class MarginOrderCalls(OrderCalls):
    """The same as of spot, with loans; of isolated accounts there are none."""

    def add_to(self, routes: Adding) -> None:
        routes.order("POST", "/order", self.place, _weight)
        routes.order("DELETE", "/order", self.cancel, 10)
        routes.order("DELETE", "/openOrders", self.cancel_all)
        routes.signed("GET", "/order", self.one, 10)
        routes.signed("GET", "/openOrders", self.open, 10)
        routes.signed("GET", "/allOrders", self.all, 200)

    def place(self, call: Call) -> Any:
        """A new order, which may borrow what it lacks."""
        check_account(call)
        call.one_of("sideEffectType", _EFFECTS, -1128, "Invalid sideEffectType.")
        ticket, symbol = read_ticket(call), self.symbol(call)
        if not symbol.margin:
            raise bad(-3021, "Margin account are not allowed to trade this trading pair.")
        wanted = response(call, ticket.type)
        order = self._placing.place(symbol, ticket)
        answer = told(order, wanted) | {"isIsolated": False}
        if order.borrowed:
            asset = symbol.quote if order.side == "BUY" else symbol.base
            answer["marginBuyBorrowAmount"] = fixed(order.borrowed)
            answer["marginBuyBorrowAsset"] = asset
        return answer

    def cancel(self, call: Call) -> Any:
        check_account(call)
        answer = super().cancel(call)
        if "orderId" in answer:
            answer["orderId"] = str(answer["orderId"])
        return answer | {"isIsolated": False}

    def one(self, call: Call) -> Any:
        check_account(call)
        return super().one(call) | {"isIsolated": False}

    def open(self, call: Call) -> Any:
        check_account(call)
        return [each | {"isIsolated": False} for each in super().open(call)]


def check_account(call: Call) -> None:
    """Whether the cross account is meant; raises a refusal if not."""
    if call.flag("isIsolated"):
        raise bad(-11001, "Isolated margin account does not exist.")


def _weight(call: Call) -> int:
    return _DEAR if call.text("sideEffectType") in ("MARGIN_BUY", "AUTO_BORROW_REPAY") else 6

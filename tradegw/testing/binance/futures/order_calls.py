"""``/order`` and its kin of futures, and those of conditional orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from ..calls import DAY, Adding, Call
from ..limits import Pool
from ..refusals import Refused, bad, illegal, missing, no_order
from ..stamps import Stamps
from . import telling
from .algos import Algos
from .book import Book
from .contracts import Contract, Listing
from .orders import Algo, Order
from .placing import Placing, refusal_of

_USUAL: Final = 500
_MOST: Final = 1000
_BATCH: Final = 5
_WEEK: Final = 7 * DAY
_DONE: Final = {"code": 200, "msg": "The operation of cancel all open order is done."}


class OrderCalls:
    """Orders placed, modified, looked at and cancelled."""

    def __init__(
        self,
        stamps: Stamps,
        listing: Listing,
        book: Book,
        placing: Placing,
        algos: Algos,
        pool: Pool,
    ) -> None:
        self._stamps = stamps
        self._listing = listing
        self._book = book
        self._placing = placing
        self._algos = algos
        self._pool = pool

    def add_to(self, routes: Adding) -> None:
        """Answer the calls of this part."""
        routes.order("POST", "/v1/order", self.place)
        routes.order("POST", "/v1/order/test", self.test)
        routes.order("PUT", "/v1/order", self.modify)
        routes.order("DELETE", "/v1/order", self.cancel)
        routes.order("POST", "/v1/batchOrders", self.batch, 5)
        routes.order("DELETE", "/v1/batchOrders", self.cancel_batch)
        routes.order("DELETE", "/v1/allOpenOrders", self.cancel_all)
        routes.signed("GET", "/v1/order", self.one)
        routes.signed("GET", "/v1/openOrder", self.one_open)
        routes.signed("GET", "/v1/openOrders", self.open, _one_or_many)
        routes.signed("GET", "/v1/allOrders", self.all, 5)
        routes.order("POST", "/v1/algoOrder", self.place_algo)
        routes.order("DELETE", "/v1/algoOrder", self.cancel_algo)
        routes.order("DELETE", "/v1/algoOpenOrders", self.cancel_all_algos)
        routes.signed("GET", "/v1/algoOrder", self.one_algo)
        routes.signed("GET", "/v1/openAlgoOrders", self.open_algos, _one_or_many)
        routes.signed("GET", "/v1/allAlgoOrders", self.all_algos, 5)

    # -- placing

    def place(self, call: Call) -> Any:
        """A new order; the shorter answer does not know yet what became of it."""
        order = self._placing.read(call, self._contract(call))
        kind = call.one_of(
            "newOrderRespType", ("ACK", "RESULT"), -1118, "Invalid newOrderRespType."
        )
        self._placing.place(order)
        return telling.placed(order, is_ack=kind != "RESULT")

    def test(self, call: Call) -> Any:
        """Whether an order would be taken."""
        order = self._placing.read(call, self._contract(call))
        self._placing.check(order)
        return telling.placed(order, is_ack=True)

    def batch(self, call: Call) -> Any:
        """Up to five orders, each with an answer of its own."""
        try:
            asked = msgspec.json.decode(call.need("batchOrders"), type=list[dict[str, Any]])
        except msgspec.DecodeError:
            raise illegal("batchOrders", "a list") from None
        if len(asked) > _BATCH:
            raise bad(-4082, "Invalid number of batch place orders.")
        return [self._each(self.place, call, params) for params in asked]

    def cancel_batch(self, call: Call) -> Any:
        """Some orders of a symbol."""
        ids = msgspec.json.decode(call.text("orderIdList") or "[]")
        names = msgspec.json.decode(call.text("origClientOrderIdList") or "[]")
        asked = [{"orderId": each} for each in ids] + [
            {"origClientOrderId": each} for each in names
        ]
        return [
            self._each(self.cancel, call, {"symbol": call.need("symbol"), **each}) for each in asked
        ]

    def _each(self, act: Callable[[Call], Any], call: Call, params: dict[str, Any]) -> Any:
        texts = {name: str(value) for name, value in params.items()}
        try:
            return act(Call(verb=call.verb, path=call.path, params=texts))
        except Refused as refused:
            return refusal_of(refused)

    def modify(self, call: Call) -> Any:
        """Another size and price."""
        qty, price = call.amount("quantity"), call.amount("price")
        if not qty or not price:
            raise missing("quantity" if not qty else "price")
        order = self._meant(call)
        return telling.placed(self._placing.modify(order, call.need("side"), qty, price))

    def cancel(self, call: Call) -> Any:
        """The end of an order."""
        return telling.placed(self._placing.cancel(self._meant(call)))

    def cancel_all(self, call: Call) -> Any:
        """The end of all orders of a symbol, but for conditional ones."""
        for order in self._book.open(self._contract(call).symbol):
            self._placing.cancel(order)
        return _DONE

    # -- looking

    def one(self, call: Call) -> Any:
        """An order."""
        order = self._meant(call)
        if order is None or not self._book.shows(order):
            raise no_order()
        return telling.queried(order)

    def one_open(self, call: Call) -> Any:
        """An order that is open."""
        order = self._meant(call)
        if order is None or not order.is_open:
            raise no_order()
        return telling.queried(order)

    def open(self, call: Call) -> Any:
        """What is open."""
        found = self._book.open(self._maybe(call))
        return [telling.queried(order) for order in found if self._book.shows(order)]

    def all(self, call: Call) -> Any:
        """What there was, a week at most: the last one if none is asked for."""
        start, end = call.window(_WEEK)
        from_id = call.whole("orderId")
        earliest = start if end is not None or from_id is not None else self._earliest(start)
        found = [
            order
            for order in self._book.all(self._maybe(call))
            if self._book.shows(order) and _within(order, earliest, end)
            and (from_id is None or order.id >= from_id)
        ]  # fmt: skip
        limit = call.limit(_USUAL, _MOST)
        from_oldest = from_id is not None or start is not None
        return [
            telling.queried(each) for each in (found[:limit] if from_oldest else found[-limit:])
        ]

    # -- conditional ones

    def place_algo(self, call: Call) -> Any:
        """A new conditional order."""
        return telling.algo_placed(self._algos.place(self._algos.read(call, self._contract(call))))

    def cancel_algo(self, call: Call) -> Any:
        """The end of one."""
        algo = self._algos.cancel(self._meant_algo(call))
        ids = {"algoId": algo.id, "clientAlgoId": algo.client_id}
        return {**ids, "code": "200", "msg": "success"}

    def cancel_all_algos(self, call: Call) -> Any:
        """The end of all of a symbol."""
        for algo in self._book.open_algos(self._contract(call).symbol):
            self._algos.cancel(algo)
        return _DONE

    def one_algo(self, call: Call) -> Any:
        """One, whatever became of it."""
        algo = self._meant_algo(call)
        if algo is None or not self._book.shows(algo):
            raise no_order()
        return telling.algo_queried(algo)

    def open_algos(self, call: Call) -> Any:
        """Those that wait."""
        found = self._book.open_algos(self._maybe(call))
        return [telling.algo_queried(algo) for algo in found if self._book.shows(algo)]

    def all_algos(self, call: Call) -> Any:
        """All of a symbol, a week at most: the last one if none is asked for."""
        start, end = call.window(_WEEK)
        earliest = start if end is not None else self._earliest(start)
        symbol = self._contract(call).symbol
        found = [
            telling.algo_queried(algo)
            for algo in self._book.algos.values()
            if algo.contract.symbol == symbol and _within(algo, earliest, end)
        ]
        return found[-call.limit(_USUAL, _MOST) :]

    def _earliest(self, start: int | None) -> int:
        return self._stamps.ms() - _WEEK if start is None else start

    # -- what is meant

    def _contract(self, call: Call) -> Contract:
        return self._listing.need(call.need("symbol"))

    def _maybe(self, call: Call) -> str | None:
        name = call.text("symbol")
        return None if name is None else self._listing.need(name).symbol

    def _meant(self, call: Call) -> Order | None:
        order_id, client_id = call.whole("orderId"), call.text("origClientOrderId")
        if order_id is None and client_id is None:
            raise missing("orderId")
        return self._book.find(self._contract(call).symbol, order_id, client_id)

    def _meant_algo(self, call: Call) -> Algo | None:
        algo_id, client_id = call.whole("algoId"), call.text("clientAlgoId")
        if algo_id is None and client_id is None:
            raise missing("algoId")
        return self._book.find_algo(algo_id, client_id)


def _within(thing: Order | Algo, start: int | None, end: int | None) -> bool:
    return (start is None or thing.time >= start) and (end is None or thing.time <= end)


def _one_or_many(call: Call) -> int:
    return 1 if call.text("symbol") else 40

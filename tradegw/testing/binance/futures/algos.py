"""Conditional orders: they wait outside of the book, and become orders when they trigger."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ..amounts import ZERO
from ..calls import Call
from ..limits import Pool
from ..market import Market, Quote
from ..refusals import Refused, bad, missing, unwanted
from ..stamps import Stamps
from .book import Book
from .contracts import Contract
from .desk import Desk
from .herald import Herald
from .orders import Algo, Order
from .placing import CONDITIONAL, FORCES, Placing

_FIRST: Final = 3_004_410_021
_MOST: Final = 200
_RATES: Final = (Decimal("0.1"), Decimal(20))
_MARKET: Final = ("STOP_MARKET", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")


class Algos:
    """Takes, triggers and cancels them; every method may refuse, and changes nothing then."""

    def __init__(
        self,
        stamps: Stamps,
        market: Market,
        book: Book,
        desk: Desk,
        placing: Placing,
        herald: Herald,
        pool: Pool,
    ) -> None:
        self._stamps = stamps
        self._market = market
        self._book = book
        self._desk = desk
        self._placing = placing
        self._herald = herald
        self._pool = pool

    # -- taking

    def read(self, call: Call, contract: Contract) -> Algo:
        """What is asked for; nothing is done with it."""
        if call.need("algoType") != "CONDITIONAL":
            raise bad(-1102, "Mandatory parameter 'algoType' was not sent, was empty/null, or "
                      "malformed.")  # fmt: skip
        side, kind = call.need("side"), call.need("type")
        if side not in ("BUY", "SELL"):
            raise bad(-1117, "Invalid side.")
        if kind not in CONDITIONAL:
            raise bad(-1116, "Invalid orderType.")
        close = call.flag("closePosition")
        now = self._stamps.ms()
        algo = Algo(
            id=0,
            client_id=self._placing.client_id(call, "clientAlgoId") or self._stamps.client_id(),
            contract=contract,
            side=side,
            position_side=self._placing.position_side(call),
            type=kind,
            tif=call.one_of("timeInForce", (*FORCES, "GTE_GTC"), -1115, "Invalid timeInForce.")
            or "GTC",
            qty=call.amount("quantity") or ZERO,
            trigger=call.amount("triggerPrice") or ZERO,
            price=call.amount("price") or ZERO,
            reduce_only=call.flag("reduceOnly"),
            close_position=close,
            working_type=call.one_of(
                "workingType", ("MARK_PRICE", "CONTRACT_PRICE"), -1128, "Invalid workingType."
            )
            or "CONTRACT_PRICE",
            price_protect=call.flag("priceProtect"),
            activate=call.amount("activatePrice") or ZERO,
            callback=call.amount("callbackRate") or ZERO,
            good_till=call.whole("goodTillDate") or 0,
            time=now,
            update_time=now,
        )
        self._check(call, algo)
        return algo

    def _check(self, call: Call, algo: Algo) -> None:
        for name in ("stopPrice", "activationPrice", "newClientOrderId"):
            if call.text(name) is not None:
                raise unwanted(name)
        self._check_price(algo)
        self._check_size(algo)
        if any(each.client_id == algo.client_id for each in self._book.open_algos()):
            raise bad(-4116, "ClientOrderId is duplicated.")
        if len(self._book.open_algos()) >= _MOST:
            raise bad(-4045, "Reach max stop order limit.")

    def _check_price(self, algo: Algo) -> None:
        if algo.type == "TRAILING_STOP_MARKET":
            if not algo.callback:
                raise missing("callbackRate")
            if not _RATES[0] <= algo.callback <= _RATES[1]:
                raise bad(-4136, "The callback rate is not valid.")
            return
        if not algo.trigger:
            raise missing("triggerPrice")
        if algo.type not in _MARKET and not algo.price:
            raise missing("price")
        quote = self._market.quotes.get(algo.contract.symbol)
        if quote is not None and self._is_beyond(algo, self._price(algo, quote)):
            raise bad(-2021, "Order would immediately trigger.")

    def _check_size(self, algo: Algo) -> None:
        if not algo.close_position:
            if not algo.qty:
                raise missing("quantity")
            self._placing.check_qty(algo.contract, algo.qty, is_market=algo.type in _MARKET)
            return
        if algo.type not in ("STOP_MARKET", "TAKE_PROFIT_MARKET"):
            raise bad(-4138, "ClosePosition is not supported for this type.")
        if algo.qty or algo.reduce_only:
            raise bad(-4137, "Quantity must be zero with closePosition equals true.")

    def place(self, algo: Algo) -> Algo:
        """Take it; whether there is money for it is asked when it triggers."""
        self._pool.count_orders(1)
        algo.id = self._stamps.next("algo", _FIRST)
        if algo.type == "TRAILING_STOP_MARKET" and not algo.activate:
            self._activate(algo, self._market.quotes[algo.contract.symbol].last)
        self._book.add(algo)
        self._herald.algo(algo)
        return algo

    def _activate(self, algo: Algo, price: Decimal) -> None:
        algo.is_active, algo.extreme = True, price

    def cancel(self, algo: Algo | None) -> Algo:
        """End one that still waits."""
        if algo is None or not algo.is_open:
            raise bad(-2011, "Unknown order sent.")
        self._finish(algo, "CANCELED")
        return algo

    def _finish(self, algo: Algo, status: str) -> None:
        algo.status, algo.update_time = status, self._stamps.ms()
        self._herald.algo(algo)

    # -- the market moves

    def move(self, contract: Contract) -> None:
        """The market of *contract* has moved."""
        quote = self._market.quotes[contract.symbol]
        for algo in self._book.open_algos(contract.symbol):
            if self._is_triggered(algo, self._price(algo, quote)):
                self.trigger(algo)

    def _price(self, algo: Algo, quote: Quote) -> Decimal:
        return quote.mark if algo.working_type == "MARK_PRICE" else quote.last

    def _is_beyond(self, algo: Algo, price: Decimal) -> bool:
        return price >= algo.trigger if algo.triggers_above else price <= algo.trigger

    def _is_triggered(self, algo: Algo, price: Decimal) -> bool:
        if algo.type != "TRAILING_STOP_MARKET":
            return self._is_beyond(algo, price)
        above, share = algo.triggers_above, algo.callback / 100
        if algo.extreme is None:
            if price <= algo.activate if above else price >= algo.activate:
                self._activate(algo, price)
                self._herald.algo(algo)
            return False
        algo.extreme = min(algo.extreme, price) if above else max(algo.extreme, price)
        if above:
            return price >= algo.extreme * (1 + share)
        return price <= algo.extreme * (1 - share)

    def trigger(self, algo: Algo) -> None:
        """An order of the book comes of it, or it is rejected after all."""
        algo.trigger_time = self._stamps.ms()
        self._finish(algo, "TRIGGERING")
        order = self._order(algo)
        try:
            if algo.close_position:
                order.qty = self._desk.closable(order)
                if not order.qty:
                    raise bad(-2022, "ReduceOnly Order is rejected.")
            self._placing.check(order)
        except Refused as refused:
            algo.reject_reason = refused.message
            self._finish(algo, "REJECTED" if not algo.close_position else "EXPIRED")
            return
        order.id = self._desk.order_id(algo.contract)
        algo.order = order
        self._finish(algo, "TRIGGERED")
        self._desk.begin(order)

    def _order(self, algo: Algo) -> Order:
        is_market = algo.type in _MARKET
        return Order(
            id=0,
            client_id=algo.client_id,
            contract=algo.contract,
            side=algo.side,
            position_side=algo.position_side,
            type="MARKET" if is_market else "LIMIT",
            original=algo.type,
            tif="GTC" if algo.tif == "GTE_GTC" else algo.tif,
            qty=algo.qty,
            price=algo.price,
            stop_price=algo.trigger,
            reduce_only=algo.reduce_only or (algo.close_position and algo.position_side == "BOTH"),
            close_position=algo.close_position,
            working_type=algo.working_type,
            price_protect=algo.price_protect,
            stp=algo.stp,
            algo_id=algo.id,
        )

"""What clients do with orders of futures."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from ..amounts import ZERO, is_multiple
from ..calls import Call
from ..limits import Pool
from ..market import Market
from ..refusals import Refused, bad, missing, unwanted
from ..stamps import Stamps
from .book import Book
from .contracts import Contract
from .desk import Desk
from .herald import Herald
from .orders import Order
from .wallet import Wallet

CLIENT_ID: Final = re.compile(r"^[\.A-Z\:/a-z0-9_-]{1,36}$")
CONDITIONAL: Final = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET",
                      "TRAILING_STOP_MARKET")  # fmt: skip
FORCES: Final = ("GTC", "IOC", "FOK", "GTX", "GTD")
_NOT_RECORDED: Final = "The order will not be recorded in the order history"
_LEAST_LIFE: Final = 600_000


class Placing:
    """Every method may refuse, and changes nothing then.

    With ``may_trade`` set to false nothing is taken.
    """

    def __init__(
        self,
        stamps: Stamps,
        market: Market,
        wallet: Wallet,
        book: Book,
        desk: Desk,
        herald: Herald,
        pool: Pool,
    ) -> None:
        self.may_trade = True
        self._stamps = stamps
        self._market = market
        self._wallet = wallet
        self._book = book
        self._desk = desk
        self._herald = herald
        self._pool = pool

    # -- reading

    def client_id(self, call: Call, name: str) -> str | None:
        """A client's own id."""
        found = call.text(name)
        if found is not None and not CLIENT_ID.fullmatch(found):
            raise bad(-4015, "Client order id is not valid.")
        return found

    def position_side(self, call: Call) -> str:
        """Which position is meant, which must fit the account's mode."""
        given = call.one_of(
            "positionSide", ("BOTH", "LONG", "SHORT"), -1116, "Invalid positionSide."
        )
        given = given or "BOTH"
        if self._wallet.mode.is_hedged == (given == "BOTH"):
            raise bad(-4061, "Order's position side does not match user's setting.")
        if self._wallet.mode.is_hedged and call.text("reduceOnly") is not None:
            raise unwanted("reduceOnly")
        return given

    def read(self, call: Call, contract: Contract) -> Order:
        """The order asked for; nothing is done with it."""
        side = call.need("side")
        if side not in ("BUY", "SELL"):
            raise bad(-1117, "Invalid side.")
        kind = call.need("type")
        if kind in CONDITIONAL:
            raise bad(-4120, "Order type not supported for this endpoint. Please use the Algo "
                      "Order API endpoints instead.")  # fmt: skip
        if kind not in ("LIMIT", "MARKET"):
            raise bad(-1116, "Invalid orderType.")
        tif = call.one_of("timeInForce", FORCES, -1115, "Invalid timeInForce.")
        price = call.amount("price") or ZERO
        qty = call.amount("quantity")
        if kind == "LIMIT" and not price:
            raise missing("price")
        if kind == "LIMIT" and tif is None:
            raise missing("timeInForce")
        if kind == "MARKET" and (price or tif is not None):
            raise unwanted("price" if price else "timeInForce")
        if not qty:
            raise missing("quantity")
        order = Order(
            id=0,
            client_id=self.client_id(call, "newClientOrderId") or self._stamps.client_id(),
            contract=contract,
            side=side,
            position_side=self.position_side(call),
            type=kind,
            tif=tif or "GTC",
            qty=qty,
            price=price,
            reduce_only=call.flag("reduceOnly"),
            stp=call.text("selfTradePreventionMode") or "EXPIRE_MAKER",
            good_till=call.whole("goodTillDate") or 0,
        )
        if tif == "GTD" and order.good_till <= self._stamps.ms() + _LEAST_LIFE:
            raise bad(-5040, "The goodTillDate is too early.")
        return order

    # -- checks

    def check(self, order: Order) -> None:
        """The filters, and what the position and the money allow."""
        if not self.may_trade:
            raise bad(-4088, "User can not place order currently.")
        if order.contract.status != "TRADING":
            raise bad(-4141, "Symbol is closed.")
        self._check_price(order.contract, order.price, order.side)
        self.check_qty(order.contract, order.qty, is_market=order.type == "MARKET")
        if any(each.client_id == order.client_id for each in self._book.open()):
            raise bad(-4116, "ClientOrderId is duplicated.")
        quote = self._market.quotes.get(order.contract.symbol)
        if quote is None:
            raise bad(-1112, "No depth on the symbol.")
        price = order.price or quote.mark
        contract = order.contract
        value = contract.notional(order.qty, price)
        if not order.reduce_only and not contract.is_inverse and value < contract.min_notional:
            least = contract.min_notional
            raise bad(-4164, f"Order's notional must be no smaller than {least} (unless you choose "
                      "reduce only).")  # fmt: skip
        self._check_position(order)
        reachable = quote.reach(order.side, order.limit)
        if order.tif == "GTX" and reachable:
            raise bad(-5022, f"Due to the order could not be executed as maker, the Post Only "
                      f"order will be rejected. {_NOT_RECORDED}")  # fmt: skip
        depth = quote.depth(order.side, order.limit)
        if order.tif == "FOK" and depth is not None and depth < order.qty:
            raise bad(-5021, f"Due to the order could not be filled immediately, the FOK order has "
                      f"been rejected. {_NOT_RECORDED}")  # fmt: skip

    def _check_price(self, contract: Contract, price: Decimal, side: str) -> None:
        if not price:
            return
        if price > contract.max_price:
            raise bad(-4002, "Price greater than max price.")
        if price < contract.min_price:
            raise bad(-4013, "Price less than min price.")
        if not is_multiple(price - contract.min_price, contract.tick):
            raise bad(-4014, "Price not increased by tick size.")
        mark = self._wallet.mark(contract)
        if side == "BUY" and mark and price > mark * contract.up:
            raise bad(-4016, f"Limit price can't be higher than {mark * contract.up}.")
        if side == "SELL" and price < mark * contract.down:
            raise bad(-4024, f"Limit price can't be lower than {mark * contract.down}.")

    def check_qty(self, contract: Contract, qty: Decimal, *, is_market: bool) -> None:
        """The filters of sizes."""
        if qty < contract.min_qty:
            raise bad(-4004, "Quantity less than min quantity.")
        if qty > (contract.market_max_qty if is_market else contract.max_qty):
            raise bad(-4005, "Quantity greater than max quantity.")
        if not is_multiple(qty - contract.min_qty, contract.step):
            raise bad(-1111, "Precision is over the maximum defined for this asset.")

    def _check_position(self, order: Order) -> None:
        closes = order.position_side != "BOTH" and (
            (order.side == "SELL") == (order.position_side == "LONG")
        )
        if order.reduce_only and not self._desk.closable(order):
            raise bad(-2022, "ReduceOnly Order is rejected.")
        if closes and self._desk.closable(order) < order.qty:
            raise bad(-2022, "ReduceOnly Order is rejected.")
        if order.reduce_only or closes:
            return
        closable = self._desk.closable(order) if order.position_side == "BOTH" else ZERO
        opens = max(ZERO, order.qty - closable)
        price = order.price or self._wallet.mark(order.contract)
        needed = order.contract.value(opens, price) / self._wallet.leverage[order.contract.symbol]
        available = self._wallet.available(order.contract.asset, self._book.open())
        if needed > available:
            raise bad(-2019, "Margin is insufficient.")

    # -- doing

    def place(self, order: Order) -> Order:
        """Take an order."""
        self.check(order)
        self._pool.count_orders(1)
        order.id = self._desk.order_id(order.contract)
        self._desk.begin(order)
        return order

    def cancel(self, order: Order | None) -> Order:
        """End an order."""
        if order is None or not order.is_open:
            raise bad(-2011, "Unknown order sent.")
        self._desk.end(order, "CANCELED")
        return order

    def modify(self, order: Order | None, side: str, qty: Decimal, price: Decimal) -> Order:
        """Another size and price for an order, which keeps its id and loses its place."""
        if order is None or not order.is_open:
            raise bad(-2013, "Order does not exist.")
        if order.type != "LIMIT":
            raise bad(-5025, "Only limit order is supported.")
        if side != order.side:
            raise bad(-1117, "Invalid side.")
        if (qty, price) == (order.qty, order.price):
            raise bad(-5027, "No need to modify the order.")
        self._check_price(order.contract, price, side)
        self.check_qty(order.contract, qty, is_market=False)
        quote = self._market.quotes[order.contract.symbol]
        if qty <= order.executed or (order.tif == "GTX" and quote.reach(side, price)):
            self._desk.end(order, "CANCELED")
            return order
        order.qty, order.price, order.update_time = qty, price, self._stamps.ms()
        self._herald.order("AMENDMENT", order)
        self._desk.meet(order)
        return order


def refusal_of(refused: Refused) -> dict[str, object]:
    """A refusal within a list."""
    return {"code": refused.code, "msg": refused.message}

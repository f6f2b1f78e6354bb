"""Order lists: OCO, OTO and OTOCO."""

from __future__ import annotations

from decimal import Decimal

from ..calls import Call
from ..limits import Pool
from ..market import Market
from ..refusals import Refused, bad, filtered, missing, rejected
from ..stamps import Stamps
from .book import Book
from .desk import Desk
from .herald import Herald
from .orders import OrderList
from .placing import Placing
from .symbols import Symbol
from .tickets import CLIENT_ID, Names, Ticket, read_side, read_ticket

_FIRST_LIST = 88_123
_TAKES_PROFIT = ("LIMIT_MAKER", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
_STOPS_LOSS = ("STOP_LOSS", "STOP_LOSS_LIMIT")


class Lists:
    """Takes and cancels lists; every method may refuse, and changes nothing then."""

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

    # -- what is asked for

    def oco(
        self, call: Call, symbol: Symbol, prefix: str = "", qty: Decimal | None = None
    ) -> list[Ticket]:
        """The two legs, the upper one last; they share side and quantity, here or in the call."""
        if not symbol.oco:
            raise rejected("OCO orders are not supported for this symbol.")
        side = read_side(call, f"{prefix}Side" if prefix else "side")
        if qty is None:
            qty = need_amount(call, f"{prefix}Quantity" if prefix else "quantity")
        above, below = (f"{prefix}Above", f"{prefix}Below") if prefix else ("above", "below")
        legs = [
            read_ticket(call, Names(below), side=side, qty=qty),
            read_ticket(call, Names(above), side=side, qty=qty),
        ]
        low, high = legs
        stop, profit = (low, high) if side == "SELL" else (high, low)
        if stop.type not in _STOPS_LOSS and profit.type in _STOPS_LOSS:
            raise bad(-1166, "The limit leg of the order list is on the wrong side.")
        if stop.type not in _STOPS_LOSS or profit.type not in _TAKES_PROFIT:
            raise bad(-1168, "At least one leg must be a stop, and one take profit.")
        self._check_prices(symbol, low, high)
        return legs

    def old_oco(self, call: Call) -> list[Ticket]:
        """The two legs in the words of the older form, which margin still has."""
        side, qty = read_side(call), need_amount(call, "quantity")
        price, stop = need_amount(call, "price"), need_amount(call, "stopPrice")
        stop_limit = call.amount("stopLimitPrice")
        if stop_limit is not None and call.text("stopLimitTimeInForce") is None:
            raise missing("stopLimitTimeInForce")
        effect = call.text("sideEffectType") or "NO_SIDE_EFFECT"
        limit_leg = Ticket(
            side=side,
            type="LIMIT_MAKER",
            qty=qty,
            price=price,
            client_id=call.client_id("limitClientOrderId", CLIENT_ID),
            side_effect=effect,
        )
        stop_leg = Ticket(
            side=side,
            type="STOP_LOSS" if stop_limit is None else "STOP_LOSS_LIMIT",
            tif=call.text("stopLimitTimeInForce") or "GTC",
            qty=qty,
            price=stop_limit or Decimal(0),
            stop_price=stop,
            client_id=call.client_id("stopClientOrderId", CLIENT_ID),
            side_effect=effect,
        )
        return [stop_leg, limit_leg] if side == "SELL" else [limit_leg, stop_leg]

    def _check_prices(self, symbol: Symbol, low: Ticket, high: Ticket) -> None:
        quote = self._market.quotes.get(symbol.symbol)
        prices = [leg.price if leg.type == "LIMIT_MAKER" else leg.stop_price for leg in (low, high)]
        wrong = bool(all(prices)) and prices[0] >= prices[1]
        if quote is not None and not wrong:
            wrong = prices[0] >= quote.last or (bool(prices[1]) and prices[1] <= quote.last)
        if wrong:
            raise rejected("The relationship of the prices for the orders is not correct.")

    # -- taking them

    def place(
        self,
        call: Call,
        symbol: Symbol,
        working: Ticket | None,
        exits: list[Ticket],
        *,
        sells_what_came: bool = False,
    ) -> OrderList:
        """Take a list; *working* is what the *exits* wait for."""
        tickets = [*exits] if working is None else [working, *exits]
        self._check(symbol, tickets, working, exits)
        self._pool.count_orders(len(tickets))
        live = exits if working is None else [working]
        for ticket in live:
            self._placing.check_engine(symbol, ticket)
        orders = OrderList(
            id=self._stamps.next("list", _FIRST_LIST),
            client_id=call.client_id("listClientOrderId", CLIENT_ID) or self._stamps.client_id(),
            contingency="OCO" if working is None else "OTO",
            symbol=symbol,
            orders=[],
            time=self._stamps.ms(),
            sells_what_came=sells_what_came,
        )
        orders.orders = [self._placing.order(symbol, each, orders.id) for each in tickets]
        self._placing.claim(orders.exits if working is None else orders.orders[:1])
        self._begin(orders)
        return orders

    def _check(
        self, symbol: Symbol, tickets: list[Ticket], working: Ticket | None, exits: list[Ticket]
    ) -> None:
        own = [ticket.client_id for ticket in tickets if ticket.client_id is not None]
        if len(own) != len(set(own)):
            raise bad(-1160, "Client order ids of a list must differ.")
        if working is not None and working.type not in ("LIMIT", "LIMIT_MAKER"):
            raise bad(-1197, "The working order of a list must be LIMIT or LIMIT_MAKER.")
        if working is not None and not symbol.oto:
            raise rejected("OTO orders are not supported for this symbol.")
        lists = sum(each.is_open and each.symbol is symbol for each in self._book.lists.values())
        if lists + 1 > symbol.max_lists:
            raise filtered("MAX_NUM_ORDER_LISTS")
        for ticket in tickets:
            self._placing.check(symbol, ticket, len(tickets))
            if (
                ticket in exits
                and ticket.client_id is not None
                and (self._book.is_taken(symbol.symbol, ticket.client_id))
            ):
                raise rejected("Duplicate order sent.")

    def _begin(self, orders: OrderList) -> None:
        self._book.add_list(orders)
        for order in orders.orders:
            if orders.contingency == "OTO" and order is not orders.working:
                order.status = "PENDING_NEW"
            self._book.add(order)
        self._herald.list(orders)
        for order in orders.orders:
            if order.status == "PENDING_NEW":
                self._herald.order("NEW", order)
        for order in orders.orders:
            if order.status == "NEW":
                self._desk.begin(order)
        self._herald.money()

    def cancel(self, orders: OrderList | None, client_id: str | None) -> OrderList:
        """End a list."""
        if orders is None or not orders.is_open:
            raise bad(-2011, "Unknown order list sent.")
        first = next(order for order in orders.orders if order.is_open)
        self._placing.cancel(first, client_id)
        return orders


def need_amount(call: Call, name: str) -> Decimal:
    """A number that must be there."""
    found = call.amount(name)
    if not found:
        raise missing(name)
    return found


def unknown_list() -> Refused:
    """There is no such list."""
    return bad(-2018, "Order list does not exist.")

"""Whether an order may be: the rules of §4 and §11 that need to know asset, market or account."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from .account import Account, Money
from .amounts import CENT, ZERO, is_multiple, is_whole, text
from .assets import Asset
from .book import Book
from .holdings import Holdings
from .hours import Session
from .kinds import check_coin, check_stock
from .market import Market
from .matching import collar, is_beyond
from .orders import EXITING, Order
from .refusals import (
    forbidden,
    insufficient_balance,
    insufficient_quantity,
    invalid,
    unprocessable,
)
from .tickets import Ticket

_COIN_MINIMUM: Final = Decimal(10)
_SHORT_FACTOR: Final = Decimal("1.03")


class Rules:
    """Says no, by raising :class:`tradegw.testing.alpaca.refusals.Refused`."""

    def __init__(self, account: Account, market: Market, holdings: Holdings, book: Book) -> None:
        self._account = account
        self._market = market
        self._holdings = holdings
        self._book = book

    def money(self) -> Money:
        """The sums of the account, with what open buys reserve."""
        opening = (order for order in self._book.open() if order.position_intent == "buy_to_open")
        reserved = (self._cost(order, order.remaining) for order in opening)
        return Money.of(self._holdings, sum(reserved, ZERO))

    def intent(self, asset: Asset, side: str) -> str:
        """What an order of *side* would do to the position there is."""
        closes = self._holdings.quantity(asset) * (-1 if side == "buy" else 1) > 0
        return f"{side}_to_{'close' if closes else 'open'}"

    def check_door(self) -> None:
        """Whether the account may send orders at all."""
        account = self._account
        if account.account_blocked or account.status != "ACTIVE":
            raise forbidden("account is blocked")
        if account.trading_blocked:
            raise forbidden("trading is blocked for this account")
        if account.trade_suspended_by_user:
            raise forbidden("new orders are rejected by user request")

    def check(self, ticket: Ticket, asset: Asset, session: Session) -> None:
        """Whether *ticket* may become an order."""
        if not asset.active:
            raise invalid(f"asset {asset.symbol} is not active")
        if not asset.tradable:
            raise unprocessable(f'asset "{asset.symbol}" is not tradable')
        if asset.is_crypto:
            check_coin(ticket)
        else:
            check_stock(ticket, asset, session)
        self._check_prices(ticket, asset)
        self._check_stop(ticket, asset)
        inferred = self.intent(asset, ticket.side)
        if ticket.position_intent not in (None, inferred):
            raise unprocessable(
                f"position intent mismatch, inferred: {inferred}, "
                f"specified: {ticket.position_intent}"
            )
        self._check_wash(ticket, asset)
        self._check_quantity(ticket, asset, inferred)

    def check_successor(self, old: Order, new: Order) -> None:
        """Whether *new* may take the place of *old*."""
        for name, price in (("limit_price", new.limit_price), ("stop_price", new.stop_price)):
            if new.type != "trailing_stop":
                _check_step(name, price, new.asset)
        if old.stop_price != new.stop_price and old.type != "trailing_stop":
            self._check_side(new.side, new.stop_price, new.asset)
        more = new.remaining - old.remaining
        if more <= 0:
            return
        if new.position_intent.endswith("close"):
            self._check_free(new.asset, new.side, more)
        elif new.side == "buy":
            self._afford(self._cost(new, more), self.money().buying_power)

    def _check_prices(self, ticket: Ticket, asset: Asset) -> None:
        exits = ticket.exits if ticket.order_class else None
        prices = {"limit_price": ticket.limit_price, "stop_price": ticket.stop_price}
        if exits is not None:
            prices["take_profit.limit_price"] = exits.take_profit
            prices["stop_loss.stop_price"] = exits.stop
            prices["stop_loss.limit_price"] = exits.stop_limit
        for name, price in prices.items():
            _check_step(name, price, asset)
        if ticket.order_class in ("bracket", "oto"):
            self._check_exits(ticket, asset)

    def _check_exits(self, ticket: Ticket, asset: Asset) -> None:
        quote = self._market.of(asset)
        base = ticket.limit_price or (quote.last if quote else None)
        if base is None:
            return
        sign = 1 if ticket.side == "buy" else -1
        profit, stop = ticket.exits.take_profit, ticket.exits.stop
        words = ("<=", "-", ">=", "+") if sign > 0 else (">=", "+", "<=", "-")
        if stop is not None and sign * (base - stop) < CENT:
            rule = f"stop_loss.stop_price must be {words[0]} base_price {words[1]} 0.01"
            raise unprocessable(rule, base_price=base)
        if profit is not None and sign * (profit - base) < CENT:
            rule = f"take_profit.limit_price must be {words[2]} base_price {words[3]} 0.01"
            raise unprocessable(rule, base_price=base)

    def _check_stop(self, ticket: Ticket, asset: Asset) -> None:
        stop = ticket.stop_price or (ticket.exits.stop if ticket.order_class == "oco" else None)
        self._check_side(ticket.side, stop, asset)

    def _check_side(self, side: str, stop: Decimal | None, asset: Asset) -> None:
        quote = self._market.of(asset)
        if quote is None or stop is None or not is_beyond(side, stop, quote.last):
            return
        where = "less" if side == "sell" else "greater"
        raise unprocessable(
            f"stop price must be {where} than current price",
            market_price=quote.last,
            stop_price=stop,
        )

    def _check_wash(self, ticket: Ticket, asset: Asset) -> None:
        if ticket.order_class in EXITING or ticket.type == "trailing_stop":
            return
        for order in self._book.open_in(asset):
            if order.side == ticket.side or order.order_class in EXITING:
                continue
            reason = _wash(ticket, order)
            if reason is not None:
                raise forbidden(
                    "potential wash trade detected. use complex orders",
                    existing_order_id=order.id,
                    reject_reason=reason,
                )

    def _check_quantity(self, ticket: Ticket, asset: Asset, intent: str) -> None:
        if intent.endswith("close"):
            self._check_free(asset, ticket.side, self.quantity_of(ticket, asset))
        elif ticket.order_class == "oco":
            raise insufficient_quantity(asset.symbol, ticket.qty or ZERO, ZERO, ZERO, [])
        elif ticket.side == "sell":
            self._check_short(ticket, asset)
        else:
            self._check_power(ticket, asset)

    def _check_free(self, asset: Asset, side: str, requested: Decimal) -> None:
        existing = abs(self._holdings.quantity(asset))
        holding = self._book.holding_back(asset, side)
        available = existing - sum((order.remaining for order in holding), ZERO)
        if requested <= available:
            return
        if asset.is_crypto:
            raise insufficient_balance(asset.coin, requested, available)
        related = [order.id for order in holding]
        raise insufficient_quantity(asset.symbol, requested, available, existing, related)

    def _check_short(self, ticket: Ticket, asset: Asset) -> None:
        if asset.is_crypto:
            raise insufficient_balance(asset.coin, self.quantity_of(ticket, asset), ZERO)
        if not self._account.shorting_enabled:
            raise forbidden("account is not allowed to short")
        if ticket.qty is None or not is_whole(ticket.qty):
            raise unprocessable("fractional orders cannot be sold short")
        if not asset.shortable:
            raise unprocessable(f'asset "{asset.symbol}" cannot be sold short')
        quote = self._market.of(asset)
        ask = quote.ask * _SHORT_FACTOR if quote else ZERO
        self._afford(ticket.qty * max(ticket.limit_price or ZERO, ask), self.money().buying_power)

    def _check_power(self, ticket: Ticket, asset: Asset) -> None:
        cost = ticket.notional or self._price(ticket, asset) * (ticket.qty or ZERO)
        if not asset.is_crypto:
            self._afford(cost, self.money().buying_power)
            return
        if cost < _COIN_MINIMUM:
            raise forbidden(f"cost basis must be >= minimal amount of order {text(_COIN_MINIMUM)}")
        available = self.money().non_marginable
        if cost > available:
            raise insufficient_balance(asset.quote_currency, cost, available)

    @staticmethod
    def _afford(cost: Decimal, power: Decimal) -> None:
        if cost > power:
            raise forbidden(
                "insufficient buying power",
                buying_power=power.quantize(CENT),
                cost_basis=cost.quantize(CENT),
            )

    def quantity_of(self, ticket: Ticket, asset: Asset) -> Decimal:
        """How much *ticket* is of; by value at the bid."""
        if ticket.qty is not None:
            return ticket.qty
        quote = self._market.of(asset)
        assert ticket.notional is not None
        return ticket.notional / quote.bid if quote and quote.bid else ZERO

    def _price(self, ticket: Ticket | Order, asset: Asset) -> Decimal:
        """At what a buy is reckoned."""
        if ticket.limit_price is not None:
            return ticket.limit_price
        quote = self._market.of(asset)
        price = ticket.stop_price or (quote.ask if quote else ZERO)
        return price if asset.is_crypto else collar(price)

    def _cost(self, order: Order, remaining: Decimal) -> Decimal:
        return order.notional or self._price(order, order.asset) * remaining


def _wash(ticket: Ticket, order: Order) -> str | None:
    if order.type == "trailing_stop":
        return None
    if {ticket.type, order.type} & {"market", "stop"}:
        kind = "limit" if order.type in ("limit", "stop_limit") else "market/stop"
        return f"opposite side {kind} order exists"
    assert ticket.limit_price is not None
    assert order.limit_price is not None
    buy, sell = ticket.limit_price, order.limit_price
    if ticket.side == "sell":
        buy, sell = sell, buy
    return "opposite side limit order exists" if buy >= sell else None


def _check_step(name: str, price: Decimal | None, asset: Asset) -> None:
    if price is not None and not is_multiple(price, asset.price_step(price)):
        raise unprocessable(
            f"invalid {name} {text(price)}. "
            "sub-penny increment does not fulfill minimum pricing criteria"
        )

"""What a test does with the account and the market, and what it can look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from .amounts import ZERO
from .assets import Asset
from .book import Execution
from .data_stream import DataStream
from .history import MINUTE, Bar
from .hours import Session
from .orders import Order
from .quoting import quote_of, trade_of
from .stamps import zulu
from .tickets import Change, Ticket
from .world import World

Amount: TypeAlias = Decimal | int | str


class Stage:
    """One account, and the market around it.

    ``world`` has the parts, with switches of their own: ``world.account``, ``world.desk``,
    ``world.day`` and ``world.replacing``.
    """

    def __init__(self, world: World, data_streams: Mapping[str, DataStream]) -> None:
        self.world = world
        self.data_streams = data_streams

    # -- the ledger

    @property
    def orders(self) -> list[Order]:
        """Every order that was accepted, legs and successors included."""
        return list(self.world.book.orders.values())

    @property
    def executions(self) -> list[Execution]:
        """Every fill."""
        return self.world.book.executions

    @property
    def positions(self) -> dict[str, Decimal]:
        """What is held, by symbol as in orders; negative if short."""
        return {each.asset.symbol: each.qty for each in self.world.holdings.all()}

    def order(self, name: str) -> Order:
        """The order of an id or of a client order id; raises ``KeyError``."""
        book = self.world.book
        found = book.find(name) or book.bearing(name)
        if found is None:
            raise KeyError(name)
        return found

    # -- the market

    def asset(self, symbol: str) -> Asset:
        """An asset that is listed; raises ``KeyError``."""
        found = self.world.listing.find(symbol)
        if found is None:
            raise KeyError(symbol)
        return found

    def set_quote(
        self,
        symbol: str,
        bid: Amount,
        ask: Amount,
        last: Amount | None = None,
        *,
        bid_size: Amount | None = None,
        ask_size: Amount | None = None,
    ) -> None:
        """Move the market of *symbol*: told on the data streams, then met by orders.

        *last* is what stops look at, by default the middle. Sizes limit what can be had at this
        quote, without them there is no end of it; zero for *bid* or *ask* is an empty side.
        """
        asset, world = self.asset(symbol), self.world
        quote = world.market.show(
            asset,
            Decimal(bid),
            Decimal(ask),
            None if last is None else Decimal(last),
            (_maybe(bid_size), _maybe(ask_size)),
            world.stamps.take(),
        )
        self.tell_data(symbol, "q", **quote_of(asset, quote))
        self.tell_data(symbol, "t", **trade_of(asset, quote, world.market.trades))
        world.desk.move(asset)

    def rename(self, symbol: str, new_symbol: str) -> None:
        """A corporate action, overnight: orders and positions have the new symbol."""
        asset = self.world.listing.rename(symbol, new_symbol)
        for order in self.world.book.orders.values():
            if order.asset.id == asset.id:
                order.asset = asset
        self.world.holdings.rename(symbol, asset)
        self.world.market.quotes[new_symbol] = self.world.market.quotes.pop(symbol)

    def add_bars(self, symbol: str, bars: Iterable[Bar], frame: str = MINUTE) -> None:
        """Let *bars* be history."""
        self.world.history.add(self.asset(symbol), bars, frame)

    def invent_bars(self, symbol: str, minutes: int, seed: int = 1) -> None:
        """Let there have been *minutes* of trading up to now, ending at the last price."""
        asset, world = self.asset(symbol), self.world
        last = world.market.quotes[asset.symbol].last
        world.history.invent(asset, last, world.stamps.take(), minutes, seed)

    def tell_bar(self, symbol: str, bar: Bar, kind: str = "b") -> None:
        """A minute is over: *bar* is history, and told as ``b``, or ``u`` or ``d``."""
        if kind != "d":
            self.add_bars(symbol, [bar])
        self.tell_data(symbol, kind, **bar.told())

    def tell_data(self, symbol: str, kind: str, **members: Any) -> None:
        """Tell any market data of *symbol*; *kind* is its ``T``, known or not."""
        asset = self.asset(symbol)
        for stream in self.data_streams.values():
            if stream.coins == asset.is_crypto:
                stream.tell({"T": kind, "S": asset.symbol, **members})

    def halt(self, symbol: str) -> None:
        """Nothing of *symbol* trades, and that is told."""
        self.world.market.halted.add(self.asset(symbol).symbol)
        self._tell_status(symbol, "H", "Trading Halt")

    def resume(self, symbol: str) -> None:
        """It trades again."""
        self._tell_status(symbol, "T", "Trading Resumption")
        self.world.day.resume(self.asset(symbol))

    def _tell_status(self, symbol: str, code: str, words: str) -> None:
        moment = zulu(self.world.stamps.take())
        self.tell_data(symbol, "s", sc=code, sm=words, rc="", rm="", z="C", t=moment)

    def set_session(self, session: Session | str) -> None:
        """The exchange is ``regular``, ``extended`` or ``closed`` from now on."""
        self.world.day.turn(Session(session))

    def hold_fills(self, symbol: str, *, hold: bool = True) -> None:
        """Orders of *symbol* fill by :meth:`fill` alone; not *hold* undoes it."""
        asset, market = self.asset(symbol), self.world.market
        if hold:
            market.held.add(asset.symbol)
        else:
            market.held.discard(asset.symbol)
            self.world.desk.move(asset)

    # -- orders

    def fill(self, name: str, qty: Amount | None = None, price: Amount | None = None) -> None:
        """Let an order execute *qty*, by default all that is left, at *price*, by default its own.

        Orders by value need both. One that is over executes too: that has been seen.
        """
        order = self.order(name)
        quantity = order.remaining if qty is None else Decimal(qty)
        quote = self.world.market.of(order.asset)
        at = _maybe(price) or order.limit_price or (quote.price(order.side) if quote else None)
        if at is None or quantity <= ZERO:
            raise ValueError("a fill needs a price and a quantity")
        complete = quantity == order.remaining if order.notional is None else True
        self.world.desk.fill(order, quantity, at, complete=complete)

    def end(self, name: str, status: str) -> None:
        """Let an order end by itself: ``canceled``, ``expired`` or ``rejected``."""
        self.world.desk.end(self.order(name), status)

    def reject_next(self, symbol: str) -> None:
        """The next order of *symbol* is accepted, and rejected by the venue."""
        self.world.desk.rejects.append(self.asset(symbol).symbol)

    def tell(self, event: str, name: str) -> None:
        """Tell any event of an order as it is, known or not: ``restated``, ``trade_bust``…"""
        self.world.desk.tell(event, self.order(name))

    def trade_outside(
        self, symbol: str, side: str, qty: Amount, price: Amount | None = None
    ) -> Order:
        """Somebody trades on the same account by other means: at once, past all rules."""
        asset, desk = self.asset(symbol), self.world.desk
        ticket = Ticket(
            symbol=asset.symbol,
            side=side,
            type="market",
            time_in_force="gtc" if asset.is_crypto else "day",
            qty=Decimal(qty),
        )
        order = self.world.placing.order(ticket, asset, self.world.stamps.uuid())
        self.world.book.add(order)
        desk.change(order, "new")
        self.fill(order.id, price=price)
        return order

    def adjust(self, name: str, **change: Amount) -> Order:
        """The broker replaces an order unasked; *change* as in a PATCH: ``limit_price="98.5"``."""
        wanted = Change(**{member: Decimal(value) for member, value in change.items()})  # type: ignore[arg-type]  # no words among them
        return self.world.replacing.adjust(self.order(name), wanted)

    def cancel_outside(self, name: str) -> None:
        """Somebody cancels an order by other means."""
        self.world.placing.cancel(self.order(name))

    def told_order(self, name: str) -> dict[str, Any]:
        """An order as ``GET /v2/orders/{id}`` has it, legs nested."""
        return self.world.book.told(self.order(name))

    @property
    def cash(self) -> Decimal:
        """The money."""
        return self.world.holdings.cash


def _maybe(given: Amount | None) -> Decimal | None:
    return None if given is None else Decimal(given)

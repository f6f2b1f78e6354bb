"""``/v2/positions``."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .amounts import NANO, ONE, ZERO, amount, down, is_multiple, is_whole
from .assets import Listing
from .book import Book
from .calls import Answer, Call, Routes
from .holdings import Holding, Holdings
from .market import Market
from .placing import Placing
from .refusals import Refused, absent, invalid
from .tickets import Ticket


class PositionCalls:
    """What is held, and its closing."""

    def __init__(
        self, listing: Listing, market: Market, holdings: Holdings, book: Book, placing: Placing
    ) -> None:
        self._listing = listing
        self._market = market
        self._holdings = holdings
        self._book = book
        self._placing = placing

    def add_to(self, routes: Routes) -> None:
        """Answer the calls of this part."""
        routes.add("GET", "/v2/positions", self.positions)
        routes.add("DELETE", "/v2/positions", self.close_all)
        routes.add("GET", "/v2/positions/{}", self.position)
        routes.add("DELETE", "/v2/positions/{}", self.close)

    def positions(self, _call: Call) -> Answer:
        """All of them."""
        return Answer(200, [self._told(holding) for holding in self._holdings.all()])

    def position(self, call: Call) -> Answer:
        """One, by symbol without slash or asset id."""
        return Answer(200, self._told(self._held(call)))

    def close(self, call: Call) -> Answer:
        """A market order for all, ``qty`` or ``percentage`` of a position."""
        holding = self._held(call)
        return Answer(200, self._closing(holding, _wanted(call, abs(holding.qty))))

    def close_all(self, call: Call) -> Answer:
        """The same for all positions, their orders cancelled before if so wished."""
        if call.flag("cancel_orders"):
            self._placing.clear()
        results: list[dict[str, Any]] = []
        for holding in self._holdings.all():
            result: dict[str, Any] = {"symbol": holding.asset.compact}
            try:
                body = self._closing(holding, abs(holding.qty))
            except Refused as refused:
                result |= {"status": refused.status, "body": refused.body}
            else:
                result |= {"status": 200, "body": body}
            results.append(result)
        return Answer(207, results)

    def _closing(self, holding: Holding, qty: Decimal) -> dict[str, Any]:
        ticket = Ticket(
            symbol=holding.asset.symbol,
            side=holding.closing_side,
            type="market",
            time_in_force="gtc" if holding.asset.is_crypto else "day",
            qty=qty,
        )
        return self._book.told(self._placing.submit(ticket, holding.asset))

    def _held(self, call: Call) -> Holding:
        name = call.names[0]
        asset = None if "/" in name else self._listing.find(name)
        holding = None if asset is None else self._holdings.of(asset)
        if holding is None:
            raise absent("position does not exist")
        return holding

    def _told(self, holding: Holding) -> dict[str, Any]:
        asset = holding.asset
        claims = self._book.holding_back(asset, holding.closing_side)
        claimed = sum((order.remaining for order in claims), ZERO)
        sign = 1 if holding.qty > 0 else -1
        quote = self._market.of(asset)
        day_open = quote.day_open if quote else ZERO
        return holding.told(self._holdings.price(holding), holding.qty - sign * claimed, day_open)


def _wanted(call: Call, whole: Decimal) -> Decimal:
    """How much of a position is to be closed; a share of whole shares is whole shares."""
    if "qty" in call.query and "percentage" in call.query:
        raise invalid("qty and percentage are mutually exclusive")
    if "qty" in call.query:
        qty = amount(call.query["qty"])
        if qty is None or qty <= ZERO or not is_multiple(qty, NANO):
            raise invalid("qty must be > 0")
        return qty
    if "percentage" in call.query:
        share = amount(call.query["percentage"])
        if share is None or not ZERO < share <= 100:
            raise invalid("percentage must be between 0 and 100")
        part = down(whole * share / 100, ONE if is_whole(whole) else NANO)
        if not part:
            raise invalid("qty must be > 0")
        return part
    return whole

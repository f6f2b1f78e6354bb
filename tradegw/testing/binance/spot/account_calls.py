"""``/account``, ``/myTrades`` and what else an account's owner may ask."""

from __future__ import annotations

from typing import Any, Final

from ..amounts import ZERO, fixed
from ..calls import DAY, Adding, Call
from ..limits import Pool
from ..refusals import Refused, bad
from ..stamps import Stamps
from .balances import Balances
from .book import Book
from .desk import Desk
from .placing import Placing
from .symbols import Listing
from .telling import traded

_USUAL: Final = 500
_MOST: Final = 1000
_ALLOWED: Final = frozenset(
    frozenset(names)
    for names in (
        (),
        ("orderId",),
        ("startTime",),
        ("endTime",),
        ("fromId",),
        ("startTime", "endTime"),
        ("orderId", "fromId"),
    )
)


class AccountCalls:
    """The account, its trades and limits."""

    def __init__(
        self,
        stamps: Stamps,
        listing: Listing,
        balances: Balances,
        book: Book,
        desk: Desk,
        placing: Placing,
        pool: Pool,
    ) -> None:
        self._stamps = stamps
        self._listing = listing
        self._balances = balances
        self._book = book
        self._desk = desk
        self._placing = placing
        self._pool = pool

    def add_to(self, routes: Adding) -> None:
        """Answer the calls of this part."""
        routes.signed("GET", "/account", self.account, 20)
        routes.signed(
            "GET", "/myTrades", self.trades, lambda call: 5 if "orderId" in call.params else 20
        )
        routes.signed("GET", "/rateLimit/order", self.limits, 40)
        routes.signed("GET", "/account/commission", self.commission, 20)
        routes.signed("GET", "/myFilters", self.filters, 40)
        routes.signed("GET", "/myPreventedMatches", lambda _call: [], 20)
        for verb in ("POST", "PUT", "DELETE"):
            routes.keyed(verb, "/userDataStream", gone)

    def account(self, call: Call) -> Any:
        """What there is of each asset."""
        fees, balances = self._desk.fees, self._balances
        omit = call.flag("omitZeroBalances")
        return {
            "makerCommission": int(fees.maker * 10_000),
            "takerCommission": int(fees.taker * 10_000),
            "buyerCommission": 0,
            "sellerCommission": 0,
            "commissionRates": {
                "maker": fixed(fees.maker),
                "taker": fixed(fees.taker),
                "buyer": fixed(ZERO),
                "seller": fixed(ZERO),
            },
            "canTrade": self._placing.may_trade,
            "canWithdraw": True,
            "canDeposit": True,
            "brokered": False,
            "requireSelfTradePrevention": False,
            "preventSor": False,
            "updateTime": self._stamps.ms(),
            "accountType": "SPOT",
            "balances": [
                {
                    "asset": asset,
                    "free": fixed(balances.free[asset]),
                    "locked": fixed(balances.locked[asset]),
                }
                for asset in balances.assets()
                if balances.total(asset) or not omit
            ],
            "permissions": ["SPOT"],
            "uid": 210_000_017,
        }

    def trades(self, call: Call) -> Any:
        """Trades of a symbol; only some combinations of parameters are taken."""
        symbol = self._listing.need(call.need("symbol")).symbol
        given = frozenset(
            name for name in ("orderId", "startTime", "endTime", "fromId") if call.text(name)
        )
        if given not in _ALLOWED:
            raise bad(-1128, "Combination of optional parameters invalid.")
        start, end = call.window(DAY)
        order_id, from_id = call.whole("orderId"), call.whole("fromId")
        limit = call.limit(_USUAL, _MOST)
        found = [
            fill
            for fill in self._book.fills
            if fill.symbol == symbol
            and (order_id is None or fill.order_id == order_id)
            and (from_id is None or fill.id >= from_id)
            and (start is None or fill.time >= start)
            and (end is None or fill.time <= end)
        ]
        from_oldest = from_id is not None or start is not None
        return [traded(fill) for fill in (found[:limit] if from_oldest else found[-limit:])]

    def limits(self, _call: Call) -> Any:
        """How many orders were counted."""
        self._pool.roll()
        return [bucket.told() for bucket in self._pool.orders]

    def commission(self, call: Call) -> Any:
        """What a trade of a symbol costs."""
        fees = self._desk.fees
        nothing = {name: fixed(ZERO) for name in ("maker", "taker", "buyer", "seller")}
        return {
            "symbol": self._listing.need(call.need("symbol")).symbol,
            "standardCommission": nothing
            | {"maker": fixed(fees.maker), "taker": fixed(fees.taker)},
            "specialCommission": nothing,
            "taxCommission": nothing,
            "discount": {
                "enabledForAccount": fees.burns_bnb,
                "enabledForSymbol": True,
                "discountAsset": "BNB",
                "discount": fixed(fees.discount),
            },
        }

    def filters(self, call: Call) -> Any:
        """The filters that hold for this account."""
        symbol = self._listing.need(call.need("symbol"))
        return {"exchangeFilters": [], "symbolFilters": symbol.filters(), "assetFilters": []}


def gone(_call: Call) -> Any:
    """A call that was retired."""
    raise Refused(410, -1020, "This endpoint is no longer supported.")

"""What the owner of a futures account may ask."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from ..amounts import ZERO, fixed, plain
from ..calls import DAY, Adding, Call
from ..stamps import Stamps
from . import telling
from .book import Book
from .contracts import Contract, Listing
from .desk import Desk
from .placing import Placing
from .positions import account, positions
from .wallet import Wallet

_WEEK: Final = 7 * DAY


class Income(Struct, frozen=True, kw_only=True):
    """Money that came, or went."""

    symbol: str
    kind: str
    amount: str
    asset: str
    time: int
    id: int


class AccountCalls:
    """Positions, balances, trades and income."""

    def __init__(
        self,
        stamps: Stamps,
        listing: Listing,
        wallet: Wallet,
        book: Book,
        desk: Desk,
        placing: Placing,
    ) -> None:
        self.income: list[Income] = []
        self._stamps = stamps
        self._listing = listing
        self._wallet = wallet
        self._book = book
        self._desk = desk
        self._placing = placing

    def add_to(self, routes: Adding) -> None:
        """Answer the calls of this part."""
        for version in ("v1", "v2", "v3"):
            for name, answering in (
                ("account", self.account),
                ("balance", self.balance),
                ("positionRisk", self.positions),
            ):
                routes.signed("GET", f"/{version}/{name}", answering, 5)
        routes.signed("GET", "/v1/userTrades", self.trades, 5)
        routes.signed("GET", "/v1/income", self.incomes, 30)
        routes.signed("GET", "/v1/symbolConfig", self.symbol_config, 5)
        routes.signed("GET", "/v1/accountConfig", self.account_config, 5)
        routes.signed("GET", "/v1/leverageBracket", self.brackets)
        routes.signed("GET", "/v1/commissionRate", self.rates, 20)

    # -- looking

    def account(self, call: Call) -> Any:
        """Balances, totals and positions; of COIN-M there are no totals."""
        return account(self._wallet, self._book, self._listing, call.path, self._stamps.ms())

    def balance(self, _call: Call) -> Any:
        """Every asset."""
        wallet, now = self._wallet, self._stamps.ms()
        return [
            {
                "accountAlias": "dbL",
                "asset": asset,
                "balance": fixed(amount),
                "crossWalletBalance": fixed(amount),
                "crossUnPnl": fixed(wallet.equity(asset) - amount),
                "availableBalance": fixed(max(ZERO, wallet.available(asset, self._book.open()))),
                "maxWithdrawAmount": fixed(max(ZERO, amount)),
                "marginAvailable": True,
                "updateTime": now,
            }
            for asset, amount in tuple(wallet.balances.items())
        ]

    def positions(self, call: Call) -> Any:
        """Positions, the newer version without those that are none."""
        return positions(self._wallet, self._book, self._listing, call)

    def trades(self, call: Call) -> Any:
        """Trades, a week at most: the last one if none, and no order, is asked for."""
        start, end = call.window(_WEEK)
        order_id, from_id = call.whole("orderId"), call.whole("fromId")
        earliest = start
        if (start, end, order_id, from_id) == (None, None, None, None):
            earliest = self._stamps.ms() - _WEEK
        symbol, pair = call.text("symbol"), call.text("pair")
        if symbol is None and pair is None:
            symbol = call.need("symbol")
        found = [
            fill
            for fill in self._book.fills
            if symbol in (None, fill.contract.symbol)
            and pair in (None, fill.contract.pair_name)
            and order_id in (None, fill.order_id)
            and (from_id is None or fill.id >= from_id)
            and (earliest is None or fill.time >= earliest)
            and (end is None or fill.time <= end)
        ]
        limit = call.limit(500, 1000)
        from_oldest = from_id is not None or start is not None
        return [telling.traded(each) for each in (found[:limit] if from_oldest else found[-limit:])]

    def incomes(self, call: Call) -> Any:
        """Money that came."""
        kind, symbol = call.text("incomeType"), call.text("symbol")
        start, end = call.window(None)
        return [
            {
                "symbol": each.symbol,
                "incomeType": each.kind,
                "income": each.amount,
                "asset": each.asset,
                "info": each.kind,
                "time": each.time,
                "tranId": each.id,
                "tradeId": "",
            }
            for each in self.income
            if kind in (None, each.kind)
            and symbol in (None, each.symbol)
            and (start is None or each.time >= start)
            and (end is None or each.time <= end)
        ]

    def rates(self, call: Call) -> Any:
        """What a trade costs."""
        return {
            "symbol": self._contract(call).symbol,
            "makerCommissionRate": plain(self._desk.maker),
            "takerCommissionRate": plain(self._desk.taker),
        }

    def symbol_config(self, call: Call) -> Any:
        """Leverage and margin type of symbols."""
        name = call.text("symbol")
        found = [self._listing.need(name)] if name else list(self._listing.contracts.values())
        return [
            {
                "symbol": each.symbol,
                "marginType": self._wallet.margin_types[each.symbol],
                "isAutoAddMargin": False,
                "leverage": self._wallet.leverage[each.symbol],
                "maxNotionalValue": "1000000",
            }
            for each in found
        ]

    def account_config(self, _call: Call) -> Any:
        """The account's modes."""
        return {
            "feeTier": 0,
            "canTrade": self._placing.may_trade,
            "canDeposit": True,
            "canWithdraw": True,
            "dualSidePosition": self._wallet.mode.is_hedged,
            "updateTime": 0,
            "multiAssetsMargin": self._wallet.mode.is_multi_asset,
            "tradeGroupId": -1,
        }

    def brackets(self, call: Call) -> Any:
        """How much leverage there is for how much."""
        name = call.text("symbol")
        found = [self._listing.need(name)] if name else list(self._listing.contracts.values())
        return [
            {
                "symbol": each.symbol,
                "brackets": [
                    {
                        "bracket": 1,
                        "initialLeverage": each.max_leverage,
                        "notionalCap": 1_000_000,
                        "notionalFloor": 0,
                        "maintMarginRatio": float(each.maintenance),  # a number on the wire
                        "cum": 0.0,
                    }
                ],
            }
            for each in found
        ]

    def _contract(self, call: Call) -> Contract:
        return self._listing.need(call.need("symbol"))

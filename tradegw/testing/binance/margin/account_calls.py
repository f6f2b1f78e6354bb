"""What the owner of a margin account may ask, borrow and repay; and its listen tokens."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from twisted.internet.interfaces import IReactorTime

from ..amounts import ZERO, fixed
from ..calls import Adding, Call
from ..refusals import Refused, bad, missing
from ..spot.account_calls import AccountCalls
from ..spot.world import World
from ..stamps import Stamps
from .order_calls import check_account

_MOST_VALIDITY: Final = 86_400_000
_MOST_LEVERAGE: Final = 3


class MarginAccountCalls:
    """The account, its loans, and tokens, which live for ``longest_ms`` at most."""

    def __init__(self, clock: IReactorTime, stamps: Stamps, world: World) -> None:
        self.tokens: dict[str, int] = {}
        self.longest_ms = _MOST_VALIDITY
        self._clock = clock
        self._stamps = stamps
        self._world = world
        self._spot: AccountCalls = world.account_calls

    def add_to(self, routes: Adding, outside: Adding) -> None:
        """Answer the calls of this part; *outside* is ``/sapi/v1``."""
        routes.signed("GET", "/account", self.account, 10)
        routes.signed("GET", "/isolated/account", lambda _call: {"assets": []}, 10)
        routes.signed("GET", "/myTrades", self.trades, 10)
        routes.signed("GET", "/rateLimit/order", self._spot.limits, 20)
        routes.signed("GET", "/maxBorrowable", self.most, 50)
        routes.signed("POST", "/borrow-repay", self.lend, 1500)
        outside.signed("POST", "/userListenToken", self.token)
        for verb in ("POST", "PUT", "DELETE"):
            outside.keyed(verb, "/userDataStream", _gone)

    # -- what it is worth

    def _worth(self, asset: str, amount: Decimal) -> Decimal:
        """*amount* in dollars, of which stable coins are one each."""
        quotes = self._world.pairs.market.quotes
        if asset in ("USDT", "USDC", "FDUSD"):
            return amount
        found = [quotes[name] for name in (f"{asset}USDT", f"{asset}USDC") if name in quotes]
        return amount * found[0].last if found else ZERO

    def _net(self) -> tuple[Decimal, Decimal]:
        """All that is there and all that is owed, in dollars."""
        balances = self._world.balances
        there = (self._worth(each, balances.total(each)) for each in balances.assets())
        owed = (
            self._worth(each, balances.borrowed[each] + balances.interest[each])
            for each in balances.assets()
        )
        return sum(there, ZERO), sum(owed, ZERO)

    def account(self, _call: Call) -> Any:
        """The cross account."""
        balances, (there, owed) = self._world.balances, self._net()
        level = fixed(min(Decimal(999), there / owed) if owed else Decimal(999))
        bitcoin = self._worth("BTC", Decimal(1))

        def in_bitcoin(dollars: Decimal) -> str:
            return fixed(dollars / bitcoin) if bitcoin else fixed(ZERO)

        return {
            "created": True,
            "borrowEnabled": True,
            "marginLevel": level,
            "collateralMarginLevel": level,
            "totalAssetOfBtc": in_bitcoin(there),
            "totalLiabilityOfBtc": in_bitcoin(owed),
            "totalNetAssetOfBtc": in_bitcoin(there - owed),
            "TotalCollateralValueInUSDT": fixed(there),
            "totalOpenOrderLossInUSDT": fixed(ZERO),
            "tradeEnabled": self._world.placing.may_trade,
            "transferInEnabled": True,
            "transferOutEnabled": True,
            "accountType": "MARGIN_1",
            "userAssets": [
                {
                    "asset": asset,
                    "borrowed": fixed(balances.borrowed[asset]),
                    "free": fixed(balances.free[asset]),
                    "interest": fixed(balances.interest[asset]),
                    "locked": fixed(balances.locked[asset]),
                    "netAsset": fixed(
                        balances.total(asset) - balances.borrowed[asset] - balances.interest[asset]
                    ),
                }
                for asset in balances.assets()
            ],
        }

    def trades(self, call: Call) -> Any:
        """As of spot."""
        check_account(call)
        return [each | {"isIsolated": False} for each in self._spot.trades(call)]

    # -- loans

    def most_of(self, asset: str) -> Decimal:
        """How much more of *asset* may be borrowed."""
        there, owed = self._net()
        price = self._worth(asset, Decimal(1))
        room = (there - owed) * (_MOST_LEVERAGE - 1) - owed
        return max(ZERO, room / price) if price else ZERO

    def most(self, call: Call) -> Any:
        """The same, over the wire."""
        return {"amount": fixed(self.most_of(call.need("asset"))), "borrowLimit": "1000000"}

    def lend(self, call: Call) -> Any:
        """A loan, or what is paid back of one."""
        check_account(call)
        asset, amount = call.need("asset"), call.amount("amount")
        kind = call.one_of("type", ("BORROW", "REPAY"), -1128, "Invalid type.")
        if not amount or kind is None:
            raise missing("amount" if kind is not None else "type")
        balances = self._world.balances
        if kind == "REPAY":
            if amount > balances.free[asset]:
                raise bad(-3041, "Balance is not enough.")
            balances.repay(asset, amount)
        elif amount > self.most_of(asset):
            raise bad(-3006, "Your borrow amount has exceed maximum borrow amount.")
        else:
            balances.borrow(asset, amount)
        self._world.herald.money()
        return {"tranId": self._stamps.next("loan", 100_000_001)}

    # -- tokens

    def token(self, call: Call) -> Any:
        """What the private stream is subscribed to with."""
        check_account(call)
        validity = min(call.whole("validity") or self.longest_ms, self.longest_ms)
        token = self._stamps.token()
        self.tokens[token] = until = self._stamps.ms() + validity
        return {"token": token, "expirationTime": until}

    def redeem(self, token: str) -> int:
        """Until when *token* is good; raises a refusal if it is not."""
        until = self.tokens.get(token, 0)
        if until <= self._stamps.ms():
            raise bad(-1125, "This listenToken does not exist.")
        return until


def _gone(_call: Call) -> Any:
    raise Refused(410, -1020, "This endpoint is no longer supported.")

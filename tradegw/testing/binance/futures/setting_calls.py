"""What the owner of a futures account sets: modes, leverage, a dead man's switch."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from ..calls import Adding, Call
from ..refusals import bad
from .book import Book
from .contracts import Contract, Listing
from .desk import Desk
from .herald import Herald
from .wallet import Wallet

_SUCCESS: Final = {"code": 200, "msg": "success"}


class SettingCalls:
    """Modes and leverage."""

    def __init__(
        self,
        clock: IReactorTime,
        listing: Listing,
        wallet: Wallet,
        book: Book,
        desk: Desk,
        herald: Herald,
    ) -> None:
        self._clock = clock
        self._listing = listing
        self._wallet = wallet
        self._book = book
        self._desk = desk
        self._herald = herald
        self._countdowns: dict[str, IDelayedCall] = {}

    def add_to(self, routes: Adding) -> None:
        """Answer the calls of this part."""
        routes.signed("GET", "/v1/positionSide/dual", self.dual, 30)
        routes.signed("POST", "/v1/positionSide/dual", self.set_dual)
        routes.signed("GET", "/v1/multiAssetsMargin", self.multi, 30)
        routes.signed("POST", "/v1/multiAssetsMargin", self.set_multi)
        routes.signed("POST", "/v1/leverage", self.set_leverage)
        routes.signed("POST", "/v1/marginType", self.set_margin_type)
        routes.signed("POST", "/v1/countdownCancelAll", self.countdown, 10)

    def dual(self, _call: Call) -> Any:
        """Whether a symbol has two positions."""
        return {"dualSidePosition": self._wallet.mode.is_hedged}

    def set_dual(self, call: Call) -> Any:
        """The same, set for both products."""
        wanted = call.need("dualSidePosition").lower() == "true"
        if wanted == self._wallet.mode.is_hedged:
            raise bad(-4059, "No need to change position side.")
        if self._book.open() or self._book.open_algos():
            raise bad(-4067, "Position side cannot be changed if there exists open orders.")
        if self._wallet.held():
            raise bad(-4068, "Position side cannot be changed if there exists position.")
        self._wallet.mode.is_hedged = wanted
        return _SUCCESS

    def multi(self, _call: Call) -> Any:
        """Whether all assets are margin together."""
        return {"multiAssetsMargin": self._wallet.mode.is_multi_asset}

    def set_multi(self, call: Call) -> Any:
        """The same, set."""
        wanted = call.need("multiAssetsMargin").lower() == "true"
        if wanted == self._wallet.mode.is_multi_asset:
            raise bad(-4171, "No need to change multi-assets mode.")
        self._wallet.mode.is_multi_asset = wanted
        self._herald.config(ai={"j": wanted})
        return _SUCCESS

    def set_leverage(self, call: Call) -> Any:
        """The leverage of a symbol."""
        contract, wanted = self._contract(call), call.whole("leverage")
        if wanted is None or not 1 <= wanted <= contract.max_leverage:
            raise bad(-4028, f"Leverage {wanted} is not valid")
        self._wallet.leverage[contract.symbol] = wanted
        self._herald.config(ac={"s": contract.symbol, "l": wanted})
        most = "maxQty" if contract.is_inverse else "maxNotionalValue"
        return {"leverage": wanted, most: "1000000", "symbol": contract.symbol}

    def set_margin_type(self, call: Call) -> Any:
        """Whether the margin of a symbol is kept apart."""
        contract, wanted = self._contract(call), call.need("marginType")
        if wanted not in ("ISOLATED", "CROSSED"):
            raise bad(-1128, "Invalid marginType.")
        if wanted == self._wallet.margin_types[contract.symbol]:
            raise bad(-4046, "No need to change margin type.")
        if self._book.open(contract.symbol):
            raise bad(-4047, "Margin type cannot be changed if there exists open orders.")
        if any(each.contract is contract for each in self._wallet.held()):
            raise bad(-4048, "Margin type cannot be changed if there exists position.")
        self._wallet.margin_types[contract.symbol] = wanted
        return _SUCCESS

    def countdown(self, call: Call) -> Any:
        """The orders of a symbol end unless this is said again in time; 0 is never."""
        symbol, after = self._contract(call).symbol, call.whole("countdownTime") or 0
        running = self._countdowns.pop(symbol, None)
        if running is not None and running.active():
            running.cancel()
        if after:
            self._countdowns[symbol] = self._clock.callLater(after / 1000, self._run_out, symbol)
        return {"symbol": symbol, "countdownTime": str(after)}

    def _run_out(self, symbol: str) -> None:
        for order in self._book.open(symbol):
            self._desk.end(order, "CANCELED")

    def _contract(self, call: Call) -> Contract:
        return self._listing.need(call.need("symbol"))

"""The account: what it may, and what its money comes to."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from .amounts import CENT, ZERO, text
from .holdings import Holdings
from .stamps import NEW_YORK, time_of, zulu

_MULTIPLIER: Final = 4
_HALF: Final = Decimal("0.5")
_MAINTENANCE: Final = Decimal("0.3")


@dataclass(slots=True, kw_only=True)
class Account:
    """Who trades. The flags are those of the account object, and a test may set them."""

    id: str
    account_number: str
    created_at: int
    last_equity: Decimal
    status: str = "ACTIVE"
    trading_blocked: bool = False
    account_blocked: bool = False
    trade_suspended_by_user: bool = False
    shorting_enabled: bool = True

    def told(self, money: Money, moment: int) -> dict[str, Any]:
        """The account as JSON."""
        equity = text(money.equity)
        buying_power = text(money.buying_power.quantize(CENT))
        cash_like = text(money.non_marginable.quantize(CENT))
        margin = money.initial_margin
        return {
            "id": self.id,
            "account_number": self.account_number,
            "status": self.status,
            "crypto_status": self.status,
            "currency": "USD",
            "cash": text(money.cash),
            "equity": equity,
            "last_equity": text(self.last_equity),
            "portfolio_value": equity,
            "long_market_value": text(money.long),
            "short_market_value": text(money.short),
            "position_market_value": text(money.long - money.short),
            "buying_power": buying_power,
            "regt_buying_power": text((2 * (money.equity - margin)).quantize(CENT)),
            "effective_buying_power": buying_power,
            "non_marginable_buying_power": cash_like,
            "options_buying_power": cash_like,
            "initial_margin": text(margin),
            "maintenance_margin": text((money.long - money.short) * _MAINTENANCE),
            "last_maintenance_margin": "0",
            "sma": equity,
            "multiplier": str(_MULTIPLIER),
            "accrued_fees": "0",
            "pending_reg_taf_fees": "0",
            "intraday_adjustments": "0",
            "balance_asof": time_of(moment).astimezone(NEW_YORK).date().isoformat(),
            "crypto_tier": 1,
            "options_approved_level": 3,
            "options_trading_level": 3,
            "shorting_enabled": self.shorting_enabled,
            "trade_suspended_by_user": self.trade_suspended_by_user,
            "trading_blocked": self.trading_blocked,
            "transfers_blocked": False,
            "account_blocked": self.account_blocked,
            "admin_configurations": {},
            "user_configurations": None,
            "created_at": zulu(self.created_at, 6),
        }


@dataclass(slots=True, frozen=True)
class Money:
    """The sums of the account; *reserved* is what open buys may yet cost."""

    cash: Decimal
    long: Decimal
    short: Decimal
    coins: Decimal
    reserved: Decimal

    @classmethod
    def of(cls, holdings: Holdings, reserved: Decimal) -> Money:
        """What *holdings* come to now."""
        return cls(
            holdings.cash,
            holdings.value(long=True),
            holdings.value(long=False),
            holdings.value(long=True, crypto=True),
            reserved,
        )

    @property
    def equity(self) -> Decimal:
        return self.cash + self.long + self.short

    @property
    def initial_margin(self) -> Decimal:
        """Half of the stocks, all of the coins."""
        return (self.long - self.coins - self.short) * _HALF + self.coins

    @property
    def buying_power(self) -> Decimal:
        """Four times what no position ties up; for stocks."""
        free = (self.equity - self.coins) * _MULTIPLIER
        return max(ZERO, free - (self.long - self.coins) + self.short - self.reserved)

    @property
    def non_marginable(self) -> Decimal:
        """Money proper; for coins."""
        return max(ZERO, self.cash + 2 * self.short - self.reserved)

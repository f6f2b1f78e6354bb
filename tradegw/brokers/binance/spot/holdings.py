"""Positions and money, made of balances.

A position is what is ours of what is no cash, under the symbol in which it is traded from here, and
where more is owed than there is, a short one; less than a step is none. What cannot be known is
said to be zero: the price of what is not traded, the cost of what was not bought in that
symbol since nothing was held.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Context, Decimal
from typing import Final

from msgspec import Struct
from twisted.logger import Logger

from ....interfaces import WallClock
from ....model.account import Account, Position
from ....model.commission import MONIES
from ....model.enums import PositionSide
from ....model.limits import Lane
from ....model.money import ZERO, times, trimmed
from ..levels import Levels
from ..times import moment
from . import wire
from .costs import Cost, cost_of
from .instruments import Instruments
from .rest import Rest

STABLE: Final = frozenset({"USDT", "USDC", "FDUSD", "TUSD", "USDP", "DAI", "BUSD", "USD1"})
_SHOWN: Final = Context(prec=18)
_SATOSHI: Final = Decimal("0.00000001")


class _Known(Struct, frozen=True):
    held: Decimal
    cost: Cost | None


class Holdings:
    """Asks *rest*; money is told in *currency*."""

    log = Logger()

    def __init__(
        self,
        rest: Rest,
        instruments: Instruments,
        currency: str,
        now: WallClock,
        levels: Levels,
        *,
        on_margin: bool,
    ) -> None:
        self._rest = rest
        self._levels = levels
        self._on_margin = on_margin
        self._instruments = instruments
        self._currency = currency
        self._now = now
        self._costs: dict[str, _Known] = {}
        self._since: dict[str, datetime] = {}
        self._untold: set[str] = set()

    def executed(self, symbol: str) -> None:
        """What it cost is another by now."""
        self._costs.pop(symbol, None)

    async def positions(self, lane: Lane = Lane.QUERY) -> list[Position]:
        """Of all that is held and can be sold."""
        account, prices = await self._rest.account(lane), await self._rest.prices(lane)
        return await self._positions(account, prices)

    async def account(self) -> Account:
        """Cash in the account's currency, and what everything is worth in it."""
        account, prices = await self._rest.account(), await self._rest.prices()
        cash = next((b for b in account.assets if b.asset == self._currency), None)
        cash = cash or wire.Balance(asset=self._currency)
        worth, owed = ZERO, cash.owed
        for balance in account.assets:
            if balance.asset != self._currency:
                rate = self._rate(balance.asset, prices) or ZERO
                worth += times(balance.net, rate)
                owed += times(balance.owed, rate)
        gained = ZERO
        for position in await self._positions(account, prices):
            symbol = self._instruments.symbol(position.symbol)
            one = None if symbol is None else self._rate(symbol.quote_asset, prices)
            gained += _money(_product(position.unrealized_pnl, one or ZERO))
        return Account(
            balance=trimmed(cash.net),
            equity=_money(cash.net + worth),
            margin_used=_money(owed),
            margin_available=trimmed(cash.free),
            unrealized_pnl=trimmed(gained),
            currency=self._currency,
        )

    async def _positions(
        self, account: wire.Account, prices: Mapping[str, Decimal]
    ) -> list[Position]:
        self._levels.saw(account.margin_level)
        held: list[Position] = []
        for balance in account.assets:
            symbol = self._market(balance.asset)
            if symbol is not None:
                found = await self._position(balance, symbol, prices.get(symbol.symbol, ZERO))
                held += [] if found is None else [found]
        shown = {position.symbol for position in held}
        self._since = {name: at for name, at in self._since.items() if name in shown}
        return held

    def _market(self, asset: str) -> wire.Symbol | None:
        """Where a position in *asset* is traded; ``None`` if it is cash, or traded nowhere."""
        if asset == self._currency:
            return None
        if asset in STABLE or asset in MONIES:
            return self._instruments.traded(asset)
        symbol = self._instruments.market(asset, self._currency)
        if symbol is None and asset not in self._untold:
            self._untold.add(asset)
            self.log.info("{asset} is held, but traded nowhere: it is not shown", asset=asset)
        return symbol

    async def _position(
        self, balance: wire.Balance, symbol: wire.Symbol, price: Decimal
    ) -> Position | None:
        filters = self._instruments.filters(symbol.symbol)
        assert filters is not None  # whoever is known has them
        net = trimmed(balance.net)
        if net == ZERO or abs(net) < (filters.lot.step or filters.lot.least):
            self._costs.pop(symbol.symbol, None)
            return None
        dust = max(filters.lot.least, filters.lot.step)
        cost = await self._cost(symbol, net + balance.interest, dust)
        gained = ZERO
        if cost is not None and price > 0:
            gained = _money(times(price - cost.average, net))
        since = self._since.setdefault(symbol.symbol, self._now())
        return Position(
            id=symbol.symbol,
            symbol=symbol.symbol,
            side=PositionSide.LONG if net > ZERO else PositionSide.SHORT,
            quantity=abs(net),
            average_entry_price=ZERO if cost is None else cost.average,
            current_price=price,
            unrealized_pnl=gained,
            realized_pnl=ZERO if cost is None else cost.realized,
            opened_at=since if cost is None else moment(cost.since),
            updated_at=self._now(),
            interest=balance.interest if net < ZERO and balance.interest else None,
        )

    async def _cost(self, symbol: wire.Symbol, held: Decimal, dust: Decimal) -> Cost | None:
        known = self._costs.get(symbol.symbol)
        if known is None or known.held != held:
            trades = await self._rest.trades(symbol.symbol)
            cost = cost_of(trades, held, symbol.base_asset, dust, turns=self._on_margin)
            known = _Known(held, cost)
            self._costs[symbol.symbol] = known
            if known.cost is None:
                self.log.info("what {symbol} cost is not known", symbol=symbol.symbol)
        return known.cost

    def _rate(self, asset: str, prices: Mapping[str, Decimal]) -> Decimal | None:
        """What one of *asset* is in the account's currency, directly or through a stable coin."""
        if asset == self._currency:
            return Decimal(1)
        for middle in (self._currency, *sorted(STABLE), "BTC"):
            one = _price(asset, middle, prices)
            other = (
                Decimal(1) if middle == self._currency else _price(middle, self._currency, prices)
            )
            if one is not None and other is not None:
                return _product(one, other)
        return None


def _price(asset: str, quote: str, prices: Mapping[str, Decimal]) -> Decimal | None:
    direct = prices.get(asset + quote)
    if direct:
        return direct
    inverse = prices.get(quote + asset)
    return _SHOWN.divide(Decimal(1), inverse) if inverse else None


def _money(value: Decimal) -> Decimal:
    """To as many decimals as balances have."""
    return trimmed(value.quantize(_SATOSHI))


def _product(one: Decimal, other: Decimal) -> Decimal:
    return trimmed(_SHOWN.multiply(one, other))

"""Positions and money, when they are asked for, and as the stream tells them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from twisted.logger import Logger

from ....errors import UnsupportedOperation
from ....interfaces import WallClock
from ....model.account import Account, Position
from ....model.enums import MarginMode, PositionSide
from ....model.limits import Lane
from ....model.money import ZERO
from ..refusals import PROVIDER
from ..times import moment
from . import events, wire, worth
from .ids import position_id
from .instruments import Instruments
from .leverage import Leverages, mode_of
from .rest import Rest
from .venue import Venue

DOLLARS: Final = "USD"
TETHER: Final = "USDT"


class Holdings:
    """Asks *rest*; *currency* is whose money is told on COIN-M, if the account has it."""

    log = Logger()

    def __init__(
        self,
        rest: Rest,
        venue: Venue,
        instruments: Instruments,
        leverages: Leverages,
        currency: str,
        now: WallClock,
    ) -> None:
        self._rest = rest
        self._venue = venue
        self._instruments = instruments
        self._leverages = leverages
        self._now = now
        self._since: dict[str, datetime] = {}
        self.currency = currency
        self.hedging = False

    def add_up(self, is_many: bool) -> None:
        """On USD-M totals are of USDT, or in dollars where all assets together are the margin."""
        if self._venue.is_linear:
            self.currency = DOLLARS if is_many else TETHER

    # -- positions

    async def positions(self, lane: Lane = Lane.QUERY) -> list[Position]:
        """All that are open."""
        found = await self._rest.positions(lane)
        held = [self._position(risk) for risk in found if risk.position_amt]
        shown = {each.id for each in held}
        self._since = {name: at for name, at in self._since.items() if name in shown}
        for each in held:
            self._instruments.use(each.symbol)
        return held

    def _position(self, risk: wire.Risk) -> Position:
        self._leverages.saw(risk)
        terms = self._leverages.of(risk.symbol)
        mode = mode_of(risk.margin_type) or terms.mode
        if mode is None and risk.isolated_margin:
            mode = MarginMode.ISOLATED
        return self._made(
            symbol=risk.symbol,
            position_side=risk.position_side,
            amount=risk.position_amt,
            entry=risk.entry_price,
            price=risk.mark_price,
            gain=risk.un_realized_profit,
            realized=ZERO,
            at=moment(risk.update_time) if risk.update_time else self._now(),
            mode=mode,
            liquidation=risk.liquidation_price or None,
        )

    def told(self, held: events.Held, at: int) -> Position:
        """As the stream tells it: without its price, which follows from the gain."""
        size = self._contract_size(held.s)
        price = worth.mark_price(held.ep, held.pa, held.up, size, is_linear=self._venue.is_linear)
        return self._made(
            symbol=held.s,
            position_side=held.ps,
            amount=held.pa,
            entry=held.ep,
            price=price,
            gain=held.up,
            realized=held.cr,
            at=moment(at),
            mode=mode_of(held.mt),
            liquidation=None,
        )

    def _made(  # noqa: PLR0913  (what both have in common)
        self,
        *,
        symbol: str,
        position_side: str,
        amount: Decimal,
        entry: Decimal,
        price: Decimal,
        gain: Decimal,
        realized: Decimal,
        at: datetime,
        mode: MarginMode | None,
        liquidation: Decimal | None,
    ) -> Position:
        name = position_id(symbol, position_side)
        is_short = position_side == "SHORT" or (position_side != "LONG" and amount < 0)
        return Position(
            id=name,
            symbol=symbol,
            side=PositionSide.SHORT if is_short else PositionSide.LONG,
            quantity=abs(amount),
            average_entry_price=entry,
            current_price=price,
            unrealized_pnl=gain,
            realized_pnl=realized,
            opened_at=self._since.setdefault(name, at),
            updated_at=at,
            margin_mode=mode,
            leverage=self._leverages.of(symbol).leverage,
            liquidation_price=liquidation,
        )

    def closed(self, name: str) -> None:
        """A position is over; the next of that name is another."""
        self._since.pop(name, None)

    def _contract_size(self, name: str) -> Decimal:
        symbol = self._instruments.symbol(name)
        return Decimal(1) if symbol is None else symbol.contract_size

    # -- money

    async def account(self) -> Account:
        """Balance and equity as Binance adds them up; on COIN-M of one coin, for nothing is."""
        found = await self._rest.account()
        if found.total_wallet_balance is None:
            return self._of_coin(found)
        return Account(
            balance=found.total_wallet_balance,
            equity=found.total_margin_balance,
            margin_used=found.total_initial_margin,
            margin_available=found.available_balance,
            unrealized_pnl=found.total_unrealized_profit,
            currency=self.currency,
        )

    def _of_coin(self, found: wire.Account) -> Account:
        asset = self._coin(found)
        self.currency = asset.asset
        return Account(
            balance=asset.wallet_balance,
            equity=asset.margin_balance,
            margin_used=asset.initial_margin,
            margin_available=asset.available_balance,
            unrealized_pnl=asset.unrealized_profit,
            currency=asset.asset,
        )

    def _coin(self, found: wire.Account) -> wire.Asset:
        """The coin that is set, or else the only one that there is something of."""
        named = next((each for each in found.assets if each.asset == self.currency), None)
        if named is not None:
            return named
        owned = [each for each in found.assets if each.wallet_balance]
        if len(owned) == 1:
            return owned[0]
        if not owned and found.assets:
            return found.assets[0]
        raise UnsupportedOperation(
            "adding up several coins: BINANCE_CURRENCY must say which the account is told in",
            PROVIDER,
        )

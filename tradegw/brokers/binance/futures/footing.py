"""What must be known first: whose account it is, how it keeps positions, and what can be traded."""

from __future__ import annotations

from collections.abc import Callable

from ....errors import Unauthorized
from ..limits import Meter
from .identity import Identity
from .instruments import Instruments
from .leverage import Leverages
from .rest import Rest


class Footing:
    """Asks *rest*. Whether positions are *hedging* is a setting, since everything above relies on
    it: where the account is set otherwise nothing is done.
    """

    def __init__(
        self,
        rest: Rest,
        identity: Identity,
        instruments: Instruments,
        leverages: Leverages,
        meter: Meter,
        *,
        hedging: bool,
    ) -> None:
        self._rest = rest
        self._identity = identity
        self._instruments = instruments
        self._leverages = leverages
        self._meter = meter
        self._hedging = hedging
        self.is_many: Callable[[bool], None] = lambda _is_so: None
        """Told whether all assets together are the margin; where that is asked."""

    async def check(self) -> None:
        """Fails with ``Unauthorized`` if it is another's account, or set otherwise."""
        await self._identity.check()
        await self._check_mode()
        self.is_many(await self._rest.has_many_margins())

    async def learn(self) -> None:
        """The symbols and their rules, how much may be asked, and how each is traded."""
        info = await self._rest.exchange_info()
        self._instruments.learn(info.symbols)
        self._meter.learn(info.rate_limits)
        await self._leverages.learn()

    async def _check_mode(self) -> None:
        is_hedged = await self._rest.is_hedged()
        if is_hedged is not self._hedging:
            kept = "hedging" if is_hedged else "netting"
            raise Unauthorized(
                f"The account's positions are {kept}, but BINANCE_POSITION_MODE is not: set it to"
                f" {kept}, or change the account",
                "POSITION_MODE",
            )

"""Whose account it is, as far as futures say."""

from __future__ import annotations

from typing import Final

from twisted.logger import Logger

from ....interfaces import IMemory
from ..owner import check_owner
from .rest import Rest

REMEMBERED_AS: Final = "binance-futures:account"


class Identity:
    """Asks *rest*. The account of *product* is known by the code that its balances bear."""

    log = Logger()

    def __init__(self, rest: Rest, memory: IMemory, product: str) -> None:
        self._rest = rest
        self._memory = memory
        self._product = product

    async def check(self) -> None:
        """Fails with ``Unauthorized`` if it is another account, or another product, than before."""
        codes = {each.account_alias for each in await self._rest.balances()} - {""}
        if len(codes) != 1:
            self.log.warn("Binance does not say whose account it is")
            return
        check_owner(self._memory, REMEMBERED_AS, f"{self._product} {codes.pop()}")

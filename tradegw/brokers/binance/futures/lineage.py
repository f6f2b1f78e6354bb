"""Finding out whose children ordinary orders are, where nobody told.

The newest of a symbol's orders that waited are listed; those that are known to have waited, and are
not in the list, are looked at one by one. Which wait is remembered over a restart: what was
triggered meanwhile is told as the order that it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from twisted.internet.defer import DeferredLock
from twisted.logger import Logger

from ....errors import OrderNotFound
from ....interfaces import IMemory
from ....model.limits import Lane
from . import ids
from .children import Children
from .finding import Finding
from .ids import OrderId
from .rest import Rest

REMEMBERED_AS: Final = "binance-futures:waiting"


class Lineage:
    """Asks *rest*; *children* learn it."""

    log = Logger()

    def __init__(self, rest: Rest, children: Children, finding: Finding, memory: IMemory) -> None:
        self._rest = rest
        self._children = children
        self._finding = finding
        self._memory = memory
        self._noted: frozenset[str] | None = None
        self._left: list[OrderId] = []
        self._lock = DeferredLock()

    async def settle(self, orders: Iterable[tuple[str, int]], *, is_last: bool = True) -> None:
        """Each of *orders* is a symbol and a number. Unless it *is_last*, one of which no parent is
        found may be another's child still.
        """
        unknown = [each for each in orders if not self._children.is_settled(*each)]
        if not unknown:
            return
        await self._lock.acquire()
        try:
            for symbol in dict.fromkeys(name for name, _number in unknown):
                await self._look(symbol)
        finally:
            self._lock.release()
        for symbol, number in unknown if is_last else ():
            self._children.is_by_itself(symbol, number)

    async def _look(self, symbol: str) -> None:
        listed = await self._rest.algos(symbol)
        self._children.learn_all(listed)
        seen = {algo.algo_id for algo in listed}
        for asked in [each for each in self._recalled() if each.symbol == symbol]:
            if asked.number not in seen and self._children.algo(asked.number) is None:
                await self._ask(asked)
            self._left.remove(asked)  # not before: whoever could not be asked for is asked again
        for algo in self._children.living():
            if algo.symbol == symbol and algo.algo_id not in seen:
                await self._ask(OrderId(symbol, algo.algo_id, waits=True))
        self.note()

    async def _ask(self, asked: OrderId) -> None:
        try:
            await self._finding.waiting(asked, Lane.QUERY)
        except OrderNotFound:
            self.log.info("{order_id} is not shown any more", order_id=str(asked))

    def note(self) -> None:
        """Which wait may be others by now."""
        self._recall()
        living = {
            str(OrderId(algo.symbol, algo.algo_id, waits=True)) for algo in self._children.living()
        }
        now = frozenset(living | {str(each) for each in self._left})
        if now != self._noted:
            self._noted = now
            self._memory.remember(REMEMBERED_AS, msgspec.json.encode(sorted(now)))

    def _recalled(self) -> list[OrderId]:
        """Those that waited when the last process ended, and were not asked for yet."""
        self._recall()
        return self._left

    def _recall(self) -> None:
        if self._noted is not None:
            return
        kept = self._memory.recall(REMEMBERED_AS)
        try:
            names = () if kept is None else msgspec.json.decode(kept, type=tuple[str, ...])
            self._left = [ids.parse(name) for name in names]
        except (msgspec.MsgspecError, OrderNotFound):
            self.log.failure("what waited cannot be read")
        self._noted = frozenset(str(each) for each in self._left)

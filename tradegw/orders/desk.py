"""The desk at which clients have things done: it keeps count, and never lets go of work begun."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred, fail
from zope.interface import implementer

from ..deferreds import as_deferred, shield
from ..errors import Overloaded, ShuttingDown
from ..interfaces import ITrading
from ..model.order import (
    CancelAllResult,
    CancelResult,
    ClosePositionRequest,
    OrderChange,
    OrderHandle,
    OrderRequest,
    Replaced,
)
from ..model.protection import ExitsChange, ExitsMoved
from .cancels import Cancels
from .closing import Closing
from .entry import Entry
from .moves import Moves
from .reference import Reference
from .replaces import Replaces
from .spelling import respelt, shown
from .sweep import Sweep

T = TypeVar("T")

MAX_UNDER_WAY: Final = 1000
MAX_URGENT: Final = 2000


@implementer(ITrading)
class Desk:
    """Every call is shielded: a client that hangs up cancels its own waiting, never the work.

    At most ``MAX_UNDER_WAY`` calls are under way; one more fails with ``Overloaded``. What lowers
    risk (cancels and closes) goes on up to ``MAX_URGENT``.
    """

    def __init__(
        self,
        entry: Entry,
        replaces: Replaces,
        cancels: Cancels,
        sweep: Sweep,
        closing: Closing,
        moves: Moves,
        reference: Reference,
    ) -> None:
        self._entry = entry
        self._replaces = replaces
        self._cancels = cancels
        self._sweep = sweep
        self._closing = closing
        self._moves = moves
        self._reference = reference
        self._stopping = False
        self._under_way = 0
        self._idle: list[Deferred[None]] = []

    def refuse_orders(self) -> None:
        """From now on new orders fail with ``ShuttingDown``; all else goes on."""
        self._stopping = True

    def idle(self) -> Deferred[None]:
        """Fires when nothing is under way."""
        idle: Deferred[None] = Deferred()
        if self._under_way == 0:
            idle.callback(None)
        else:
            self._idle.append(idle)
        return idle

    def submit(
        self, request: OrderRequest, idempotency_key: str | None = None
    ) -> Deferred[OrderHandle]:
        if self._stopping:
            return fail(ShuttingDown("The gateway is shutting down and takes no new orders"))
        request = respelt(self._entry.broker, request)
        return self._kept(lambda: self._entry.submit(request, idempotency_key))

    def replace(self, order_id: str, change: OrderChange) -> Deferred[Replaced]:
        return self._kept(lambda: self._replace(order_id, change))

    @as_deferred
    async def _replace(self, order_id: str, change: OrderChange) -> Replaced:
        await self._reference.check_change(order_id, change)
        return await self._replaces.replace(order_id, change)

    def cancel(self, order_id: str) -> Deferred[CancelResult]:
        return self._kept(lambda: self._cancels.cancel(order_id), MAX_URGENT)

    def cancel_all(self, symbol: str | None) -> Deferred[CancelAllResult]:
        chosen = None if symbol is None else shown(self._entry.broker, symbol)
        return self._kept(lambda: self._sweep.cancel_all(chosen), MAX_URGENT)

    def close_position(
        self,
        position_id: str,
        request: ClosePositionRequest,
        idempotency_key: str | None = None,
    ) -> Deferred[OrderHandle]:
        return self._kept(
            lambda: self._closing.close(position_id, request, idempotency_key), MAX_URGENT
        )

    def close_all_positions(self, symbol: str | None) -> Deferred[list[OrderHandle]]:
        chosen = None if symbol is None else shown(self._entry.broker, symbol)
        return self._kept(lambda: self._closing.close_all(chosen), MAX_URGENT)

    def move_exits(self, position_id: str, change: ExitsChange) -> Deferred[ExitsMoved]:
        return self._kept(lambda: self._moves.move(position_id, change))

    def _kept(self, work: Callable[[], Deferred[T]], most: int = MAX_UNDER_WAY) -> Deferred[T]:
        if self._under_way >= most:
            return fail(Overloaded(f"{most} calls are under way already; nothing was done"))
        self._under_way += 1
        return shield(work().addBoth(self._done))

    def _done(self, result: Any) -> Any:
        self._under_way -= 1
        if self._under_way == 0:
            waiting, self._idle = self._idle, []
            for idle in waiting:
                idle.callback(None)
        return result

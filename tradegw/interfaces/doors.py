"""What clients may ask and have done."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import Interface

from ..model.account import Account, Position, Trade, TradeQuery
from ..model.backtest import BacktestStatus
from ..model.health import BreakersStatus, Health, Ready
from ..model.limits import LimitsStatus
from ..model.market import Bar, BarQuery, Capabilities, ConnectionStatus, Quote
from ..model.order import (
    CancelAllResult,
    CancelResult,
    ClosePositionRequest,
    Order,
    OrderChange,
    OrderHandle,
    OrderQuery,
    OrderRequest,
    Replaced,
)
from ..model.protection import ExitsChange, ExitsMoved, PositionProtection
from ..model.trading import StateSetter, Timeline, TradingState, TradingStatus


class ITrading(Interface):
    """What a client may have done. Every call goes through even if the client stops waiting."""

    def submit(request: OrderRequest, idempotency_key: str | None = None) -> Deferred[OrderHandle]:
        """Check *request*, write it down, send it once, and fire with what the broker accepted.

        A repeat of the client order id, or of the key, is not sent: it gets the first one's answer,
        or ``IntentConflict`` if the requests differ. A handle whose ``outcome`` is set says that
        nobody can know yet; it is being found out.
        """

    def replace(order_id: str, change: OrderChange) -> Deferred[Replaced]:
        """Change a working order."""

    def cancel(order_id: str) -> Deferred[CancelResult]:
        """Cancel a working order."""

    def cancel_all(symbol: str | None) -> Deferred[CancelAllResult]:
        """Cancel all orders (of *symbol*) that work, or are on their way to the broker; single
        failures are counted, not raised, and so is what has not turned up yet.
        """

    def close_position(
        position_id: str, request: ClosePositionRequest, idempotency_key: str | None = None
    ) -> Deferred[OrderHandle]:
        """Close a position, or part of it; repeats and unknown outcomes as with :meth:`submit`.

        Without a key of its own the very same close gets the first one's answer while that works.

        Unless trading is ``ACTIVE`` no more than other orders leave of it is closed, and it fails
        with ``OrderDenied`` if they leave nothing.
        """

    def close_all_positions(symbol: str | None) -> Deferred[list[OrderHandle]]:
        """Close all positions (of *symbol*)."""

    def move_exits(position_id: str, change: ExitsChange) -> Deferred[ExitsMoved]:
        """Move the resting exit legs of a position; what was moved survives a crash by the answer.

        An answer whose ``outcome`` is set says that it takes longer: it goes on.
        """


class IEnquiry(Interface):
    """What a client may ask. Filters and order of lists are the same for every broker."""

    def open_orders(query: OrderQuery) -> Deferred[list[Order]]:
        """Working orders unless ``query.status`` says otherwise, newest first."""

    def order_history(query: OrderQuery) -> Deferred[list[Order]]:
        """Terminal orders unless ``query.status`` says otherwise, newest first."""

    def order(order_id: str) -> Deferred[Order]:
        """One order."""

    def trades(query: TradeQuery) -> Deferred[list[Trade]]:
        """Executions, newest first."""

    def positions(symbol: str | None) -> Deferred[list[Position]]:
        """Open positions (of *symbol*)."""

    def position(position_id: str) -> Deferred[Position]:
        """One open position, by its id or, at a netting broker, its symbol."""

    def account() -> Deferred[Account]:
        """The money."""

    def quote(symbol: str) -> Deferred[Quote]:
        """The current quote."""

    def bars(symbol: str, query: BarQuery) -> Deferred[list[Bar]]:
        """Finished bars, oldest first, at most 10 000."""

    def capabilities() -> Capabilities:
        """What the broker can do."""

    def limits() -> LimitsStatus:
        """How much of the broker's limits is spent."""

    def status() -> Deferred[ConnectionStatus]:
        """Whether the broker answers, measured now; a failure is an answer, not an error."""


class ITradingState(Interface):
    """The switch before everything that could raise exposure."""

    def status() -> TradingStatus:
        """The state now."""

    def change(
        state: TradingState, reason: str | None, set_by: StateSetter
    ) -> Deferred[TradingStatus]:
        """Set the state; from the call on nothing that it forbids is sent, and it fires when that
        will survive a restart. ``ACTIVE`` also acknowledges what the reconciliation found.
        """


class IProtection(Interface):
    """What protects positions."""

    def positions() -> list[PositionProtection]:
        """Of all positions that entries with exits opened, or will when they fill; oldest first."""

    def position(position_id: str) -> PositionProtection:
        """Of one, by its id or, at a netting broker, its symbol. Raises ``PositionNotFound`` if
        nothing is known.
        """


class ITimelines(Interface):
    """What is recorded of orders."""

    def timeline(order_id: str) -> Deferred[Timeline]:
        """All about one order, by the broker's id or the handle's; fails with ``OrderNotFound``."""


class IBreakers(Interface):
    """The two circuit breakers of the API."""

    def snapshot() -> BreakersStatus:
        """Their state."""

    def reset() -> BreakersStatus:
        """Close both, or neither: ``ResetCooldown`` if either was reset too recently."""


class IHealth(Interface):
    """How the gateway is, for the probes."""

    def ready() -> Ready:
        """Whether orders can be taken."""

    def health() -> Health:
        """The broker's link and its stale instruments."""


class IBacktest(Interface):
    """A run over the past."""

    def status() -> BacktestStatus:
        """How far it has come."""

    def report() -> dict[str, Any]:
        """Its result, as of now; raises ``UnsupportedOperation`` if that is told elsewhere."""

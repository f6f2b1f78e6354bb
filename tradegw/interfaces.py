"""The seams of the gateway and what is promised across them.

Calls that may take time return a Deferred; all fail with :class:`tradegw.errors.GatewayError` and
nothing else. Implementations are checked statically and, by the tests, with ``verifyObject``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeAlias

from twisted.application.service import IService
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from .model.account import Account, Position, Trade, TradeQuery
from .model.enums import AlertCode, Platform
from .model.events import Event, OrderEvent, PositionEvent
from .model.health import BreakersStatus, Health, Ready
from .model.identifiers import ClientOrderIdRule
from .model.journal import (
    Entry,
    EventSpan,
    NetPosition,
    OrderState,
    PlanState,
    Recorded,
    Setting,
    Step,
)
from .model.market import Bar, BarQuery, Capabilities, ConnectionStatus, Quote
from .model.order import (
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
from .model.protection import ExitsChange, ExitsMoved
from .model.trading import StateSetter, Timeline, TradingState, TradingStatus

WallClock: TypeAlias = Callable[[], datetime]
"""Tells the time, aware, in UTC. Timers use ``twisted.internet.interfaces.IReactorTime``."""


class IBroker(IService, Interface):  # named twice: pydoctor does not know what IService is
    """One account at one broker, as a service that is started and stopped.

    Events go to the :class:`IBrokerListener` it was built with, in the order in which they
    happened, and may arrive before the answer of the call that caused them.
    """

    provider: str = Attribute("short name, as in quotes and bars: ``alpaca``, ``mock``")
    platform: Platform = Attribute("broker and environment")
    account_name: str = Attribute("names the account; a journal belongs to one")
    client_order_ids: ClientOrderIdRule = Attribute("which client order ids the broker takes")

    def capabilities() -> Capabilities:
        """What the broker can do; constant for the life of the process."""

    def manages_exits(request: OrderRequest) -> bool:
        """Whether the broker itself will place and pair the exits that *request* asks for."""

    def submit(request: OrderRequest) -> Deferred[Order]:
        """Send an order once; fires with the order as the broker accepted it."""

    def cancel(order_id: str) -> Deferred[Order]:
        """Cancel a working order; fires with its state afterwards (may be ``PENDING_CANCEL``)."""

    def replace(order_id: str, change: OrderChange) -> Deferred[Replaced]:
        """Change a working order, in place or under a new id.

        Fails with ``UnsupportedOperation`` where the broker cannot; nothing was done then.
        """

    def order(order_id: str) -> Deferred[Order]:
        """One order, working or terminal."""

    def order_by_client_id(client_order_id: str) -> Deferred[Order]:
        """The newest order with that client order id, working or terminal.

        ``OrderNotFound`` only if the broker says that it has none. ``UnsupportedOperation`` where
        it cannot be asked; the lists are gone through then.
        """

    def open_orders() -> Deferred[list[Order]]:
        """All working orders, in no particular order."""

    def closed_orders(query: OrderQuery) -> Deferred[list[Order]]:
        """Terminal orders; *query* is a hint, the gateway filters again."""

    def trades(query: TradeQuery) -> Deferred[list[Trade]]:
        """Executions; *query* is a hint, the gateway filters again."""

    def positions() -> Deferred[list[Position]]:
        """All open positions."""

    def close(
        position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Deferred[Order]:
        """Close *position*, or ``request.quantity`` of it (capped to what is open).

        Fires with the closing order, which carries *client_order_id* where the broker can.
        """

    def account() -> Deferred[Account]:
        """The money."""

    def quote(symbol: str) -> Deferred[Quote]:
        """The current quote."""

    def bars(symbol: str, query: BarQuery) -> Deferred[list[Bar]]:
        """Finished bars, oldest first. A timeframe the broker lacks is ``InvalidRequest``."""

    def ping() -> Deferred[None]:
        """Fires when the broker answered a harmless call."""


class IBrokerListener(Interface):
    """Where a broker's news goes. Never raises."""

    def on_event(event: Event) -> None:
        """Something happened at the broker."""

    def on_link_up() -> None:
        """The broker's streams are logged on: for the first time, or again after a loss."""

    def on_link_down(symbols: tuple[str, ...], error: str | None) -> None:
        """A stream was lost; prices of *symbols* are stale from now on."""


class IEventSink(Interface):
    """Where events leave for the strategies."""

    def publish(event: Event) -> int:
        """Hand *event* to every connected client that wants it; the number of those."""

    def audience() -> int:
        """How many clients are listening."""


class IEventLog(Interface):
    """The events that were told, to be read again."""

    def span() -> EventSpan:
        """Which can be read now."""

    def events(after: int, limit: int) -> list[tuple[int, bytes]]:
        """The oldest *limit* events whose number is greater than *after*: numbers and messages.

        Raises ``JournalUnavailable`` if they cannot be read.
        """


class IJournal(IEventLog, Interface):
    """Where everything is written down that must survive. Reads see what is durable."""

    problem: str | None = Attribute("why nothing can be written at the moment")

    def write(*entries: Entry) -> Deferred[None]:
        """Write *entries*, all or none; fires when they are durable.

        Fails with ``JournalUnavailable`` and has written none then.
        """

    def keep(*entries: Entry) -> Deferred[None]:
        """As :meth:`write`, but what cannot be written is held and tried until it can be.

        Never fails; while the journal is failing it does not fire.
        """

    def next_seq() -> int:
        """The number for the next event, which is then to be kept in the same turn."""

    def observe(changed: Callable[[str | None], None]) -> None:
        """Have *changed* called when the :attr:`problem` begins, changes or ends."""

    def stop() -> Deferred[None]:
        """Write what is left, and close; fires when that is done."""

    def intent(intent_id: str) -> Recorded | None:
        """One intent."""

    def intent_sent_as(client_order_id: str) -> Recorded | None:
        """The newest that bears this client order id, the client's own or as it was sent."""

    def intent_of_key(idempotency_key: str) -> Recorded | None:
        """The newest that bears this key."""

    def intents_about(order_id: str) -> list[Recorded]:
        """Those that led to an order, and those that were to change it; oldest first."""

    def unresolved() -> list[Recorded]:
        """Those without an outcome, or with an unknown one; oldest first."""

    def orders(*, terminal: bool, newest: int) -> list[OrderState]:
        """The *newest* so many orders, oldest first."""

    def order(order_id: str) -> OrderState | None:
        """One order."""

    def plans() -> list[PlanState]:
        """Those that are not over, oldest first."""

    def net_positions() -> list[NetPosition]:
        """Those that are not zero."""

    def knows_execution(symbol: str, execution_id: str) -> bool:
        """Whether that execution was told."""

    def setting(name: str) -> Setting | None:
        """A named value."""

    def steps(subjects: Iterable[str]) -> list[Step]:
        """What is noted of these intents and orders, oldest first."""

    def events_about(order_id: str) -> list[tuple[int, bytes]]:
        """The events of one order, oldest first; the newest 1000."""


class IAlarm(Interface):
    """Where trouble is told."""

    def raise_alert(code: AlertCode, message: str, details: dict[str, Any] | None) -> None:
        """Log, count and publish an alert; *details* by code as in protocol section 5.3."""


class IOrderEntry(Interface):
    """The one way an order leaves, as the exits use it; the adapter breaker never stops them."""

    def submit_leg(request: OrderRequest, parent_order_id: str) -> Deferred[Order]:
        """Send an exit leg of the entry *parent_order_id*; stopping does not refuse it."""

    def find_leg(client_order_id: str) -> Deferred[Order | None]:
        """The order with that client id, working or done; asked after a doubtful submit."""

    def look_up(order_id: str) -> Deferred[Order]:
        """The state of an order at the broker."""

    def cancel_order(order_id: str) -> Deferred[Order]:
        """Cancel an order of ours; fires with its state afterwards."""

    def replace_leg(order_id: str, change: OrderChange) -> Deferred[Replaced]:
        """Change an exit leg in place, or under a new id."""

    def bracket_legs(symbol: str) -> Deferred[list[Order]]:
        """The working legs that the broker itself keeps for entries in *symbol*."""


class IExits(Interface):
    """What protects filled entries."""

    def expect(intent_id: str, request: OrderRequest, seed: str | None) -> None:
        """Remember the protection that *request* asks for, before it is sent as it stands.

        *intent_id* names this one attempt, also if its client order id was used before. Leg ids are
        derived from *seed*, the client's own order id; without one from the broker's. Raises
        ``Overloaded`` if too many orders are guarded already.
        """

    def forget(intent_id: str) -> None:
        """The attempt was definitely refused: no protection will be needed."""

    def accepted(intent_id: str, order: Order) -> Deferred[None] | None:
        """The broker accepted it as *order*; a Deferred if legs are being placed already."""

    def on_order_event(event: OrderEvent) -> Deferred[None] | None:
        """An entry or leg changed. A Deferred fires when its legs are settled, else ``None``."""

    def on_position_event(event: PositionEvent) -> Deferred[None] | None:
        """The broker tells of a position; what protected one that is gone is cancelled."""

    def on_link_up() -> None:
        """The broker is back: shortfalls are told again and repaired."""

    def restore(orders: Iterable[Order]) -> None:
        """Read the plans of the last process; *orders* are as clients were last told of them.

        Nothing is sent from then on before :meth:`reconciled`.
        """

    def on_positions(positions: Iterable[Position]) -> None:
        """These are all the positions there are: no more than that is protected."""

    def reconciled() -> None:
        """The broker was asked how things stand, and what had been missed was told."""

    def waive(order_id: str) -> None:
        """A client is about to cancel *order_id*: if it is a leg, it is not placed again."""

    def keep(order_id: str) -> None:
        """That cancel failed: the leg is wanted as before."""

    def changing(order_id: str) -> None:
        """A client is about to change *order_id*, which may end it and put another in its place."""

    def unchanged(order_id: str, in_doubt: bool) -> None:
        """That change failed, or nobody knows whether it did."""

    def replaced(previous_id: str, order: Order) -> None:
        """That change worked, in place or under a new id."""

    def guards(entry_id: str) -> bool:
        """Whether the exits of this entry are kept here."""

    def reprice(entry: Order, change: ExitsChange) -> Deferred[None]:
        """Change the exits of an entry; one that had none gets them, if it still works.

        Fails with ``OrderNotModifiable`` if there is nothing (left) to protect.
        """

    def move(position: Position, change: ExitsChange) -> Deferred[ExitsMoved]:
        """Move the resting legs of *position* to new prices (protocol section 3.11)."""


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
        """Cancel all working orders (of *symbol*); single failures are counted, not raised."""

    def close_position(
        position_id: str, request: ClosePositionRequest, idempotency_key: str | None = None
    ) -> Deferred[OrderHandle]:
        """Close a position, or part of it; repeats and unknown outcomes as with :meth:`submit`."""

    def close_all_positions(symbol: str | None) -> Deferred[list[OrderHandle]]:
        """Close all positions (of *symbol*)."""

    def move_exits(position_id: str, change: ExitsChange) -> Deferred[ExitsMoved]:
        """Move the resting exit legs of a position."""


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

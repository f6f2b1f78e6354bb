"""The corridor: what a broker is asked, and to whom it speaks."""

from __future__ import annotations

from collections.abc import Callable

from twisted.application.service import IService
from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from ..model.account import Account, Position, Trade, TradeQuery
from ..model.enums import Platform
from ..model.events import Event
from ..model.identifiers import ClientOrderIdRule
from ..model.limits import Lane, LimitsStatus
from ..model.link import SessionStatus
from ..model.market import Bar, BarQuery, Capabilities, Instrument, Quote
from ..model.order import (
    ClosePositionRequest,
    Order,
    OrderChange,
    OrderQuery,
    OrderRequest,
    Replaced,
)


class IBroker(IService, Interface):  # named twice: pydoctor does not know what IService is
    """One account at one broker, as a service that is started and stopped.

    Events go to the :class:`IBrokerListener` it was built with, in the order in which they
    happened, and may arrive before the answer of the call that caused them.
    """

    provider: str = Attribute("short name, as in quotes and bars: ``alpaca``, ``mock``")
    platform: Platform = Attribute("broker and environment")
    account_name: str = Attribute("names the account; a journal belongs to one")
    client_order_ids: ClientOrderIdRule = Attribute("which client order ids the broker takes")
    exits_hold_quantity: bool = Attribute(
        "whether what resting exits would sell cannot be sold by another order, so that they must"
        " be taken away before a close; in doubt it is"
    )

    def capabilities() -> Capabilities:
        """What the broker can do; constant for the life of the process."""

    def manages_exits(request: OrderRequest) -> bool:
        """Whether the broker itself will place and pair the exits that *request* asks for, and have
        its stop trail if that is asked for.
        """

    def instrument(symbol: str) -> Instrument | None:
        """What orders in *symbol* must comply with; ``None`` if that is not known (yet).

        Answered at once, from what the broker told before: nothing is asked. It may be known later,
        and change then. Minima that do not hold for orders that only reduce are left out.
        """

    def submit(request: OrderRequest, lane: Lane = Lane.ENTRY) -> Deferred[Order]:
        """Send an order once; fires with the order as the broker accepted it.

        Where calls wait for the broker's limits it waits in *lane*.
        """

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

    def open_orders(lane: Lane = Lane.QUERY) -> Deferred[list[Order]]:
        """All working orders, in no particular order; *lane* as in :meth:`submit`."""

    def closed_orders(query: OrderQuery) -> Deferred[list[Order]]:
        """Terminal orders; *query* is a hint, the gateway filters again."""

    def trades(query: TradeQuery) -> Deferred[list[Trade]]:
        """Executions; *query* is a hint, the gateway filters again."""

    def positions(lane: Lane = Lane.QUERY) -> Deferred[list[Position]]:
        """All open positions; *lane* as in :meth:`submit`."""

    def close(
        position: Position, request: ClosePositionRequest, client_order_id: str
    ) -> Deferred[Order]:
        """Close *position*, or ``request.quantity`` of it (capped to what is open).

        The order is reduce-only: should it rest, it executes no more than is open by then.
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

    def limits() -> LimitsStatus:
        """How much of its limits is spent; empty for a broker that has none."""

    def missed(order_ids: tuple[str, ...]) -> None:
        """The broker, when asked, showed executions of these orders that no event had told of yet.
        Evidence about the stream, for a broker that has one.
        """


class IBrokerListener(Interface):
    """Where a broker's news goes. Never raises."""

    def on_event(event: Event) -> None:
        """Something happened at the broker."""

    def on_session(ask: Callable[[], SessionStatus]) -> None:
        """The broker has streams: *ask* tells how they are, from now on. Not for one without."""

    def on_link_up() -> Deferred[bool]:
        """The stream that tells of orders is logged on: for the first time, or again after a loss.

        Fires when the gateway knows how things stand, with whether the link is still up by then;
        never, if it cannot find out. Nobody need wait for it.
        """

    def on_link_down(symbols: tuple[str, ...], error: str | None) -> None:
        """The stream that tells of orders was lost; prices of *symbols*, which came with it, are
        stale from now on.
        """

    def on_link_failed(error: str) -> None:
        """It could not be brought up for as long as is tolerable, or the broker refuses the
        credentials. Told once per outage; it is tried on.
        """

    def on_retry() -> None:
        """A stream that was lost, or never came up, is tried again."""

    def on_prices_lost(symbols: tuple[str, ...], error: str | None) -> None:
        """Nothing will be heard of the prices of *symbols* until each comes again; orders are not
        concerned.
        """

    def on_suspicion(reason: str) -> None:
        """What the streams tell may not be all: the broker should be asked how things stand."""

    def on_unreliable(reason: str) -> None:
        """The evidence goes on although the stream was opened anew: what happens to orders may not
        be heard in time.
        """

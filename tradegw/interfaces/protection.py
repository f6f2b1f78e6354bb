"""Exits, and what they need of the orders."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from ..model.account import Position, Trade
from ..model.enums import PositionSide
from ..model.events import OrderEvent, PositionEvent, QuoteEvent
from ..model.market import Instrument, Quote
from ..model.order import (
    Order,
    OrderChange,
    OrderRequest,
    Replaced,
)
from ..model.protection import ExitsChange, ExitsMoved, Trail


class IOrderEntry(Interface):
    """The one way an order leaves, as the exits use it; the adapter breaker never stops them."""

    refuses_repeats: bool = Attribute(
        "whether the broker refuses a client order id that was used, so that the same leg may be"
        " sent again without asking"
    )

    exits_hold_quantity: bool = Attribute(
        "whether a resting leg must be taken away before another is placed for the same quantity"
    )

    def submit_leg(request: OrderRequest, parent_order_id: str) -> Deferred[Order]:
        """Send an exit leg of the entry *parent_order_id*; stopping does not refuse it."""

    def instrument(symbol: str) -> Instrument | None:
        """What orders in *symbol* must comply with, as far as that is known at the moment."""

    def find_leg(client_order_id: str, since: datetime | None) -> Deferred[Order | None]:
        """The order with that client id, working or done, that is not older than *since*; asked
        after a doubtful submit.
        """

    def look_up(order_id: str) -> Deferred[Order]:
        """The state of an order at the broker."""

    def cancel_order(order_id: str) -> Deferred[Order]:
        """Cancel an order of ours; fires with its state afterwards."""

    def replace_leg(order_id: str, change: OrderChange) -> Deferred[Replaced]:
        """Change an exit leg in place, or under a new id."""

    def quote(symbol: str) -> Deferred[Quote]:
        """What the market in *symbol* is, as the broker says now."""

    def price(symbol: str) -> Deferred[Decimal]:
        """The last price of *symbol*, as the broker says now."""

    def mint() -> str:
        """A new text that no client order id has begun with, and that those of legs can be made
        from.
        """

    def bracket_legs(symbol: str) -> Deferred[list[Order]]:
        """The working legs that the broker itself keeps for entries in *symbol*."""


class ILastResort(Interface):
    """What the exits may have done to other orders and positions when their time is up."""

    def close(
        position_id: str, quantity: Decimal, side: PositionSide | None = None
    ) -> Deferred[bool]:
        """Close *quantity* of a position, which may be named by its symbol, at the market.

        Nothing is sent as long as an earlier one may still execute; whether something was. Fails
        with ``PositionNotFound`` if it is not (or no more) on that *side*.
        """

    def call_off(order_id: str) -> Deferred[bool]:
        """Cancel an entry; whether it is known to be cancelled."""


class IExits(Interface):
    """What protects filled entries."""

    def expect(
        intent_id: str, request: OrderRequest, seed: str | None, *, native: bool = False
    ) -> None:
        """Remember the protection that *request* asks for, before it is sent as it stands. What is
        *native* the broker is to keep; what it fails to cover is covered from here.

        *intent_id* names this one attempt, also if its client order id was used before. Leg ids are
        derived from *seed*, the client's own order id; without one from the broker's. Raises
        ``Overloaded`` if too many orders are guarded already.
        """

    def forget(intent_id: str) -> None:
        """The attempt was definitely refused: no protection will be needed of an entry's fills, and
        what made way for a close stands again.
        """

    def accepted(intent_id: str, order: Order) -> Deferred[None] | None:
        """The broker accepted it as *order*; a Deferred if legs are being placed already."""

    def check_stop(request: OrderRequest, held: Decimal) -> None:
        """Raise ``OrderDenied`` if *request*, a trailing stop that the broker does not have, cannot
        be one that follows the market here: too little of what is *held* is without protection.
        """

    def as_stop(request: OrderRequest, trail: Trail, held: Decimal, price: Decimal) -> OrderRequest:
        """The stop with which *request*, a trailing one that the broker does not have, is to begin
        at *price*. Raises what :meth:`check_stop` does, and ``OrderDenied`` if the distance reaches
        below any price.
        """

    def expect_stop(
        intent_id: str, request: OrderRequest, trail: Trail, price: Decimal, seed: str
    ) -> None:
        """*request*, which :meth:`as_stop` made, is about to be sent under its client order id: it
        follows the market from *price* on. Stops that take its place are named after *seed*. Then
        as with :meth:`expect`: :meth:`accepted` or :meth:`forget`.
        """

    def expect_close(intent_id: str, position_id: str) -> None:
        """That attempt is to close a position, or part of it; said before :meth:`make_way`, and
        again after a restart.
        """

    def make_way(intent_id: str, position: Position, quantity: Decimal) -> Deferred[bool]:
        """Take away the legs that hold *quantity* of *position*; they are not placed again before
        the close has ended, is refused (:meth:`forget`), or nobody knows of it for too long.

        Fires when they have ended, or that takes too long, with whether they executed meanwhile;
        never fails.
        """

    def close_accepted(intent_id: str, told: Order | None) -> None:
        """The broker has the closing order; *told* is how it was told already, if it was."""

    def on_order_event(event: OrderEvent) -> Deferred[None] | None:
        """An entry or leg changed. A Deferred fires when its legs are settled, else ``None``."""

    def on_execution(trade: Trade) -> Deferred[None] | None:
        """An execution was told for the first time; its commission may have been taken from what
        was bought. A Deferred fires when the legs are settled.
        """

    def on_position_event(event: PositionEvent) -> Deferred[None] | None:
        """The broker tells of a position; what protected one that is gone is cancelled."""

    def on_quote(event: QuoteEvent) -> None:
        """A price came; called on every tick."""

    def on_link_up() -> None:
        """The broker is back: shortfalls are told again and repaired."""

    def restore(orders: Iterable[Order]) -> None:
        """Read the plans of the last process; *orders* are as clients were last told of them.

        Nothing is sent from then on before :meth:`reconciled`.
        """

    def on_positions(positions: Iterable[Position], unclear: Collection[str] = ()) -> None:
        """These are all the positions there are: no more than that is protected.

        Nothing is concluded of the symbols that are *unclear*.
        """

    def on_working(orders: Iterable[Order]) -> None:
        """The broker was asked, and these work; nothing that came since says otherwise."""

    def reconciled() -> None:
        """The broker was asked how things stand, and what had been missed was told."""

    def waive(order_id: str) -> None:
        """A client is about to cancel *order_id*: if it is a leg, it is not placed again."""

    def keep(order_id: str) -> None:
        """That cancel failed: the leg is wanted as before."""

    def current(order_id: str) -> str:
        """The order that stands for *order_id* now: that itself, but for a client's own stop in
        whose place another was put.
        """

    def check(order_id: str, change: OrderChange) -> None:
        """Raise ``OrderDenied`` if a client must not change an entry, or a leg, like that."""

    def changing(order_id: str) -> None:
        """A client is about to change *order_id*, which may end it and put another in its place."""

    def unchanged(order_id: str, in_doubt: bool) -> None:
        """That change failed, or nobody knows whether it did."""

    def replaced(previous_id: str, order: Order, *, native: bool = False) -> None:
        """That change worked, in place or under a new id. With *native* it was one of exits that
        the broker keeps.
        """

    def guards(entry_id: str) -> bool:
        """Whether changes of the exits of this entry are made here."""

    def leaves_to_broker(entry_id: str) -> bool:
        """Whether they are made by changing the entry at the broker, which keeps its exits."""

    def reprice(entry: Order, change: ExitsChange) -> Deferred[None]:
        """Change the exits of an entry; one that had none gets them, if it still works.

        Fails with ``OrderNotModifiable`` if there is nothing (left) to protect.
        """

    def move(position: Position, change: ExitsChange) -> Deferred[ExitsMoved]:
        """Move the resting legs of *position* to new prices (protocol section 3.11), or have its
        stop trail; what it has none of is attached. Fails with ``OrderDenied`` if that would loosen
        one that trails, and with the broker's refusal of a new leg.
        """

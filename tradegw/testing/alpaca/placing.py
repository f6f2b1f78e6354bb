"""From a ticket to an order and its legs; cancels."""

from __future__ import annotations

from .assets import Asset
from .book import Book
from .desk import Desk
from .hours import Session, expiry
from .orders import Order
from .refusals import invalid, unprocessable
from .rules import Rules
from .stamps import Stamps
from .tickets import Ticket


class Placing:
    """What clients do with orders; every method may raise a refusal and change nothing then."""

    def __init__(self, stamps: Stamps, book: Book, rules: Rules, desk: Desk) -> None:
        self._stamps = stamps
        self._book = book
        self._rules = rules
        self._desk = desk
        self._waiting_for_open: list[Order] = []

    # -- new ones

    def submit(self, ticket: Ticket, asset: Asset) -> Order:
        """Accept an order."""
        self._rules.check_door()
        client_order_id = self.fresh_id(ticket.client_order_id)
        self._rules.check(ticket, asset, self._desk.session)
        order = self.order(ticket, asset, client_order_id)
        for leg in self._legs(ticket, order):
            leg.parent = order.id
            order.legs.append(leg.id)
            self._book.add(leg)
        self._desk.accept(order)
        return order

    def fresh_id(self, client_order_id: str | None) -> str:
        """The client order id of a new order, made up if not given."""
        if client_order_id is not None and self._book.bearing(client_order_id) is not None:
            raise invalid("client_order_id must be unique")
        return client_order_id or self._stamps.uuid()

    def order(self, ticket: Ticket, asset: Asset, client_order_id: str) -> Order:
        """The order that *ticket* becomes; nothing is done with it."""
        moment = self._stamps.take()
        lasts = ticket.time_in_force == "gtc"
        limit = ticket.limit_price
        if ticket.order_class == "oco":
            limit = ticket.exits.take_profit
        return Order(
            id=self._stamps.uuid(),
            client_order_id=client_order_id,
            asset=asset,
            side=ticket.side,
            type=ticket.type,
            time_in_force=ticket.time_in_force,
            created_at=moment,
            updated_at=self._stamps.take(),
            submitted_at=self._stamps.take(),
            expires_at=expiry(moment, lasts=lasts),
            position_intent=self._rules.intent(asset, ticket.side),
            qty=ticket.qty,
            notional=ticket.notional,
            limit_price=limit,
            stop_price=ticket.stop_price,
            trail_price=ticket.trail_price,
            trail_percent=ticket.trail_percent,
            extended_hours=ticket.extended_hours,
            order_class=ticket.order_class,
        )

    def _legs(self, ticket: Ticket, order: Order) -> list[Order]:
        exits, order_class = ticket.exits, ticket.order_class
        if not order_class:
            return []  # exits without a class are ignored, and nobody is told
        side = order.side if order_class == "oco" else ("sell" if order.side == "buy" else "buy")
        legs = []
        if exits.take_profit is not None and order_class != "oco":
            legs.append(self._leg(order, side, "limit"))
            legs[-1].limit_price = exits.take_profit
        if exits.stop is not None:
            kind = "stop" if exits.stop_limit is None else "stop_limit"
            legs.append(self._leg(order, side, kind))
            legs[-1].stop_price, legs[-1].limit_price = exits.stop, exits.stop_limit
        return legs

    def _leg(self, order: Order, side: str, kind: str) -> Order:
        return Order(
            id=self._stamps.uuid(),
            client_order_id=self._stamps.uuid(),
            asset=order.asset,
            side=side,
            type=kind,
            time_in_force=order.time_in_force,
            created_at=order.created_at,
            updated_at=order.updated_at,
            submitted_at=order.submitted_at,
            expires_at=order.expires_at,
            position_intent=f"{side}_to_close",
            qty=order.qty,
            order_class=order.order_class,
            status="held",
        )

    # -- cancels

    def cancel(self, order: Order) -> None:
        """Ask for the end of *order*."""
        if not order.is_open or order.status in ("pending_cancel", "pending_replace"):
            raise unprocessable(f'order is already in "{order.status}" state')
        if order.status in ("held", "accepted"):
            self._desk.end(order, "canceled")
            return
        order.times["cancel_requested_at"] = self._stamps.take()
        self._desk.change(order, "pending_cancel")
        if order.asset.is_crypto or self._desk.session is not Session.CLOSED:
            self._desk.later(lambda: self._carry_out(order))
        else:
            self._waiting_for_open.append(order)

    def clear(self) -> None:
        """End all orders at once, as a close of all positions does."""
        for order in self._book.open():
            if order.is_open:
                self._desk.end(order, "canceled")

    def opened(self) -> None:
        """The exchange is open: it hears of the cancels meanwhile."""
        waiting, self._waiting_for_open = self._waiting_for_open, []
        for order in waiting:
            self._carry_out(order)

    def _carry_out(self, order: Order) -> None:
        if order.is_open:
            self._desk.end(order, "canceled")
        else:
            self._desk.tell("order_cancel_rejected", order)

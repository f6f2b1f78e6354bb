"""The one way an order leaves the gateway: checked, written down, sent once.

Protection is remembered before the order is sent, so there is no moment at which an order is live
and its exits are unknown; and what belongs to the order is remembered under its client order id, so
that a fill that overtakes the broker's answer finds it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Final

from msgspec.structs import replace as with_changes
from twisted.internet.defer import Deferred
from zope.interface import implementer

from ..deferreds import as_deferred
from ..errors import (
    GatewayError,
    OrderNotFound,
    Overloaded,
    UnsupportedOperation,
    leaves_doubt,
)
from ..interfaces import IExits, IOrderEntry
from ..model.journal import IntentKind, Verdict
from ..model.limits import Lane
from ..model.market import Instrument, Quote
from ..model.order import (
    Order,
    OrderChange,
    OrderHandle,
    OrderQuery,
    OrderRequest,
    Replaced,
    is_older,
)
from . import answers, sides
from .attempt import CHECKED, Attempt
from .blotter import Blotter
from .dispatch import Dispatch
from .gate import Gate
from .intents import Intents
from .line import Line
from .resolution import Resolution
from .told import Told
from .trailing import TrailingOrders
from .wanted import minted
from .writing import Writing

LEG_SPARE: Final = 8
"""Characters that a leg's client order id adds to its entry's: ``-sl-1234``."""

MAX_IN_DOUBT: Final = 500
"""With so many outcomes unknown no new order is sent: something is very wrong."""


@implementer(IOrderEntry)
class Entry:
    """Submits orders and legs, and is the way to the broker for whoever changes them.

    Exits come with :meth:`guard_with`, since they in turn send their legs through here.
    """

    def __init__(
        self,
        line: Line,
        blotter: Blotter,
        told: Told,
        intents: Intents,
        writing: Writing,
        dispatch: Dispatch,
        gate: Gate,
    ) -> None:
        self._line = line
        self.broker = self._broker = line.broker
        self._blotter = blotter
        self._told = told
        self._intents = intents
        self._writing = writing
        self._dispatch = dispatch
        self._gate = gate
        self._exits: IExits
        self._resolution: Resolution
        self._renamed: Callable[[Order], object]
        self._fresh: Callable[[str], Quote | None]

    def guard_with(
        self,
        exits: IExits,
        resolution: Resolution,
        renamed: Callable[[Order], object],
        fresh: Callable[[str], Quote | None],
    ) -> None:
        """Attached exits are the business of *exits* from now on, doubts that of *resolution*;
        *renamed* hears of orders under their new ids. *fresh* tells the quote of a symbol, if it is
        known and not old.
        """
        self._exits = exits
        self._resolution = resolution
        self._renamed = renamed
        self._fresh = fresh
        self._trailing = TrailingOrders(self, self._broker, exits, self._gate, fresh)

    @as_deferred
    async def submit(self, request: OrderRequest, key: str | None = None) -> OrderHandle:
        """Send *request* once; the handle of the order that the broker accepted.

        A repeat, by client order id or *key*, is answered as the first was.
        """
        named = request.client_order_id or key
        digest = answers.digest("submit", request) if named else ""
        if named:
            first = self._intents.same_as(request.client_order_id, key, digest)
            if first is not None:
                return await self._dispatch.outcome(first)
        waited = await self._gate.open()
        self._check(request)
        emulated = None
        if self._trailing.concerns(request):
            emulated = await self._trailing.emulated(request)
        if named:  # the same may have come while the gate was waited for
            first = self._intents.same_as(request.client_order_id, key, digest)
            if first is not None:
                return await self._dispatch.outcome(first, waited)
        if emulated is not None:
            request = emulated.stop
        attempt = self._attempt(request, key, digest)
        attempt.mark(CHECKED)
        sent = with_changes(request, client_order_id=attempt.links.client_order_id)
        if emulated is not None:
            self._trailing.expect(attempt, emulated, sent, self._seed(attempt) or self.mint())
        return await self._dispatch.send(
            attempt,
            lambda: self._broker.submit(sent),
            check=lambda: self._gate.check(request, attempt),
            waited=waited,
        )

    def _check(self, request: OrderRequest) -> None:
        self._line.check()
        self._gate.check(request)
        sides.check_order(request, self._fresh(request.symbol))
        if self._intents.in_doubt() >= MAX_IN_DOUBT:
            raise Overloaded(f"What became of {MAX_IN_DOUBT} orders is not known; no more are sent")

    def _attempt(self, request: OrderRequest, key: str | None, digest: str) -> Attempt:
        """*request* under an id that the broker takes; its exits are expected from now on."""
        own_id, rule = request.client_order_id, self._broker.client_order_ids
        attempt = self._intents.attempt(
            IntentKind.SUBMIT,
            request,
            rule,
            digest=digest,
            symbol=request.symbol,
            client_order_id=own_id,
            idempotency_key=key,
        )
        self.expect_exits(attempt, request)
        return attempt

    def expect_exits(self, attempt: Attempt, request: OrderRequest) -> None:
        """Remember what *request* asks for; what the broker is to keep is watched."""
        if not request.wants_exits:
            return
        intent, seed = attempt.intent, self._seed(attempt)
        shown = with_changes(request, client_order_id=attempt.links.shown_id)
        native = self._broker.manages_exits(request)
        self._exits.expect(intent.id, shown, seed, native=native)

    def _seed(self, attempt: Attempt) -> str | None:
        """What the names of its legs begin with; ``None`` if its client gave it no name."""
        intent = attempt.intent
        own_id, rule = intent.client_order_id, self._broker.client_order_ids
        is_long = own_id is not None and not rule.fits(own_id, LEG_SPARE)
        return minted(intent.id, intent.at) if is_long else own_id

    # -- what the exits use, and whoever changes orders

    def mint(self) -> str:
        return self._intents.mint()

    @property
    def refuses_repeats(self) -> bool:
        return self._broker.client_order_ids.unique

    @property
    def exits_hold_quantity(self) -> bool:
        return self._broker.exits_hold_quantity

    def instrument(self, symbol: str) -> Instrument | None:
        return self._broker.instrument(symbol)

    @as_deferred
    async def look_up(self, order_id: str) -> Order:
        order = await self._line.look(lambda: self._broker.order(order_id))
        return self._blotter.apply(order)

    @as_deferred
    async def cancel_order(self, order_id: str) -> Order:
        order = await self._line.ask(lambda: self._broker.cancel(order_id), always=True)
        return self._blotter.apply(order)

    @as_deferred
    async def replace_leg(self, order_id: str, change: OrderChange) -> Replaced:
        self._told.changing(order_id)
        with self._blotter.changing(order_id):
            try:
                changed = await self._line.ask(
                    lambda: self._broker.replace(order_id, change), always=True
                )
            except GatewayError as error:
                if not leaves_doubt(error):
                    self._told.changed(order_id)
                raise
        self._told.changed(order_id)
        if changed.previous_order_id is None:
            return Replaced(order=self._blotter.apply(changed.order))
        return self.renamed(changed.previous_order_id, changed.order)

    def renamed(self, previous_id: str, order: Order) -> Replaced:
        """The broker gave an order a new id."""
        self._told.renamed(previous_id, order)
        order = self._blotter.renamed(previous_id, order)
        self._renamed(order)
        return Replaced(order=order, previous_order_id=previous_id)

    @as_deferred
    async def submit_leg(self, request: OrderRequest, parent_order_id: str) -> Order:
        assert request.client_order_id is not None
        attempt = self._intents.attempt(
            IntentKind.LEG,
            request,
            self._broker.client_order_ids,
            symbol=request.symbol,
            sent_as=request.client_order_id,
            target=parent_order_id,
        )
        self._intents.add(attempt)
        self._blotter.expect(attempt.links)
        if self.refuses_repeats:
            # Not waited for: its plan is durable since before its entry was sent, and the next
            # process would look for it under this very id, and send no other, before it is placed.
            self._writing.beside(attempt.intent)
        else:
            await self._writing.if_possible(attempt.intent)
        try:
            order = await self._line.ask(
                lambda: self._broker.submit(request, Lane.EMERGENCY), always=True
            )
        except GatewayError as error:
            self._leg_failed(attempt, error)
            raise
        self._dispatch.accepted(attempt, order)
        return self._blotter.accept(attempt.links, order)

    def _leg_failed(self, attempt: Attempt, error: GatewayError) -> None:
        """The exits look for a leg in doubt themselves; what they find ends the doubt here too."""
        if attempt.is_settled:
            return
        if leaves_doubt(error):
            self._intents.doubt(attempt, error)
            self._resolution.pursue(attempt)
        else:
            self._blotter.forget(attempt.links)
            self._intents.settle(attempt, Verdict.REJECTED, error)

    @as_deferred
    async def find_leg(self, client_order_id: str, since: datetime | None) -> Order | None:
        try:
            call = self._broker.order_by_client_id
            order = await self._line.ask(lambda: call(client_order_id), always=True)
            if not is_older(order, since):
                return self._found(order)
        except (OrderNotFound, UnsupportedOperation):
            pass  # not every broker finds it so at once, or at all
        return await self._in_lists(client_order_id, since)

    @as_deferred
    async def _in_lists(self, client_order_id: str, since: datetime | None) -> Order | None:
        query = OrderQuery(client_order_id=client_order_id)
        calls = (self._working, lambda: self._broker.closed_orders(query))
        for call in calls:  # in this order, for an order may end between the two
            for order in await self._line.ask(call, always=True):
                if order.client_order_id == client_order_id and not is_older(order, since):
                    return self._found(order)
        return None

    def _working(self) -> Deferred[list[Order]]:
        return self._broker.open_orders(Lane.EMERGENCY)

    def _found(self, order: Order) -> Order:
        order = self._blotter.apply(order)
        self._dispatch.seen(order)
        return order

    @as_deferred
    async def price(self, symbol: str) -> Decimal:
        return (await self.quote(symbol)).last

    def quote(self, symbol: str) -> Deferred[Quote]:
        return self._line.look(lambda: self._broker.quote(symbol))

    @as_deferred
    async def bracket_legs(self, symbol: str) -> list[Order]:
        working = await self._line.ask(self._working, always=True)
        return [o for o in working if o.symbol == symbol and o.parent_order_id is not None]

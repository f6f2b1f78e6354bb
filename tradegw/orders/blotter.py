"""Every order we know, what its clients were told of it, and what we alone know about it.

An order is expected under its client order id before it is sent, so an event that overtakes the
broker's answer is linked all the same. What is known may be ahead of what was told: answers come
by other ways than events. Bounded: of the terminal orders the newest are kept.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ..model.enums import OrderEventKind, OrderStatus
from ..model.order import Order, is_older
from ..model.protection import ExitsChange
from .lifecycle import Meaning, meaning, merged

RETAINED_TERMINAL: Final = 10_000
RETAINED_EXPECTED: Final = 10_000


class Links(Struct, frozen=True, kw_only=True):
    """What the gateway knows of an order beyond what the broker tells.

    ``client_order_id`` is what the broker was shown, ``own_id`` the client's where that is another.
    """

    client_order_id: str
    own_id: str | None = None
    correlation_id: str | None = None
    parent_order_id: str | None = None
    oco_group_id: str | None = None
    since: datetime | None = None
    """Orders that are older are others of the same name."""
    exits: ExitsChange | None = None
    """Where its client wants the exits that we keep, since the order was sent."""

    @property
    def shown_id(self) -> str:
        """The client order id as its client knows it."""
        return self.own_id or self.client_order_id


class Blotter:
    """Orders by broker id; links by client order id until the broker's id is known.

    What was sent and never heard of again is forgotten when *retained_expected* others came after.
    """

    def __init__(
        self,
        retained_terminal: int = RETAINED_TERMINAL,
        retained_expected: int = RETAINED_EXPECTED,
    ) -> None:
        self._retained = retained_terminal
        self._retained_expected = retained_expected
        self._expected: dict[str, Links] = {}
        self._links: dict[str, Links] = {}
        self._orders: dict[str, Order] = {}
        self._told: dict[str, Order] = {}
        self._untold: dict[str, None] = {}
        self._changing: Counter[str] = Counter()
        self._in_transit: Counter[str] = Counter()
        self._terminal: OrderedDict[str, None] = OrderedDict()

    def expect(self, links: Links) -> None:
        """An order with these links is about to be sent."""
        self._expected.pop(links.client_order_id, None)
        self._expected[links.client_order_id] = links
        if len(self._expected) > self._retained_expected:
            del self._expected[next(iter(self._expected))]

    def forget(self, links: Links) -> None:
        """It was definitely refused."""
        if self._expected.get(links.client_order_id) is links:
            del self._expected[links.client_order_id]

    def accept(self, links: Links, order: Order) -> Order:
        """The broker accepted it as *order*, whether or not that carries the client order id."""
        self.forget(links)
        self._links.setdefault(order.id, links)
        if order.id not in self._told:
            self._untold[order.id] = None
        return self.apply(order)

    def apply(self, order: Order) -> Order:
        """Take in the newest state of *order*; returns it with its links.

        A terminal state is final, and fills never shrink: an answer that an event has overtaken
        does not change what is kept.
        """
        linked = self.linked(order)
        known = self._orders.get(order.id)
        if known is not None and (
            known.status.is_terminal or order.filled_quantity < known.filled_quantity
        ):
            return linked
        self._orders[order.id] = linked
        if order.status.is_terminal:
            self._retire(order.id)
        return linked

    def tell(self, kind: OrderEventKind, order: Order) -> tuple[Meaning, Order]:
        """The event *kind* came with *order*: what that means, and the order to be told with its
        links. If the meaning is told, it counts as told from now on.
        """
        linked = self.apply(order)
        told = self._told.get(order.id)
        found = meaning(told, kind, linked)
        if found.is_told:
            linked = self._told[order.id] = merged(told, linked)
            self._untold.pop(order.id, None)
            if linked.status.is_terminal:
                self._orders[order.id] = linked
                self._retire(order.id)
        return found, linked

    def revive(self, order_id: str) -> None:
        """The broker was asked, and the order works although its end was told."""
        for known in (self._told, self._orders, self._terminal):
            known.pop(order_id, None)

    def told(self, order_id: str) -> Order | None:
        """The order as clients were told of it last."""
        return self._told.get(order_id)

    def all_told(self) -> list[Order]:
        """All orders as clients were told of them, as far back as they are known."""
        return list(self._told.values())

    def told_working(self) -> list[Order]:
        """The orders that work as far as clients were told."""
        return [order for order in self._told.values() if not order.status.is_terminal]

    @contextmanager
    def changing(self, order_id: str) -> Iterator[None]:
        """As long as this lasts, another order may take the place of this one."""
        known = self._orders.get(order_id)
        symbol = "" if known is None else known.symbol
        self._changing[symbol] += 1
        try:
            with self.transit(order_id):
                yield
        finally:
            self._changing -= Counter([symbol])

    @contextmanager
    def transit(self, order_id: str) -> Iterator[None]:
        """As long as this lasts, the end of this order may not be the end of it."""
        self._in_transit[order_id] += 1
        try:
            yield
        finally:
            self._in_transit -= Counter([order_id])

    def in_transit(self, oco_group_id: str) -> list[Order]:
        """The members of a group that may turn up under another id, ended or not."""
        known = (self._orders.get(order_id) for order_id in self._in_transit)
        return [order for order in known if order and order.oco_group_id == oco_group_id]

    def is_changing(self, symbol: str) -> bool:
        """Whether an order of *symbol* is being changed, or one of which nothing is known."""
        return bool(self._changing[symbol] or self._changing[""])

    def untold(self) -> list[Order]:
        """The orders that the broker accepted and of which no event has told."""
        return [self._orders[order_id] for order_id in self._untold]

    def ahead(self) -> set[str]:
        """The symbols of orders of which an answer showed executions that no event has told of."""
        return {
            order.symbol
            for order in self._orders.values()
            if order.filled_quantity and self._is_ahead(order)
        }

    def _is_ahead(self, order: Order) -> bool:
        told = self._told.get(order.id)
        if told is None:
            return order.id in self._untold
        return not told.status.is_terminal and told.filled_quantity < order.filled_quantity

    def links_of(self, order_id: str) -> Links | None:
        """What the gateway alone knows of an order."""
        return self._links.get(order_id)

    def restore(self, told: Order, links: Links | None) -> None:
        """An order as it was told before the restart."""
        self._told[told.id] = self._orders[told.id] = told
        if links is not None:
            self._links[told.id] = links
        if told.status.is_terminal:
            self._retire(told.id)

    def restore_untold(self, order: Order, links: Links) -> None:
        """*order* was accepted before the restart, and nothing was told of it."""
        if order.id not in self._orders:
            self.accept(links, order)

    def renamed(self, previous_id: str, order: Order) -> Order:
        """The broker gave the order a new id: its links go with it."""
        self._untold.pop(previous_id, None)
        links = self._links.get(previous_id)
        if links is not None:
            self._links.setdefault(order.id, links)
        known = self._orders.get(previous_id)
        if known is not None and not known.status.is_terminal:
            self._orders[previous_id] = replace(known, status=OrderStatus.CANCELLED)
            self._retire(previous_id)
        return self.apply(order)

    def note(self, order: Order, exits: ExitsChange) -> Order:
        """The exits that we keep for *order* were changed; returns it showing them."""
        links = self._links_of(order) or Links(client_order_id=order.client_order_id or order.id)
        before = links.exits or ExitsChange()
        now = ExitsChange(
            stop_loss=exits.stop_loss or before.stop_loss,
            take_profit=exits.take_profit or before.take_profit,
        )
        self._links[order.id] = replace(links, exits=now)
        return self.apply(order)

    def linked(self, order: Order) -> Order:
        """*order* with correlation id, parent and group; what the broker itself says wins."""
        links = self._links_of(order)
        if links is None:
            return order
        if links.exits is not None:
            order = replace(
                order,
                stop_loss=links.exits.stop_loss or order.stop_loss,
                take_profit=links.exits.take_profit or order.take_profit,
            )
        return replace(
            order,
            client_order_id=links.own_id or order.client_order_id,
            correlation_id=order.correlation_id or links.correlation_id,
            parent_order_id=order.parent_order_id or links.parent_order_id,
            oco_group_id=order.oco_group_id or links.oco_group_id,
        )

    def order(self, order_id: str) -> Order | None:
        """The newest state seen, or ``None``."""
        return self._orders.get(order_id)

    def working(self) -> list[Order]:
        """All known orders that are not terminal."""
        return [order for order in self._orders.values() if not order.status.is_terminal]

    def working_in_group(self, oco_group_id: str) -> list[Order]:
        """The known members of a group that are not terminal."""
        return [
            order
            for order in self._orders.values()
            if order.oco_group_id == oco_group_id and not order.status.is_terminal
        ]

    def executed_untold(self, oco_group_id: str) -> list[Order]:
        """The members of a group sent from here that ended, having executed, before that was told:
        answers are ahead of events.
        """
        return [
            order
            for order in self._orders.values()
            if order.oco_group_id == oco_group_id
            and order.status.is_terminal
            and order.filled_quantity
            and order.id in self._links
            and not self._was_told_ended(order.id)
        ]

    def _was_told_ended(self, order_id: str) -> bool:
        told = self._told.get(order_id)
        return told is not None and told.status.is_terminal

    def expected_in_group(self, oco_group_id: str) -> list[Links]:
        """Those members of which nothing was heard yet, or no more than a client's own look."""
        seen = (links for id_, links in self._links.items() if id_ not in self._orders)
        unheard = [*self._expected.values(), *seen]
        return [links for links in unheard if links.oco_group_id == oco_group_id]

    def _links_of(self, order: Order) -> Links | None:
        links = self._links.get(order.id)
        if links is None and order.client_order_id is not None:
            links = self._expected.get(order.client_order_id)
            if links is None or is_older(order, links.since):
                return None
            self._links[order.id] = self._expected.pop(order.client_order_id)
        return links

    def _retire(self, order_id: str) -> None:
        self._terminal[order_id] = None
        while len(self._terminal) > self._retained:
            oldest, _ = self._terminal.popitem(last=False)
            for known in (self._orders, self._told, self._links, self._untold):
                known.pop(oldest, None)

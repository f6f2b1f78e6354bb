"""The broker's news on its way to the strategies.

An order event is linked by the blotter, shown to the exits and the OCO groups, and only then
released, so that a strategy which sees a fill finds its protection in place. Filtering by
subscription comes after all that, in the stream.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from twisted.logger import Logger
from zope.interface import implementer

from ..interfaces import IBrokerListener, IEventSink, IExits
from ..metrics.meters import Meters
from ..model.enums import PositionEventKind
from ..model.events import (
    CandleEvent,
    Event,
    OrderEvent,
    PositionEvent,
    QuoteEvent,
    RateLimitEvent,
    TradeEvent,
)
from .blotter import Blotter
from .link import Link
from .oco import OcoGroups
from .release import Release


@implementer(IBrokerListener)
class Intake:
    """Takes events in the order in which the broker tells them; one that fails stops no other."""

    log = Logger()

    def __init__(
        self,
        blotter: Blotter,
        exits: IExits,
        groups: OcoGroups,
        link: Link,
        release: Release,
        prices: IEventSink,
        meters: Meters,
    ) -> None:
        self._blotter = blotter
        self._exits = exits
        self._groups = groups
        self._link = link
        self._release = release
        self._prices = prices
        self._meters = meters
        self._take: dict[type, Callable[[Any], None]] = {
            QuoteEvent: self._quote,
            CandleEvent: self._candle,
            OrderEvent: self._order,
            TradeEvent: self._trade,
            PositionEvent: self._position,
            RateLimitEvent: self._rate_limit,
        }

    def on_event(self, event: Event) -> None:
        try:
            self._take.get(type(event), self._release.put)(event)
        except Exception:
            self.log.failure("an event of the broker could not be taken in: {event}", event=event)

    def on_link_up(self) -> None:
        self._link.up()
        self._exits.on_link_up()

    def on_link_down(self, symbols: tuple[str, ...], error: str | None) -> None:
        self._link.down(symbols, error)

    def _quote(self, event: QuoteEvent) -> None:
        self._link.tick(event.quote.symbol)
        self._prices.publish(event)

    def _candle(self, event: CandleEvent) -> None:
        self._link.tick(event.bar.symbol)
        self._prices.publish(event)

    def _trade(self, event: TradeEvent) -> None:
        self._link.tick(event.trade.symbol)
        self._release.put(event)

    def _order(self, event: OrderEvent) -> None:
        order = self._blotter.apply(event.order)
        parent = event.parent_order_id or order.parent_order_id
        if order.parent_order_id != parent:
            order = replace(order, parent_order_id=parent)
        linked = replace(event, order=order, parent_order_id=parent)
        self._meters.order_event(event.event)
        held = self._release.hold(linked)
        legs = None
        try:
            legs = self._exits.on_order_event(linked)
            self._groups.on_order(order)
        finally:
            self._release.let_go(held, legs)

    def _position(self, event: PositionEvent) -> None:
        held = self._release.hold(event)
        legs = None
        try:
            if event.event is PositionEventKind.CLOSED:
                legs = self._exits.on_position_closed(event.position)
        finally:
            self._release.let_go(held, legs)

    def _rate_limit(self, event: RateLimitEvent) -> None:
        self._meters.rate_limit_event(event.event)
        self._release.put(event)

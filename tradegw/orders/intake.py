"""The broker's news on its way to the strategies.

An order event is judged and linked, shown to the exits and the OCO groups, and only then released,
so that a strategy which sees a fill finds its protection in place. Filtering by subscription comes
after all that, in the stream.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec.structs import replace
from twisted.internet.defer import Deferred, gatherResults
from twisted.logger import Logger
from zope.interface import implementer

from ..deferreds import logged
from ..interfaces import IBrokerListener, IExits
from ..metrics.meters import Meters
from ..model.backtest import RunState
from ..model.enums import OrderEventKind
from ..model.events import (
    AccountEvent,
    AlertEvent,
    BacktestCompleteEvent,
    CandleEvent,
    Event,
    OrderEvent,
    PositionEvent,
    QuoteEvent,
    RateLimitEvent,
    TradeEvent,
)
from ..model.link import SessionStatus
from ..model.order import Order
from .alarm import Alarm
from .lifecycle import Meaning
from .link import Link
from .oco import OcoGroups
from .release import Release
from .told import Told

T = TypeVar("T")


@implementer(IBrokerListener)
class Intake:
    """Takes events in the order in which the broker tells them; one that fails stops no other.

    What repeats or contradicts what was told already goes no further (``lifecycle``); *suspect* is
    told of contradictions, *relinked* when the link is back.
    """

    log = Logger()

    def __init__(
        self,
        told: Told,
        exits: IExits,
        groups: OcoGroups,
        link: Link,
        release: Release,
        alarm: Alarm,
        meters: Meters,
    ) -> None:
        self._told = told
        self._exits = exits
        self._groups = groups
        self._link = link
        self._release = release
        self._meters = meters
        self._suspect: Callable[[str], object]
        self._relinked: Callable[[], Deferred[bool]]
        self._distrust: Callable[[str], object]
        self._ended: Callable[[Order], object]
        self._take: dict[type, Callable[[Any], None]] = {
            QuoteEvent: self._quote,
            CandleEvent: self._candle,
            OrderEvent: self._order,
            TradeEvent: self._trade,
            PositionEvent: self._position,
            AccountEvent: self._account,
            RateLimitEvent: self._rate_limit,
            AlertEvent: alarm.relay,
            BacktestCompleteEvent: self._complete,
        }

    def connect(
        self,
        suspect: Callable[[str], object],
        relinked: Callable[[], Deferred[bool]],
        distrust: Callable[[str], object],
        ended: Callable[[Order], object],
    ) -> None:
        """Who hears of what cannot be, of the link and its failings, and of orders that ended."""
        self._suspect = suspect
        self._relinked = relinked
        self._distrust = distrust
        self._ended = ended

    def on_event(self, event: Event) -> None:
        try:
            self._take.get(type(event), self._release.put)(event)
        except Exception:
            self.log.failure("an event of the broker could not be taken in: {event}", event=event)
            self._suspect("an event of the broker could not be taken in")

    def on_session(self, ask: Callable[[], SessionStatus]) -> None:
        self._link.session = ask

    def on_link_up(self) -> Deferred[bool]:
        return self._relinked()

    def on_link_down(self, symbols: tuple[str, ...], error: str | None) -> None:
        self._link.down(symbols, error)

    def on_link_failed(self, error: str) -> None:
        self._link.failed(error)

    def on_retry(self) -> None:
        self._meters.broker_reconnect_attempt()

    def on_prices_lost(self, symbols: tuple[str, ...], error: str | None) -> None:
        self.log.warn("no prices: {reason}", reason=error, symbols=symbols)
        self._link.prices_lost(symbols)

    def on_suspicion(self, reason: str) -> None:
        self._suspect(reason)

    def on_unreliable(self, reason: str) -> None:
        self._distrust(reason)

    def _quote(self, event: QuoteEvent) -> None:
        self._link.quoted(event)
        self._release.overtake(event)
        self._exits.on_quote(event)

    def _candle(self, event: CandleEvent) -> None:
        self._link.tick(event.bar.symbol)
        self._release.overtake(event)

    def _trade(self, event: TradeEvent) -> None:
        self._link.tick(event.trade.symbol)
        if self._told.execution(event.trade):
            held = self._release.hold(event)
            settled = self._heard(self._exits.on_execution, event.trade)
            self._release.let_go(held, gatherResults(settled) if settled else None)

    def _account(self, event: AccountEvent) -> None:
        self._told.account = event.account
        self._release.put(event)

    def undone(self, event: OrderEvent) -> None:
        """*event* stands for an order that never came to be, as is written down in this turn.

        So is the event, which therefore waits behind nothing (and nothing that waits is about it):
        if the process ended before, nobody would ever tell it.
        """
        news = self._order_news(event)
        if news is not None:
            self._release.put_first(news)
            self._consequences(news)

    def _order(self, event: OrderEvent) -> None:
        news = self._order_news(event)
        if news is not None:
            held = self._release.hold(news)
            self._release.let_go(held, self._consequences(news))

    def _order_news(self, event: OrderEvent) -> OrderEvent | None:
        """*event* as it is to be told, if it is."""
        meaning, order = self._told.order(event)
        if meaning.is_anomaly:
            self._odd(event, meaning)
        if not meaning.is_told:
            return None
        linked = replace(event, order=order, parent_order_id=order.parent_order_id)
        self._meters.order_event(event.event)
        self._note(linked)
        return linked

    def _consequences(self, news: OrderEvent) -> Deferred[list[None]] | None:
        """What *news* sets going, if anything; fires when that is settled."""
        settled = [
            *self._heard(self._exits.on_order_event, news),
            *self._heard(self._groups.on_order, news.order),
        ]
        if news.order.status.is_terminal:
            self._ended(news.order)
        return gatherResults(settled) if settled else None

    def _odd(self, event: OrderEvent, meaning: Meaning) -> None:
        self._meters.order_anomaly()
        order = event.order
        self.log.warn(
            "{event} of order {order_id} cannot follow from what was told before: {meaning}",
            event=event.event.value,
            order_id=order.id,
            status=order.status.value,
            meaning=meaning.value,
        )
        if not event.reconciled:
            self._suspect(f"{event.event.value} of order {order.id} contradicts what was told")

    def _note(self, event: OrderEvent) -> None:
        """For whoever has to find out afterwards what happened."""
        order = event.order
        if event.event is OrderEventKind.CREATED:
            return
        self.log.info(
            "{event}: {side} {symbol} {order_type} {order_id}, {filled} of {quantity} filled{at}",
            event=event.event.value,
            side=order.side.value,
            symbol=order.symbol,
            order_type=order.order_type.value,
            order_id=order.id,
            filled=order.filled_quantity,
            quantity=order.quantity,
            at="" if order.average_fill_price is None else f" at {order.average_fill_price}",
            client_order_id=order.client_order_id,
            correlation_id=order.correlation_id,
            parent_order_id=order.parent_order_id,
        )

    def _position(self, event: PositionEvent) -> None:
        if not self._told.position(event) and not event.reconciled:
            self._suspect(
                f"{event.event.value} of {event.position.symbol} is not what was executed"
            )
        held = self._release.hold(event)
        settled = self._heard(self._exits.on_position_event, event)
        self._release.let_go(held, gatherResults(settled) if settled else None)

    def _complete(self, event: BacktestCompleteEvent) -> None:
        if event.status in (None, RunState.COMPLETED):
            self._meters.backtest_completed()
        else:
            self._meters.backtest_aborted()
        self._release.put(event)

    def _heard(
        self, listener: Callable[[T], Deferred[None] | None], news: T
    ) -> list[Deferred[None]]:
        """Tell *listener*: what it has under way now, which never fails."""
        try:
            work = listener(news)
        except Exception:
            self.log.failure("not taken in: {news}", news=news)
            return []
        if work is None:
            return []
        logged(work, self.log, "what an event of the broker caused")
        return [work]

    def _rate_limit(self, event: RateLimitEvent) -> None:
        self._meters.rate_limit_event(event.event)
        self._release.put(event)

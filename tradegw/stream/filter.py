"""Which events leave the gateway, from the static list of subscriptions (protocol section 5.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from ..model.enums import Platform, Timeframe
from ..model.events import (
    AccountEvent,
    CandleEvent,
    Event,
    FinancingEvent,
    OrderEvent,
    PositionEvent,
    QuoteEvent,
    TradeEvent,
)
from ..model.subscription import (
    ACCOUNT,
    CANDLE,
    EVERYTHING,
    ORDER,
    POSITION,
    QUOTE,
    TRADE,
    Subscription,
)

Topic: TypeAlias = tuple[str, str, Timeframe | None]
"""A kind, the instrument it is about (empty for none), and the timeframe of a candle."""

# Types that are not here are the gateway's own news: they always pass.
_TOPICS: Final[dict[type[Any], Callable[[Any], Topic]]] = {
    QuoteEvent: lambda event: (QUOTE, event.quote.symbol, None),
    CandleEvent: lambda event: (CANDLE, event.bar.symbol, event.bar.timeframe),
    OrderEvent: lambda event: (ORDER, event.order.symbol, None),
    TradeEvent: lambda event: (TRADE, event.trade.symbol, None),
    FinancingEvent: lambda event: (TRADE, event.symbol, None),
    PositionEvent: lambda event: (POSITION, event.position.symbol, None),
    AccountEvent: lambda _event: (ACCOUNT, "", None),
}

# An engine elsewhere waits for acknowledgements of all it tells: an event held back would stall it,
# and what the client wants was filtered where the events are made.
_UNFILTERED: Final = frozenset({Platform.TEKTII})

MAX_REMEMBERED: Final = 10_000


class EventFilter:
    """Tells whether an event is for the clients. One list holds for all of them.

    No subscriptions at all let everything pass. Verdicts are remembered by topic, as the question
    is asked for every tick; what is remembered is bounded.
    """

    def __init__(self, subscriptions: Iterable[Subscription], platform: Platform) -> None:
        listed = tuple(subscriptions)
        self._kinds = _by_instrument(s for s in listed if s.platform is platform)
        self.passes_all = not listed or platform in _UNFILTERED
        self._verdicts: dict[Topic, bool] = {}

    def passes(self, event: Event) -> bool:
        """Whether *event* is wanted; the gateway's own news always is."""
        if self.passes_all:
            return True
        topic_of = _TOPICS.get(type(event))
        if topic_of is None:
            return True
        topic = topic_of(event)
        verdict = self._verdicts.get(topic)
        return self._judge(topic) if verdict is None else verdict

    def _judge(self, topic: Topic) -> bool:
        if len(self._verdicts) >= MAX_REMEMBERED:
            self._verdicts.clear()
        verdict = self._verdicts[topic] = not self._kinds_for(topic).isdisjoint(_names(topic))
        return verdict

    def _kinds_for(self, topic: Topic) -> frozenset[str]:
        kind, instrument, _timeframe = topic
        if kind is ACCOUNT:  # about no instrument: any entry may ask for it
            return frozenset().union(*self._kinds.values())
        nothing: frozenset[str] = frozenset()
        return self._kinds.get(instrument, nothing) | self._kinds.get(EVERYTHING, nothing)


def _by_instrument(subscriptions: Iterable[Subscription]) -> dict[str, frozenset[str]]:
    kinds: dict[str, frozenset[str]] = {}
    for subscription in subscriptions:
        known = kinds.get(subscription.instrument, frozenset())
        kinds[subscription.instrument] = known | subscription.kinds
    return kinds


def _names(topic: Topic) -> tuple[str, ...]:
    kind, _instrument, timeframe = topic
    if timeframe is None:
        return (EVERYTHING, kind)
    return (EVERYTHING, kind, f"{kind}:{timeframe.value}")

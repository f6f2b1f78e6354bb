"""What strategies want to hear, from ``SUBSCRIPTIONS`` (protocol section 5.7)."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from .enums import Platform, Timeframe

EVERYTHING: Final = "*"

QUOTE: Final = "quote"
CANDLE: Final = "candle"
ORDER: Final = "order"
POSITION: Final = "position"
TRADE: Final = "trade"
ACCOUNT: Final = "account"

_PATTERNS: Final[dict[str, str]] = {
    "quote": QUOTE,
    "quotes": QUOTE,
    "candle_*": CANDLE,
    "candle": CANDLE,
    "bars": CANDLE,
    "bar": CANDLE,
    "order_update": ORDER,
    "orders": ORDER,
    "position_update": POSITION,
    "positions": POSITION,
    "trade_update": TRADE,
    "trade": TRADE,
    "trades": TRADE,
    "account_update": ACCOUNT,
    **{f"candle_{t.value}": f"{CANDLE}:{t.value}" for t in Timeframe},
    **{f"candles.{t.value}": f"{CANDLE}:{t.value}" for t in Timeframe},
}


class Subscription(Struct, frozen=True):
    """One entry of the list: a platform, an instrument (``*`` is every one), its event patterns."""

    platform: Platform
    instrument: str
    events: tuple[str, ...]

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds its patterns stand for; ``candle:1m`` for one timeframe, ``*`` for all."""
        return frozenset(
            EVERYTHING if event == EVERYTHING else _PATTERNS[event]
            for event in self.events
            if event == EVERYTHING or event in _PATTERNS
        )

    @property
    def unknown_events(self) -> tuple[str, ...]:
        """Patterns nobody knows; they match nothing and deserve a warning."""
        return tuple(e for e in self.events if e != EVERYTHING and e not in _PATTERNS)

    def covers(self, instrument: str, kind: str, timeframe: Timeframe | None = None) -> bool:
        """Whether events of *kind* (and *timeframe*, for candles) of *instrument* are wanted."""
        if self.instrument not in (EVERYTHING, instrument):
            return False
        kinds = self.kinds
        if EVERYTHING in kinds or kind in kinds:
            return True
        return timeframe is not None and f"{kind}:{timeframe.value}" in kinds

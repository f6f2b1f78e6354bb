"""A bad link to the broker: events get lost, come twice or late, and at times nothing comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from ...interfaces import IBrokerListener
from ...model.events import (
    AccountEvent,
    Event,
    FinancingEvent,
    OrderEvent,
    PositionEvent,
    TradeEvent,
)
from ...model.link import SessionStatus
from .chaos import Dice, EventFault

LONGEST_HOLD: Final = 1.0
MOST_OVERTAKING: Final = 3
SHORTEST_GAP: Final = 0.2
LONGEST_GAP: Final = 3.0

_OF_THE_ACCOUNT: Final = (OrderEvent, TradeEvent, PositionEvent, AccountEvent, FinancingEvent)
_CAN_GET_LOST: Final = (OrderEvent, TradeEvent, PositionEvent)


class _Held:
    """An event that lets *overtaking* others pass."""

    def __init__(self, event: Event, overtaking: int) -> None:
        self.event = event
        self.overtaking = overtaking
        self.call: IDelayedCall | None = None


@implementer(IBrokerListener)
class ChaoticLink:
    """Stands between the broker and *listener*; *symbols* are those with prices.

    *broken* is called when the link goes down, before that is told.
    """

    log = Logger()

    def __init__(
        self,
        listener: IBrokerListener,
        dice: Dice,
        clock: IReactorTime,
        symbols: tuple[str, ...],
        broken: Callable[[], None],
    ) -> None:
        self._listener = listener
        self._dice = dice
        self._clock = clock
        self._symbols = symbols
        self._broken = broken
        self._held: list[_Held] = []
        self._return: IDelayedCall | None = None

    @property
    def is_down(self) -> bool:
        return self._return is not None

    def on_event(self, event: Event) -> None:
        if not isinstance(event, _OF_THE_ACCOUNT):
            if not self.is_down:
                self._listener.on_event(event)
            return
        fault, first, second = self._dice.event()
        if self.is_down:
            return
        if fault == EventFault.LOST and not isinstance(event, _CAN_GET_LOST):
            fault = None
        if fault is not None:
            self.log.info("chaos: {fault}, a {kind}", fault=fault, kind=type(event).__name__)
        if fault == EventFault.DISCONNECT:
            self.lose(first)
        elif fault == EventFault.REORDER:
            self._hold(event, first, second)
        elif fault != EventFault.LOST:
            self._tell(event)
            if fault == EventFault.DUPLICATE and not self.is_down:
                self._tell(event)

    def on_session(self, ask: Callable[[], SessionStatus]) -> None:
        self._listener.on_session(ask)

    def on_link_up(self) -> Deferred[bool]:
        return self._listener.on_link_up()

    def on_link_down(self, symbols: tuple[str, ...], error: str | None) -> None:
        self._listener.on_link_down(symbols, error)

    def on_link_failed(self, error: str) -> None:
        self._listener.on_link_failed(error)

    def on_retry(self) -> None:
        self._listener.on_retry()

    def on_prices_lost(self, symbols: tuple[str, ...], error: str | None) -> None:
        self._listener.on_prices_lost(symbols, error)

    def on_suspicion(self, reason: str) -> None:
        self._listener.on_suspicion(reason)

    def on_unreliable(self, reason: str) -> None:
        self._listener.on_unreliable(reason)

    def lose(self, share: float) -> None:
        """The link breaks; *share* says for how long. What was held back is lost as well."""
        if self.is_down:
            return
        self._drop_held()
        gap = SHORTEST_GAP + share * (LONGEST_GAP - SHORTEST_GAP)
        self._return = self._clock.callLater(gap, self._come_back)
        self._broken()
        self._listener.on_link_down(self._symbols, "MOCK_CHAOS broke the link")

    def stop(self) -> None:
        """Leave no timer behind."""
        self._drop_held()
        if self._return is not None:
            self._return.cancel()
            self._return = None

    def _come_back(self) -> None:
        self._return = None
        self._listener.on_link_up()

    def _tell(self, event: Event) -> None:
        self._listener.on_event(event)
        for held in list(self._held):
            held.overtaking -= 1
            if held.overtaking <= 0:
                self._release(held)

    def _hold(self, event: Event, share: float, duration: float) -> None:
        held = _Held(event, 1 + int(share * MOST_OVERTAKING))
        held.call = self._clock.callLater(duration * LONGEST_HOLD, self._release, held)
        self._held.append(held)

    def _release(self, held: _Held) -> None:
        if held in self._held:
            self._held.remove(held)
            if held.call is not None and held.call.active():
                held.call.cancel()
            self._listener.on_event(held.event)

    def _drop_held(self) -> None:
        for held in self._held:
            if held.call is not None:
                held.call.cancel()
        self._held.clear()

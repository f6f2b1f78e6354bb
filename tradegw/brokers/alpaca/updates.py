"""The trading stream's updates as events of the gateway.

What is told twice (the same execution, three times in the worst recording) goes no further; what
comes late is for the core to judge, which knows what was told. Nothing here waits for anything.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, TypeVar

from twisted.logger import Logger

from ...interfaces import IBrokerListener, WallClock
from ...model.account import Trade
from ...model.enums import OrderEventKind, TradeEventKind
from ...model.events import OrderEvent, TradeEvent
from ...model.order import Order
from . import wire
from .decoding import MULTI_LEG, is_readable, trade_of
from .kin import Kin
from .statuses import CORRECTIONS, FILLS, KNOWN_EVENTS, is_known, kind_of
from .times import moment

K = TypeVar("K")

REMEMBERED: Final = 20_000
MOST_STRANGE: Final = 100


class Updates:
    """Hands to *tell* what orders do, each with its execution if that is what it does; *listener*
    hears what is odd. *heard* is called with everything that was told. Nothing is told of legs that
    *is_dormant* knows by their ids and their parents'; if one executes, *awake* hears of its entry.
    """

    log = Logger()

    def __init__(
        self,
        kin: Kin,
        listener: IBrokerListener,
        now: WallClock,
        heard: Callable[[wire.Update, Order], None],
        tell: Callable[[OrderEvent, Trade | None], None],
        is_dormant: Callable[[str, str | None], bool],
        awake: Callable[[str], None],
    ) -> None:
        self._kin = kin
        self._listener = listener
        self._now = now
        self._heard = heard
        self._tell = tell
        self._is_dormant = is_dormant
        self._awake = awake
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._begun: OrderedDict[str, None] = OrderedDict()
        self._strange: set[str] = set()

    def told(self, update: wire.Update) -> None:
        """One update, as it came."""
        if self._is_repeated(update):
            return
        if not is_readable(update.order):
            if update.order.order_class != MULTI_LEG:
                self._listener.on_suspicion(f"order {update.order.id} is of nothing that is known")
            return
        self._kin.learn(update.order)
        order = self._kin.decoded(update.order)
        self._note_strange(update)
        entry_id = order.parent_order_id
        if entry_id is not None and update.event in FILLS and self._is_dormant(order.id, entry_id):
            self._awake(entry_id)
            self._listener.on_suspicion(f"nobody told that order {entry_id} filled")
        if not self._is_dormant(order.id, entry_id):
            self._tell(self._event(update, order), self._execution(update, order))
        if update.event in CORRECTIONS:
            self._corrected(update.event, order)
        self._heard(update, order)

    def found(self, order: wire.Order) -> None:
        """*order* is there, as nobody told."""
        if order.id in self._begun or not is_readable(order):
            return
        decoded = self._kin.decoded(order)
        _remember(self._begun, order.id)
        event = OrderEvent(
            timestamp=self._now(),
            event=OrderEventKind.CREATED,
            order=decoded,
            parent_order_id=decoded.parent_order_id,
        )
        self._tell(event, None)

    def _execution(self, update: wire.Update, order: Order) -> Trade | None:
        if update.event not in FILLS:
            return None
        trade = trade_of(update, order)
        if trade is None:
            self._listener.on_suspicion(f"a fill of order {order.id} came without its price")
        return trade

    def _event(self, update: wire.Update, order: Order) -> OrderEvent:
        return OrderEvent(
            timestamp=self._now() if update.timestamp is None else moment(update.timestamp),
            event=self._first(order.id, kind_of(update.event, order.status)),
            order=order,
            parent_order_id=order.parent_order_id,
        )

    def _first(self, order_id: str, kind: OrderEventKind) -> OrderEventKind:
        """An order is told to be there once, whatever begins it."""
        if kind is OrderEventKind.CREATED and order_id in self._begun:
            return OrderEventKind.MODIFIED
        _remember(self._begun, order_id)
        return kind

    def _is_repeated(self, update: wire.Update) -> bool:
        if update.execution_id is None:
            return False
        key = (update.execution_id, update.event)
        if key in self._seen:
            return True
        _remember(self._seen, key)
        return False

    def _note_strange(self, update: wire.Update) -> None:
        """Say once what nobody knows; it counts as some change, and as waiting for something."""
        for word, is_strange in (
            (update.event, update.event not in KNOWN_EVENTS),
            (update.order.status, not is_known(update.order.status)),
        ):
            if is_strange and word not in self._strange and len(self._strange) < MOST_STRANGE:
                self._strange.add(word)
                self.log.warn("Alpaca tells of {word}, which nobody knows", word=word[:40])

    def _corrected(self, event: str, order: Order) -> None:
        self.log.error(
            "{event}: Alpaca took back or changed an execution of order {order_id}",
            event=event,
            order_id=order.id,
            symbol=order.symbol,
        )
        self._listener.on_suspicion(f"{event} of order {order.id}")


def trade_event(trade: Trade) -> TradeEvent:
    """*trade* as it is told."""
    return TradeEvent(timestamp=trade.timestamp, trade=trade, event=TradeEventKind.FILLED)


def _remember(kept: OrderedDict[K, None], key: K) -> None:
    kept[key] = None
    if len(kept) > REMEMBERED:
        kept.popitem(last=False)

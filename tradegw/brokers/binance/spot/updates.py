"""The account stream's reports as events of the gateway.

What is told twice goes no further: of two connections that overlap both tell everything. Exits that
are told of before the entry in whose list they are wait for that.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, TypeVar

from twisted.logger import Logger

from ....interfaces import IBrokerListener
from ....model.account import Trade
from ....model.enums import OrderEventKind, TradeEventKind
from ....model.events import OrderEvent, TradeEvent
from ....model.order import Order
from ..times import moment
from ..words import FILLS, STATUSES, kind_of
from . import wire
from .decoding import trade_of
from .ids import OrderId
from .kin import Kin
from .statuses import KNOWN

K = TypeVar("K")

REMEMBERED: Final = 20_000
MOST_WAITING: Final = 100


class Updates:
    """Hands to *listener* what orders do. *heard* is called with every order that is mentioned,
    *executed* when one executed.
    """

    log = Logger()

    def __init__(
        self,
        kin: Kin,
        listener: IBrokerListener,
        heard: Callable[[Order], None],
        executed: Callable[[], None],
    ) -> None:
        self._kin = kin
        self._listener = listener
        self._heard = heard
        self._executed = executed
        self._seen: OrderedDict[tuple[str, int, str], None] = OrderedDict()
        self._executions: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._begun: OrderedDict[str, None] = OrderedDict()
        self._waiting: list[wire.Report] = []
        self._strange: set[str] = set()

    def told(self, report: wire.Report) -> None:
        """One report, as it came."""
        if self._is_repeated(report):
            return
        self._kin.learn_report(report)
        if self._kin.lacks_entry(report.C or report.c, report.g):
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(report)
                return
            self.log.warn("exits are told of, but not their entries", symbol=report.s)
        self._tell(report)
        self.catch_up()

    def catch_up(self) -> None:
        """Entries may have been seen of exits that wait."""
        waiting, self._waiting = self._waiting, []
        for report in waiting:
            if self._kin.lacks_entry(report.C or report.c, report.g):
                self._waiting.append(report)
            else:
                self._tell(report)

    def _tell(self, report: wire.Report) -> None:
        self._note_strange(report)
        try:
            order = self._kin.told(report)
        except ValueError as error:
            self._listener.on_suspicion(f"Binance's account stream: {error}")
            return
        kind = self._first(order.id, kind_of(report.x, order.status))
        event = OrderEvent(
            timestamp=moment(report.E or report.T),
            event=kind,
            order=order,
            parent_order_id=order.parent_order_id,
        )
        if report.x in FILLS:
            self._tell_execution(report, order)
        self._listener.on_event(event)
        self._heard(order)

    def _tell_execution(self, report: wire.Report, order: Order) -> None:
        """Before the order's own event: who protects what was bought knows then what it cost."""
        trade = trade_of(report)
        if trade is None:
            self._listener.on_suspicion(f"a fill of order {order.id} came without its execution")
        else:
            self.executed(trade)

    def executed(self, trade: Trade) -> None:
        """Something executed, as the stream tells or an answer did; it is told once."""
        if self._is_new(self._executions, (trade.symbol, trade.id)):
            self._listener.on_event(
                TradeEvent(timestamp=trade.timestamp, trade=trade, event=TradeEventKind.FILLED)
            )
            self._executed()

    def _first(self, order_id: str, kind: OrderEventKind) -> OrderEventKind:
        """An order is told to be there once: one that waits for a price is told again later."""
        is_new = self._is_new(self._begun, order_id)
        if kind is OrderEventKind.CREATED and not is_new:
            return OrderEventKind.MODIFIED
        return kind

    def _is_repeated(self, report: wire.Report) -> bool:
        if report.I is None:
            return False
        key = (str(OrderId(report.s, report.i)), report.I, report.x)
        return not self._is_new(self._seen, key)

    @staticmethod
    def _is_new(known: OrderedDict[K, None], key: K) -> bool:
        if key in known:
            return False
        known[key] = None
        if len(known) > REMEMBERED:
            known.popitem(last=False)
        return True

    def _note_strange(self, report: wire.Report) -> None:
        for word, known in ((report.x, KNOWN), (report.X, STATUSES)):
            if word not in known and word not in self._strange:
                self._strange.add(word[:40])
                self.log.warn("Binance tells of {word}, of which nobody knows", word=word[:40])

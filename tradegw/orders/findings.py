"""What a survey shows that clients were not told: orders, executions, positions, money.

Whatever changed while the broker was being asked is left for the next time: its answer may be older
than the event that told of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from msgspec.structs import replace
from twisted.internet.defer import DeferredSemaphore, gatherResults

from ..deferreds import as_deferred
from ..errors import GatewayError, OrderNotFound, UnsupportedOperation
from ..interfaces import IAlarm, IBrokerListener, IJournal, WallClock
from ..model.account import Trade
from ..model.enums import AccountEventKind, AlertCode, OrderStatus, TradeEventKind
from ..model.events import AccountEvent, OrderEvent, TradeEvent
from ..model.order import Order
from .blotter import Blotter
from .lifecycle import disagrees, missing_event
from .line import Line
from .restoring import told_order
from .stock import Stock
from .survey import Survey
from .told import Told

AT_ONCE: Final = 10
"""Orders that are asked for at the same time."""

_MOMENT: Final = timedelta(microseconds=1)

MARGIN: Final = timedelta(minutes=5)
"""How far the broker's clock may be behind ours."""

TIMES: Final = 2
"""So often in a row the broker must say what contradicts everything before."""


class Findings:
    """Compares surveys with what was told, and tells the difference to *intake*."""

    def __init__(
        self,
        line: Line,
        blotter: Blotter,
        told: Told,
        stock: Stock,
        journal: IJournal,
        alarm: IAlarm,
        now: WallClock,
    ) -> None:
        self._line = line
        self._blotter = blotter
        self._told = told
        self._stock = stock
        stock.instrument = line.broker.instrument
        self._journal = journal
        self._alarm = alarm
        self._now = now
        self._intake: IBrokerListener
        self._done: Callable[[], object]
        self._before: dict[str, Order] = {}
        self._untold: list[Order] = []
        self._contradictions: Counter[str] = Counter()
        self._contradicted: set[str] = set()
        self._missing = 0
        self._missed: Callable[[str], object]

    def tell_missed(self, missed: Callable[[str], object]) -> None:
        """*missed* hears at once of an order of which executions are found that no event told of:
        an event that comes a moment later must not lie before that.
        """
        self._missed = missed

    def tell_to(self, intake: IBrokerListener, done: Callable[[], object]) -> None:
        """What is found goes the way of live events; *done* hears when all was told."""
        self._intake = intake
        self._done = done
        self._stock.tell_to(intake)

    def tell_blind(self, seconds: float, problem: str) -> None:
        """Nothing could be found for so long. The streams may be there, and trading goes on: nobody
        checks any more what they tell.
        """
        self._alarm.raise_alert(
            AlertCode.INTERNAL_ERROR,
            f"The broker could not be asked how things stand for {seconds:.0f} seconds: {problem}",
            {"seconds": round(seconds)},
        )

    def begin(self) -> None:
        """The broker is about to be asked."""
        self._before = {order.id: order for order in self._blotter.all_told()}
        self._untold = self._blotter.untold()
        self._stock.begin()

    @as_deferred
    async def tell(self, found: Survey, *, is_first: bool) -> int:
        """Tell what was missed; how many events that are. *is_first*: this journal knows nothing
        of the time before, so what is over is none of its business.

        Fails with ``GatewayError`` if an order that is missing could not be asked for.
        """
        self._missing = 0
        self._contradicted.clear()
        self._orders(found)
        await self._find_vanished(found)
        for order_id in self._contradictions.keys() - self._contradicted:
            del self._contradictions[order_id]
        for trade in found.trades:
            self._execution(trade)
        self._missing += self._stock.compare(found.positions, is_first=is_first)
        self._money(found)
        self._stock.done(self._still_working(found))
        self._done()
        return self._missing

    def _orders(self, found: Survey) -> None:
        """From the oldest on: a leg may end and be told before its entry does, but by its entry it
        is known as one. Of those that came at once the ended ones are told first.
        """
        listed = [(order, False) for order in found.closed]
        listed += [(order, True) for order in found.working]
        for order, works in sorted(listed, key=lambda each: each[0].created_at):
            if not works:
                self.learned(order)
            elif self._is_as_before(order.id):
                self.learned(order)
                self._check_undead(order)
                self._check_disagreeing(order)

    def _still_working(self, found: Survey) -> list[Order]:
        """The listed orders of which no answer and no event says that they have ended."""
        known = ((order, self._blotter.order(order.id)) for order in found.working)
        return [order for order, last in known if last is None or not last.status.is_terminal]

    def learned(self, order: Order) -> None:
        """The broker shows *order* so when asked: what clients do not know of it is told."""
        told = self._blotter.told(order.id)
        if told is None:
            told = self._recalled(order)
        self._learned(told, order)

    def _learned(self, told: Order | None, order: Order) -> None:
        self._told.claim(order)
        if told is None:
            order = self._told.from_outside(order)
        kind = missing_event(told, self._blotter.linked(order))
        event = OrderEvent(timestamp=self._now(), event=kind, order=order, reconciled=True)
        with self._told.surveyed():
            self._intake.on_event(event)
        if self._blotter.told(order.id) is not told:
            self._missing += 1
            if kind.is_fill:
                self._missed(order.id)

    def _recalled(self, order: Order) -> Order | None:
        """An old one, which only the journal remembers."""
        state = self._journal.order(order.id)
        if state is None:
            return None
        told, links = told_order(state)
        self._blotter.restore(told, links)
        self._stock.count(told)
        return told

    def _check_undead(self, order: Order) -> None:
        """It works, although clients were told that it ended."""
        told = self._blotter.told(order.id)
        if told is None or not told.status.is_terminal:
            return
        if self._contradicts(order.id):
            self._alert(order, "works, although its end was told")
            self._blotter.revive(order.id)
            self._learned(None, order)

    def _check_disagreeing(self, order: Order) -> None:
        """It is not as it was told, though no newer: a list that is behind, or a refused cancel."""
        told = self._blotter.told(order.id)
        if told is None or not disagrees(told, self._blotter.linked(order)):
            return
        if self._contradicts(order.id):
            del self._contradictions[order.id]
            self.learned(replace(order, updated_at=told.updated_at + _MOMENT))

    @as_deferred
    async def _find_vanished(self, found: Survey) -> None:
        """Ask for each order that should work, or that nothing told of, and is in no list."""
        listed = {order.id for order in (*found.working, *found.closed)}
        working = [order for order in self._before.values() if not order.status.is_terminal]
        gone = [
            order
            for order in (*working, *self._untold)
            if order.id not in listed and self._is_as_before(order.id)
        ]
        at_once = DeferredSemaphore(AT_ONCE)
        failures = await gatherResults([at_once.run(self._ask_for, order) for order in gone])
        for failure in failures:
            if failure is not None:
                raise failure

    @as_deferred
    async def _ask_for(self, order: Order) -> GatewayError | None:
        """Tell how *order* is now; or why it could not be asked for."""
        broker = self._line.broker
        try:
            self.learned(await self._line.look(lambda: broker.order(order.id)))
        except OrderNotFound:
            return await self._ask_by_name(order)
        except GatewayError as error:
            return error
        return None

    @as_deferred
    async def _ask_by_name(self, order: Order) -> GatewayError | None:
        """The broker does not know the id of *order*; one of which nothing told may bear another
        by now.
        """
        broker, links = self._line.broker, self._blotter.links_of(order.id)
        if links is not None and self._blotter.told(order.id) is None:
            sent_as = links.client_order_id
            try:
                found = await self._line.look(lambda: broker.order_by_client_id(sent_as))
            except (OrderNotFound, UnsupportedOperation):
                pass
            except GatewayError as error:
                return error
            else:
                if found.created_at >= order.created_at - MARGIN:  # else it is an older one
                    self._blotter.renamed(order.id, found)
                    self.learned(found)
                    return None
        self._vanished(order)
        return None

    def _is_as_before(self, order_id: str) -> bool:
        """Whether nothing was told of an order since the broker was asked."""
        return self._blotter.told(order_id) is self._before.get(order_id)

    def _vanished(self, order: Order) -> None:
        if self._is_as_before(order.id) and self._contradicts(order.id):
            self._alert(order, "is not known to the broker any more")
            self.learned(replace(order, status=OrderStatus.CANCELLED, updated_at=self._now()))

    def _contradicts(self, order_id: str) -> bool:
        self._contradicted.add(order_id)
        self._contradictions[order_id] += 1
        return self._contradictions[order_id] >= TIMES

    def _alert(self, order: Order, what: str) -> None:
        del self._contradictions[order.id]
        self._alarm.raise_alert(
            AlertCode.INTERNAL_ERROR,
            f"Order {order.id} {what}",
            {"order_id": order.id, "symbol": order.symbol, "side": order.side.value},
        )

    @property
    def is_suspicious(self) -> bool:
        """Whether the broker should be asked again soon, to be believed."""
        return bool(self._contradictions) or self._stock.is_suspicious

    def _execution(self, trade: Trade) -> None:
        event = TradeEvent(
            timestamp=self._now(), trade=trade, event=TradeEventKind.FILLED, reconciled=True
        )
        if not self._told.knows(trade):
            self._missing += 1
            with self._told.surveyed():
                self._intake.on_event(event)

    def _money(self, found: Survey) -> None:
        told = self._told.account
        if told is None or told.balance == found.account.balance:
            self._told.account = told or found.account
            return
        self._missing += 1
        self._intake.on_event(
            AccountEvent(
                timestamp=self._now(),
                event=AccountEventKind.BALANCE_UPDATED,
                account=found.account,
                reconciled=True,
            )
        )

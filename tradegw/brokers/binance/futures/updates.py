"""The account stream's news of orders as events of the gateway.

What is told twice goes no further. News of an ordinary order that may be the child of one that
waited are held until that is known: told too early it would be an order twice.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from ....deferreds import as_deferred, logged
from ....errors import GatewayError
from ....interfaces import IBrokerListener
from ....model.enums import OrderEventKind, OrderStatus, TradeEventKind
from ....model.events import OrderEvent, TradeEvent
from ....model.order import Order
from ..times import moment
from ..words import FILLS, STATUSES, kind_of
from . import decoding
from .children import Children
from .events import AlgoUpdate, OrderNews, OrderUpdate
from .finding import Finding
from .lineage import Lineage
from .liquidations import Liquidations
from .statuses import KNOWN, WAITED

REMEMBERED: Final = 20_000
ASK_SECONDS: Final = 0.5
"""Before it is asked whose child an order is: most often that is told by then."""

TIMES: Final = 3
_TOLD_BY_CHILD: Final = frozenset({"TRIGGERING", "TRIGGERED", "FINISHED"})
"""Of a rejected one there is no child, though it may have had a number."""


class Updates:
    """Hands to *listener* what orders do; *heard* is called with every order that is mentioned."""

    log = Logger()

    def __init__(
        self,
        children: Children,
        lineage: Lineage,
        finding: Finding,
        listener: IBrokerListener,
        clock: IReactorTime,
        heard: Callable[[Order], None],
    ) -> None:
        self._children = children
        self._lineage = lineage
        self._finding = finding
        self._listener = listener
        self._clock = clock
        self._heard = heard
        self._liquidations = Liquidations(listener)
        self._seen: OrderedDict[tuple[object, ...], None] = OrderedDict()
        self._begun: OrderedDict[str, None] = OrderedDict()
        self._held: OrderedDict[tuple[str, int], list[OrderUpdate]] = OrderedDict()
        self._strange: set[str] = set()

    # -- what waits for a price

    def waiting_told(self, update: AlgoUpdate) -> None:
        """News of an order that waits, or did."""
        news = update.o
        algo = self._children.learn(news.algo(update.T or update.E))
        self._lineage.note()
        self._release_all()
        try:
            order = decoding.waiting_from(algo)
        except ValueError as error:
            self._listener.on_suspicion(f"Binance's account stream: {error}")
            return
        self._heard(order)
        if news.X in _TOLD_BY_CHILD or (algo.child is not None and news.X != "REJECTED"):
            return
        if self._is_repeated(("algo", news.aid, news.X, update.T)):
            return
        self._tell(order, "NEW" if news.X == "NEW" else news.X, update.E or update.T)

    # -- ordinary orders

    def told(self, update: OrderUpdate) -> None:
        """One of an ordinary order, as it came."""
        news = update.o
        if self._is_repeated((news.s, news.i, news.x, news.X, news.t, news.z, news.T)):
            return
        key = (news.s, news.i)
        if key in self._held:
            self._held[key].append(update)
        elif self._is_clear(news):
            self._take(update)
        else:
            self._held[key] = [update]
            logged(self._settled(key), self.log, "asking whose child an order is")

    def _is_clear(self, news: OrderNews) -> bool:
        """Whether it is known whose the order is."""
        if self._children.is_settled(news.s, news.i):
            return True
        if self._finding.is_ordinary(news.c):
            self._children.is_by_itself(news.s, news.i)
            return True
        return False

    @as_deferred
    async def _settled(self, key: tuple[str, int]) -> None:
        """Find out, and tell what was held; after some tries as an order of its own."""
        for turn in range(TIMES):
            await deferLater(self._clock, ASK_SECONDS * 2**turn)
            if key not in self._held:
                return
            waited = any(update.o.ot in WAITED for update in self._held[key])
            is_last = not waited or turn == TIMES - 1
            try:
                await self._lineage.settle([key], is_last=is_last)
            except GatewayError as error:
                self.log.info("whose child an order is is not known: {why}", why=error.message)
            else:
                if is_last or self._children.is_settled(*key):
                    break
        self._release(key)

    def _release_all(self) -> None:
        for key in [each for each in self._held if self._children.is_settled(*each)]:
            self._release(key)

    def _release(self, key: tuple[str, int]) -> None:
        for update in self._held.pop(key, ()):
            self._take(update)

    def _take(self, update: OrderUpdate) -> None:
        news = update.o
        self._note_strange(news)
        try:
            order = self._children.told(news.order())
        except ValueError as error:
            self._listener.on_suspicion(f"Binance's account stream: {error}")
            return
        self._tell(order, news.x, update.E or update.T)
        if news.x in FILLS:
            self._tell_execution(news, order)
        self._liquidations.look(news, order)
        self._heard(order)

    # -- how it is told

    def _tell(self, order: Order, execution: str, at: int) -> None:
        kind = self._first(order, kind_of(execution, order.status))
        self._listener.on_event(OrderEvent(timestamp=moment(at), event=kind, order=order))

    def _tell_execution(self, news: OrderNews, order: Order) -> None:
        trade = decoding.trade_of(news, order.id)
        if trade is None:
            self._listener.on_suspicion(f"a fill of order {order.id} came without its execution")
            return
        self._listener.on_event(
            TradeEvent(timestamp=trade.timestamp, trade=trade, event=TradeEventKind.FILLED)
        )

    def _first(self, order: Order, kind: OrderEventKind) -> OrderEventKind:
        """An order is told to be there once: one that is triggered, or begins to trail, is told
        again.
        """
        if kind is OrderEventKind.CREATED and order.id in self._begun:
            return OrderEventKind.MODIFIED
        if order.status is not OrderStatus.REJECTED:
            self._begun[order.id] = None
            if len(self._begun) > REMEMBERED:
                self._begun.popitem(last=False)
        return kind

    def _is_repeated(self, key: tuple[object, ...]) -> bool:
        if key in self._seen:
            return True
        self._seen[key] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return False

    def _note_strange(self, news: OrderNews) -> None:
        for word, known in ((news.x, KNOWN), (news.X, STATUSES)):
            if word not in known and word not in self._strange:
                self._strange.add(word[:40])
                self.log.warn("Binance tells of {word}, of which nobody knows", word=word[:40])

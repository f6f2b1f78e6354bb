"""Orders of a playback: what becomes of them before they take part, and what happens by itself.

What is sent takes part from the next open or tick of its symbol, but in answer to a fill of that
symbol inside of a bar from that very price on; with latency, once it has got here. In time, rather
than by prices, come the ends of days and what is on its way.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from ..errors import GatewayError, InvalidValue, OrderRejected, PositionNotFound
from ..model.enums import OrderStatus, OrderType
from ..model.events import Event
from ..model.money import ZERO
from ..model.order import Order, OrderChange, OrderRequest
from . import admission
from .account import MarginAccount, against
from .counter import Counter
from .desk import Filled, Ids
from .diary import Diary
from .fills import Where
from .hedging import HedgingAccount
from .instruments import Instrument
from .ledger import Ledger
from .outbox import Outbox
from .terms import Terms


def next_midnight(_symbol: str, time: datetime) -> datetime:
    """The first midnight, in UTC, after *time*."""
    day = time.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)


class Listing(Struct, frozen=True, kw_only=True):
    """What is known of symbols.

    ``instrument``  what a symbol is; ``None`` for one without data
    ``rate``        account currency per quote currency of the symbol, now; ``None``: always 1
    ``day_end``     when a session of the symbol ends next, after (not at) the time given
    """

    instrument: Callable[[str], Instrument | None]
    rate: Callable[[str], Decimal] | None = None
    day_end: Callable[[str, datetime], datetime] = next_midnight


class _Later(NamedTuple):
    """A change of an order, or a cancel, that is on its way."""

    time: datetime
    order_id: str
    change: OrderChange | None


class Post(Counter):
    """The half of a playback to which orders are sent."""

    def __init__(
        self,
        terms: Terms,
        listing: Listing,
        ids: Ids,
        deliver: Callable[[Event], None],
        filled: Filled | None,
    ) -> None:
        kind = HedgingAccount if terms.hedging else MarginAccount
        super().__init__(
            kind(terms, self._worth),
            listing.instrument,
            ids,
            Outbox(deliver, lambda time: time, lambda: None),
            Ledger(terms.retained, Diary(None)),
            filled,
        )
        self._account.converts = listing.rate is not None
        self._listing = listing
        self._later: deque[_Later] = deque()

    def submit(self, request: OrderRequest, time: datetime, *, pair: str | None = None) -> Order:
        """Accept an order. The exits that it asks for are the caller's to send; those of one entry
        are known to belong together by the name of their *pair*.

        With ``fill_current`` an order at market fills here. Raises ``SymbolNotFound``,
        ``InvalidRequest``, ``InvalidValue``, ``PositionNotFound`` or ``OrderRejected``.
        """
        if self.ruined:
            raise OrderRejected("The account is ruined", "ACCOUNT_RUINED")
        if self._terms.strict:
            admission.check_simulated(request, self._terms)
        if self._terms.hedging and request.position_id is not None:
            request = self._for_position(request, request.position_id)
        market, order = self._admitted(request, time)
        order.pair, order.trail = pair, request.trailing_stop
        order.reduces = bool(order.reduce_only and self._account.reducible(order))
        order.waits = not market.reacts
        if self._terms.latency:
            order.arrives_at = self.time + self._terms.latency
        is_market = order.order_type is OrderType.MARKET
        current = self._terms.fill_current and is_market and order.waits
        at_once = current and market.tick is not None and order.arrives_at is None
        if at_once:
            order.waits, market.where = False, Where.SHOWN
        return self._accept(market, order, at_once=at_once)

    def cancel(self, order_id: str, time: datetime) -> Order:
        """Cancel a working order: now, or once the cancel has got here (``PENDING_CANCEL``)."""
        if not self._terms.latency:
            return super().cancel(order_id, time)
        self._come_to(time)
        order = self._working(order_id)
        self._later.append(_Later(self.time + self._terms.latency, order_id, None))
        return replace(order.snapshot(), status=OrderStatus.PENDING_CANCEL)

    def replace(self, order_id: str, change: OrderChange, time: datetime) -> Order:
        """Change a working order in place: now, or once the change has got here; the answer is the
        order as it is until then.
        """
        self._come_to(time)
        order = self._working(order_id)
        if self._terms.latency:
            admission.check_change(order, change)
            self._later.append(_Later(self.time + self._terms.latency, order_id, change))
            return order.snapshot()
        return self._change(order_id, change)

    def due(self) -> datetime | None:
        """When something happens next by itself: a day's end, or what was sent gets here."""
        times = [later.time for later in self._later][:1]
        for order in self._ledger.day_orders.values():
            if order.expires_at is None and order.active_since is not None:
                order.expires_at = self._listing.day_end(order.symbol, order.active_since)
            if order.expires_at is not None:
                times.append(order.expires_at)
        return min(times) if times else None

    def advance(self, time: datetime) -> None:
        """Carry out and tell what is due until *time*."""
        while (due := self.due()) is not None and due <= time:
            self._come_to(due)
            for order in list(self._ledger.day_orders.values()):
                if order.expires_at is not None and order.expires_at <= due:
                    self._desk.end(order, OrderStatus.EXPIRED, self.time)
            while self._later and self._later[0].time <= due:
                self._arrive(self._later.popleft())
            self._outbox.flush()
        self._come_to(time)

    @property
    def ruined(self) -> bool:
        """Nothing is held, and nothing is left."""
        return self._account.balance <= ZERO and not self._account.holdings

    @abstractmethod
    def _walk_to_now(self, symbol: str) -> None:
        """Have the price of *symbol* where it is now, if it is inside of a bar."""

    def _come_to(self, time: datetime) -> None:
        self.time = max(self.time, time)

    def _arrive(self, later: _Later) -> None:
        """What was on its way is here; it is in vain if the order or the money is gone."""
        if self._ledger.working(later.order_id) is None:
            return
        if later.change is None:
            super().cancel(later.order_id, later.time)
            return
        try:
            self._change(later.order_id, later.change)
        except GatewayError:
            return

    def _change(self, order_id: str, change: OrderChange) -> Order:
        self._walk_to_now(self._working(order_id).symbol)
        return super().replace(order_id, change, self.time)

    def _for_position(self, request: OrderRequest, key: str) -> OrderRequest:
        """*request*, which names a position: it adds to that, or can only reduce it."""
        holding = self._account.holdings.get(key)
        if holding is None:
            raise PositionNotFound(key)
        if self._account.symbol_of(key) != request.symbol:
            message = f"{key} is not a position in {request.symbol}"
            raise InvalidValue(message, "position_id", key)
        return replace(request, reduce_only=True) if against(holding, request.side) else request

    def _worth(self, symbol: str) -> Decimal:
        market = self._markets.get(symbol) or self._market(symbol)
        rate, multiplier = self._listing.rate, market.instrument.multiplier
        return multiplier if rate is None else multiplier * rate(symbol)

"""What the account shows when it is asked: orders, executions, positions, money."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from msgspec.structs import replace
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from ...errors import GatewayError, OrderNotFound, PositionNotFound, ProviderError, SymbolNotFound
from ...interfaces import WallClock
from ...model.account import Account, Position, Trade, TradeQuery
from ...model.limits import Lane
from ...model.money import ZERO
from ...model.order import Order, OrderQuery
from . import wire
from .coins import Coins
from .decoding import account_from, flat, is_readable, position_from, trade_from
from .finding import Finding
from .instruments import Instruments
from .legs import Legs, are_live
from .prices import PROVIDER
from .rest import MOST_ACTIVITIES, MOST_ORDERS, Rest
from .statuses import OVER
from .symbols import plain
from .times import moment, text_of

MOST_PAGES: Final = 40
USUAL_TRADES: Final = 500
GROUPED: Final = frozenset({"bracket", "oco", "oto"})
NEAR: Final = timedelta(seconds=2)
"""Legs are made with their parent."""

OVERLAP: Final = timedelta(milliseconds=1)
ASKED_TOGETHER: Final = 10
FRESH_SECONDS: Final = 0.5
"""The positions of a look at everything serve for the money as well."""


class Records:
    """Asks *rest*; all others learn of what is seen."""

    log = Logger()

    def __init__(
        self,
        rest: Rest,
        finding: Finding,
        instruments: Instruments,
        legs: Legs,
        coins: Coins,
        now: WallClock,
        clock: IReactorTime,
    ) -> None:
        self._rest = rest
        self._kin = finding.kin
        self._finding = finding
        self._instruments = instruments
        self._symbols = instruments.symbols
        self._legs = legs
        self._coins = coins
        self._now = now
        self._clock = clock
        self._since: dict[tuple[str, object], datetime] = {}
        self._nameless: set[str] = set()
        """What is held and is no asset: options, and what was delisted."""
        self._unrealized = ZERO
        self._unrealized_at = float("-inf")

    # -- orders

    async def open_orders(self, lane: Lane = Lane.QUERY) -> list[Order]:
        """All that work, the held legs of brackets among them, which the list of open orders does
        not show: they are found beside their parents, among the newest orders or near in time.
        Legs of entries that have not filled are of no use yet, and are left out.
        """
        found = {order.id: order for order in await self._paged("open", nested=False, lane=lane)}
        self._take(found, await self._rest.orders("all", nested=True, lane=lane))
        for order in [each for each in found.values() if self._is_orphan(each)]:
            if self._is_orphan(order):  # it may have been found beside the one before
                self._take(found, await self._near(order, lane))
        return await self._working(found.values())

    def _take(self, found: dict[str, wire.Order], orders: Sequence[wire.Order]) -> None:
        self._kin.learn_all(orders)
        for shown in flat(orders):
            if are_live(shown.parent):
                found[shown.order.id] = shown.order
                continue
            found.pop(shown.order.id, None)
            if shown.parent is not None:
                self._legs.expect(shown.parent)

    def _is_orphan(self, order: wire.Order) -> bool:
        """Whether it belongs to others that were not seen."""
        if order.status in OVER or order.order_class not in GROUPED or order.created_at is None:
            return False
        return not order.legs and self._kin.parent_id(order.id) is None

    async def _near(self, order: wire.Order, lane: Lane) -> tuple[wire.Order, ...]:
        assert order.created_at is not None
        at = moment(order.created_at)
        return await self._rest.orders(
            "all", nested=True, after=at - NEAR, until=text_of(at + NEAR), lane=lane
        )

    async def _working(self, orders: Iterable[wire.Order]) -> list[Order]:
        working = []
        for order in orders:
            if order.status in OVER or not is_readable(order):
                continue
            decoded = await self._finding.known(order)
            if not decoded.status.is_terminal:
                working.append(decoded)
        return working

    async def closed_orders(self, query: OrderQuery) -> list[Order]:
        """Those that ended, newest first, submitted since then."""
        if query.client_order_id is not None:
            return await self._closed_by_name(query.client_order_id)
        after = None if query.since is None else query.since - NEAR
        symbol = None if query.symbol is None else plain(query.symbol)
        limit = MOST_ORDERS if query.limit is None and after is None else query.limit
        found = await self._paged("closed", nested=True, after=after, symbol=symbol, limit=limit)
        self._kin.learn_all(found)
        listed = [self._kin.decoded(each.order) for each in flat(found) if is_readable(each.order)]
        return [order for order in listed if order.status.is_terminal]

    async def _closed_by_name(self, client_order_id: str) -> list[Order]:
        try:
            order = await self._finding.by_client_id(client_order_id)
        except OrderNotFound:
            return []
        return [order] if order.status.is_terminal else []

    async def _paged(
        self,
        status: str,
        *,
        nested: bool,
        after: datetime | None = None,
        symbol: str | None = None,
        limit: int | None = None,
        lane: Lane = Lane.QUERY,
    ) -> list[wire.Order]:
        found: dict[str, wire.Order] = {}
        until: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._rest.orders(
                status, nested=nested, after=after, until=until, symbol=symbol, lane=lane
            )
            news = [order for order in page if order.id not in found]
            found.update((order.id, order) for order in news)
            enough = limit is not None and len(found) >= limit
            until = _behind(page)
            if until is None or not news or enough:
                return list(found.values())
        raise ProviderError(f"There are more than {len(found)} {status} orders", PROVIDER)

    # -- executions

    async def trades(self, query: TradeQuery) -> list[Trade]:
        """Executions, oldest first; a few hundred of the newest, if *query* wants no more."""
        if query.order_id is not None and query.since is None:
            try:
                order = await self._finding.look_up(query.order_id)
            except OrderNotFound:
                return []
            query = replace(query, since=order.created_at)
        most = USUAL_TRADES if query.limit is None else query.limit
        found: dict[str, wire.Activity] = {}
        token: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._rest.executions(_execution_query(query, token))
            news = [activity for activity in page if activity.id not in found]
            found.update((activity.id, activity) for activity in news)
            is_enough = query.since is None and len(found) >= most
            if len(page) < MOST_ACTIVITIES or not news or is_enough:
                return await self._told(found.values())
            token = page[-1].id
        raise ProviderError(f"There are more than {len(found)} executions", PROVIDER)

    async def _told(self, activities: Iterable[wire.Activity]) -> list[Trade]:
        trades = [trade_from(each, self._symbols) for each in activities]
        by_id = {trade.id: trade for trade in await self._coins.with_fees(trades)}
        return sorted(by_id.values(), key=lambda trade: trade.timestamp)

    # -- what is held

    async def positions(self, lane: Lane = Lane.QUERY) -> list[Position]:
        listed = await self._rest.positions(lane)
        now = self._now()
        held = [
            position_from(position, self._symbols, now)
            for position in listed
            if position.qty != ZERO
        ]
        self._unrealized = sum((position.unrealized_pnl for position in held), ZERO)
        self._unrealized_at = self._clock.seconds()
        self._coins.saw(
            {
                self._symbols.shown(position.symbol): position.qty
                for position in listed
                if self._symbols.is_crypto(position.symbol, position.asset_class)
            }
        )
        await self._know(held)
        for position in held:
            self._instruments.saw(position.symbol, position.current_price)
        return self._dated(held)

    async def _know(self, held: list[Position]) -> None:
        """Ask for the steps of what is held, where nobody knows them yet: some at a time."""
        symbols = {one.symbol for one in held}
        self._nameless &= symbols
        known = self._instruments.asset
        unknown = [name for name in symbols - self._nameless if known(name) is None]
        for symbol in sorted(unknown)[:ASKED_TOGETHER]:
            try:
                self._instruments.learn(await self._rest.asset(symbol))
            except SymbolNotFound:
                self._nameless.add(symbol)
            except GatewayError as error:
                self.log.info("{symbol}: {reason}", symbol=symbol, reason=error.message)

    def _dated(self, held: list[Position]) -> list[Position]:
        """With the time since which each was seen to be open on its side."""
        keys = {(position.id, position.side): position for position in held}
        self._since = {
            key: self._since.get(key, position.opened_at) for key, position in keys.items()
        }
        return [replace(position, opened_at=self._since[key]) for key, position in keys.items()]

    async def held(self, symbol: str) -> Decimal:
        """What is held of *symbol* now; short is negative."""
        try:
            return (await self._rest.position(plain(symbol))).qty
        except PositionNotFound:
            return ZERO

    async def account(self) -> Account:
        if self._clock.seconds() - self._unrealized_at > FRESH_SECONDS:
            await self.positions()
        try:
            return account_from(await self._rest.account(), self._unrealized)
        except ValueError as error:
            raise ProviderError(f"Alpaca: {error}", PROVIDER) from error


def _behind(page: Sequence[wire.Order]) -> str | None:
    """Until when the next page is: a little later than the last of this one was submitted, for its
    legs were submitted with it, and may not be on it.
    """
    shown = sum(1 for _ in flat(page))  # nobody says whether legs count
    last = page[-1].submitted_at if shown >= MOST_ORDERS else None
    return None if last is None else text_of(moment(last) + OVERLAP)


def _execution_query(query: TradeQuery, token: str | None) -> tuple[tuple[str, str], ...]:
    """From the oldest on since a time, or else from the newest back."""
    wanted = [("page_size", str(MOST_ACTIVITIES))]
    if query.since is None:
        wanted.append(("direction", "desc"))
    else:
        wanted += [("direction", "asc"), ("after", text_of(query.since - NEAR))]
    if query.until is not None:
        wanted.append(("until", text_of(query.until)))
    if token is not None:
        wanted.append(("page_token", token))
    return tuple(wanted)

"""Everything of one account behind the wire."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from twisted.internet.interfaces import IReactorTime

from ..calls import Adding
from ..limits import Pool
from ..stamps import Stamps
from .account_calls import AccountCalls
from .balances import Balances
from .book import Book
from .desk import Desk
from .herald import Herald, Tell
from .list_calls import ListCalls
from .lists import Lists
from .market_calls import MarketCalls
from .order_calls import OrderCalls
from .pairs import Pairs
from .placing import Placing


class World:
    """The parts, put together; *tell* takes what the private stream says."""

    def __init__(
        self,
        clock: IReactorTime,
        stamps: Stamps,
        pairs: Pairs,
        given: Mapping[str, Decimal],
        pool: Pool,
        tell: Tell,
    ) -> None:
        self.stamps = stamps
        self.pairs = pairs
        self.pool = pool
        self.given = dict(given)
        self.balances = Balances(given)
        self.book = Book(clock)
        self.herald = Herald(stamps, self.balances, tell)
        parts = (stamps, pairs.market, self.balances, self.book)
        self.desk = Desk(
            stamps, pairs.market, pairs.klines, self.balances, self.book, self.herald, pool
        )
        self.placing = Placing(*parts, self.desk, self.herald, pool)
        self.lists = Lists(
            stamps, pairs.market, self.book, self.desk, self.placing, self.herald, pool
        )
        self.order_calls = OrderCalls(pairs.listing, self.book, self.placing, pool)
        self.list_calls = ListCalls(pairs.listing, self.book, self.lists)
        self.account_calls = AccountCalls(
            stamps, pairs.listing, self.balances, self.book, self.desk, self.placing, pool
        )
        self.market_calls = MarketCalls(stamps, pairs.listing, pairs.market, pairs.klines, pool)
        pairs.desks.append(self.desk)

    def add_to(self, routes: Adding) -> None:
        """Answer all calls of spot."""
        for part in (self.order_calls, self.list_calls, self.account_calls, self.market_calls):
            part.add_to(routes)

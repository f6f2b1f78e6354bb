"""Everything behind the wire: one account, one market, and the calls that are answered of them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct
from twisted.internet.interfaces import IReactorTime

from ...interfaces import WallClock
from .account import Account
from .account_calls import AccountCalls
from .assets import USUAL, Asset, Listing
from .book import Book
from .calls import Routes
from .data_calls import DataCalls
from .day import Day
from .desk import Desk
from .history import History
from .holdings import Holdings
from .market import Market
from .order_calls import OrderCalls
from .placing import Placing
from .position_calls import PositionCalls
from .replacing import Replacing
from .rules import Rules
from .stamps import SECOND, Stamps
from .telling import Herald, Tell

_DAY = 86_400 * SECOND


class Terms(Struct, frozen=True, kw_only=True):
    """What kind of account it is.

    *feed* is the data subscription, ``iex`` (30 symbols of trades and quotes a socket, recent data
    of that exchange alone) or ``sip``. The same *seed* makes the same ids.
    """

    key: str = "PKDOUBLE0000000001"
    secret: str = "double-secret"  # noqa: S105  the point of a double is that this is no secret
    paper: bool = True
    cash: Decimal = Decimal(100_000)
    feed: str = "iex"
    requests_per_minute: int = 200
    data_requests_per_minute: int = 200
    assets: tuple[Asset, ...] = USUAL
    seed: int = 1


class World:
    """The parts, put together; *tell* takes what the trading stream says."""

    def __init__(self, terms: Terms, clock: IReactorTime, now: WallClock, tell: Tell) -> None:
        self.stamps = Stamps(now, terms.seed)
        self.listing = Listing(terms.assets)
        self.market = Market()
        self.history = History()
        self.holdings = Holdings(terms.cash, self.market)
        self.book = Book()
        self.account = Account(
            id=self.stamps.uuid(),
            account_number="PA3DOUBLE001" if terms.paper else "123456789",
            created_at=self.stamps.take() - 90 * _DAY,
            last_equity=terms.cash,
        )
        self.desk = Desk(
            clock,
            self.stamps,
            self.market,
            self.holdings,
            self.book,
            Herald(self.stamps, self.book, tell),
        )
        self.rules = Rules(self.account, self.market, self.holdings, self.book)
        self.placing = Placing(self.stamps, self.book, self.rules, self.desk)
        self.replacing = Replacing(self.stamps, self.book, self.rules, self.desk, self.placing)
        self.day = Day(self.book, self.desk, self.placing, self.market)

    def routes(self, feed: str) -> Routes:
        """All calls that are answered."""
        routes = Routes()
        parts: Iterable[OrderCalls | PositionCalls | AccountCalls | DataCalls] = (
            OrderCalls(self.listing, self.book, self.placing, self.replacing),
            PositionCalls(self.listing, self.market, self.holdings, self.book, self.placing),
            AccountCalls(self.stamps, self.account, self.listing, self.book, self.rules, self.desk),
            DataCalls(feed, self.stamps, self.listing, self.market, self.history),
        )
        for part in parts:
            part.add_to(routes)
        return routes

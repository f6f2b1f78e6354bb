"""Everything of one futures account behind the wire."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from twisted.internet.interfaces import IReactorTime

from ..calls import Adding
from ..limits import Pool
from ..stamps import Stamps
from .account_calls import AccountCalls
from .algos import Algos
from .book import Book
from .contracts import Listing
from .desk import Desk
from .herald import Herald
from .listen_keys import FuturesStreams, ListenKeys
from .market import Contracts, TellMarket
from .market_calls import MarketCalls
from .order_calls import OrderCalls
from .placing import Placing
from .setting_calls import SettingCalls
from .wallet import Mode, Wallet


class World:
    """The parts, put together; *tell* takes what the market says, *private* what the account."""

    def __init__(
        self,
        clock: IReactorTime,
        stamps: Stamps,
        listing: Listing,
        given: Mapping[str, Decimal],
        mode: Mode,
        pool: Pool,
        streams: tuple[TellMarket, FuturesStreams],
    ) -> None:
        tell, private = streams
        self.stamps = stamps
        self.listing = listing
        self.pool = pool
        self.contracts = Contracts(stamps, tell)
        market = self.contracts.market
        self.wallet = Wallet(given, market, mode)
        self.book = Book(clock)
        self.listen_keys = ListenKeys(clock, stamps, private.tell_user)
        self.herald = Herald(
            stamps,
            self.wallet,
            lambda event: private.tell_user(self.listen_keys.current, event),
        )
        self.desk = Desk(clock, stamps, market, self.wallet, self.book, self.herald, pool)
        self.placing = Placing(stamps, market, self.wallet, self.book, self.desk, self.herald, pool)
        self.algos = Algos(stamps, market, self.book, self.desk, self.placing, self.herald, pool)
        self.order_calls = OrderCalls(stamps, listing, self.book, self.placing, self.algos, pool)
        self.account_calls = AccountCalls(
            stamps, listing, self.wallet, self.book, self.desk, self.placing
        )
        self.setting_calls = SettingCalls(
            clock, listing, self.wallet, self.book, self.desk, self.herald
        )
        lists = any(each.is_inverse for each in listing.contracts.values())
        self.market_calls = MarketCalls(stamps, listing, self.contracts, pool, lists=lists)

    def add_to(self, routes: Adding) -> None:
        """Answer all calls."""
        for part in (
            self.order_calls,
            self.account_calls,
            self.setting_calls,
            self.market_calls,
            self.listen_keys,
        ):
            part.add_to(routes)

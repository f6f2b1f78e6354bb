"""Binance's futures as a broker: its parts put together."""

from __future__ import annotations

from typing import Final

from ....model.enums import AssetClass, PositionMode
from ....model.market import Capabilities, RateLimits
from ....model.order import Order
from ...link.session import Session
from ...registry import BrokerParts
from .. import limits
from ..access import Access
from ..bars import Bars
from ..broker import BinanceBroker
from ..config import BinanceSettings
from ..crew import Crew
from ..market_data import MarketData
from ..prices import Prices
from ..readiness import Readiness
from . import ids, rules
from .account_stream import Ears
from .aftermath import Aftermath
from .amending import Amending
from .children import Children
from .finding import Finding
from .footing import Footing
from .funding import Fundings
from .history import History
from .holdings import Holdings
from .identity import Identity
from .instruments import Instruments
from .leverage import Leverages
from .lineage import Lineage
from .orders import Manner, Orders
from .prices import WIRE, routes
from .private import PrivateStream
from .quotes import LONGEST, Quotes
from .records import Records
from .refusals import OF_RULES, error_of
from .rest import Rest
from .updates import Updates
from .venue import VENUES

FEATURES: Final = ("get_quote", "reduce_only", "leverage", "margin_mode")


class FuturesBroker(BinanceBroker):
    """One account of USD-M or COIN-M, on the testnet or live."""

    def __init__(self, own: BinanceSettings, parts: BrokerParts) -> None:
        access = Access(own, parts, limits.FUTURES, error_of)
        super().__init__(parts, access, Together(parts, access).crew)


class Together:
    """The parts, put together."""

    def __init__(self, parts: BrokerParts, access: Access) -> None:
        own, clock, listener, memory = access.own, parts.clock, parts.listener, parts.memory
        venue, now = VENUES[own.product.name], access.time.now
        rest = Rest(access.calls, venue)
        prices = Prices(own.streams, parts, WIRE, lambda wanted: routes(wanted, venue))
        instruments = Instruments(memory, prices.wanted.symbols)
        self._leverages = leverages = Leverages(rest, venue)
        identity = Identity(rest, memory, own.product.name)
        footing = Footing(rest, identity, instruments, leverages, access.meter, hedging=own.hedging)
        ready = Readiness(footing, clock, OF_RULES)
        children = Children()
        self._finding = finding = Finding(rest, children, instruments, clock, now)
        lineage = Lineage(rest, children, finding, memory)
        holdings = Holdings(rest, venue, instruments, leverages, own.currency, parts.now)
        holdings.hedging, footing.is_many = own.hedging, holdings.add_up
        fundings = Fundings(rest, listener, clock, lambda: holdings.currency)
        self._aftermath = aftermath = Aftermath(holdings, fundings, listener, parts.now, clock)
        updates = Updates(children, lineage, finding, listener, clock, self._heard)
        ears = Ears(
            ordered=updates.told,
            waited=updates.waiting_told,
            moved=aftermath.moved,
            warned=aftermath.warned,
            configured=leverages.told,
            ending=lambda: None,
            odd=listener.on_suspicion,
            opened=lambda: None,
            gone=self._left_alone,
        )
        private = PrivateStream(own, parts, venue, rest, ready, ears)
        session = Session(parts, private.stream, prices.streams)
        prices.follow(session)
        self._watch = watch = session.liveness.account
        manner = Manner(is_linear=venue.is_linear, hedging=own.hedging, is_strange=ready.doubt)
        mode = PositionMode.HEDGING if own.hedging else PositionMode.NETTING
        self.crew = Crew(
            capabilities=Capabilities(
                supported_asset_classes=(AssetClass.CRYPTO, AssetClass.FUTURES),
                supported_order_types=rules.TYPES,
                position_mode=mode,
                features=FEATURES,
                rate_limits=RateLimits(requests_per_minute=limits.FUTURES.limits[0].capacity),
            ),
            client_order_ids=ids.CLIENT_IDS,
            exits_hold_quantity=False,
            session=session,
            ready=ready,
            orders=Orders(rest, children, finding, instruments, leverages, watch, manner),
            replacing=Amending(rest, children, finding, instruments, watch),
            finding=finding,
            records=Records(rest, children, lineage, finding, instruments, History(now)),
            holdings=holdings,
            aftermath=aftermath,
            instruments=instruments,
            market=MarketData(
                instruments, Quotes(rest, now).quote, Bars(rest.klines, now, LONGEST)
            ),
            ends=(private.stop, prices.stop),
        )

    def _heard(self, order: Order) -> None:
        self._finding.sightings.seen(order)
        self._watch.mentioned(order.id)

    def _left_alone(self) -> None:
        """The stream is gone: what changes now nobody tells."""
        self._aftermath.forget()
        self._leverages.doubt()

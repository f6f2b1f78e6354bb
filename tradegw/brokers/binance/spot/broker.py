"""Binance spot as a broker: its parts put together. A margin account, which trades the same pairs,
has the same parts at another venue.
"""

from __future__ import annotations

from ....model.enums import AssetClass, PositionMode
from ....model.market import Capabilities, RateLimits
from ....model.order import Order
from ...link.session import Session
from ...registry import BrokerParts
from ..access import Access
from ..bars import Bars
from ..broker import BinanceBroker
from ..config import BinanceSettings
from ..crew import Crew
from ..levels import Levels
from ..market_data import MarketData
from ..prices import Prices
from ..readiness import Readiness
from ..words import FILLS
from . import ids, rules, wire
from .acceptance import Acceptance
from .aftermath import Aftermath
from .brackets import Brackets
from .finding import Finding
from .footing import Footing
from .holdings import Holdings
from .instruments import Instruments
from .kin import Kin
from .logon import Logon, Signed
from .orders import Orders
from .quotes import Quotes
from .records import Records
from .replacing import Replacing
from .rest import Rest
from .stops import Stops
from .streams import WIRE, AccountStream, Heard, routed
from .updates import Updates
from .venue import SPOT, Venue


class SpotBroker(BinanceBroker):
    """One account, on the testnet or live."""

    def __init__(self, own: BinanceSettings, parts: BrokerParts) -> None:
        access = Access(own, parts, SPOT.rules)
        logon = Signed(access.signer, logs_on=own.key.logs_on)
        super().__init__(parts, access, Together(parts, access, logon, SPOT).crew)


class Together:
    """The parts of an account at *venue*, put together; the account's stream is subscribed to by
    *logon*.
    """

    def __init__(self, parts: BrokerParts, access: Access, logon: Logon, venue: Venue) -> None:
        own, clock, listener, now = access.own, parts.clock, parts.listener, access.time.now
        rest = Rest(access.calls, venue)
        prices = Prices(own.streams, parts, WIRE, routed)
        instruments = Instruments(parts.memory, prices.wanted.symbols)
        footing = Footing(rest, instruments, access.meter, parts.memory, venue)
        kin, levels = Kin(), Levels()
        self._stops = stops = Stops(parts.seconds)
        self._holdings = holdings = Holdings(
            rest, instruments, own.currency, parts.now, levels, on_margin=venue.on_margin
        )
        aftermath = Aftermath(holdings, listener, parts.now, clock, levels)
        self._updates = updates = Updates(kin, listener, self._heard, aftermath.moved)
        heard = Heard(reported=self._reported, moved=aftermath.moved, gone=aftermath.forget)
        stream = AccountStream(own, parts, logon, access.time, heard)
        session = Session(parts, stream.stream, prices.streams)
        prices.follow(session)
        self._watch = watch = session.liveness.account
        self._finding = finding = Finding(rest, kin, instruments, clock)
        brackets = Brackets(rest, kin, instruments, watch, stops, venue)
        accepted = Acceptance(kin, finding, stops, updates.executed)
        self.crew = Crew(
            capabilities=Capabilities(
                supported_asset_classes=(AssetClass.CRYPTO,),
                supported_order_types=rules.TYPES,
                position_mode=PositionMode.NETTING,
                features=venue.features,
                rate_limits=RateLimits(requests_per_minute=venue.rules.limits[0].capacity),
            ),
            client_order_ids=ids.CLIENT_IDS,
            exits_hold_quantity=True,
            session=session,
            ready=Readiness(footing, clock),
            orders=Orders(rest, accepted, instruments, brackets, watch, venue),
            replacing=Replacing(rest, kin, finding, instruments, watch, venue),
            finding=finding,
            records=Records(rest, kin, finding, instruments, stops, updates.catch_up),
            holdings=holdings,
            aftermath=aftermath,
            instruments=instruments,
            market=MarketData(instruments, Quotes(rest, now).quote, Bars(rest.klines, now)),
            ends=(stream.rotation.stop, prices.stop),
        )

    def _reported(self, report: wire.Report) -> None:
        if report.x in FILLS:
            self._holdings.executed(report.s)
        self._updates.told(report)

    def _heard(self, order: Order) -> None:
        self._finding.sightings.seen(order)
        self._watch.mentioned(order.id)
        self._stops.saw(order)

"""Entries that leave with their exits, or are followed by them at once.

Why so: an OPOCO is the one list whose exits are for what the entry received, net of a fee taken of
it, so that neither more is offered for sale than there is nor less is protected; it rests at the
exchange, whatever becomes of the gateway. Where there is none it is an OTOCO, whose exits are for
what the entry receives if the whole fee is taken of it: for more they would not be taken. A market
order cannot be in such a list, but is over when it is answered: what it received is in the answer,
and the OCO for that follows at once; on margin, for what it sold, too, if so much is owed by then:
else it closed what was held, and exits that buy would open something. Of all other entries the
gateway places the exits, fill by fill.

Whatever is missing when the time is up that the gateway leaves to a broker it makes good: while a
limit entry has executed in part its exits wait, and if an OCO is refused there are none.
"""

from __future__ import annotations

from decimal import Decimal

from twisted.logger import Logger

from ....deferreds import as_deferred, logged
from ....errors import (
    GatewayError,
    OrderDenied,
    ProviderError,
    Unauthorized,
    UnsupportedOperation,
)
from ....model.enums import OrderType, Side, TimeInForce
from ....model.limits import Lane
from ....model.money import ONE, ZERO, times
from ....model.order import OrderRequest
from ...link.account_watch import AccountWatch
from ..filters import Filters
from ..refusals import PROVIDER
from . import encoding, ids, wire
from .ids import OrderId
from .instruments import Instruments
from .kin import Kin
from .rest import Rest
from .stops import Stops
from .venue import Venue

_EXIT_TYPES = frozenset({"LIMIT_MAKER", "STOP_LOSS"})


class Brackets:
    """Sends them through *rest*; the *watch* expects their echoes."""

    log = Logger()

    def __init__(
        self,
        rest: Rest,
        kin: Kin,
        instruments: Instruments,
        watch: AccountWatch,
        stops: Stops,
        venue: Venue,
    ) -> None:
        self._rest = rest
        self._kin = kin
        self._instruments = instruments
        self._watch = watch
        self._stops = stops
        self._venue = venue
        self._has_opo = venue.has_opo

    def manages(self, request: OrderRequest) -> bool:
        """Whether the exits of *request* are kept by the exchange."""
        if request.stop_loss is None or request.take_profit is None:
            return False
        is_market = request.order_type is OrderType.MARKET
        if request.side is Side.SELL and not (is_market and self._venue.on_margin):
            return False
        symbol = self._instruments.symbol(request.symbol)
        if symbol is None or request.trailing_stop is not None or request.reduce_only:
            return False
        if not (symbol.oco_allowed and set(symbol.order_types) >= _EXIT_TYPES):
            return False
        return is_market or (
            request.order_type is OrderType.LIMIT
            and request.tif is TimeInForce.GTC
            and request.display_quantity is None
            and symbol.oto_allowed
        )

    async def submit(self, request: OrderRequest, lane: Lane) -> wire.Order:
        """A limit entry with its exits; the entry as it was accepted."""
        since = self._watch.mark()
        listed = await self._listed(request, lane)
        self._kin.learn_lists((listed,))
        entry = None
        for report in listed.order_reports:
            self._saw(report, since)
            if not ids.is_beside(report.client_order_id):
                entry = report
        if entry is None:
            raise ProviderError("Binance's answer does not tell of the order", PROVIDER)
        return entry

    async def _listed(self, request: OrderRequest, lane: Lane) -> wire.OrderList:
        symbol = self._instruments.symbol(request.symbol)
        filters = self._instruments.filters(request.symbol)
        assert symbol is not None  # its exits would not be managed here
        assert filters is not None
        if symbol.opo_allowed and self._has_opo:
            try:
                return await self._rest.submit_list("opoco", encoding.bracket(request), 3, lane)
            except (UnsupportedOperation, Unauthorized) as error:  # nothing was done
                self._has_opo = False
                self.log.warn("no OPOCO at this address: {reason}", reason=error.message)
        least = times(request.quantity, ONE - self._instruments.most_fee)
        query = encoding.bracket(request, filters.lot.floor(least), self._venue.opening)
        return await self._rest.submit_list("otoco", query, 3, lane)

    def follow(self, request: OrderRequest, entry: wire.Order) -> None:
        """The exits of a market *entry*, which is over, are sent."""
        filters = self._instruments.filters(request.symbol)
        symbol = self._instruments.symbol(request.symbol)
        if filters is None or symbol is None:
            return
        quantity = _covered(request.side, entry, symbol.base_asset, filters)
        if quantity <= ZERO:
            self.log.info("too little was traded for exits", order_id=entry.order_id)
            return
        logged(self._placed(request, entry, quantity), self.log, "placing the exits of an entry")

    @as_deferred
    async def _placed(self, request: OrderRequest, entry: wire.Order, quantity: Decimal) -> None:
        query = self._venue.oco(request, entry.order_id, quantity)
        since = self._watch.mark()
        try:
            if request.side is Side.SELL:
                await self._check_owed(request.symbol, quantity)
            listed = await self._rest.submit_list("oco", query, 2, Lane.EMERGENCY)
        except GatewayError as error:  # whoever watches over exits finds that there are none
            self.log.warn(
                "the exits of {order_id} were not taken: {reason}",
                order_id=str(OrderId(entry.symbol, entry.order_id)),
                reason=error.message,
            )
            return
        for report in listed.order_reports:
            self._saw(report, since)

    async def _check_owed(self, name: str, quantity: Decimal) -> None:
        """Raise if less is owed: what was sold was held."""
        symbol = self._instruments.symbol(name)
        assets = (await self._rest.account(Lane.EMERGENCY)).assets
        owed = (-each.net for each in assets if symbol and each.asset == symbol.base_asset)
        if next(owed, ZERO) < quantity:
            raise OrderDenied(f"less than {quantity} is owed", "REDUCE_ONLY_VIOLATED")

    def _saw(self, report: wire.Order, since: int) -> None:
        order = self._kin.decoded(report)
        self._stops.saw(order)
        self._watch.expect(order.id, since)


def received(entry: wire.Order, asset: str) -> Decimal:
    """What *entry* bought of *asset*, less the fees that were taken of it."""
    fees = [fill.commission for fill in entry.fills if fill.commission_asset == asset]
    return entry.executed_qty - sum(fees, ZERO)


def _covered(side: Side, entry: wire.Order, asset: str, filters: Filters) -> Decimal:
    """So much of what *entry* bought or sold as can be ordered."""
    traded = received(entry, asset) if side is Side.BUY else entry.executed_qty
    quantity = filters.lot.floor(traded)
    return quantity if quantity >= filters.lot.least else ZERO

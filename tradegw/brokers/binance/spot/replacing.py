"""Changing orders: in place where only the quantity shrinks, else by another in its stead.

Another is sent only for an order that has not executed at all, which Binance itself makes sure of:
were it to execute between a look and the change, as much would be traded twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from twisted.logger import Logger

from ....errors import (
    GatewayError,
    OrderNotModifiable,
    OrderRejected,
    ProviderError,
    UnsupportedOperation,
)
from ....model.enums import OrderStatus
from ....model.limits import Lane
from ....model.money import ZERO
from ....model.order import Order, OrderChange, OrderRequest, Replaced
from ...call import Reply
from ...link.account_watch import AccountWatch
from ..calling import read_reply
from ..query import number
from ..refusals import PROVIDER, UNKNOWN_ORDER, About, Said, error_of, meaning, said_by
from . import encoding, ids, rules, wire
from .finding import Finding
from .ids import OrderId
from .instruments import Instruments
from .kin import NO_LIST, Kin
from .rest import Rest
from .venue import Venue

PARTIAL: Final = -2021
FAILED: Final = -2022
_DONE: Final = "SUCCESS"
_BAD_REQUEST: Final = 400


class Replacing:
    """Speaks to *rest*; the *watch* expects an echo."""

    log = Logger()

    def __init__(
        self,
        rest: Rest,
        kin: Kin,
        finding: Finding,
        instruments: Instruments,
        watch: AccountWatch,
        venue: Venue,
    ) -> None:
        self._rest = rest
        self._venue = venue
        self._kin = kin
        self._finding = finding
        self._instruments = instruments
        self._watch = watch

    async def replace(self, order_id: str, change: OrderChange) -> Replaced:
        """The order as it goes on, under a new id unless it was changed in place."""
        if not self._venue.changes:
            raise UnsupportedOperation("changing orders of this account", PROVIDER)
        if change.exits.stop_loss is not None or change.exits.take_profit is not None:
            raise UnsupportedOperation("changing exits that wait for their entry", PROVIDER)
        if change.trailing_distance is not None:
            raise UnsupportedOperation("changing what trails", PROVIDER)
        asked = ids.parse(order_id)
        shown = await self._finding.shown(asked, Lane.EMERGENCY)
        order = self._kin.decoded(shown)
        if order.status.is_terminal or order.status is OrderStatus.PENDING_CANCEL:
            raise OrderNotModifiable(order.id, f"it is {order.status.value}")
        wanted = _changed(order, change)
        if wanted == {}:
            return Replaced(order=order)
        if shown.order_list_id != NO_LIST:
            raise UnsupportedOperation("changing an order of a list by itself", PROVIDER)
        symbol = self._instruments.symbol(order.symbol)
        if symbol is None:
            raise UnsupportedOperation(f"{order.symbol} any more", PROVIDER)
        new = self._checked(order, wanted, symbol)
        if set(wanted) == {"quantity"} and new.quantity < order.quantity and symbol.amend_allowed:
            return await self._amended(asked, order, new.quantity)
        return await self._exchanged(asked, order, new, symbol)

    def _checked(
        self, order: Order, wanted: Mapping[str, Decimal], symbol: wire.Symbol
    ) -> OrderRequest:
        """The order as it is to be; an exit of ours is on its steps by now."""
        request = OrderRequest(
            symbol=order.symbol,
            side=order.side,
            quantity=order.quantity,
            order_type=order.order_type,
            limit_price=order.limit_price,
            stop_price=order.stop_price,
            post_only=order.post_only,
            display_quantity=order.display_quantity,
            client_order_id=order.client_order_id,
            time_in_force=order.time_in_force,
        )
        request = replace(request, **wanted)
        filters = self._instruments.filters(order.symbol)
        if filters is not None:
            rules.check_symbol(request, symbol, filters, on_margin=self._venue.on_margin)
        return request

    async def _amended(self, asked: OrderId, order: Order, quantity: Decimal) -> Replaced:
        if quantity <= order.filled_quantity:
            raise OrderNotModifiable(order.id, "so much of it has executed")
        query = [("newQty", number(quantity))]
        if order.client_order_id is not None:
            query.append(("newClientOrderId", self._kin.names.sent(order.client_order_id)))
        since = self._watch.mark()
        amended = await self._rest.amend(asked, tuple(query))
        self._watch.expect(order.id, since)
        changed = self._kin.decoded(amended)
        return Replaced(order=replace(changed, created_at=order.created_at))

    async def _exchanged(
        self, asked: OrderId, order: Order, new: OrderRequest, symbol: wire.Symbol
    ) -> Replaced:
        if not symbol.cancel_replace_allowed:
            raise UnsupportedOperation(f"changing orders in {symbol.symbol}", PROVIDER)
        if order.filled_quantity > ZERO:
            raise UnsupportedOperation(
                "changing an order that has executed in part, but for a smaller quantity", PROVIDER
            )
        new = self._finding.sent(new)
        query = (
            *encoding.new_order(new),
            ("cancelReplaceMode", "STOP_ON_FAILURE"),
            ("cancelRestrictions", "ONLY_NEW"),
        )
        since = self._watch.mark()
        reply = await self._rest.exchange(asked, query)
        if reply.status >= _BAD_REQUEST:
            raise self._refusal(reply, order)
        done = read_reply(reply, wire.Exchanged)
        changed = self._kin.decoded(done.new_order_response)
        self._finding.sightings.accepted(changed.id)
        self._watch.expect(changed.id, since)
        return Replaced(order=changed, previous_order_id=order.id)

    def _refusal(self, reply: Reply, order: Order) -> GatewayError:
        """Which of the two was done is said in the answer, and must be told."""
        said = said_by(reply.body)
        data = {} if said is None or not isinstance(said.data, dict) else said.data
        if said is None or said.code not in (PARTIAL, FAILED) or not data:
            return error_of(reply.status, reply.body, About.CHANGE, order.id)
        why = _said(data.get("newOrderResponse")) or _said(data.get("cancelResponse"))
        if data.get("cancelResult") == _DONE:
            self.log.error(
                "order {order_id} was taken away, and none took its place", order_id=order.id
            )
            return _gone(order, why or said)
        if why is None:
            return ProviderError(f"Binance: {said.msg} ({said.code})", PROVIDER)
        return meaning(why, reply.status, About.CHANGE, order.id)


def _changed(order: Order, change: OrderChange) -> dict[str, Decimal]:
    names = ("limit_price", "stop_price", "quantity")
    given = {name: getattr(change, name) for name in names}
    return {
        name: value
        for name, value in given.items()
        if value is not None and value != getattr(order, name)
    }


def _said(data: Any) -> Said | None:
    try:
        said = msgspec.convert(data, Said, strict=False)
    except msgspec.ValidationError:
        return None
    return said if said.code < 0 else None


def _gone(order: Order, why: Said) -> GatewayError:
    code = None if why.code == UNKNOWN_ORDER else str(why.code)
    return OrderRejected(
        f"Order {order.id} was cancelled, and nothing took its place: {why.msg} ({why.code})",
        code,
        {"cancelled": True},
    )

"""What an intent asks for: the order that it is to become, its ids and its links."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

import msgspec

from ..model.enums import OrderStatus, RejectReason
from ..model.identifiers import milliseconds
from ..model.journal import Intent, IntentKind
from ..model.money import ZERO
from ..model.order import Order, OrderRequest
from .blotter import Links

OURS: Final = "gw-"
"""How the client order ids begin that are made here."""


def minted(intent_id: str, at: datetime) -> str:
    """A client order id that is known as ours, short enough for every broker, legs included.

    It grows with the time *at*: what is sorted by it, as the journal is, stays together.
    """
    return f"{OURS}{milliseconds(at):011x}{hashlib.sha256(intent_id.encode()).hexdigest()[:9]}"


def is_minted(client_order_id: str | None) -> bool:
    """Whether that is one of ours, or made to look like it."""
    return client_order_id is not None and client_order_id.startswith(OURS)


def links_of(intent: Intent) -> Links:
    """What an order of *intent* is to be linked with."""
    is_submit = intent.kind is IntentKind.SUBMIT
    return links(intent, request_of(intent).oco_group_id if is_submit else None)


def links(intent: Intent, group: str | None) -> Links:
    """The same, where the OCO group of its order is known already."""
    sent_as, own_id = intent.sent_as or intent.id, intent.client_order_id
    is_leg = intent.kind is IntentKind.LEG
    return Links(
        client_order_id=sent_as,
        since=intent.at,
        own_id=None if own_id in (None, sent_as) else own_id,
        correlation_id=None if is_leg else intent.id,
        parent_order_id=intent.target if is_leg else None,
        oco_group_id=group,
    )


_requests = msgspec.json.Decoder(OrderRequest)


def request_of(intent: Intent) -> OrderRequest:
    """The order that *intent*, a submit, a leg or a close, asks for.

    Raises ``ValueError`` if that cannot be read.
    """
    try:
        return _requests.decode(intent.body)
    except msgspec.DecodeError as error:
        raise ValueError(f"intent {intent.id} in the journal cannot be read: {error}") from error


def order_of(intent: Intent, status: OrderStatus, at: datetime) -> Order:
    """What stands for the order of *intent* as long as there is none, under the intent's id."""
    request, linked = request_of(intent), links_of(intent)
    taken = set(request.__struct_fields__) & set(Order.__struct_fields__) - {"time_in_force"}
    members = {name: getattr(request, name) for name in taken}
    members |= {"client_order_id": linked.shown_id, "time_in_force": request.tif}
    return Order(
        id=intent.id,
        filled_quantity=ZERO,
        remaining_quantity=request.quantity,
        status=status,
        created_at=intent.at,
        updated_at=at,
        correlation_id=intent.id,
        parent_order_id=linked.parent_order_id,
        reject_reason=RejectReason.UNKNOWN if status is OrderStatus.REJECTED else None,
        **members,
    )

"""``/v1/account``: the money."""

from __future__ import annotations

from ..model.account import Account
from .rooms import Rooms
from .routing import Routes

routes = Routes("account")


@routes.get("/v1/account", operation_id="get_account", answer=Account)
async def get_account(rooms: Rooms) -> Account:
    """Balance, equity and margin of the account."""
    return await rooms.enquiry.account()

"""The tokens by which the account's stream of margin is subscribed to.

::

    gateway                                                       Binance
      | POST /sapi/v1/userListenToken {"validity":86400000} -------->|
      |<----- {"token":"6xXx..","expirationTime":1767312000000}
      | {"method":"userDataStream.subscribe.listenToken",
      |  "params":{"listenToken":"6xXx.."}} (WebSocket API) -------->|
      |<----- {"status":200,"result":{"subscriptionId":0, ..}}

A subscription ends with its token. Half of its life before, another is made on the same connection;
until the first ends everything is told twice then.
"""

from __future__ import annotations

from typing import Final

from ....deferreds import as_deferred
from ....interfaces import WallClock
from ....model.limits import Lane
from ..calling import Calling
from ..limits import ACCOUNT_WEIGHT
from ..refusals import About
from ..spot.logon import Request
from ..spot.wire import Token
from ..times import number_of

VALID_MS: Final = 24 * 3600 * 1000
LEAST_SECONDS: Final = 60.0
"""Between two tokens, however short they live."""


class Tokens:
    """Asked for by *calls*; *now* is Binance's time."""

    def __init__(self, calls: Calling, now: WallClock) -> None:
        self._calls = calls
        self._now = now
        self._life = 0.0

    @as_deferred
    async def request(self, step: int) -> Request | None:
        """The one request is to subscribe, with a new token."""
        if step > 0:
            return None
        token = await self._calls.do(
            "POST", "/sapi/v1/userListenToken", Token, {ACCOUNT_WEIGHT: 1}, About.ACCOUNT,
            query=(("validity", str(VALID_MS)),), lane=Lane.QUERY,
        )  # fmt: skip
        self._life = (token.expiration_time - number_of(self._now())) / 1000
        return Request("userDataStream.subscribe.listenToken", {"listenToken": token.token})

    def renews_in(self) -> float | None:
        return max(LEAST_SECONDS, self._life / 2)

"""The key that opens the account's stream: had before each connection, kept alive while it lasts.

It ends an hour after it was kept last; then the stream that it opened is silent, and another one
needs another connection. It is the account's: another program may end it too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from ....deferreds import as_deferred, logged
from ....errors import GatewayError, InvalidRequest, Unauthorized
from ...endpoint import Url
from ...link.conversation import UpgradeRefused
from ...link.websocket import Target
from .rest import Rest
from .venue import Venue

KEEP_SECONDS: Final = 1800.0
AGAIN_SECONDS: Final = 60.0
"""After a try that failed."""

_UNAUTHORIZED: Final = 401


class PrivateTarget(Target, frozen=True, kw_only=True):
    """Its address holds the key."""

    def __repr__(self) -> str:
        return "<the account's stream>"


class ListenKey:
    """Asks *rest*, once *sure* has fired; *gone* is called when the key is there no more."""

    log = Logger()

    def __init__(
        self, rest: Rest, venue: Venue, streams: Url, clock: IReactorTime, gone: Callable[[], None]
    ) -> None:
        self._rest = rest
        self._venue = venue
        self._streams = streams
        self._gone = gone
        self._clock = clock
        self._is_asking = False
        self._next = 0.0
        self._keeping = LoopingCall(self._keep)
        self._keeping.clock = clock

    @as_deferred
    async def target(self) -> Target:
        """Where the next connection goes. Keys that are refused are told as such."""
        try:
            key = await self._rest.listen_key()
        except Unauthorized as error:
            raise UpgradeRefused(_UNAUTHORIZED, error.message) from error
        streams, venue = self._streams, self._venue
        if not key or not key.isascii() or not key.isalnum():
            raise ValueError("Binance gave no listen key")
        path = f"{streams.path}{venue.private}"
        path = path if venue.key_in_query else f"{path}/{key}"
        url = Url(streams.scheme, streams.host, streams.port, path)
        return PrivateTarget(url=url, query=f"listenKey={key}" if venue.key_in_query else "")

    def opened(self) -> None:
        """A connection is open by it."""
        self._next = self._clock.seconds() + KEEP_SECONDS
        if not self._keeping.running:
            logged(self._keeping.start(AGAIN_SECONDS, now=False), self.log, "keeping a key alive")

    def stop(self) -> None:
        if self._keeping.running:
            self._keeping.stop()

    def _keep(self) -> None:
        if self._clock.seconds() >= self._next and not self._is_asking:
            self._is_asking = True
            logged(self._kept(), self.log, "keeping a key alive")

    @as_deferred
    async def _kept(self) -> None:
        try:
            await self._rest.keep_listen_key()
        except InvalidRequest:
            self.log.warn("Binance does not know our listen key any more")
            self._gone()
        except GatewayError as error:
            self.log.warn("the listen key could not be kept: {why}", why=error.message)
        else:
            self._next = self._clock.seconds() + KEEP_SECONDS
        finally:
            self._is_asking = False

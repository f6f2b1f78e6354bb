"""The account's stream as a service: its key, its connections, and their rotation."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from ....deferreds import as_deferred
from ....errors import Unauthorized
from ...link.conversation import Progress, UpgradeRefused
from ...link.course import Rules
from ...link.stream import Stream
from ...link.websocket import Limits, Target, web_socket
from ...registry import BrokerParts
from ..config import BinanceSettings
from ..readiness import Readiness
from ..rotation import Rotation
from .account_stream import AccountConversation, Ears
from .listen_key import ListenKey
from .rest import Rest
from .venue import Venue

WIRE: Final = Limits(ping_seconds=60.0)
"""Where nothing is traded nothing is told, so pings alone show a dead connection."""

_UNAUTHORIZED: Final = 401


class PrivateStream:
    """Opened whatever is subscribed to, once *ready* is sure that the account is as is believed."""

    def __init__(
        self,
        own: BinanceSettings,
        parts: BrokerParts,
        venue: Venue,
        rest: Rest,
        ready: Readiness,
        ears: Ears,
    ) -> None:
        self._ready = ready
        self.rotation = Rotation(parts.clock, self._renew)
        self.key = ListenKey(rest, venue, own.streams, parts.clock, self._key_gone)
        self._open = 0
        self._gone = ears.gone
        heard = replace(ears, opened=self._opened, ending=self._renew, gone=self._closed)

        def converse(progress: Progress) -> AccountConversation:
            return AccountConversation(progress, heard)

        connect = web_socket(parts.dial, parts.clock, as_deferred(self._target), WIRE)
        rules = Rules(connect_seconds=30.0)  # calls come before it
        self.stream = Stream("Binance's account stream", connect, converse, parts, rules)

    def stop(self) -> None:
        """Nothing is kept alive any more."""
        self.rotation.stop()
        self.key.stop()

    async def _target(self) -> Target:
        try:
            await self._ready.sure()
        except Unauthorized as error:
            raise UpgradeRefused(_UNAUTHORIZED, error.message) from error
        return await self.key.target()

    def _opened(self) -> None:
        self._open += 1
        self.rotation.opened()
        self.key.opened()

    def _closed(self) -> None:
        """Where another connection has taken over nothing is lost."""
        self._open -= 1
        if self._open == 0:
            self._gone()

    def _renew(self) -> None:
        self.stream.renew()

    def _key_gone(self) -> None:
        self.stream.doubt("Binance's account stream: its key is not known any more")

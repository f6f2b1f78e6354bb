"""The streams of prices, one for stocks and one for crypto, each with what is wanted of it.

::

    gateway                                     Alpaca (text frames, each an array of messages)
      |<--------------- [{"T":"success","msg":"connected"}]
      | {"action":"auth","key":..,"secret":..} ----->|
      |<--------------- [{"T":"success","msg":"authenticated"}]
      | {"action":"subscribe","quotes":[..],"bars":[..]} ----->|
      |<--------------- [{"T":"subscription","quotes":[..], ...}]
      |<--------------- [{"T":"q","S":"MSFT", ...}, ...]

Without entitlement, or with wrong keys, it is tried slowly; what of the wish is too much is left
out and told, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct
from twisted.logger import Logger

from ...errors import GatewayError, Unauthorized, UnsupportedOperation
from ..link.conversation import Progress, Wire
from . import ticks
from .account_stream import logon
from .config import AlpacaSettings
from .prices import PROVIDER

AUTH_FAILED: Final = 402
NO_PLACE: Final = 406
ALREADY_AUTHENTICATED: Final = 403
NOT_ENTITLED: Final = frozenset({409, 411})
BAD_WISH: Final = frozenset({400, 405, 410})
"""The subscription, or a part of it, is not possible; the connection stays."""


class Wish(Struct, frozen=True):
    """Of which symbols quotes are wanted, and of which the bars of minutes; ``*`` is all."""

    quotes: tuple[str, ...] = ()
    bars: tuple[str, ...] = ()

    @property
    def symbols(self) -> tuple[str, ...]:
        """Those that are named."""
        return tuple(dict.fromkeys(s for s in (*self.quotes, *self.bars) if s != "*"))


class DataConversation:
    """Logs on, subscribes to *wish*, and hands what comes to *quoted* and *barred*; *taken* hears
    that another connection has the only place.
    """

    log = Logger()

    def __init__(
        self,
        progress: Progress,
        own: AlpacaSettings,
        wish: Wish,
        quoted: Callable[[ticks.Quote], None],
        barred: Callable[[ticks.Bar], None],
        taken: Callable[[], None],
    ) -> None:
        self._progress = progress
        self._own = own
        self._wish = wish
        self._quoted = quoted
        self._barred = barred
        self._taken = taken
        self._wire: Wire
        self._is_live = self._is_split = False

    def opened(self, wire: Wire) -> None:
        self._wire = wire

    def received(self, payload: bytes, is_binary: bool) -> None:  # noqa: ARG002  (JSON in both)
        try:
            messages = ticks.read(payload)
        except msgspec.DecodeError as error:
            self.log.warn("a data stream said what cannot be read: {error}", error=str(error))
            return
        for message in messages:
            try:
                self._take(message)
            except ValueError as error:  # a time that is none
                self.log.warn("a price cannot be told: {error}", error=str(error))

    def closed(self, reason: str) -> None:
        pass

    def _take(self, message: ticks.Message) -> None:
        if type(message) is ticks.Quote:
            self._quoted(message)
        elif type(message) is ticks.Bar:
            self._barred(message)
        else:
            self._control(message)

    def _control(self, message: ticks.Message) -> None:
        if isinstance(message, ticks.Success):
            self._succeeded(message.msg)
        elif isinstance(message, ticks.Subscription):
            self._go_live()
        elif isinstance(message, ticks.Error):
            self._failed(message.code, message.msg[:200])

    def _succeeded(self, what: str) -> None:
        if what == "connected":
            self._wire.send(logon(self._own))
        elif what == "authenticated":
            self._subscribe()

    def _subscribe(self) -> None:
        self._ask({channel: symbols for channel, symbols in self._channels().items() if symbols})

    def _channels(self) -> dict[str, tuple[str, ...]]:
        return {"quotes": self._wish.quotes, "bars": self._wish.bars}

    def _ask(self, wanted: dict[str, tuple[str, ...]]) -> None:
        self._wire.send(msgspec.json.encode({"action": "subscribe", **wanted}))

    def _subscribe_one_by_one(self) -> None:
        """Something of the wish is not possible, and it is not said what: it is left out so."""
        self._is_split = True
        for channel, symbols in self._channels().items():
            for symbol in symbols:
                self._ask({channel: (symbol,)})

    def _go_live(self) -> None:
        if not self._is_live:
            self._is_live = True
            self._progress.logged_on()

    def _failed(self, code: int, reason: str) -> None:
        if code == ALREADY_AUTHENTICATED:
            self._subscribe()
        elif code in BAD_WISH:
            self.log.error(
                "Alpaca does not stream all that SUBSCRIPTIONS asks for: {reason}",
                reason=reason,
                code=code,
            )
            if not self._is_split:
                self._subscribe_one_by_one()
            self._go_live()
        elif code == AUTH_FAILED or code in NOT_ENTITLED:
            self._progress.refused(_refusal(code, reason))
        else:
            if code == NO_PLACE:
                self._taken()
            self._progress.failed(f"Alpaca's data stream says {code} {reason}")


def _refusal(code: int, reason: str) -> GatewayError:
    if code in NOT_ENTITLED:
        return UnsupportedOperation(f"this feed for your subscription ({reason})", PROVIDER)
    return Unauthorized(f"Alpaca refused the credentials: {reason}", "AUTH_FAILED")

"""The trading stream: what happens to the account's orders.

::

    gateway                                             Alpaca (always binary frames of JSON)
      | {"action":"auth","key":..,"secret":..} ----------->|   it says nothing before
      |<----------- {"stream":"authorization","data":{"status":"authorized", ...}}
      | {"action":"listen","data":{"streams":["trade_updates"]}} --->|
      |<----------- {"stream":"listening","data":{"streams":["trade_updates"]}}
      |<----------- {"stream":"trade_updates","data":{"event":"fill","order":{...}, ...}}

Nothing is replayed, some events come twice and some never: the caller knows what was told before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from twisted.logger import Logger

from ...errors import Unauthorized
from ..link.conversation import Progress, Wire
from . import wire
from .config import AlpacaSettings

UPDATES: Final = "trade_updates"
AUTHORIZED: Final = "authorized"
_LISTEN: Final = msgspec.json.encode({"action": "listen", "data": {"streams": [UPDATES]}})


class AccountConversation:
    """Logs on and hands updates to *told*; *odd* hears of what could not be read, *gone* of the
    end.
    """

    log = Logger()

    def __init__(
        self,
        progress: Progress,
        own: AlpacaSettings,
        told: Callable[[wire.Update], None],
        odd: Callable[[str], None],
        gone: Callable[[], None],
    ) -> None:
        self._progress = progress
        self._own = own
        self._told = told
        self._odd = odd
        self._gone = gone
        self._wire: Wire

    def opened(self, wire: Wire) -> None:
        self._wire = wire
        wire.send(logon(self._own))

    def received(self, payload: bytes, is_binary: bool) -> None:  # noqa: ARG002  (JSON in both)
        try:
            self._take(wire.read(payload, wire.StreamMessage))
        except (msgspec.DecodeError, ValueError) as error:
            self._odd(f"the trading stream said what cannot be read: {error}")

    def closed(self, reason: str) -> None:  # noqa: ARG002  (whoever wants to know was told)
        self._gone()

    def _take(self, message: wire.StreamMessage) -> None:
        if message.stream == UPDATES:
            self._told(wire.read(message.data, wire.Update))
        elif message.stream == "authorization":
            self._authorized(wire.read(message.data, wire.Authorization))
        elif message.stream == "listening":
            self._listening(wire.read(message.data, wire.Listening))
        else:
            self.log.info("the trading stream speaks of {stream}", stream=message.stream[:40])

    def _authorized(self, answer: wire.Authorization) -> None:
        if answer.status == AUTHORIZED:
            self._wire.send(_LISTEN)
            return
        reason = answer.message or answer.status or "no reason given"
        self._progress.refused(
            Unauthorized(f"Alpaca refused the credentials: {reason[:200]}", "AUTH_FAILED")
        )

    def _listening(self, answer: wire.Listening) -> None:
        if UPDATES in (answer.streams or ()):
            self._progress.logged_on()
        else:
            self._progress.failed("Alpaca did not grant the stream of trade updates")


def logon(own: AlpacaSettings) -> bytes:
    """What both kinds of stream are told first."""
    return msgspec.json.encode(
        {"action": "auth", "key": own.key.reveal(), "secret": own.secret.reveal()}
    )

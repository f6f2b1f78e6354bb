"""The stream of the account: its orders, positions and money.

::

    gateway                                                     Binance (text frames)
      | GET /private/ws?listenKey=.. (upgrade) -------------------->|
      |<----- {"e":"ORDER_TRADE_UPDATE","E":..,"o":{..}}
      |<----- {"e":"ALGO_UPDATE", ...}   {"e":"ACCOUNT_UPDATE", ...}

There is no logon but the key. Nothing is replayed; what happened meanwhile must be asked for.
``TRADE_LITE`` repeats executions without what they cost, and is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from twisted.logger import Logger

from ...link.conversation import Progress, Wire
from ..wire import read
from . import events

_IDLE: Final = frozenset({"TRADE_LITE", "STRATEGY_UPDATE", "GRID_UPDATE"})
_OVER: Final = frozenset({"listenKeyExpired", "eventStreamTerminated"})


class Ears(msgspec.Struct, frozen=True, kw_only=True):
    """Who hears what; ``warned`` of a margin call, ``configured`` that leverage was set, ``odd``
    what could not be read.
    """

    ordered: Callable[[events.OrderUpdate], None]
    waited: Callable[[events.AlgoUpdate], None]
    moved: Callable[[events.AccountUpdate], None]
    warned: Callable[[], None]
    configured: Callable[[events.ConfigUpdate], None]
    ending: Callable[[], None]
    odd: Callable[[str], None]
    opened: Callable[[], None]
    gone: Callable[[], None]


class AccountConversation:
    """Hands what comes to *ears*."""

    log = Logger()

    def __init__(self, progress: Progress, ears: Ears) -> None:
        self._progress = progress
        self._ears = ears

    def opened(self, wire: Wire) -> None:  # noqa: ARG002  (nothing is said)
        self._ears.opened()
        self._progress.logged_on()

    def received(self, payload: bytes, is_binary: bool) -> None:  # noqa: ARG002  (always texts)
        try:
            kind = read(payload, events.Kind)
            if bytes(kind.data) and not kind.e:
                self._happened(read(kind.data, events.Kind).e, kind.data)
            elif kind.e:
                self._happened(kind.e, payload)
        except (msgspec.DecodeError, ValueError) as error:
            self._ears.odd(f"Binance's account stream said what cannot be read: {error}")

    def closed(self, reason: str) -> None:  # noqa: ARG002  (whoever wants to know was told)
        self._ears.gone()

    def _happened(self, kind: str, event: bytes | msgspec.Raw) -> None:
        if kind == "ORDER_TRADE_UPDATE":
            self._ears.ordered(read(event, events.OrderUpdate))
        elif kind == "ALGO_UPDATE":
            self._ears.waited(read(event, events.AlgoUpdate))
        elif kind == "ACCOUNT_UPDATE":
            self._ears.moved(read(event, events.AccountUpdate))
        elif kind == "MARGIN_CALL":
            self._ears.warned()
        elif kind == "ACCOUNT_CONFIG_UPDATE":
            self._ears.configured(read(event, events.ConfigUpdate))
        elif kind == "serverShutdown":
            self._ears.ending()
        elif kind in _OVER:
            self._progress.failed(f"Binance ended the stream: {kind}")
        elif kind not in _IDLE:
            self.log.info("the account stream tells of {kind}", kind=kind[:40])

"""The stream of the account as a service, and where those of prices are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from ...clock import BrokerClock
from ...link.conversation import Progress
from ...link.course import Rules
from ...link.stream import Stream
from ...link.websocket import Limits, Target, web_socket
from ...registry import BrokerParts
from ..config import BinanceSettings
from ..patience import Patience
from ..prices import Route
from ..rotation import Rotation
from ..times import moment, number_of
from ..timing import PRECISION
from ..wanted import Wanted
from . import wire
from .account_stream import AccountConversation, Ears
from .logon import Logon

WIRE: Final = Limits(ping_seconds=20.0)
"""Binance pings every 20 seconds itself, and counts our pings among our messages."""

BAN_SECONDS: Final = 60.0


class Heard(Struct, frozen=True, kw_only=True):
    """Who hears of the account; ``gone`` that a connection ended."""

    reported: Callable[[wire.Report], None]
    moved: Callable[[], None]
    gone: Callable[[], None]


class AccountStream:
    """The stream of orders, which is opened whatever is subscribed to."""

    def __init__(
        self,
        own: BinanceSettings,
        parts: BrokerParts,
        logon: Logon,
        time: BrokerClock,
        heard: Heard,
    ) -> None:
        self._time = time
        target = Target(url=own.ws_api, query="returnRateLimits=false")
        self._patience = Patience(web_socket(parts.dial, parts.clock, target, WIRE), parts.clock)
        self.rotation = Rotation(parts.clock, self._renew)
        ears = Ears(
            reported=heard.reported,
            moved=heard.moved,
            odd=parts.listener.on_suspicion,
            ending=self._renew,
            banned=self._banned,
            dated=lambda number, took: time.answered(moment(number), took, PRECISION),
            seconds=parts.seconds,
            opened=self.rotation.opened,
            gone=heard.gone,
        )

        def converse(progress: Progress) -> AccountConversation:
            return AccountConversation(progress, logon, ears, parts.clock)

        self.stream = Stream("Binance's account stream", self._patience, converse, parts, Rules())

    def _renew(self) -> None:
        self.stream.renew()

    def _banned(self, until: int | None) -> None:
        left = 0.0 if until is None else (until - number_of(self._time.now())) / 1000
        self._patience.wait(max(BAN_SECONDS, left))


def routed(wanted: Wanted) -> tuple[Route, ...]:
    """All that is wanted comes by one connection."""
    names = wanted.names()
    if not names:
        return ()
    label = "Binance's market stream"
    return (Route(label=label, path="/stream", names=names, symbols=wanted.symbols, quotes=True),)

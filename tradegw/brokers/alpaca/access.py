"""How Alpaca is reached over HTTP: two addresses, two limits, the same credentials."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from ..budget import Budget
from ..call import Call
from ..clock import BrokerClock, alarm
from ..endpoint import Url
from ..http import Http, Sign, Site
from ..registry import BrokerParts
from . import limits
from .config import AlpacaSettings
from .rest import Rest

CLOCKS_APART: Final = timedelta(seconds=5)
"""From then on it is an alert; nothing is signed with the time."""


def rest(own: AlpacaSettings, parts: BrokerParts, budget: Budget) -> Rest:
    """The calls, which count against *budget*."""
    tell = alarm(parts.listener, parts.now)
    time = BrokerClock(parts.now, parts.seconds, CLOCKS_APART, tell)

    def http(base: Url, limit: str) -> Http:
        site = Site(
            name="Alpaca",
            base=base,
            sign=signer(own),
            random=parts.random,
            limits=(limit,),
            read=limits.reader(limit, time.now),
            time=time,
        )
        return Http(site, budget, parts.dial, parts.clock)

    return Rest(http(own.trading, limits.TRADING), http(own.data, limits.DATA), time.now)


def signer(own: AlpacaSettings) -> Sign:
    """Shows the credentials, with every call."""

    def sign(call: Call) -> Call:
        credentials = (
            ("APCA-API-KEY-ID", own.key.reveal()),
            ("APCA-API-SECRET-KEY", own.secret.reveal()),
        )
        return replace(call, headers=(*call.headers, *credentials))

    return sign

"""A cross margin account as a broker: spot's parts at another venue."""

from __future__ import annotations

from ...registry import BrokerParts
from ..access import Access
from ..broker import BinanceBroker
from ..config import BinanceSettings
from ..spot.broker import Together
from .refusals import error_of
from .tokens import Tokens
from .venue import MARGIN


class MarginBroker(BinanceBroker):
    """One cross margin account, live."""

    def __init__(self, own: BinanceSettings, parts: BrokerParts) -> None:
        access = Access(own, parts, MARGIN.rules, error_of)
        logon = Tokens(access.calls, access.time.now)
        super().__init__(parts, access, Together(parts, access, logon, MARGIN).crew)

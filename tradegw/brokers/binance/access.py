"""How Binance is reached over HTTP, whatever the product."""

from __future__ import annotations

from ..budget import Budget
from ..http import Http, Site
from ..registry import BrokerParts
from .config import BinanceSettings
from .limits import WEIGHT, Meter
from .signing import Signer


def http(
    own: BinanceSettings, parts: BrokerParts, budget: Budget, signer: Signer, meter: Meter
) -> Http:
    """Signed calls, which count against *budget*.

    The ``Date`` of answers is not believed: it is of whoever stands before Binance, and its own
    time decides about signatures.
    """
    site = Site(
        name="Binance",
        base=own.rest,
        sign=signer.call,
        random=parts.random,
        limits=(WEIGHT,),
        read=meter.read,
    )
    return Http(site, budget, parts.dial, parts.clock)

"""What the entry points ``binance`` and ``binance_...`` of group ``tradegw.brokers`` lead to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ...config.settings import Settings
from ...interfaces import IBroker
from ..registry import BrokerParts, BrokerPlugin
from .config import BinanceSettings, read_settings
from .futures.broker import FuturesBroker
from .margin.broker import MarginBroker
from .product import MARGIN, SPOT
from .spot.broker import SpotBroker

_BROKERS: Final[dict[str, Callable[[BinanceSettings, BrokerParts], IBroker]]] = {
    SPOT.name: SpotBroker,
    MARGIN.name: MarginBroker,
}


class BinancePlugin:
    """Builds the broker of the product that is chosen."""

    def configure(self, environ: Mapping[str, str], settings: Settings) -> BinanceSettings:
        """Read the ``BINANCE_`` variables; raises ``ConfigError``."""
        return read_settings(environ, settings)

    def build(self, own: BinanceSettings, parts: BrokerParts) -> IBroker:
        """The broker, not yet started."""
        return _BROKERS.get(own.product.name, FuturesBroker)(own, parts)


plugin: Final[BrokerPlugin] = BinancePlugin()

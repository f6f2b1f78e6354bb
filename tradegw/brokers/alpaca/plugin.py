"""What the entry point ``alpaca`` of group ``tradegw.brokers`` leads to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...config.settings import Settings
from ...interfaces import IBroker
from ..registry import BrokerParts, BrokerPlugin
from .broker import AlpacaBroker
from .config import AlpacaSettings, read_settings


class AlpacaPlugin:
    """Builds the broker from its credentials."""

    def configure(self, environ: Mapping[str, str], settings: Settings) -> AlpacaSettings:
        """Read the ``ALPACA_`` variables; raises ``ConfigError``."""
        return read_settings(environ, settings)

    def build(self, own: AlpacaSettings, parts: BrokerParts) -> IBroker:
        """The broker, not yet started."""
        return AlpacaBroker(own, parts)


plugin: Final[BrokerPlugin] = AlpacaPlugin()

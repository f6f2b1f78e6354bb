"""What the entry point ``tektii`` of group ``tradegw.brokers`` leads to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...config.settings import Settings
from ...interfaces import IBroker
from ..registry import BrokerParts, BrokerPlugin
from .broker import TektiiBroker
from .config import TektiiSettings, read_settings


class TektiiPlugin:
    """Builds the broker from the engine's addresses."""

    def configure(self, environ: Mapping[str, str], settings: Settings) -> TektiiSettings:
        """Read the ``TEKTII_`` variables; raises ``ConfigError``."""
        return read_settings(environ, settings)

    def build(self, own: TektiiSettings, parts: BrokerParts) -> IBroker:
        """The broker, not yet started."""
        return TektiiBroker(own, parts)


plugin: Final[BrokerPlugin] = TektiiPlugin()

"""What the entry point ``backtest`` of group ``tradegw.brokers`` leads to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...config.settings import Settings
from ...interfaces import IBroker
from ..registry import BrokerParts, BrokerPlugin
from .broker import BacktestBroker
from .config import BacktestSettings, read_settings


class BacktestPlugin:
    """Builds a run over the past; it needs no credentials and no network."""

    def configure(self, environ: Mapping[str, str], settings: Settings) -> BacktestSettings:
        """Read the ``BACKTEST_`` variables and the data they name; raises ``ConfigError``."""
        return read_settings(environ, settings)

    def build(self, own: BacktestSettings, parts: BrokerParts) -> IBroker:
        """The broker, not yet started."""
        return BacktestBroker(own, parts)


plugin: Final[BrokerPlugin] = BacktestPlugin()

"""What the entry point ``mock`` of group ``tradegw.brokers`` leads to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...config.settings import Settings
from ...interfaces import IBroker
from ..registry import BrokerParts, BrokerPlugin
from .broker import MockBroker
from .chaotic_broker import ChaoticBroker
from .config import MockSettings, read_settings


class MockPlugin:
    """Builds the simulated broker; it needs no credentials."""

    def configure(self, environ: Mapping[str, str], settings: Settings) -> MockSettings:
        """Read the ``MOCK_`` variables; raises ``ConfigError``."""
        return read_settings(environ, settings)

    def build(self, own: MockSettings, parts: BrokerParts) -> IBroker:
        """The broker, not yet started."""
        if own.chaos is None:
            return MockBroker(own, parts)
        return ChaoticBroker(own.chaos, own, parts)


plugin: Final[BrokerPlugin] = MockPlugin()

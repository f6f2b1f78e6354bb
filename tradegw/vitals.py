"""How the gateway is: what the probes say (protocol section 4)."""

from __future__ import annotations

from zope.interface import implementer

from . import __version__
from .interfaces import IHealth
from .model.enums import Platform
from .model.health import Health, OverallStatus, ProviderHealth, Ready
from .orders.link import Link


@implementer(IHealth)
class Vitals:
    """Readiness ends when stopping begins; the broker's link shows in health alone, so that a blip
    of the broker restarts nothing.
    """

    def __init__(self, platform: Platform, link: Link, git_sha: str) -> None:
        self._platform = platform
        self._link = link
        self._git_sha = git_sha
        self._stopping = False

    def stopping(self) -> None:
        """From now on the gateway is not ready."""
        self._stopping = True

    def ready(self) -> Ready:
        if self._stopping:
            return Ready(
                ready=False, providers=(), provider_count=0, message="Gateway is shutting down"
            )
        return Ready(ready=True, providers=(self._platform,), provider_count=1)

    def health(self) -> Health:
        stale = self._link.staleness.symbols
        connected = self._link.is_up and not stale
        return Health(
            status=OverallStatus.CONNECTED if connected else OverallStatus.DEGRADED,
            version=__version__,
            git_sha=self._git_sha,
            providers=(
                ProviderHealth(
                    platform=self._platform,
                    connected=connected,
                    stale_instruments=stale or None,
                ),
            ),
        )

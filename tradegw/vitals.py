"""How the gateway is: what the probes say (protocol section 4)."""

from __future__ import annotations

from zope.interface import implementer

from . import __version__
from .interfaces import IHealth, IJournal
from .model.enums import Platform
from .model.health import Health, OverallStatus, ProviderHealth, Ready
from .orders.gate import Gate
from .orders.link import Link


@implementer(IHealth)
class Vitals:
    """Ready is who can take orders: the broker was asked how things stand, and the journal can be
    written. The broker's link shows in health alone, so that a blip of it restarts nothing.
    """

    def __init__(
        self, platform: Platform, link: Link, gate: Gate, journal: IJournal, git_sha: str
    ) -> None:
        self._platform = platform
        self._link = link
        self._gate = gate
        self._journal = journal
        self._git_sha = git_sha
        self._stopping = False

    def stopping(self) -> None:
        """From now on the gateway is not ready."""
        self._stopping = True

    def ready(self) -> Ready:
        reason = self._reason()
        if reason is not None:
            return Ready(ready=False, providers=(), provider_count=0, message=reason)
        return Ready(ready=True, providers=(self._platform,), provider_count=1)

    def _reason(self) -> str | None:
        """Why orders cannot be taken."""
        if self._stopping:
            return "Gateway is shutting down"
        if self._journal.problem is not None:
            return f"The journal cannot be written: {self._journal.problem}"
        if not self._gate.is_reconciled:
            return "The broker could not be asked yet how things stand"
        return None

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
                    message=self._link.problem,
                ),
            ),
        )

"""How the gateway is: what the probes say (protocol section 4)."""

from __future__ import annotations

from msgspec.structs import replace
from zope.interface import implementer

from . import __version__
from .interfaces import IHealth, IJournal
from .model.enums import Platform
from .model.health import Health, OverallStatus, ProviderHealth, Ready
from .model.link import SessionStatus, StreamStatus
from .orders.gate import Gate
from .orders.link import Link
from .secrecy import scrub


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
        session = self._session()
        is_whole = session is None or session.is_whole
        connected = self._link.is_up and not stale and is_whole
        well = connected and not (session is not None and session.suspected)
        return Health(
            status=OverallStatus.CONNECTED if well else OverallStatus.DEGRADED,
            version=__version__,
            git_sha=self._git_sha,
            providers=(
                ProviderHealth(
                    platform=self._platform,
                    connected=connected,
                    stale_instruments=stale or None,
                    message=self._link.problem,
                    session=session,
                ),
            ),
        )

    def _session(self) -> SessionStatus | None:
        session = self._link.session()
        if session is None:
            return None
        return replace(session, streams=tuple(map(_scrubbed, session.streams)))


def _scrubbed(stream: StreamStatus) -> StreamStatus:
    """What a broker says may be in its problem."""
    return stream if stream.problem is None else replace(stream, problem=scrub(stream.problem))

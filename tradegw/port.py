"""The one public port, and what is said when it opens."""

from __future__ import annotations

import socket
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import TCP4ServerEndpoint, TCP6ServerEndpoint
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.logger import Logger
from twisted.python.failure import Failure

from . import __version__
from .config.settings import Mode, Settings

BACKLOG: Final = 1024
"""Connections that may wait to be taken: all strategies come back at once after a restart."""

ANYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104  (compared with, not bound to)


class Port:
    """Opens at ``GATEWAY_HOST`` and ``GATEWAY_PORT``; port 0 takes any that is free."""

    log = Logger()

    def __init__(self, reactor: Any, settings: Settings, factory: IProtocolFactory) -> None:
        self._reactor = reactor
        self._settings = settings
        self._factory = factory
        self._port: IListeningPort | None = None

    def open(self) -> None:
        """Listen; raises ``CannotListenError`` if the port is taken, ``OSError`` for a bad host."""
        settings = self._settings
        family, host = _resolved(settings.host)
        endpoint = TCP6ServerEndpoint if family == socket.AF_INET6 else TCP4ServerEndpoint
        outcome: list[Any] = []
        listening = endpoint(self._reactor, settings.port, BACKLOG, interface=host)
        listening.listen(self._factory).addBoth(outcome.append)
        if isinstance(outcome[0], Failure):
            outcome[0].raiseException()
        self._port = outcome[0]
        self._announce(host)

    def close(self) -> Deferred[Any]:
        """Take no more connections; those that are open stay."""
        if self._port is None:
            return succeed(None)
        return Deferred.fromCoroutine(_stopped(self._port))

    def _announce(self, host: str) -> None:
        settings = self._settings
        assert self._port is not None
        address: Any = self._port.getHost()
        if settings.mode is Mode.LIVE:
            self.log.warn(
                "LIVE TRADING on {platform}: orders move real money", platform=settings.platform
            )
        if settings.api_key is None:
            where = " and the port is open to the network" if host in ANYWHERE else ""
            self.log.warn(
                "GATEWAY_API_KEY is not set: anybody who reaches the port can trade{where}",
                where=where,
            )
        self.log.info(
            "tradegw {version} serves {platform} ({mode}) on http://{host}:{port}; docs {docs}",
            version=__version__,
            platform=settings.platform.value,
            mode=settings.mode.value,
            host=f"[{host}]" if ":" in host else host,
            port=address.port,
            docs="at /swagger-ui/" if settings.enable_swagger else "off",
            auth=settings.api_key is not None,
        )


async def _stopped(port: IListeningPort) -> None:
    stopping = port.stopListening()
    if stopping is not None:
        await stopping


def _resolved(host: str) -> tuple[int, str]:
    """The family and address of *host*, a literal or a name; asked once, at the start."""
    found = socket.getaddrinfo(
        host.strip("[]"), None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    family, _type, _proto, _name, address = found[0]
    return family, str(address[0])

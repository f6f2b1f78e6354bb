"""Where a broker is, and how a connection to it is made."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Final, TypeAlias, cast
from urllib.parse import urlsplit

from msgspec import Struct
from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import (
    IAddress,
    IHandshakeListener,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
    ITCPTransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import optionsForClientTLS
from twisted.python.failure import Failure
from zope.interface import implementer

from ..deferreds import as_deferred, deadline

CONNECT_SECONDS: Final = 10.0
"""So long a connection may take, and so long again its TLS handshake."""

_PORTS: Final = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_SECURE: Final = frozenset({"https", "wss"})
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)*")


class Url(Struct, frozen=True):
    """The address of something at a broker, taken apart once.

    ``path`` has no slash at its end. Without TLS only this very machine can be addressed, or where
    nothing is at stake whatever is reached in *plain* words.
    """

    scheme: str
    host: str
    port: int
    path: str = ""

    @classmethod
    def parse(cls, text: str, *, plain: bool = False) -> Url:
        """Raises ``ValueError``, which does not repeat *text*: a secret may have slipped in."""
        try:
            parts = urlsplit(text.strip())
            port = parts.port
        except ValueError:
            raise ValueError("is no address, or its port is none") from None
        if parts.scheme not in _PORTS:
            raise ValueError("must begin with http://, https://, ws:// or wss://")
        if "@" in parts.netloc:
            raise ValueError("must not hold credentials")
        if parts.query or parts.fragment or not _PATH.fullmatch(parts.path):
            raise ValueError("must end with a plain path: no query, no fragment, no blanks")
        if not parts.hostname or not _HOST.fullmatch(parts.hostname):
            raise ValueError("names no host, or one with strange letters")
        url = cls(
            parts.scheme, parts.hostname, port or _PORTS[parts.scheme], parts.path.rstrip("/")
        )
        if not (plain or url.is_secure or url.is_loopback):
            raise ValueError("must use TLS (https, wss) unless it leads to this very machine")
        return url

    @property
    def is_secure(self) -> bool:
        """Whether it is spoken over TLS."""
        return self.scheme in _SECURE

    @property
    def is_loopback(self) -> bool:
        """Whether it leads to this very machine."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def authority(self) -> str:
        """Host and port as the ``Host`` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


Dial: TypeAlias = Callable[[Url], IStreamClientEndpoint]
"""An endpoint for an address. It has connected when bytes can be sent: over TLS not before the
handshake is done and the certificate has been checked, so that before that nothing has left.
"""


def dialler(reactor: IReactorTime, trust: Any = None) -> Dial:
    """How connections are made by *reactor*: certificates are checked against *trust* (as
    ``optionsForClientTLS`` takes it; else the platform's authorities) and the host's name, and
    small writes leave at once.
    """

    def dial(url: Url) -> IStreamClientEndpoint:
        plain = HostnameEndpoint(reactor, url.host, url.port, timeout=CONNECT_SECONDS)
        if not url.is_secure:
            return _Reaching(plain, reactor, secure=False)
        options = optionsForClientTLS(url.host, trustRoot=trust)
        return _Reaching(wrapClientTLS(options, plain, reactor), reactor, secure=True)

    return dial


class HandshakeFailed(ConnectError):
    """There is a peer, but not one that can be trusted; nothing but the handshake was sent."""

    def __str__(self) -> str:
        return str(self.osError)


@implementer(IStreamClientEndpoint)
class _Reaching:
    def __init__(
        self, endpoint: IStreamClientEndpoint, clock: IReactorTime, *, secure: bool
    ) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._secure = secure

    @as_deferred
    async def connect(self, protocolFactory: IProtocolFactory) -> IProtocol:  # noqa: N803
        made = await self._endpoint.connect(_Doorways(protocolFactory, secure=self._secure))
        doorway = cast("_Doorway", made)
        try:
            return await deadline(doorway.open, CONNECT_SECONDS, self._clock)
        except SSL.Error as error:
            raise HandshakeFailed(f"TLS: {_last_words(error)}") from error
        except VerificationError as error:
            raise HandshakeFailed("TLS: the certificate is for another host") from error


class _Doorways(Factory):
    noisy = False

    def __init__(self, wrapped: IProtocolFactory, *, secure: bool) -> None:
        self._wrapped = wrapped
        self._secure = secure

    def buildProtocol(self, addr: IAddress | None) -> _Doorway | None:
        peer = cast("IPv4Address | IPv6Address", addr)
        inner = self._wrapped.buildProtocol(peer)
        return None if inner is None else _Doorway(inner, secure=self._secure)


@implementer(IHandshakeListener)
class _Doorway(Protocol):
    """Lets the protocol behind it see the connection when that can be trusted, and stands aside."""

    def __init__(self, inner: IProtocol, *, secure: bool) -> None:
        self._inner = inner
        self._secure = secure
        self._is_open = False
        self.open: Deferred[IProtocol] = Deferred(self._abandon)

    def connectionMade(self) -> None:
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
        if not self._secure:
            self._let_in()

    def handshakeCompleted(self) -> None:
        self._let_in()

    def _let_in(self) -> None:
        self._is_open = True
        self.dataReceived = self._inner.dataReceived  # type: ignore[method-assign]
        self._inner.makeConnection(self._transport)
        self.open.callback(self._inner)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._is_open:
            self._inner.connectionLost(reason)
        elif not self.open.called:
            self.open.errback(reason)

    def _abandon(self, _open: Deferred[IProtocol]) -> None:
        self._transport.abortConnection()

    @property
    def _transport(self) -> Any:
        return self.transport


def _last_words(error: SSL.Error) -> str:
    """Of the list of texts that OpenSSL gives, the one that says what it is."""
    try:
        return str(error.args[0][-1][-1])
    except (IndexError, TypeError):
        return "the peer broke off"

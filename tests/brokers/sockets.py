"""Real sockets on loopback, by a reactor of the test's own: no global one runs."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.ssl import Certificate, PrivateCertificate
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure

PATIENCE = 5.0


class Turns:
    """A reactor that turns while a test waits for something."""

    def __init__(self) -> None:
        self.reactor: Any = SelectReactor()
        self.reactor.startRunning(installSignalHandlers=False)

    def until(self, happened: Callable[[], object]) -> None:
        """Turn until *happened*."""
        ends = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < ends, "it does not happen"
            self.reactor.iterate(0.005)

    def result(self, work: Deferred[Any]) -> Any:
        """What *work* comes to, be it an error."""
        found: list[Any] = []
        work.addBoth(found.append)
        self.until(lambda: found)
        return found[0].value if isinstance(found[0], Failure) else found[0]

    def end(self) -> None:
        """Drop everything."""
        self.reactor.fireSystemEvent("shutdown")
        for reader in self.reactor.removeAll():
            reader.connectionLost(Failure(ConnectionError()))
        for call in self.reactor.getDelayedCalls():
            call.cancel()


@contextmanager
def turning() -> Iterator[Turns]:
    turns = Turns()
    try:
        yield turns
    finally:
        turns.end()


class Server(Factory):
    """Keeps what it is sent, by connection; the test answers on ``links``."""

    noisy = False

    def __init__(self, turns: Turns, certificate: PrivateCertificate | None = None) -> None:
        self.links: list[Link] = []
        factory: Any = self
        if certificate is not None:
            options = certificate.options()
            factory = TLSMemoryBIOFactory(options, False, self, clock=turns.reactor)
        listening = turns.reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.port: int = listening.getHost().port

    def buildProtocol(self, addr: Any) -> Link:
        return Link(self)


class Link(Protocol):
    """One connection, from the server's side."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.received = b""
        self.is_lost = False

    def connectionMade(self) -> None:
        self.server.links.append(self)

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, reason: Any = None) -> None:
        self.is_lost = True

    def answer(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)

    def close(self) -> None:
        assert self.transport is not None
        self.transport.loseConnection()

    def reset(self) -> None:
        transport: Any = self.transport
        transport.abortConnection()


def certificate(host: str) -> tuple[PrivateCertificate, Certificate]:
    """A certificate for *host* that no authority has signed, and the authority that vouches for it
    if it is trusted.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return PrivateCertificate.loadPEM(public + private), Certificate.loadPEM(public)


def free_port() -> int:
    """One at which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port

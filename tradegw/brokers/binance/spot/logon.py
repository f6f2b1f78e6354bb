"""How the account's stream is subscribed to: with a signature, or on a connection that is logged
on, where the key can do that.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct
from twisted.internet.defer import Deferred, succeed

from ..signing import Signer


class Request(Struct, frozen=True):
    """A request of the WebSocket API."""

    method: str
    params: dict[str, str | int] | None = None


class Logon(Protocol):
    """Says what is asked of Binance, one after the other."""

    def request(self, step: int) -> Deferred[Request | None]:
        """The request of that *step*, from 0; ``None`` when all is done. May fail with
        ``GatewayError``.
        """

    def renews_in(self) -> float | None:
        """In how many seconds the last of them is to be made again; ``None`` if never."""


class Signed:
    """Proves who we are by *signer*; *logs_on* says that the connection is logged on."""

    def __init__(self, signer: Signer, *, logs_on: bool) -> None:
        self._signer = signer
        self._logs_on = logs_on

    def request(self, step: int) -> Deferred[Request | None]:
        steps = ["userDataStream.subscribe.signature"]
        if self._logs_on:
            steps = ["session.logon", "userDataStream.subscribe"]
        if step >= len(steps):
            return succeed(None)
        params = self._signer.params() if step == 0 else None
        return succeed(Request(steps[step], params))

    def renews_in(self) -> float | None:
        return None

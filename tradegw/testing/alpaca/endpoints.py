"""Where streams end that want a key and its secret."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IReactorTime

from ..doubles.endpoints import Endpoint as OpenEndpoint
from .wires import Wire


class Endpoint(OpenEndpoint):
    """Where streams of one kind end, and who may listen there."""

    wire_class = Wire

    def __init__(self, clock: IReactorTime, key: str, secret: str) -> None:
        super().__init__(clock)
        self._key = key
        self._secret = secret

    def knows(self, key: Any, secret: Any) -> bool:
        """Whether these are the credentials."""
        return (key, secret) == (self._key, self._secret)

"""Signatures: of a REST call, whose query is percent-encoded before it is signed, and of a request
of the WebSocket API, whose parameters are sorted and signed as they are. Pure but for the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from ...secrecy import Secret
from ..call import Call, query_text
from .keys import Key
from .times import number_of

WINDOW_MS: Final = 5000
"""How old a call may be when Binance reads it; the stamp is made when it is written."""

PUBLIC: Final = frozenset(
    {"ping", "time", "exchangeInfo", "klines", "ticker/24hr", "ticker/price", "ticker/bookTicker"}
)
"""What needs no key: the ends of paths."""

KEYED: Final = frozenset({"listenKey"})
"""What needs the key alone."""


class Signer:
    """Signs with *key*, as *api_key*; *now* is Binance's time."""

    def __init__(self, api_key: Secret, key: Key, now: Callable[[], datetime], prefix: str) -> None:
        self._api_key = api_key
        self._key = key
        self._now = now
        self._public = frozenset(f"{prefix}/{end}" for end in PUBLIC)
        self._keyed = frozenset(f"{prefix}/{end}" for end in KEYED)

    def call(self, call: Call) -> Call:
        """*call* with key, time and signature; one that needs none as it is."""
        if call.path in self._public:
            return call
        keyed = (*call.headers, ("X-MBX-APIKEY", self._api_key.reveal()))
        if call.path in self._keyed:
            return replace(call, headers=keyed)
        stamped = (
            *call.query,
            ("recvWindow", str(WINDOW_MS)),
            ("timestamp", str(number_of(self._now()))),
        )
        signature = self._key.prove(query_text(stamped).encode())
        return replace(
            call,
            query=(*stamped, ("signature", signature)),
            headers=keyed,
        )

    def params(self, **more: str | int) -> dict[str, str | int]:
        """The signed parameters of a request of the WebSocket API."""
        params: dict[str, str | int] = {
            "apiKey": self._api_key.reveal(),
            "recvWindow": WINDOW_MS,
            "timestamp": number_of(self._now()),
            **more,
        }
        return {**params, "signature": self._key.prove(ws_payload(params))}


def ws_payload(params: Mapping[str, str | int]) -> bytes:
    """What is signed of *params*: sorted by name, not encoded."""
    return "&".join(f"{name}={params[name]}" for name in sorted(params)).encode()

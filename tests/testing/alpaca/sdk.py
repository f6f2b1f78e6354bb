"""The broker's own SDK, pointed at the double, and its streams in a thread."""

from __future__ import annotations

import queue
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

with warnings.catch_warnings():
    # The SDK's streams stand on the legacy client of websockets, which says so when imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    from alpaca.common.exceptions import APIError
    from alpaca.data import requests as _data_requests
    from alpaca.data import timeframe
    from alpaca.data.historical.crypto import CryptoHistoricalDataClient
    from alpaca.data.historical.stock import StockHistoricalDataClient
    from alpaca.data.live.crypto import CryptoDataStream
    from alpaca.data.live.stock import StockDataStream
    from alpaca.trading import enums, models
    from alpaca.trading import requests as _requests
    from alpaca.trading.client import TradingClient
    from alpaca.trading.stream import TradingStream

from tradegw.testing.alpaca import Beside, FakeAlpaca

__all__ = [
    "APIError",
    "CryptoDataStream",
    "StockDataStream",
    "TradingStream",
    "data_requests",
    "enums",
    "models",
    "requests",
    "timeframe",
]

# Plain words are what a user writes; the SDK turns them into its enums and declares those alone.
requests: Any = _requests
data_requests: Any = _data_requests

SECONDS = 10.0
"""For something that happens; a test that waits so long has failed."""


@contextmanager
def _closing(client: Any) -> Iterator[Any]:
    client._retry_codes = []  # it would wait three seconds at a 429 or 504
    try:
        yield client
    finally:
        client._session.close()


def trading(double: Beside) -> Any:
    """A context manager of a ``TradingClient``."""
    return _closing(
        TradingClient(double.key, double.secret, paper=True, url_override=double.http_url)
    )


def stocks(double: Beside) -> Any:
    """A context manager of a ``StockHistoricalDataClient``."""
    return _closing(
        StockHistoricalDataClient(double.key, double.secret, url_override=double.http_url)
    )


def coins(double: Beside) -> Any:
    """A context manager of a ``CryptoHistoricalDataClient``."""
    return _closing(
        CryptoHistoricalDataClient(double.key, double.secret, url_override=double.http_url)
    )


class Heard:
    """What a stream of the SDK handed on."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Any] = queue.Queue()

    async def hear(self, message: Any) -> None:
        self._queue.put(message)

    def next(self) -> Any:
        return self._queue.get(timeout=SECONDS)

    def take(self, count: int) -> list[Any]:
        return [self.next() for _ in range(count)]


@contextmanager
def listening(
    double: Beside, stream: Any, path: str, subscribe: Callable[[Any], None]
) -> Iterator[None]:
    """*stream* runs in a thread and listens, until the block ends.

    It notices that it is to stop when it is told something or loses its connection.
    """

    def served(fake: FakeAlpaca) -> Any:
        return fake.trading_stream if path == "/stream" else fake.data_streams[path]

    subscribe(stream)
    thread = threading.Thread(target=stream.run, name="sdk", daemon=True)
    thread.start()
    try:
        double.do(lambda fake: served(fake).listened())
        yield
    finally:
        stream.stop()
        double.do(lambda fake: served(fake).drop(politely=True))
        thread.join(SECONDS)
        assert not thread.is_alive()

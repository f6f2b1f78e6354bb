"""Binance's own SDK and two others, pointed at the double."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

with warnings.catch_warnings():
    # python-binance stands on the legacy client of websockets, which says so when imported, and
    # the date parser that it brings along has escapes that Python does not like.
    warnings.simplefilter("ignore", DeprecationWarning)
    import ccxt  # type: ignore[import-untyped]  # neither of the two is typed
    import ccxt.pro  # type: ignore[import-untyped]
    from binance import AsyncClient, BinanceSocketManager  # type: ignore[import-untyped]
    from binance.client import Client as PlainClient  # type: ignore[import-untyped]
    from binance.exceptions import BinanceAPIException  # type: ignore[import-untyped]
    from binance.ws.reconnecting_websocket import ReconnectingWebsocket  # type: ignore[import-untyped]
    from binance.ws.websocket_api import WebsocketAPI  # type: ignore[import-untyped]
    from binance_common.configuration import (
        ConfigurationRestAPI,
        ConfigurationWebSocketAPI,
        ConfigurationWebSocketStreams,
    )
    from binance_sdk_spot.spot import Spot

from tradegw.testing.binance import Beside

__all__ = ["AsyncClient", "BinanceAPIException", "BinanceSocketManager", "ccxt"]

SECONDS = 10.0
ReconnectingWebsocket.TIMEOUT = 0.5  # its reading ends only when it has waited so long in vain


def official(double: Beside, **more: Any) -> Any:
    """The REST half of Binance's own SDK."""
    options: dict[str, Any] = {"api_key": double.key, "api_secret": double.secret} | more
    return Spot(
        config_rest_api=ConfigurationRestAPI(
            base_path=double.http_url, timeout=5000, retries=0, **options
        )
    ).rest_api


def official_api(double: Beside, **more: Any) -> Any:
    """Its WebSocket API."""
    options: dict[str, Any] = {"api_key": double.key, "api_secret": double.secret} | more
    url = double.ws_url + "/ws-api/v3"
    return Spot(config_ws_api=ConfigurationWebSocketAPI(stream_url=url, **options)).websocket_api


def official_streams(double: Beside) -> Any:
    """Its market streams."""
    return Spot(
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=double.ws_url)
    ).websocket_streams


@contextmanager
def plain(double: Beside) -> Iterator[Any]:
    """python-binance."""
    client = PlainClient(double.key, double.secret, ping=False)
    client.API_URL = double.http_url + "/api"
    client.FUTURES_URL = double.http_url + "/fapi"
    client.FUTURES_COIN_URL = double.http_url + "/dapi"
    client.MARGIN_API_URL = double.http_url + "/sapi"
    try:
        yield client
    finally:
        client.close_connection()
        client.loop.close()  # it makes one, and leaves it to others


@asynccontextmanager
async def plain_async(double: Beside) -> AsyncIterator[tuple[Any, Any]]:
    """python-binance's asynchronous client, and its sockets."""
    client = AsyncClient(double.key, double.secret)
    client.API_URL = double.http_url + "/api"
    client.FUTURES_URL = double.http_url + "/fapi"
    client.ws_api = WebsocketAPI(url=double.ws_url + "/ws-api/v3")
    sockets = BinanceSocketManager(client)
    sockets.STREAM_URL = double.ws_url + "/"
    sockets.FSTREAM_URL = double.ws_url + "/"
    try:
        yield client, sockets
    finally:
        await client.close_connection()


def _aim(exchange: Any, double: Beside, kinds: list[str]) -> Any:
    exchange.has["fetchCurrencies"] = False
    exchange.options |= {"fetchMarkets": {"types": kinds}, "fetchMargins": False}
    for name, url in exchange.urls["api"].items():
        if isinstance(url, str) and "//" in url:
            path = url.split("/", 3)[3]
            exchange.urls["api"][name] = f"{double.http_url}/{path}"
    sockets = exchange.urls["api"].get("ws")
    if sockets is not None:
        sockets["spot"] = double.ws_url + "/ws"
        sockets["ws-api"]["spot"] = double.ws_url + "/ws-api/v3"
    return exchange


def unified(double: Beside, kinds: list[str] | None = None) -> Any:
    """ccxt."""
    exchange = ccxt.binance({"apiKey": double.key, "secret": double.secret})
    return _aim(exchange, double, kinds or ["spot"])


def unified_pro(double: Beside) -> Any:
    """ccxt with streams."""
    exchange = ccxt.pro.binance({"apiKey": double.key, "secret": double.secret})
    return _aim(exchange, double, ["spot"])


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What comes of *coroutine*, in due time."""
    return asyncio.run(asyncio.wait_for(coroutine, SECONDS))

"""The products of Binance, and where each is reached."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from ...config.settings import Mode, Provider


class Addresses(Struct, frozen=True, kw_only=True):
    """``rest`` without a path, ``streams`` of prices without one, ``ws_api`` whole."""

    rest: str
    streams: str
    ws_api: str


class Product(Struct, frozen=True, kw_only=True):
    """One product: *prefix* begins every path of its calls, but for those of a margin account."""

    name: str
    prefix: str
    addresses: dict[Mode, Addresses]


SPOT: Final = Product(
    name="spot",
    prefix="/api/v3",
    addresses={
        Mode.LIVE: Addresses(
            rest="https://api.binance.com",
            streams="wss://stream.binance.com:9443",
            ws_api="wss://ws-api.binance.com:443/ws-api/v3",
        ),
        Mode.PAPER: Addresses(
            rest="https://testnet.binance.vision",
            streams="wss://stream.testnet.binance.vision",
            ws_api="wss://ws-api.testnet.binance.vision/ws-api/v3",
        ),
    },
)

MARGIN: Final = Product(
    name="margin",
    prefix=SPOT.prefix,
    addresses={Mode.LIVE: SPOT.addresses[Mode.LIVE]},
)
"""There is no testnet for it."""

USD_M: Final = Product(
    name="usd-m",
    prefix="/fapi/v1",
    addresses={
        Mode.LIVE: Addresses(
            rest="https://fapi.binance.com",
            streams="wss://fstream.binance.com",
            ws_api="wss://ws-fapi.binance.com/ws-fapi/v1",
        ),
        Mode.PAPER: Addresses(
            rest="https://demo-fapi.binance.com",
            streams="wss://fstream.binancefuture.com",
            ws_api="wss://testnet.binancefuture.com/ws-fapi/v1",
        ),
    },
)

COIN_M: Final = Product(
    name="coin-m",
    prefix="/dapi/v1",
    addresses={
        Mode.LIVE: Addresses(
            rest="https://dapi.binance.com",
            streams="wss://dstream.binance.com",
            ws_api="wss://ws-dapi.binance.com/ws-dapi/v1",
        ),
        Mode.PAPER: Addresses(
            rest="https://demo-dapi.binance.com",
            streams="wss://dstream.binancefuture.com",
            ws_api="wss://testnet.binancefuture.com/ws-dapi/v1",
        ),
    },
)

PRODUCTS: Final = {
    Provider.BINANCE: SPOT,
    Provider.BINANCE_SPOT: SPOT,
    Provider.BINANCE_MARGIN: MARGIN,
    Provider.BINANCE_FUTURES: USD_M,
    Provider.BINANCE_COIN_FUTURES: COIN_M,
}

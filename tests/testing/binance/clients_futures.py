"""Binance's own SDK of USD-M futures, pointed at the double."""

from __future__ import annotations

from typing import Any

from binance_common.configuration import ConfigurationRestAPI, ConfigurationWebSocketStreams
from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import (
    DerivativesTradingUsdsFutures,
)

from tradegw.testing.binance import Beside


def official(double: Beside) -> Any:
    """Its REST half."""
    return DerivativesTradingUsdsFutures(
        config_rest_api=ConfigurationRestAPI(
            api_key=double.key,
            api_secret=double.secret,
            base_path=double.http_url,
            timeout=5000,
            retries=0,
        )
    ).rest_api


def official_streams(double: Beside) -> Any:
    """Its streams, of all classes."""
    return DerivativesTradingUsdsFutures(
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=double.ws_url + "/stream")
    ).websocket_streams

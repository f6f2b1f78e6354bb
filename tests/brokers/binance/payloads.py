"""Payloads in the true shape, with values of our own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from tradegw.brokers.binance.spot import wire
from tradegw.brokers.binance.wire import read

SOLUSDC: dict[str, Any] = {
    "symbol": "SOLUSDC",
    "status": "TRADING",
    "baseAsset": "SOL",
    "baseAssetPrecision": 8,
    "quoteAsset": "USDC",
    "orderTypes": [
        "LIMIT",
        "LIMIT_MAKER",
        "MARKET",
        "STOP_LOSS",
        "STOP_LOSS_LIMIT",
        "TAKE_PROFIT",
        "TAKE_PROFIT_LIMIT",
    ],
    "icebergAllowed": True,
    "ocoAllowed": True,
    "otoAllowed": True,
    "opoAllowed": True,
    "cancelReplaceAllowed": True,
    "amendAllowed": True,
    "isSpotTradingAllowed": True,
    "filters": [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": "0.01000000",
            "maxPrice": "10000.00000000",
            "tickSize": "0.01000000",
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": "0.00100000",
            "maxQty": "900000.00000000",
            "stepSize": "0.00100000",
        },
        {"filterType": "ICEBERG_PARTS", "limit": 100},
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": "0.00000000",
            "maxQty": "7325.41200000",
            "stepSize": "0.00000000",
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": "5.00000000",
            "applyMinToMarket": True,
            "maxNotional": "9000000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
    ],
}


def symbol(**changes: Any) -> wire.Symbol:
    return read(msgspec.json.encode({**SOLUSDC, **changes}), wire.Symbol)


ORDER: dict[str, Any] = {
    "symbol": "SOLUSDC",
    "orderId": 9013344210,
    "orderListId": -1,
    "clientOrderId": "gw-7f3a01",
    "price": "131.50000000",
    "origQty": "4.00000000",
    "executedQty": "1.00000000",
    "cummulativeQuoteQty": "131.50000000",
    "status": "PARTIALLY_FILLED",
    "timeInForce": "GTC",
    "type": "LIMIT",
    "side": "BUY",
    "stopPrice": "0.00000000",
    "icebergQty": "0.00000000",
    "time": 1767225601456,
    "updateTime": 1767225640222,
    "isWorking": True,
    "workingTime": 1767225601456,
    "origQuoteOrderQty": "0.00000000",
    "selfTradePreventionMode": "EXPIRE_MAKER",
}


def order(**changes: Any) -> wire.Order:
    return read(msgspec.json.encode({**ORDER, **changes}), wire.Order)


REPORT: dict[str, Any] = {
    "e": "executionReport",
    "E": 1767225640230,
    "s": "SOLUSDC",
    "c": "gw-7f3a01",
    "S": "BUY",
    "o": "LIMIT",
    "f": "GTC",
    "q": "4.00000000",
    "p": "131.50000000",
    "P": "0.00000000",
    "F": "0.00000000",
    "g": -1,
    "C": "",
    "x": "TRADE",
    "X": "PARTIALLY_FILLED",
    "r": "NONE",
    "i": 9013344210,
    "l": "1.00000000",
    "z": "1.00000000",
    "L": "131.50000000",
    "n": "0.00009100",
    "N": "BNB",
    "T": 1767225640222,
    "t": 77120440,
    "I": 19911002,
    "w": True,
    "m": True,
    "M": False,
    "O": 1767225601456,
    "Z": "131.50000000",
    "Y": "131.50000000",
    "Q": "0.00000000",
    "W": 1767225601456,
    "V": "EXPIRE_MAKER",
}


def report(**changes: Any) -> wire.Report:
    return read(msgspec.json.encode({**REPORT, **changes}), wire.Report)


def wrapped(**changes: Any) -> bytes:
    """The report as the WebSocket API tells it."""
    return msgspec.json.encode({"subscriptionId": 0, "event": {**REPORT, **changes}})


def trade(
    number: int, qty: str, price: str, fee: str = "0", asset: str = "SOL", **changes: Any
) -> wire.Trade:
    members = {
        "symbol": "SOLUSDC",
        "id": number,
        "orderId": 9013344211,
        "price": price,
        "qty": qty.lstrip("-"),
        "commission": fee,
        "commissionAsset": asset,
        "time": 1767225602001 + number,
        "isBuyer": not qty.startswith("-"),
        "isMaker": False,
    }
    return read(msgspec.json.encode({**members, **changes}), wire.Trade)


def D(text: str) -> Decimal:
    return Decimal(text)

"""Payloads of futures in the true shape, with values of our own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from tradegw.brokers.binance.futures import events, wire
from tradegw.brokers.binance.wire import read
from tradegw.model.enums import OrderType, Side
from tradegw.model.order import OrderRequest

SOLUSDT: dict[str, Any] = {
    "symbol": "SOLUSDT",
    "pair": "SOLUSDT",
    "contractType": "PERPETUAL",
    "status": "TRADING",
    "baseAsset": "SOL",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "pricePrecision": 4,
    "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TRAILING_STOP_MARKET"],
    "filters": [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": "0.420",
            "maxPrice": "6857.000",
            "tickSize": "0.010",
        },
        {"filterType": "LOT_SIZE", "minQty": "1", "maxQty": "1000000", "stepSize": "1"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "1", "maxQty": "80000", "stepSize": "1"},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MIN_NOTIONAL", "notional": "5"},
    ],
}

ORDER: dict[str, Any] = {
    "avgPrice": "131.48000",
    "clientOrderId": "gw-9a11",
    "cumQuote": "657.400",
    "executedQty": "5",
    "orderId": 41200118233,
    "origQty": "5",
    "origType": "LIMIT",
    "price": "131.500",
    "reduceOnly": False,
    "side": "BUY",
    "positionSide": "BOTH",
    "status": "FILLED",
    "stopPrice": "0",
    "closePosition": False,
    "symbol": "SOLUSDT",
    "time": 1767225800333,
    "timeInForce": "GTC",
    "type": "LIMIT",
    "updateTime": 1767225804100,
    "workingType": "CONTRACT_PRICE",
    "priceProtect": False,
    "priceMatch": "NONE",
    "selfTradePreventionMode": "EXPIRE_MAKER",
    "goodTillDate": 0,
}

ALGO: dict[str, Any] = {
    "algoId": 3004410021,
    "clientAlgoId": "gw-sl-9a11",
    "algoType": "CONDITIONAL",
    "orderType": "STOP_MARKET",
    "symbol": "SOLUSDT",
    "side": "SELL",
    "positionSide": "BOTH",
    "timeInForce": "GTC",
    "quantity": "5",
    "algoStatus": "NEW",
    "triggerPrice": "125.000",
    "price": "0.000",
    "icebergQuantity": None,
    "selfTradePreventionMode": "EXPIRE_MAKER",
    "workingType": "CONTRACT_PRICE",
    "priceMatch": "NONE",
    "closePosition": False,
    "priceProtect": False,
    "reduceOnly": True,
    "activatePrice": "",
    "callbackRate": "",
    "createTime": 1767225810000,
    "updateTime": 1767225810000,
    "triggerTime": 0,
    "goodTillDate": 0,
}

NEWS: dict[str, Any] = {
    "s": "SOLUSDT",
    "c": "gw-9a11",
    "S": "BUY",
    "o": "LIMIT",
    "f": "GTC",
    "q": "5",
    "p": "131.500",
    "ap": "131.48000",
    "sp": "0",
    "x": "TRADE",
    "X": "FILLED",
    "i": 41200118233,
    "l": "5",
    "z": "5",
    "L": "131.480",
    "N": "USDT",
    "n": "0.26296000",
    "T": 1767225804100,
    "t": 551002311,
    "b": "0",
    "a": "0",
    "m": False,
    "R": False,
    "wt": "CONTRACT_PRICE",
    "ot": "LIMIT",
    "ps": "BOTH",
    "cp": False,
    "pP": False,
    "si": 0,
    "ss": 0,
    "rp": "0",
    "V": "EXPIRE_MAKER",
    "pm": "NONE",
    "gtd": 0,
    "er": "0",
}

ALGO_NEWS: dict[str, Any] = {
    "caid": "gw-sl-9a11",
    "aid": 3004410021,
    "at": "CONDITIONAL",
    "o": "STOP_MARKET",
    "s": "SOLUSDT",
    "S": "SELL",
    "ps": "BOTH",
    "f": "GTC",
    "q": "5",
    "X": "NEW",
    "ai": "",
    "ap": "0.00000",
    "aq": "0.00000",
    "act": "0",
    "tp": "125.000",
    "p": "0.000",
    "V": "EXPIRE_MAKER",
    "wt": "CONTRACT_PRICE",
    "pm": "NONE",
    "cp": False,
    "pP": False,
    "R": True,
    "tt": 0,
    "gtd": 0,
    "rm": "",
}


def order(**changes: Any) -> wire.Order:
    return read(msgspec.json.encode({**ORDER, **changes}), wire.Order)


def algo(**changes: Any) -> wire.Algo:
    return read(msgspec.json.encode({**ALGO, **changes}), wire.Algo)


def symbol(**changes: Any) -> wire.Symbol:
    return read(msgspec.json.encode({**SOLUSDT, **changes}), wire.Symbol)


def order_told(**changes: Any) -> bytes:
    return msgspec.json.encode(
        {
            "e": "ORDER_TRADE_UPDATE",
            "E": 1767225804104,
            "T": 1767225804100,
            "o": {**NEWS, **changes},
        }
    )


def algo_told(at: int = 1767225810000, **changes: Any) -> bytes:
    news = {**ALGO_NEWS, **changes}
    return msgspec.json.encode({"e": "ALGO_UPDATE", "T": at, "E": at + 3, "o": news})


def update(**changes: Any) -> events.OrderUpdate:
    return read(order_told(**changes), events.OrderUpdate)


def algo_update(at: int = 1767225810000, **changes: Any) -> events.AlgoUpdate:
    return read(algo_told(at, **changes), events.AlgoUpdate)


def child(**changes: Any) -> events.OrderUpdate:
    """News of what the waiting order became."""
    members = {
        "i": 41200119000,
        "c": "gw-sl-9a11",
        "S": "SELL",
        "o": "MARKET",
        "ot": "MARKET",
        "p": "0",
        "R": True,
        "T": 1767225904100,
        "t": 551002400,
        **changes,
    }
    return update(**members)


def account_told(reason: str = "ORDER", **changes: Any) -> bytes:
    change = {
        "m": reason,
        "B": [{"a": "USDT", "wb": "25110.77", "cw": "25110.77", "bc": "0"}],
        "P": [
            {
                "s": "SOLUSDT",
                "pa": "5",
                "ep": "131.48000",
                "bep": "131.53259",
                "cr": "12.50",
                "up": "-0.11",
                "mt": "cross",
                "iw": "0",
                "ps": "BOTH",
            }
        ],
        **changes,
    }
    return msgspec.json.encode(
        {"e": "ACCOUNT_UPDATE", "E": 1767225804106, "T": 1767225804100, "a": change}
    )


def account_update(reason: str = "ORDER", **changes: Any) -> events.AccountUpdate:
    return read(account_told(reason, **changes), events.AccountUpdate)


def request(**members: Any) -> OrderRequest:
    """A market buy of 5 SOLUSDT, unless said otherwise; numbers may be texts."""
    members = {
        "symbol": "SOLUSDT",
        "side": Side.BUY,
        "quantity": "5",
        "order_type": OrderType.MARKET,
        "client_order_id": "gw-1",
        **members,
    }
    for name in ("quantity", "limit_price", "stop_price", "trailing_distance", "leverage"):
        if isinstance(members.get(name), str):
            members[name] = Decimal(members[name])
    return OrderRequest(**members)

"""The methods of the WebSocket APIs, and the calls of REST that they are."""

from __future__ import annotations

from typing import Final

SPOT: Final = {
    "ping": ("GET", "/api/v3/ping"),
    "time": ("GET", "/api/v3/time"),
    "exchangeInfo": ("GET", "/api/v3/exchangeInfo"),
    "depth": ("GET", "/api/v3/depth"),
    "trades.recent": ("GET", "/api/v3/trades"),
    "klines": ("GET", "/api/v3/klines"),
    "uiKlines": ("GET", "/api/v3/uiKlines"),
    "avgPrice": ("GET", "/api/v3/avgPrice"),
    "ticker.price": ("GET", "/api/v3/ticker/price"),
    "ticker.book": ("GET", "/api/v3/ticker/bookTicker"),
    "ticker.24hr": ("GET", "/api/v3/ticker/24hr"),
    "order.place": ("POST", "/api/v3/order"),
    "order.test": ("POST", "/api/v3/order/test"),
    "order.status": ("GET", "/api/v3/order"),
    "order.cancel": ("DELETE", "/api/v3/order"),
    "order.cancelReplace": ("POST", "/api/v3/order/cancelReplace"),
    "order.amend.keepPriority": ("PUT", "/api/v3/order/amend/keepPriority"),
    "openOrders.status": ("GET", "/api/v3/openOrders"),
    "openOrders.cancelAll": ("DELETE", "/api/v3/openOrders"),
    "allOrders": ("GET", "/api/v3/allOrders"),
    "orderList.place": ("POST", "/api/v3/order/oco"),
    "orderList.place.oco": ("POST", "/api/v3/orderList/oco"),
    "orderList.place.oto": ("POST", "/api/v3/orderList/oto"),
    "orderList.place.otoco": ("POST", "/api/v3/orderList/otoco"),
    "orderList.place.opo": ("POST", "/api/v3/orderList/opo"),
    "orderList.place.opoco": ("POST", "/api/v3/orderList/opoco"),
    "orderList.cancel": ("DELETE", "/api/v3/orderList"),
    "orderList.status": ("GET", "/api/v3/orderList"),
    "openOrderLists.status": ("GET", "/api/v3/openOrderList"),
    "allOrderLists": ("GET", "/api/v3/allOrderList"),
    "account.status": ("GET", "/api/v3/account"),
    "account.commission": ("GET", "/api/v3/account/commission"),
    "account.rateLimits.orders": ("GET", "/api/v3/rateLimit/order"),
    "myTrades": ("GET", "/api/v3/myTrades"),
    "myFilters": ("GET", "/api/v3/myFilters"),
}


def futures(prefix: str) -> dict[str, tuple[str, str]]:
    """Those of futures below *prefix*, ``/fapi`` or ``/dapi``."""
    return {
        "ping": ("GET", f"{prefix}/v1/ping"),
        "time": ("GET", f"{prefix}/v1/time"),
        "order.place": ("POST", f"{prefix}/v1/order"),
        "order.modify": ("PUT", f"{prefix}/v1/order"),
        "order.cancel": ("DELETE", f"{prefix}/v1/order"),
        "order.status": ("GET", f"{prefix}/v1/order"),
        "algoOrder.place": ("POST", f"{prefix}/v1/algoOrder"),
        "algoOrder.cancel": ("DELETE", f"{prefix}/v1/algoOrder"),
        "ticker.book": ("GET", f"{prefix}/v1/ticker/bookTicker"),
        "ticker.price": ("GET", f"{prefix}/v1/ticker/price"),
        "userDataStream.start": ("POST", f"{prefix}/v1/listenKey"),
        "userDataStream.ping": ("PUT", f"{prefix}/v1/listenKey"),
        "userDataStream.stop": ("DELETE", f"{prefix}/v1/listenKey"),
    }

"""Orders, conditional orders, positions and trades as JSON."""

from __future__ import annotations

from typing import Any

from ..amounts import ZERO, fixed, plain
from .orders import Algo, Fill, Order


def placed(order: Order, *, is_ack: bool = False) -> dict[str, Any]:
    """What a placement, a modification and a cancel say, without a time or average."""
    executed = ZERO if is_ack else order.executed
    told: dict[str, Any] = {"orderId": order.id, "symbol": order.contract.symbol}
    if order.contract.is_inverse:
        told["pair"] = order.contract.pair_name
    return told | {
        "status": "NEW" if is_ack else order.status,
        "clientOrderId": order.client_id,
        "price": plain(order.price),
        "origQty": plain(order.qty),
        "executedQty": plain(executed),
        "cumQty": plain(executed),
        "timeInForce": order.tif,
        "type": order.type,
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_position,
        "side": order.side,
        "positionSide": order.position_side,
        "stopPrice": plain(order.stop_price),
        "workingType": order.working_type,
        "priceProtect": order.price_protect,
        "origType": order.original or order.type,
        "priceMatch": "NONE",
        "selfTradePreventionMode": order.stp,
        "goodTillDate": order.good_till,
        "updateTime": order.update_time,
    }


def queried(order: Order) -> dict[str, Any]:
    """What a query says."""
    told = placed(order)
    told.pop("cumQty")
    cumulated = fixed(order.weighted) if order.contract.is_inverse else plain(order.weighted)
    return told | {
        "avgPrice": fixed(order.average, 5),
        "cumBase" if order.contract.is_inverse else "cumQuote": cumulated,
        "time": order.time,
    }


def algo_placed(algo: Algo) -> dict[str, Any]:
    """What a placement of a conditional order says."""
    return {
        "algoId": algo.id,
        "clientAlgoId": algo.client_id,
        "algoType": "CONDITIONAL",
        "orderType": algo.type,
        "symbol": algo.contract.symbol,
        "side": algo.side,
        "positionSide": algo.position_side,
        "timeInForce": algo.tif,
        "quantity": plain(algo.qty),
        "algoStatus": algo.status,
        "triggerPrice": fixed(algo.trigger, 3),
        "price": fixed(algo.price, 3),
        "icebergQuantity": None,
        "selfTradePreventionMode": algo.stp,
        "workingType": algo.working_type,
        "priceMatch": "NONE",
        "closePosition": algo.close_position,
        "priceProtect": algo.price_protect,
        "reduceOnly": algo.reduce_only,
        "activatePrice": plain(algo.activate) if algo.activate else "",
        "callbackRate": plain(algo.callback) if algo.callback else "",
        "createTime": algo.time,
        "updateTime": algo.update_time,
        "triggerTime": algo.trigger_time,
        "goodTillDate": algo.good_till,
    }


def algo_queried(algo: Algo) -> dict[str, Any]:
    """What a query of one says."""
    order = algo.order
    return algo_placed(algo) | {
        "actualOrderId": str(order.id) if order is not None else "",
        "actualPrice": fixed(order.average if order is not None else ZERO, 5),
        "actualType": order.type if order is not None else "",
        "actualQty": plain(order.executed if order is not None else ZERO),
        "tpOrderType": "",
    }


def traded(fill: Fill) -> dict[str, Any]:
    """A row of ``userTrades``."""
    contract = fill.contract
    return {
        "buyer": fill.side == "BUY",
        "commission": fixed(fill.commission),
        "commissionAsset": contract.asset,
        "id": fill.id,
        "maker": fill.is_maker,
        "orderId": fill.order_id,
        "price": plain(fill.price),
        "qty": plain(fill.qty),
        "quoteQty": plain(contract.notional(fill.qty, fill.price)),
        "baseQty": fixed(contract.value(fill.qty, fill.price))
        if contract.is_inverse
        else plain(fill.qty),
        "marginAsset": contract.asset,
        "realizedPnl": fixed(fill.realized),
        "side": fill.side,
        "positionSide": fill.position_side,
        "symbol": contract.symbol,
        "pair": contract.pair_name,
        "time": fill.time,
    }


def update(order: Order, execution: str, now: int, fill: Fill | None = None) -> dict[str, Any]:
    """An ``ORDER_TRADE_UPDATE``."""
    told: dict[str, Any] = {
        "s": order.contract.symbol,
        "c": order.client_id,
        "S": order.side,
        "o": order.type,
        "f": order.tif,
        "q": plain(order.qty),
        "p": plain(order.price),
        "ap": fixed(order.average, 5),
        "sp": plain(order.stop_price),
        "x": execution,
        "X": order.status,
        "i": order.id,
        "l": plain(fill.qty if fill else ZERO),
        "z": plain(order.executed),
        "L": plain(fill.price if fill else ZERO),
        "T": order.update_time,
        "t": fill.id if fill else 0,
        "b": "0",
        "a": "0",
        "m": fill.is_maker if fill else False,
        "R": order.reduce_only,
        "wt": order.working_type,
        "ot": order.original or order.type,
        "ps": order.position_side,
        "cp": order.close_position,
        "pP": order.price_protect,
        "si": 0,
        "ss": 0,
        "rp": fixed(fill.realized if fill else ZERO),
        "V": order.stp,
        "pm": "NONE",
        "gtd": order.good_till,
        "er": order.expiry_reason,
    }
    if fill is not None:
        told |= {"n": fixed(fill.commission), "N": order.contract.asset}
    if order.contract.is_inverse:
        told["ma"] = order.contract.asset
    return {"e": "ORDER_TRADE_UPDATE", "E": now, "T": order.update_time, "o": told}


def algo_update(algo: Algo, now: int) -> dict[str, Any]:
    """An ``ALGO_UPDATE``."""
    order = algo.order
    told: dict[str, Any] = {
        "caid": algo.client_id,
        "aid": algo.id,
        "at": "CONDITIONAL",
        "o": algo.type,
        "s": algo.contract.symbol,
        "S": algo.side,
        "ps": algo.position_side,
        "f": algo.tif,
        "q": plain(algo.qty),
        "X": algo.status,
        "ai": str(order.id) if order is not None else "",
        "ap": fixed(order.average if order is not None else ZERO, 5),
        "aq": plain(order.executed if order is not None else ZERO),
        "act": order.type if order is not None else "",
        "tp": plain(algo.trigger),
        "p": plain(algo.price),
        "V": algo.stp,
        "wt": algo.working_type,
        "pm": "NONE",
        "cp": algo.close_position,
        "pP": algo.price_protect,
        "R": algo.reduce_only,
        "tt": algo.trigger_time,
        "gtd": algo.good_till,
        "rm": algo.reject_reason,
    }
    if algo.type == "TRAILING_STOP_MARKET":
        told["ia"] = algo.is_active
    return {"e": "ALGO_UPDATE", "T": algo.update_time, "E": now, "o": told}

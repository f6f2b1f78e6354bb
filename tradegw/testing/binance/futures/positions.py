"""Accounts and positions as the versions of their calls have them."""

from __future__ import annotations

from typing import Any

from ..amounts import ZERO, fixed, plain
from ..calls import Call
from .book import Book
from .contracts import Listing
from .wallet import Position, Wallet


def positions(wallet: Wallet, book: Book, listing: Listing, call: Call) -> list[dict[str, Any]]:
    """``positionRisk``: version 3 knows positions and open orders alone, the others all symbols."""
    symbol, pair = call.text("symbol"), call.text("pair")
    if "/v3/" in call.path:
        busy = {order.contract.symbol for order in book.open()}
        found = [each for each in wallet.all() if each.amount or each.contract.symbol in busy]
        return [_new(wallet, each) for each in found if symbol in (None, each.contract.symbol)]
    sides = ("LONG", "SHORT") if wallet.mode.is_hedged else ("BOTH",)
    asked = [
        wallet.position(contract, side)
        for contract in listing.contracts.values()
        for side in sides
        if pair in (None, contract.pair_name)
        and (contract.is_inverse or symbol in (None, contract.symbol))
    ]
    return [_old(wallet, each) for each in asked]


def _told(wallet: Wallet, position: Position) -> dict[str, Any]:
    contract = position.contract
    isolated = position.isolated_wallet if wallet.is_isolated(contract) else ZERO
    return {
        "symbol": contract.symbol,
        "positionSide": position.side,
        "positionAmt": plain(position.amount),
        "entryPrice": plain(position.entry.quantize(contract.tick / 1000)),
        "breakEvenPrice": plain(position.entry.quantize(contract.tick / 1000)),
        "markPrice": fixed(wallet.mark(contract)),
        "unRealizedProfit": fixed(wallet.unrealized(position)),
        "liquidationPrice": plain(wallet.liquidation_price(position).quantize(contract.tick)),
        "isolatedMargin": fixed(isolated) if isolated else "0",
        "isolatedWallet": fixed(isolated) if isolated else "0",
        "updateTime": position.update_time,
    }


def _new(wallet: Wallet, position: Position) -> dict[str, Any]:
    contract, initial = position.contract, fixed(wallet.initial(position))
    return _told(wallet, position) | {
        "notional": fixed(contract.notional(position.amount, wallet.mark(contract))),
        "marginAsset": contract.asset,
        "initialMargin": initial,
        "maintMargin": fixed(wallet.maintenance(position)),
        "positionInitialMargin": initial,
        "openOrderInitialMargin": "0",
        "adl": 1,
        "bidNotional": "0",
        "askNotional": "0",
    }


def _old(wallet: Wallet, position: Position) -> dict[str, Any]:
    contract = position.contract
    told = _told(wallet, position) | {
        "leverage": str(wallet.leverage[contract.symbol]),
        "marginType": "isolated" if wallet.is_isolated(contract) else "cross",
        "isAutoAddMargin": "false",
    }
    if contract.is_inverse:
        return told | {"maxQty": "1000"}
    value = contract.notional(position.amount, wallet.mark(contract))
    return told | {"maxNotionalValue": "1000000", "notional": fixed(value)}


def account(wallet: Wallet, book: Book, listing: Listing, path: str, now: int) -> dict[str, Any]:
    """``account``: version 3 lists fewer positions; COIN-M has no totals."""
    rows = {asset: _asset(wallet, book, asset, now) for asset in tuple(wallet.balances)}
    is_newest = "/v3/" in path
    everything = [wallet.position(each, "BOTH") for each in listing.contracts.values()]
    shown = wallet.held() if is_newest or wallet.mode.is_hedged else everything
    told = {
        "assets": list(rows.values()),
        "positions": [_in_account(wallet, each, is_newest=is_newest) for each in shown],
    }
    if path.startswith("/dapi"):
        return {"feeTier": 0, "canTrade": True, "canDeposit": True, "canWithdraw": True,
                "updateTime": now, **told}  # fmt: skip
    usdt = rows.get("USDT") or _asset(wallet, book, "USDT", now)
    totals = {
        "totalInitialMargin": usdt["initialMargin"],
        "totalMaintMargin": usdt["maintMargin"],
        "totalWalletBalance": usdt["walletBalance"],
        "totalUnrealizedProfit": usdt["unrealizedProfit"],
        "totalMarginBalance": usdt["marginBalance"],
        "totalPositionInitialMargin": usdt["positionInitialMargin"],
        "totalOpenOrderInitialMargin": usdt["openOrderInitialMargin"],
        "totalCrossWalletBalance": usdt["crossWalletBalance"],
        "totalCrossUnPnl": usdt["crossUnPnl"],
        "availableBalance": usdt["availableBalance"],
        "maxWithdrawAmount": usdt["maxWithdrawAmount"],
    }
    if is_newest:
        return totals | told
    flags = {"feeTier": 0, "canTrade": True, "canDeposit": True, "canWithdraw": True}
    multi = {"multiAssetsMargin": wallet.mode.is_multi_asset, "updateTime": 0}
    return flags | multi | totals | told


def _asset(wallet: Wallet, book: Book, asset: str, now: int) -> dict[str, Any]:
    held = [each for each in wallet.held() if each.contract.asset == asset]
    in_positions = sum((wallet.initial(each) for each in held), ZERO)
    open_orders = [each for each in book.open() if each.contract.asset == asset]
    in_orders = sum((wallet.order_margin(each) for each in open_orders), ZERO)
    balance, equity = wallet.balances[asset], wallet.equity(asset)
    available = fixed(max(ZERO, wallet.available(asset, book.open())))
    return {
        "asset": asset,
        "walletBalance": fixed(balance),
        "unrealizedProfit": fixed(equity - balance),
        "marginBalance": fixed(equity),
        "maintMargin": fixed(sum((wallet.maintenance(each) for each in held), ZERO)),
        "initialMargin": fixed(in_positions + in_orders),
        "positionInitialMargin": fixed(in_positions),
        "openOrderInitialMargin": fixed(in_orders),
        "crossWalletBalance": fixed(balance),
        "crossUnPnl": fixed(equity - balance),
        "availableBalance": available,
        "maxWithdrawAmount": available,
        "updateTime": now,
    }


def _in_account(wallet: Wallet, position: Position, *, is_newest: bool) -> dict[str, Any]:
    contract, initial = position.contract, fixed(wallet.initial(position))
    told = {
        "symbol": contract.symbol,
        "positionSide": position.side,
        "positionAmt": plain(position.amount),
        "unrealizedProfit": fixed(wallet.unrealized(position)),
        "isolatedWallet": fixed(position.isolated_wallet),
        "notional": fixed(contract.notional(position.amount, wallet.mark(contract))),
        "initialMargin": initial,
        "maintMargin": fixed(wallet.maintenance(position)),
        "updateTime": position.update_time,
    }
    if is_newest:
        return told | {"isolatedMargin": fixed(position.isolated_wallet)}
    return told | {
        "positionInitialMargin": initial,
        "openOrderInitialMargin": "0",
        "leverage": str(wallet.leverage[contract.symbol]),
        "isolated": wallet.is_isolated(contract),
        "entryPrice": plain(position.entry.quantize(contract.tick / 1000)),
        "maxNotional": "1000000",
    }

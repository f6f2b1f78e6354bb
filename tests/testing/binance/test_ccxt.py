"""ccxt against the double."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tradegw.testing.binance import Beside

from .clients import ccxt, run, unified, unified_pro


def test_markets_orders_and_trades(double: Beside) -> None:
    exchange = unified(double)
    markets = exchange.load_markets()
    precision = markets["SOL/USDC"]["precision"]
    assert (precision["amount"], precision["price"]) == (0.001, 0.01)
    order = exchange.create_order("SOL/USDC", "limit", "buy", 4, 90)
    assert (order["status"], exchange.fetch_balance()["USDC"]["used"]) == ("open", 360)
    assert [each["id"] for each in exchange.fetch_open_orders("SOL/USDC")] == [order["id"]]
    assert exchange.cancel_order(order["id"], "SOL/USDC")["status"] == "canceled"
    exchange.create_order("SOL/USDC", "market", "buy", 1)
    [trade] = exchange.fetch_my_trades("SOL/USDC")
    assert (trade["takerOrMaker"], trade["fee"]["currency"]) == ("taker", "SOL")
    assert exchange.fetch_ticker("SOL/USDC")["bid"] == 100


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda it: it.fetch_order("1", "SOL/USDC"), ccxt.OrderNotFound),
        (lambda it: it.create_order("SOL/USDC", "limit", "buy", 3000, 90), ccxt.InsufficientFunds),
        (lambda it: it.create_order("SOL/USDC", "limit", "buy", 0.01, 90), ccxt.BadRequest),
        (lambda it: it.create_order("SOL/USDC", "limit", "buy", 4, 101, {"postOnly": True}),
         ccxt.OrderImmediatelyFillable),
    ],
)  # fmt: skip
def test_refusals_are_what_it_knows(double: Beside, act: Any, expected: type[Exception]) -> None:
    exchange = unified(double)
    exchange.load_markets()
    with pytest.raises(expected):
        act(exchange)


def test_it_watches_orders(double: Beside) -> None:
    async def watch() -> Any:
        exchange = unified_pro(double)
        try:
            await exchange.load_markets()
            waiting = asyncio.ensure_future(exchange.watch_orders("SOL/USDC"))
            await asyncio.to_thread(double.do, lambda fake: fake.ws_api.listened())
            await exchange.create_order("SOL/USDC", "limit", "buy", 4, 90)
            return await waiting
        finally:
            await exchange.close()

    [order] = run(watch())
    assert (order["status"], order["amount"]) == ("open", 4)

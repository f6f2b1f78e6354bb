"""python-binance against the double."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tradegw.testing.binance import Beside

from .clients import BinanceAPIException, plain, plain_async, run


def test_orders_are_placed_and_found(double: Beside) -> None:
    with plain(double) as client:
        placed = client.order_limit_buy(symbol="SOLUSDC", quantity="4", price="90")
        assert client.get_order(symbol="SOLUSDC", orderId=placed["orderId"])["status"] == "NEW"
        assert client.get_asset_balance("USDC")["locked"] == "360.00000000"
        gone = client.cancel_order(symbol="SOLUSDC", orderId=placed["orderId"])
        assert gone["status"] == "CANCELED"
        with pytest.raises(BinanceAPIException) as refused:
            client.order_market_buy(symbol="SOLUSDC", quantity="0.0005")
        assert refused.value.code == -1013


def test_pairs_of_exits_are_placed(double: Beside) -> None:
    with plain(double) as client:
        client.order_market_buy(symbol="SOLUSDC", quantity="4")
        told = client.create_oco_order(
            symbol="SOLUSDC", side="SELL", quantity="3.996", aboveType="LIMIT_MAKER",
            abovePrice="110", belowType="STOP_LOSS", belowStopPrice="95",
        )  # fmt: skip
        assert told["listOrderStatus"] == "EXECUTING"


def test_its_sockets_hear_of_orders_and_quotes(double: Beside) -> None:
    async def listen() -> list[Any]:
        async with (
            plain_async(double) as (client, sockets),
            sockets.user_socket() as mine,
            sockets.symbol_ticker_socket("SOLUSDC") as day,
        ):
            await client.order_market_buy(symbol="SOLUSDC", quantity="1")
            events = [await mine.recv() for _ in range(3)]
            await asyncio.to_thread(
                double.do, lambda fake: fake.spot.set_quote("SOLUSDC", "101", "102")
            )
            return [*events, await day.recv()]

    told = run(listen())
    assert [each["e"] for each in told] == [
        "executionReport", "executionReport", "outboundAccountPosition", "24hrTicker",
    ]  # fmt: skip

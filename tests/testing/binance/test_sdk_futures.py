"""Clients of futures against the double: Binance's own SDK, python-binance, ccxt."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from binance_common.errors import BadRequestError

from tradegw.testing.binance import Beside

from .clients import plain, run, unified
from .clients_futures import official, official_streams


@pytest.fixture(autouse=True)
def quoted(double: Beside) -> None:
    double.do(lambda fake: fake.usd_futures.set_quote("BTCUSDT", "50000", "50001", "50000"))


def test_positions_and_their_stops(double: Beside) -> None:
    client = official(double)
    placed = client.new_order("BTCUSDT", "BUY", "MARKET", quantity=0.1).data()
    assert placed.status == "NEW"
    found = client.query_order("BTCUSDT", order_id=placed.order_id).data()
    assert found.avg_price == "50001.00000"
    [position] = client.position_information_v3().data()
    assert position.position_amt == "0.1"
    stop = client.new_algo_order(
        "CONDITIONAL", "BTCUSDT", "SELL", "STOP_MARKET", trigger_price=49000, close_position="true"
    ).data()
    assert stop.algo_status == "NEW"
    double.do(lambda fake: fake.usd_futures.set_quote("BTCUSDT", "48990", "48991"))
    assert client.query_algo_order(algo_id=stop.algo_id).data().algo_status == "FINISHED"
    assert client.position_information_v3().data() == []
    with pytest.raises(BadRequestError, match="Algo Order API"):
        client.new_order("BTCUSDT", "SELL", "STOP_MARKET", quantity=0.1)


def test_events_of_the_account_on_the_private_stream(double: Beside) -> None:
    key = official(double).start_user_data_stream().data().listen_key

    async def listen() -> list[Any]:
        connection = await official_streams(double).create_connection()
        told: asyncio.Queue[Any] = asyncio.Queue()
        try:
            stream = await connection.user_data(key)
            stream.on("message", told.put_nowait)
            await asyncio.to_thread(double.do, lambda fake: fake.futures_streams.private.listened())
            await asyncio.to_thread(
                official(double).new_order, "BTCUSDT", "BUY", "MARKET", quantity=0.1
            )
            return [await told.get() for _ in range(4)]
        finally:
            await connection.close_connection(close_session=True)

    assert len(run(listen())) == 4


def test_python_binance_trades_futures(double: Beside) -> None:
    with plain(double) as client:
        client.futures_change_leverage(symbol="BTCUSDT", leverage=10)
        client.futures_create_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.1")
        [position] = client.futures_position_information()
        assert position["positionAmt"] == "0.1"
        assert client.futures_account()["totalInitialMargin"] == "500.00000000"


def test_ccxt_trades_futures(double: Beside) -> None:
    exchange = unified(double, ["linear"])
    exchange.options["defaultType"] = "swap"
    exchange.load_markets()
    exchange.create_order("BTC/USDT:USDT", "market", "buy", 0.1)
    stop = exchange.create_order(
        "BTC/USDT:USDT", "market", "sell", 0.1, None, {"stopLossPrice": 49000, "reduceOnly": True}
    )
    assert double.do(lambda fake: fake.usd_futures.algo(int(stop["id"])).trigger) == 49_000
    [position] = exchange.fetch_positions(["BTC/USDT:USDT"])
    assert (position["contracts"], position["side"]) == (0.1, "long")

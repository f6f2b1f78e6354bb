"""Binance's own SDK against the double: spot."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from binance_common.errors import BadRequestError, RateLimitBanError, UnauthorizedError

from tradegw.testing.binance import Beside, Terms, running

from .clients import official, official_api, official_streams, run

# The SDK passes aiohttp a timeout in a form that aiohttp wants to be rid of.
pytestmark = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type:DeprecationWarning")

OCO = {"above_type": "LIMIT_MAKER", "below_type": "STOP_LOSS"}


def test_an_order_from_its_placement_to_its_trades(double: Beside) -> None:
    client = official(double)
    placed = client.new_order("SOLUSDC", "BUY", "MARKET", quantity=2.5)
    told = placed.data()
    assert (told.status, told.fills[0].commission_asset) == ("FILLED", "SOL")
    assert {each.rateLimitType for each in placed.rate_limits} == {"REQUEST_WEIGHT", "ORDERS"}
    [trade] = client.my_trades("SOLUSDC").data()
    assert (trade.order_id, trade.is_maker) == (told.order_id, False)
    found = client.get_order("SOLUSDC", order_id=told.order_id).data()
    assert found.executed_qty == "2.50000000"
    assert client.get_account(omit_zero_balances=True).data().balances[0].free == "2.49750000"
    assert client.all_orders("SOLUSDC").data()[0].order_id == told.order_id


def test_a_bracket_is_protected_by_a_list(double: Beside) -> None:
    client = official(double)
    client.new_order("SOLUSDC", "BUY", "MARKET", quantity=2.5)
    pair = client.order_list_oco(
        "SOLUSDC", "SELL", 2.497, above_price=160, below_stop_price=95, **OCO
    ).data()
    assert pair.contingency_type == "OCO"
    assert len(client.get_open_orders("SOLUSDC").data()) == 2
    double.do(lambda fake: fake.spot.set_quote("SOLUSDC", "94", "94.1"))
    assert client.get_order_list(order_list_id=pair.order_list_id).data().list_order_status == (
        "ALL_DONE"
    )
    assert client.get_open_orders().data() == []


def test_an_entry_with_exits_replaced_amended_and_cancelled(double: Beside) -> None:
    client = official(double)
    told = client.order_list_otoco(
        "SOLUSDC", "LIMIT", "BUY", 90, 4, "SELL", 3.996, "LIMIT_MAKER",
        working_time_in_force="GTC", pending_above_price=120, pending_below_type="STOP_LOSS",
        pending_below_stop_price=80,
    ).data()  # fmt: skip
    assert [each.status for each in told.order_reports] == ["NEW", "PENDING_NEW", "PENDING_NEW"]
    client.delete_order_list("SOLUSDC", order_list_id=told.order_list_id)
    order = client.new_order(
        "SOLUSDC", "BUY", "LIMIT", time_in_force="GTC", quantity=4, price=90
    ).data()
    amended = client.order_amend_keep_priority("SOLUSDC", 3, order_id=order.order_id).data()
    assert amended.amended_order.qty == "3.00000000"
    new = client.order_cancel_replace(
        "SOLUSDC", "BUY", "LIMIT", "STOP_ON_FAILURE", time_in_force="GTC", quantity=3, price=91,
        cancel_order_id=order.order_id,
    ).data()  # fmt: skip
    assert new.new_order_response.price == "91.00000000"
    assert len(client.delete_open_orders("SOLUSDC").data()) == 1


def test_market_data(double: Beside) -> None:
    double.do(lambda fake: fake.spot.invent_bars("SOLUSDC", 60))
    client = official(double)
    assert client.time().data().server_time > 0
    assert client.exchange_info("SOLUSDC").data().symbols[0].base_asset == "SOL"
    assert len(client.klines("SOLUSDC", "1m", limit=7).data()) == 7
    assert client.ticker_book_ticker("SOLUSDC").data().actual_instance.bid_price == "100.00000000"
    assert client.ticker24hr("SOLUSDC").data().actual_instance.last_price == "100.01000000"
    assert client.depth("SOLUSDC").data().bids[0][0] == "100.00000000"


def test_refusals_are_what_the_sdk_knows(double: Beside) -> None:
    client = official(double)
    with pytest.raises(BadRequestError, match="Order does not exist"):
        client.get_order("SOLUSDC", order_id=1)
    with pytest.raises(UnauthorizedError):
        official(double, api_key="somebodyelse").get_account()
    with pytest.raises(BadRequestError, match="Signature"):
        official(double, api_secret="wrong").get_account()
    double.do(lambda fake: fake.spot.world.pool.ban(60))
    with pytest.raises(RateLimitBanError):
        client.time()


def test_keys_of_ed25519_sign_too(double: Beside, tmp_path: Path) -> None:
    pem = tmp_path / "key.pem"
    pem.write_bytes(double.do(lambda fake: fake.ed25519_pem))
    key = Terms().ed25519_key
    signer = {"api_key": key, "api_secret": None, "private_key": str(pem)}
    client = official(double, **signer)
    assert client.get_account().data().account_type == "SPOT"

    async def log_on() -> Any:
        connection = official_api(double, **signer)
        await connection.create_connection()
        try:
            told = await connection.session_logon()
            stream = await connection.user_data_stream_subscribe()
            return told.data().result.api_key, stream.response.data().result.subscription_id
        finally:
            await connection.close_connection(close_session=True)

    assert run(log_on()) == (key, 0)


def test_private_events_and_orders_by_websocket(double: Beside) -> None:
    async def trade() -> list[Any]:
        connection = official_api(double)
        await connection.create_connection()
        events: asyncio.Queue[Any] = asyncio.Queue()
        try:
            answer = await connection.user_data_stream_subscribe_signature()
            answer.stream.on("message", events.put_nowait)
            placed = await connection.order_place("SOLUSDC", "BUY", "MARKET", quantity=1)
            assert placed.data().result.status == "FILLED"
            return [await events.get() for _ in range(3)]
        finally:
            await connection.close_connection(close_session=True)

    told = run(trade())
    assert len(told) == 3


def test_market_streams(double: Beside) -> None:
    async def listen() -> Any:
        connection = await official_streams(double).create_connection()
        told: asyncio.Queue[Any] = asyncio.Queue()
        try:
            stream = await connection.book_ticker("SOLUSDC")
            stream.on("message", told.put_nowait)
            listened = asyncio.to_thread(double.do, lambda fake: fake.market_streams.listened())
            await listened
            await asyncio.to_thread(
                double.do, lambda fake: fake.spot.set_quote("SOLUSDC", "101", "102")
            )
            return await told.get()
        finally:
            await connection.close_connection(close_session=True)

    told = run(listen())
    assert (told.s, told.b) == ("SOLUSDC", "101.00000000")


def test_a_clock_that_is_off_is_told() -> None:
    with running() as double:
        double.do(lambda fake: setattr(fake.stamps, "skew_ms", -5000))
        with pytest.raises(BadRequestError, match="1000ms ahead"):
            official(double).get_account()

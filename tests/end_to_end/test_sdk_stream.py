"""The official SDK's streams: what they see, and that they come back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tektii import (
    AccountEvent,
    AsyncTradingGateway,
    CandleEvent,
    ConnectionEvent,
    OrderEvent,
    PositionEvent,
    TradeEvent,
    TradingGateway,
)

from .daemon import Daemon, wait_until

# The SDK leaves event loops of its own open; see conftest.py.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

ALL = '[{"platform":"mock","instrument":"*","events":["*"]}]'


def kinds(events: Iterable[Any]) -> set[str]:
    return {event.event.value for event in events if hasattr(event, "event")}


def test_a_round_trip_is_seen_whole_by_the_sync_stream(daemon: Daemon) -> None:
    """Order, trade, position and account events of an entry with exits, and of its close."""
    seen: list[Any] = []
    wanted = {"POSITION_CLOSED", "ORDER_CANCELLED", "TRADE_FILLED", "BALANCE_UPDATED"}
    with TradingGateway(daemon.url) as gateway, gateway.stream() as events:
        for event in events:
            if not seen:  # the stream connects in the background: now it is known to listen
                gateway.submit_order("AAPL", "buy", "10", stop_loss="75", take_profit="300")
            seen.append(event)
            if isinstance(event, PositionEvent) and event.event.value == "POSITION_OPENED":
                assert len(gateway.list_orders()) == 2, "exits rest before the fill is told"
                gateway.close_all_positions()
            if wanted <= kinds(seen):
                break
    legs = [e for e in seen if isinstance(e, OrderEvent) and e.parent_order_id]
    assert {leg.order.order_type.value for leg in legs} == {"STOP", "LIMIT"}
    orders = [e for e in seen if isinstance(e, OrderEvent)]
    assert [e.event.value for e in orders][:2] == ["ORDER_CREATED", "ORDER_FILLED"]
    assert any(isinstance(e, TradeEvent) for e in seen)
    assert any(isinstance(e, AccountEvent) for e in seen)


def test_two_async_streams_see_the_same_events_in_the_same_order(daemon: Daemon) -> None:
    async def main() -> None:
        async with (
            AsyncTradingGateway(daemon.url) as gateway,
            gateway.stream() as first,
            gateway.stream() as second,
        ):
            for number in range(5):
                await gateway.submit_order("AAPL", "buy", "1", client_order_id=f"c{number}")
            told = [await orders_of(stream) for stream in (first, second)]
        assert told[0] == told[1]
        assert len(told[0]) == 10

    async def orders_of(stream: Any) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        async for event in stream:
            if isinstance(event, OrderEvent):
                found.append((event.order.id, event.event.value))
                if len(found) == 10:
                    break
        return found

    asyncio.run(asyncio.wait_for(main(), 20))


def test_candles_come_without_any_configuration(daemon: Daemon) -> None:
    symbols = set()
    with TradingGateway(daemon.url) as gateway, gateway.stream() as events:
        for event in events:
            assert isinstance(event, CandleEvent)
            symbols.add(event.bar.symbol)
            if len(symbols) == 4:
                break
    assert symbols == {"AAPL", "MSFT", "BTCUSD", "EURUSD"}


def test_quotes_when_subscribed(tmp_path: Path) -> None:
    with (
        Daemon(tmp_path, SUBSCRIPTIONS=ALL.replace("*", "MSFT", 1)) as daemon,
        TradingGateway(daemon.url) as gateway,
        gateway.stream() as events,
    ):
        seen = set()
        for event in events:
            seen.add(event.type)
            if {"quote", "candle"} <= seen:
                break


def test_a_client_is_told_of_the_stop_and_comes_back_to_the_next_gateway(tmp_path: Path) -> None:
    """DISCONNECTING, close 1001, and the SDK's stream goes on when a gateway is there again."""
    seen: list[Any] = []

    def told() -> list[str]:
        return [event.event.value for event in seen if isinstance(event, ConnectionEvent)]

    def listen(url: str) -> None:
        with TradingGateway(url) as gateway, gateway.stream() as events:
            for event in events:
                seen.append(event)
                if told() and isinstance(event, CandleEvent):
                    return

    with Daemon(tmp_path) as first:
        listening = threading.Thread(target=listen, args=(first.url,))
        listening.start()
        wait_until(lambda: seen, "a first event")
        assert first.stop() == 0
    wait_until(told, "the goodbye")
    assert told() == ["DISCONNECTING"]
    with Daemon(tmp_path, port=first.port):
        listening.join(20)
        assert not listening.is_alive()


def test_a_wrong_key_ends_the_stream_at_once(tmp_path: Path) -> None:
    """The SDK takes 401 for an answer and does not come again."""

    async def main(url: str) -> None:
        async with AsyncTradingGateway(url, "x" * 32) as gateway:
            with pytest.raises(Exception, match="401"):
                async with gateway.stream():
                    pass

    with Daemon(tmp_path, GATEWAY_API_KEY="k" * 32) as daemon:
        asyncio.run(main(daemon.url))

"""The real daemon: its clients killed at random, itself killed; nothing missed, nothing twice."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import pytest
from tektii import AsyncTradingGateway
from websockets.asyncio import client as websockets_client

from .daemon import Daemon

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
[SHOWN] = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)

ENOUGH_BREAKS: Final = 20
MOST_ORDERS: Final = 5000

Follow = Callable[[str, int, str], AsyncIterator[dict[str, Any]]]


def follow_as_documented() -> Follow:
    """The client that docs/events.md shows."""
    namespace: dict[str, Any] = {}
    exec(compile(SHOWN, str(PAGE), "exec"), namespace)  # noqa: S102  (our own page)
    follow: Follow = namespace["follow"]
    return follow


class Breaking:
    """Connections that can be broken from outside, without a goodbye."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._open: list[Any] = []
        self.broken = 0
        made = websockets_client.connect.create_connection
        keep = self._open.append

        async def create_connection(self: Any, *args: Any, **kwargs: Any) -> Any:
            connection = await made(self, *args, **kwargs)
            keep(connection)
            return connection

        monkeypatch.setattr(websockets_client.connect, "create_connection", create_connection)

    def break_all(self) -> None:
        for connection in self._open:
            if connection.transport is not None and not connection.transport.is_closing():
                connection.transport.abort()
                self.broken += 1
        self._open.clear()


def place(daemon: Daemon) -> tuple[int, str]:
    """Where its log begins."""
    told = daemon.get("/v1/events?since=0&limit=0")
    return told["next"], told["epoch"]


def kept(daemon: Daemon, since: int) -> list[dict[str, Any]]:
    """All events after *since*, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        page = daemon.get(f"/v1/events?since={since}&limit=50")
        found += page["events"]
        if page["next"] == page["newest"]:
            return found
        since = page["next"]


async def numbered(follow: Follow, daemon: Daemon, into: list[dict[str, Any]]) -> None:
    """Note every numbered event, for ever."""
    async for event in follow(daemon.url.replace("http", "ws"), *place(daemon)):
        if "seq" in event:
            into.append(event)  # noqa: PERF401  (it never ends, and is looked at meanwhile)


async def trade(url: str, count: int) -> None:
    async with AsyncTradingGateway(url) as gateway:
        for number in range(count):
            await gateway.submit_order("AAPL", ("buy", "sell")[number % 2], "1")


async def trade_while(url: str, wanted: Callable[[], bool]) -> None:
    """Trade, and leave the clients time to come back in."""
    async with AsyncTradingGateway(url) as gateway:
        for number in range(MOST_ORDERS):
            if not wanted():
                return
            await gateway.submit_order("AAPL", ("buy", "sell")[number % 2], "1")
            await asyncio.sleep(0.002)


async def heard(into: list[dict[str, Any]], newest: int) -> None:
    async with asyncio.timeout(20):
        while not into or into[-1]["seq"] < newest:  # noqa: ASYNC110  (others fill it)
            await asyncio.sleep(0.02)


def settled(daemon: Daemon) -> int:
    """The newest number when nothing happens any more."""
    newest: int = daemon.get("/v1/events?limit=0")["newest"]
    return newest


async def until_quiet(daemon: Daemon) -> int:
    """The newest number, when it has stayed the same for a while."""
    seen = -1
    while True:
        newest = await asyncio.to_thread(settled, daemon)
        if newest == seen:
            return newest
        seen = newest
        await asyncio.sleep(0.5)


@contextlib.asynccontextmanager
async def listening(
    follow: Follow, daemon: Daemon, *into: list[dict[str, Any]]
) -> AsyncIterator[None]:
    """Clients that come back whenever their connection breaks."""
    tasks = [asyncio.create_task(numbered(follow, daemon, each)) for each in into]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def test_clients_killed_at_random_have_what_the_log_has(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow, breaking, chance = follow_as_documented(), Breaking(monkeypatch), random.Random(3)
    told: list[list[dict[str, Any]]] = [[], [], []]

    async def main() -> int:
        async with listening(follow, daemon, *told):
            goes_on = lambda: breaking.broken < ENOUGH_BREAKS  # noqa: E731
            trading = asyncio.create_task(trade_while(daemon.url, goes_on))
            while not trading.done():
                await asyncio.sleep(chance.random() / 10)
                breaking.break_all()
            await trading
            newest = await until_quiet(daemon)
            for each in told:
                await heard(each, newest)
            return newest

    since, _epoch = place(daemon)
    newest = asyncio.run(main())
    assert breaking.broken >= ENOUGH_BREAKS
    expected = kept(daemon, since)
    assert [event["seq"] for event in expected] == list(range(since + 1, newest + 1))
    assert len(expected) > 300
    for each in told:
        assert each == expected


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_stream_goes_on_across_a_restart(tmp_path: Path, end: signal.Signals) -> None:
    follow = follow_as_documented()
    told: list[dict[str, Any]] = []
    seen_before = 0

    async def main() -> None:
        nonlocal seen_before
        with Daemon(tmp_path) as first:
            async with listening(follow, first, told):
                await trade(first.url, 20)
                await asyncio.to_thread(first.stop, end)
                seen_before = len(told)
                with Daemon(tmp_path, port=first.port) as second:
                    await trade(second.url, 20)
                    newest = await until_quiet(second)
                    await heard(told, newest)
                    expected = await asyncio.to_thread(kept, second, told[0]["seq"] - 1)
                    assert told == expected

    asyncio.run(main())
    assert 20 <= seen_before < len(told)
    numbers = [event["seq"] for event in told]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len({event["epoch"] for event in told}) == 1


def test_a_since_of_another_journal_is_told_to_the_documented_client(daemon: Daemon) -> None:
    async def main() -> None:
        stream = follow_as_documented()(daemon.url.replace("http", "ws"), place(daemon)[0], "other")
        with pytest.raises(LookupError, match="another journal"):
            await anext(stream)

    asyncio.run(main())

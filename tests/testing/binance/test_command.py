"""The double by hand: a command, and markets that move."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from twisted.internet.task import Clock
from websockets.sync.client import connect

from tradegw.testing.binance.walk import Walk

from .played import Played


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tradegw.testing.binance", "--walk", "0.05", "--key", "MYKEY"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_it_says_where_it_is_and_moves_until_it_is_stopped(
    process: subprocess.Popen[str],
) -> None:
    assert process.stdout is not None
    said = dict(process.stdout.readline().strip().split("=", 1) for _ in range(5))
    assert said["BINANCE_API_KEY"] == "MYKEY"
    url = said["BINANCE_STREAM_URL"] + "/ws/btcusdt@bookTicker"
    with connect(url, close_timeout=0.2) as stream:
        assert '"s":"BTCUSDT"' in str(stream.recv(timeout=10))
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) in (0, -signal.SIGTERM)


def test_the_walk_is_the_same_for_the_same_seed() -> None:
    def last() -> str:
        fake, clock = Played(), Clock()
        walk = Walk(fake, clock, 1.0, seed=7)
        walk.start()
        clock.pump([1.0] * 5)
        walk.stop()
        return str(fake.coin_futures.world.contracts.market.quotes["BTCUSD_PERP"].last)

    assert last() == last() != "90000.00"

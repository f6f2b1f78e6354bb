"""The double by hand: a command, and a market that moves."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from twisted.internet.task import Clock
from websockets.sync.client import connect

from tradegw.testing.alpaca.walk import Walk

from .stage import Played


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tradegw.testing.alpaca", "--walk", "0.05", "--key", "PKX"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_it_says_where_it_is_and_moves_until_it_is_stopped(
    process: subprocess.Popen[str],
) -> None:
    assert process.stdout is not None
    said = dict(process.stdout.readline().strip().split("=", 1) for _ in range(6))
    assert said["ALPACA_API_KEY"] == "PKX"
    signed = {"APCA-API-KEY-ID": "PKX", "APCA-API-SECRET-KEY": said["ALPACA_API_SECRET"]}
    url = said["ALPACA_STREAM_URL"] + "/v2/iex"
    with connect(url, additional_headers=signed, close_timeout=0.2) as stream:
        stream.send('{"action":"subscribe","quotes":["SPY"]}')
        frames = [str(stream.recv(timeout=10)) for _ in range(4)]
    assert '"T":"q","S":"SPY"' in frames[3]
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) in (0, -signal.SIGTERM)


def test_the_walk_is_the_same_for_the_same_seed_and_makes_bars() -> None:
    def closes() -> list[str]:
        stage, clock = Played(), Clock()
        walk = Walk(stage, clock, 1.0, seed=7)
        walk.start()
        clock.pump([1.0] * 5)
        walk.stop()
        return [str(bar.close) for bar in stage.world.history.bars(stage.asset("SPY"), "1Min")] + [
            str(stage.world.market.quotes["SPY"].last)
        ]

    assert closes() == closes()
    assert len(closes()) == 601
    assert len(set(closes())) > 300

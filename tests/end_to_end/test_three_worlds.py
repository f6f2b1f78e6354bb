"""One strategy, three worlds: the same file runs in the backtest, on the simulated broker and at a
broker, and only the environment of the gateway is another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tradegw.testing.alpaca import running

from .daemon import Daemon, wait_until
from .test_alpaca import AlpacaDaemon, candles, ready
from .test_tape_strategy import strategy

LEAD = 100
"""Minutes of falling prices, in which the strategy has the time to connect."""

FALLING = [f"{240 - number / 100:.2f}" for number in range(LEAD)]
RISING = ["239.50", "240.50", "241.50"]
SETTINGS = {"SYMBOL": "AAPL", "FAST": "2", "SLOW": "4", "RISK": "0.01"}


def minutes(file: Path) -> Path:
    """The prices as bars: they fall, rise through both averages, and reach the target."""
    begin = datetime(2024, 3, 1, 14, tzinfo=UTC)
    closes = [*FALLING, *RISING, *["247.00"] * 20]
    with file.open("w") as out:
        out.write("timestamp,open,high,low,close,volume\n")
        for number, close in enumerate(closes):
            stamp = begin + timedelta(minutes=number)
            out.write(f"{stamp:%Y-%m-%dT%H:%M:%SZ},{close},{close},{close},{close},100\n")
    return file


World = tuple[Daemon, Callable[[], object]]
"""A gateway, and what makes prices move once the strategy listens."""


@contextmanager
def in_the_past(folder: Path) -> Iterator[World]:
    data = f"AAPL@1m={minutes(folder / 'bars.csv')}"
    with Daemon(folder, GATEWAY_PROVIDER="backtest", BACKTEST_DATA=data) as daemon:
        yield daemon, lambda: None


@contextmanager
def on_a_tape(folder: Path) -> Iterator[World]:
    tape = str(minutes(folder / "AAPL.1m.csv"))
    with Daemon(folder, MOCK_TAPE=tape, MOCK_TAPE_SPEED="1200") as daemon:
        yield daemon, lambda: None


@contextmanager
def at_alpaca(folder: Path) -> Iterator[World]:
    with running() as double:
        double.do(lambda fake: fake.set_quote("AAPL", "239.39", "239.41"))
        with AlpacaDaemon(folder, double) as daemon:
            wait_until(lambda: ready(daemon), "the gateway")

            def play() -> None:
                wait_until(lambda: daemon.get("/health")["status"] == "connected", "the streams")
                double.do(lambda fake: candles(fake, [*FALLING[-6:], *RISING], 0))
                wait_until(lambda: daemon.get("/v1/positions"), "the entry")
                double.do(lambda fake: fake.set_quote("AAPL", "247.00", "247.02"))

            yield daemon, play


@pytest.mark.parametrize("world", [in_the_past, on_a_tape, at_alpaca], ids=lambda w: w.__name__)
def test_the_same_file_trades_in_all_of_them(
    tmp_path: Path, world: Callable[[Path], AbstractContextManager[World]]
) -> None:
    """It buys at the crossing, both exits rest, and the target is reached."""
    with world(tmp_path) as (daemon, play), strategy(daemon, **SETTINGS) as example:
        assert example.stdout is not None
        lines = iter(example.stdout)
        assert "listening for AAPL" in next(lines)
        play()
        told = []
        for line in lines:
            told.append(line)
            if line.startswith("exit filled"):
                break
    assert told[0].startswith("bought near 2"), told
    assert any(line.startswith("entry filled: BUY") for line in told)
    assert "SELL" in told[-1]

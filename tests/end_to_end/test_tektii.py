"""The real daemon at the double on real sockets, and strategies written with the official SDK."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tektii import AsyncTradingGateway, CandleEvent, OrderEvent, TradingGateway

from tradegw.testing.tektii import Beside, FakeTektii, Terms, candles, running

from .daemon import PATIENCE, Daemon, wait_until

# The SDK leaves event loops of its own open; see conftest.py.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

SYMBOL = "F:EURUSD"
START = 1_704_067_200_000
RISING = ("1.0800", "1.0800", "1.0800", "1.0810 1.0850 1.0800 1.0840", "1.0840", "1.0840")
EXAMPLE = Path(__file__).parents[2] / "examples" / "sma_cross.py"


class TektiiDaemon(Daemon):
    """A gateway at the double, found by the engine's addresses."""

    def __init__(self, state: Path, engine: Beside[FakeTektii], **environment: str) -> None:
        addresses = engine.do(lambda fake: (fake.http_url, fake.ws_url))
        super().__init__(state, 0, **environment)
        del self._environment["GATEWAY_PROVIDER"]
        self._environment |= {
            "TEKTII_ENGINE_URL": addresses[0] + "/",
            "TEKTII_ENGINE_WS_URL": addresses[1],
        }

    def __enter__(self) -> TektiiDaemon:
        super().__enter__()
        wait_until(self._is_ready, "the gateway")
        return self

    def _is_ready(self) -> bool:
        try:
            return bool(self.get("/readyz")["ready"])
        except OSError:
            return False


def test_a_strategy_runs_to_the_end_and_reads_its_result_afterwards(tmp_path: Path) -> None:
    """Nothing is asked of the engine before it listens; its exits rest before time goes on; REST
    answers in the completion hook; the process ends with 0 when it has gone.
    """
    result: dict[str, Any] = {}
    terms = Terms(key="k-1")
    with (
        running(candles(SYMBOL, START, *RISING), terms) as engine,
        TektiiDaemon(tmp_path, engine, TEKTII_API_KEY="k-1") as daemon,
    ):
        assert engine.do(lambda fake: fake.stream.joins) == 0
        with (
            TradingGateway(daemon.url) as gateway,
            gateway.stream(
                on_backtest_complete=lambda _event: result.update(
                    equity=Decimal(gateway.get_account().equity)
                )
            ) as events,
        ):
            seen = [event for event in events if _trade_on(event, gateway)]
        assert daemon.process.wait(PATIENCE) == 0
        run = engine.do(lambda fake: (fake.run.state, fake.run.late, fake.run.stray))
        assert run == ("completed", [], [])
        orders = engine.do(lambda fake: [(o.order_type, o.status) for o in fake.orders])
        assert orders == [("market", "filled"), ("stop", "cancelled"), ("limit", "filled")]
        assert engine.do(lambda fake: set(fake.rest_door.credentials)) == {"Bearer k-1"}
    assert result == {"equity": Decimal(100004)}
    stamps = [event.timestamp.year for event in seen if event.event_id]
    assert set(stamps) == {2024}
    assert "Traceback" not in json.dumps(daemon.lines)


def _trade_on(event: Any, gateway: TradingGateway) -> bool:
    if isinstance(event, CandleEvent) and event.event_id == "evt-0":
        gateway.submit_order(
            SYMBOL, "buy", "1000", stop_loss="1.0700", take_profit="1.0840", client_order_id="c-1"
        )
    if isinstance(event, OrderEvent) and event.event.value == "ORDER_FILLED":
        legs = [order for order in gateway.list_orders() if order.reduce_only]
        assert len(legs) == (0 if event.parent_order_id else 2)
    return True


def test_the_asynchronous_stream_runs_to_the_end(tmp_path: Path) -> None:
    async def main(url: str) -> list[str | None]:
        async with AsyncTradingGateway(url) as gateway, gateway.stream() as events:
            return [event.event_id async for event in events if isinstance(event, CandleEvent)]

    with (
        running(candles(SYMBOL, START, *["1.08"] * 8)) as engine,
        TektiiDaemon(tmp_path, engine, BACKTEST_EXIT="never") as daemon,
    ):
        told = asyncio.run(asyncio.wait_for(main(daemon.url), 20))
        assert told == [f"evt-{number}" for number in range(8)]
        wait_until(lambda: engine.do(lambda fake: fake.run.state) == "completed", "the end")
        assert engine.do(lambda fake: fake.run.late) == []
        status = daemon.get("/v1/backtest")
        assert (status["state"], status["events"]) == ("completed", 9)
        assert daemon.get("/v1/backtest/report")["acknowledged"] == 9
        assert daemon.get("/health")["status"] == "connected"
        assert daemon.stop() == 0


def test_the_example_strategy_trades_unchanged(tmp_path: Path) -> None:
    falling = ("1.0840", "1.0830", "1.0820", "1.0810", "1.0800")
    rising = ("1.0830", "1.0860", "1.0860", "1.0860 1.1100 1.0850 1.1000", "1.1000")
    with (
        running(candles(SYMBOL, START, *falling, *rising)) as engine,
        TektiiDaemon(tmp_path, engine, BACKTEST_EXIT="never") as daemon,
    ):
        said = subprocess.run(
            [sys.executable, "-u", str(EXAMPLE)],
            env={
                **os.environ,
                "TRADING_GATEWAY_URL": daemon.url,
                "SYMBOL": SYMBOL,
                "QUANTITY": "1000",
                "FAST": "2",
                "SLOW": "4",
                "RISK": "0.01",
            },
            capture_output=True,
            check=False,
            text=True,
            timeout=PATIENCE,
        )
        assert said.returncode == 0, said.stderr
        assert "entry filled: BUY at" in said.stdout
        assert "exit filled: SELL at" in said.stdout
        assert engine.do(lambda fake: fake.run.state) == "completed"
        assert engine.do(lambda fake: fake.positions) == []


def test_an_engine_that_breaks_off_ends_the_process_with_3(tmp_path: Path) -> None:
    with (
        running(candles(SYMBOL, START, "1.08", "1.08", "1.08")) as engine,
        TektiiDaemon(tmp_path, engine) as daemon,
        TradingGateway(daemon.url) as gateway,
    ):
        with gateway.stream() as events:
            for event in events:
                if event.event_id == "evt-1":
                    engine.do(lambda fake: fake.stream.reset())
        assert daemon.process.wait(PATIENCE) == 3

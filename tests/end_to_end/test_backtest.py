"""A backtest as its users run it: the daemon, and a strategy on the official SDK beside it."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tektii import (
    AsyncTradingGateway,
    CandleEvent,
    OrderEvent,
    TradingGateway,
)

from tests.brokers.backtest.stand import Stand, at_candles

from .daemon import Daemon, clean_environment

# The SDK leaves event loops of its own open; see conftest.py.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

BARS = """\
date,open,high,low,close,volume
2024-01-01,100,105,95,102,1000
2024-01-02,103,110,99,108,1000
2024-01-03,90,97,88,95,1000
2024-01-04,96,104,94,96,1000
"""


MINE: dict[str, Any] = {"client_order_id": "mine", "stop_loss": "100", "take_profit": "109"}


def backtest(folder: Path, **environment: str) -> Daemon:
    (folder / "bars.csv").write_text(BARS)
    environment = {
        "GATEWAY_PROVIDER": "backtest",
        "BACKTEST_DATA": "X@1d=bars.csv",
        "BACKTEST_REPORT": str(folder / "report"),
        **environment,
    }
    return Daemon(folder, 0, **environment)


def report(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report" / "report.json").read_text())
    return found


def test_a_strategy_on_the_sync_client_runs_to_the_end(tmp_path: Path) -> None:
    with backtest(tmp_path) as daemon:
        seen: list[Any] = []
        with TradingGateway(daemon.url) as gateway, gateway.stream() as events:
            for event in events:
                seen.append(event)
                if isinstance(event, CandleEvent) and len(seen) == 1:
                    gateway.submit_order("X", "buy", "10", stop_loss="100", take_profit="109")
            assert str(gateway.get_account().equity) == "99970", "results can be asked for"
        assert daemon.process.wait(20) == 0
    fills = [e.order for e in seen if isinstance(e, OrderEvent) and e.event == "ORDER_FILLED"]
    assert [str(order.average_fill_price) for order in fills] == ["103", "100"]
    assert sum(isinstance(event, CandleEvent) for event in seen) == 4
    assert report(tmp_path)["status"] == "completed"


def test_a_strategy_on_the_async_client_leaves_the_transcript_that_it_leaves_in_memory(
    tmp_path: Path,
) -> None:
    async def run(url: str) -> list[Any]:
        seen: list[Any] = []
        async with AsyncTradingGateway(url) as gateway, gateway.stream() as events:
            async for event in events:
                seen.append(event)
                if isinstance(event, CandleEvent) and len(seen) == 1:
                    await gateway.submit_order("X", "buy", "10", **MINE)
        return seen

    with backtest(tmp_path) as daemon:
        seen = asyncio.run(asyncio.wait_for(run(daemon.url), 20))
        assert daemon.process.wait(20) == 0
    assert sum(isinstance(event, CandleEvent) for event in seen) == 4
    assert str(report(tmp_path)["account"]["equity"]) == "99970"
    (tmp_path / "memory").mkdir()
    in_memory = Stand(tmp_path / "memory")
    in_memory.run(at_candles({0: lambda stand: stand.submit(**MINE)}))
    assert report(tmp_path)["transcript_sha256"] == in_memory.broker.report()["transcript_sha256"]


def test_a_strategy_that_dies_leaves_a_report_and_exit_code_3(tmp_path: Path) -> None:
    with backtest(tmp_path, BACKTEST_RECONNECT_TIMEOUT="1") as daemon:
        with TradingGateway(daemon.url) as gateway, gateway.stream() as events:
            next(iter(events))
        assert daemon.process.wait(30) == 3
    assert report(tmp_path)["status"] == "abandoned"


def test_a_gateway_that_is_stopped_in_the_middle_leaves_a_partial_report(tmp_path: Path) -> None:
    with backtest(tmp_path) as daemon:
        assert daemon.get("/v1/backtest")["state"] == "waiting"
        assert daemon.stop() == 0
    assert report(tmp_path)["status"] == "interrupted"


def test_without_clients_the_run_is_over_by_itself(tmp_path: Path) -> None:
    with backtest(tmp_path, BACKTEST_CLIENTS="0", BACKTEST_EXIT="never") as daemon:
        status = daemon.get("/v1/backtest")
        assert (status["state"], status["progress"], status["clients"]) == ("completed", "1", 0)
        assert daemon.get("/v1/backtest/report")["status"] == "completed"
        assert daemon.get("/v1/account")["equity"] == "100000"
        assert daemon.stop() == 0


def test_bad_data_are_told_with_file_and_row(tmp_path: Path) -> None:
    daemon = backtest(tmp_path)
    (tmp_path / "bars.csv").write_text(BARS.replace("110,99", "98,99"))
    with pytest.raises(AssertionError, match=r"bars\.csv"), daemon:
        pass
    assert daemon.process.wait(20) == 1


EXAMPLES = Path(__file__).parents[2] / "examples"
DEMO = f"DEMO@1d={EXAMPLES / 'data' / 'DEMO.1d.csv'}"


def one_command(folder: Path, *arguments: str, **environment: str) -> Any:
    return subprocess.run(
        [sys.executable, "-m", "tradegw.brokers.backtest", *arguments],
        env=clean_environment(**environment),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_one_command_runs_a_strategy_and_tells_what_came_of_it(tmp_path: Path) -> None:
    done = one_command(tmp_path, DEMO, str(EXAMPLES / "sma_cross.py"), RISK="0.03")
    assert done.returncode == 0, done.stderr
    assert "entry filled: BUY" in done.stdout
    *_, result, where = done.stdout.splitlines()
    assert result.startswith("completed: equity ")
    page = Path(where.removeprefix("report: "))
    assert page.is_relative_to(tmp_path / "tradegw-state" / "backtests")
    assert page.exists()
    again = json.loads((page.parent / "report.json").read_text())
    assert again["metrics"]["trades"] > 5


def test_one_command_ends_with_the_exit_code_of_a_strategy_that_fails(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise SystemExit(7)\n")
    done = one_command(tmp_path, DEMO, "broken.py", BACKTEST_REPORT=str(tmp_path / "report"))
    assert done.returncode == 7
    assert report(tmp_path)["status"] == "interrupted"


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_one_command_that_is_stopped_ends_everything_and_keeps_the_report(
    tmp_path: Path, stop: signal.Signals
) -> None:
    (tmp_path / "slow.py").write_text(
        "import time\n"
        "from tektii import TradingGateway\n"
        "with TradingGateway() as gateway, gateway.stream() as events:\n"
        "    for event in events:\n"
        "        print('heard', flush=True)\n"
        "        time.sleep(60)\n"
    )
    (tmp_path / "temporary").mkdir()
    command = subprocess.Popen(
        [sys.executable, "-m", "tradegw.brokers.backtest", DEMO, "slow.py"],
        env=clean_environment(TMPDIR=str(tmp_path / "temporary")),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert command.stdout is not None
    assert command.stdout.readline() == "heard\n"
    command.send_signal(stop)
    said, complaints = command.communicate(timeout=30)
    assert command.returncode == 130, complaints
    assert "__main__" not in complaints, "no traceback"
    result, where = said.splitlines()
    assert result.startswith("interrupted: ")
    assert Path(where.removeprefix("report: ")).exists()
    assert not list((tmp_path / "temporary").iterdir()), "the gateway has ended too"


def test_one_command_tells_what_is_wrong_with_the_data(tmp_path: Path) -> None:
    done = one_command(tmp_path, "X@1d=nowhere.csv", str(EXAMPLES / "sma_cross.py"))
    assert done.returncode == 1
    assert "nowhere.csv" in done.stderr
    assert one_command(tmp_path, DEMO).returncode == 2
    done = one_command(tmp_path, DEMO, "nowhere.py")
    assert (done.returncode, done.stderr) == (2, "there is no strategy nowhere.py\n")

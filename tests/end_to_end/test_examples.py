"""The examples beside the Python one, run as their readers would."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from .daemon import Daemon

NODE = Path(__file__).parents[2] / "examples" / "node"


def test_the_node_strategy_trades_and_ends(tmp_path: Path) -> None:
    """It buys once, exits attached, hears of all that follows, and ends with the position."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node is not installed")
    strategy = tmp_path / "node"
    shutil.copytree(NODE, strategy, ignore=shutil.ignore_patterns("node_modules"))
    installed = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund"], cwd=strategy, capture_output=True, check=False
    )
    if installed.returncode != 0:
        pytest.skip("the npm registry cannot be reached")
    with Daemon(tmp_path, MOCK_TICK_MS="2") as daemon:
        ended = subprocess.run(
            ["node", "strategy.mjs"],
            cwd=strategy,
            env={"GATEWAY_URL": daemon.url, "PATH": str(Path(npm).parent), "SYMBOL": "AAPL"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 0, ended.stderr
    for said in ("connected; equity", "POSITION_OPENED", "POSITION_CLOSED", "closed (1000)"):
        assert said in ended.stdout
